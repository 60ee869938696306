import csv
import errno
import gc
import io
import os
import subprocess
import tempfile
import uuid
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.text import capfirst

from employees import uploads
from employees.extracts import FileMapping
from employees.models import Employee, Import, JournalEntry, SavedMapping, Term, TermRevision, TermSynonym
from employees.terms.changes import learn
from employees.tests.files import permit_rejects
from employees.tests.test_uploads import DAY, by_kind, files, text_of
from features.models import EmployeeFeatures
from predictions import import_process
from predictions.ml.artifacts.store import ArtifactMissing
from predictions.models import ScoringRun
from predictions.pages.imports.import_questions import QuestionsForm
from predictions.tests.imports import run_import
from technova import jobs
from technova.jobs import Step, Task, detached
from technova.tests.conftest import small_file_system

pytestmark = pytest.mark.django_db


@pytest.fixture
def hr(django_user_model):
    user = django_user_model.objects.create_user("hr")
    user.groups.add(Group.objects.get(name="RH"))
    return user


@pytest.fixture
def client(client, hr):
    client.force_login(hr)
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def upload(started, hr):
    """An import whose files were checked."""
    upload = uploads.receive(user=hr, as_of=DAY, files=files(sirh=text_of("sirh").replace(",41,F", ",12,F")))
    run_import(upload=upload)
    return upload


def post(client, upload, action, **data):
    return client.post(reverse(f"import_{action}", args=[upload.pk]), data, follow=True)


def page(client, upload):
    return client.get(reverse("import_detail", args=[upload.pk])).content.decode()


def shown(upload):
    """The addresses that show something of an import."""
    lists = [reverse(name, args=[upload.pk, "rejects"]) for name in ("import_list", "import_list_csv")]
    return [reverse("import_detail", args=[upload.pk]), *lists]


def whole(client, upload, name, **query):
    """The page of a whole list."""
    return client.get(reverse("import_list", args=[upload.pk, name]), query)


def cells(client, upload, name, **query):
    """What a page of a whole list shows."""
    return [[text for _title, text in row["cells"]] for row in whole(client, upload, name, **query).context["rows"]]


def confirm(client, upload, user):
    response = post(client, upload, "confirm", checked_at=upload.checked_at.isoformat())
    upload.refresh_from_db()
    return response


def test_upload_leads_to_the_page_of_the_import(client, started, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post("/import/", {"extracts": files(), "as_of": "2026-06-30"})
    upload = Import.objects.get()
    assert response.url == reverse("import_detail", args=[upload.pk])
    assert started == [("run_import", str(upload.pk))]
    assert "The files are being checked" in page(client, upload)


def test_upload_of_a_wrong_file_names_it(client):
    uploaded = files()
    uploaded[1].name = "eval.xls"
    response = client.post("/import/", {"extracts": uploaded, "as_of": "2026-06-30"})
    assert response.status_code == 422
    assert response.context["form"].errors == {"extracts": ["eval.xls is no CSV, XLSX or ODS file."]}
    assert not Import.objects.exists()


def test_four_extracts_are_uploaded_at_once(client, started):
    directory = ContentFile(b"matricule;nom\n1;Durand\n", name="annuaire.csv")
    response = client.post("/import/", {"extracts": [*files(), directory], "as_of": "2026-06-30"})
    assert response.url == reverse("import_detail", args=[Import.objects.get().pk])


def test_more_files_than_a_request_may_hold_are_refused_with_their_limit(client):
    client.raise_request_exception = False
    many = [ContentFile(b"a", name=f"{number}.csv") for number in range(11)]
    response = client.post("/import/", {"extracts": many, "as_of": "2026-06-30"})
    assert response.status_code == 400
    assert "At most 10 files can be sent at once." in response.content.decode()


def test_upload_without_a_file_says_so(client):
    response = client.post("/import/", {"as_of": "2026-06-30"})
    assert (response.status_code, response.context["form"].errors) == (422, {"extracts": ["Choose at least one file."]})


@pytest.mark.parametrize(
    ("day", "error"),
    [
        ("", "The names of the files hold no day"),
        ("2999-01-01", "This day is still to come."),
        ("1900-01-01", "too long ago"),
        ("x", "valid date"),
    ],
)
def test_upload_of_no_day_that_can_be_says_so(client, day, error):
    response = client.post("/import/", {"extracts": files(), "as_of": day})
    assert response.status_code == 422
    errors = response.context["form"].errors
    assert error in errors["as_of"][0]
    assert errors["extracts"] == ["Choose the files again: the browser has not kept them."]
    assert not Import.objects.exists()


def test_upload_of_files_of_different_days_names_them(client):
    uploaded = files()
    uploaded[0].name, uploaded[1].name = "sirh-2026-06-30.csv", "eval-2026-05-31.csv"
    response = client.post("/import/", {"extracts": uploaded, "as_of": ""})
    (error,) = response.context["form"].errors["as_of"]
    assert error == (
        "The names of the files hold different days, 31 May 2026, 30 Jun 2026: choose those of one day, or enter it."
    )


def test_load_of_another_before_the_confirmed_one_says_why_it_is_to_be_confirmed_again(client, hr, started):
    reason = "The data have changed since this was confirmed, so nothing was loaded"
    first, second = (import_process.receive(user=hr, as_of=DAY, files=files()) for _ in range(2))
    for upload in (first, second):
        run_import(upload=upload)
    for upload in (first, second):
        assert reason not in client.get(f"/import/{upload.pk}/").text
        import_process.confirm(upload=upload, user=hr, checked_at=upload.checked_at.isoformat())
        run_import(upload=upload)
    assert (first.state, second.state) == (Import.State.DONE, Import.State.READY)
    assert reason in client.get(f"/import/{second.pk}/").text


def test_upload_of_one_file_takes_the_day_in_its_name(client, started):
    uploaded = by_kind()["eval"]
    uploaded.name = "eval_2026-05-31.csv"
    assert client.post("/import/", {"extracts": uploaded}).status_code == 302
    upload = Import.objects.get()
    assert (upload.as_of, [file.name for file in upload.files.all()]) == (date(2026, 5, 31), [uploaded.name])


def test_upload_of_a_large_file_says_the_limit(client, settings):
    settings.LARGEST_UPLOAD = 1000
    response = client.post("/import/", {"extracts": files(sirh="x" * 2000, eval="x"), "as_of": "2026-06-30"})
    large = {"extracts": ["sirh-2026.csv is larger than 1000\N{NO-BREAK SPACE}bytes."]}
    assert response.context["form"].errors == large
    assert not Import.objects.exists()


def test_preview_shows_counts_newcomers_and_rejects_and_wrote_nothing(client, upload):
    text = page(client, upload)
    assert "This is what would change" in text
    assert "a whole number between 16 and 80" in text
    assert "Confirm and load" in text
    assert not Employee.objects.exists()


def test_preview_tells_the_rows_that_count_as_nobody(client, hr, started):
    upload = uploads.receive(user=hr, as_of=DAY, files=files(sirh=text_of("sirh").replace("2,49,M", "?,49,M")))
    run_import(upload=upload)
    content = page(client, upload)
    assert upload.summary["files"][0]["people"] == 9
    assert "Lost rows: 1; the first is on line 3" in content


def test_preview_says_that_a_whole_row_is_rejected(client, hr, started):
    upload = uploads.receive(user=hr, as_of=DAY, files=files(sirh=text_of("sirh").replace("2,49,M", "2,49")))
    run_import(upload=upload)
    assert "Lost rows: 1" in page(client, upload)
    assert "(the whole row)" in whole(client, upload, "rejects").text


def test_preview_of_changes_names_the_column_and_both_values(client, hr, started):
    upload = uploads.receive(user=hr, as_of=DAY, files=files(sirh=text_of("sirh").replace("2,49,M", "2,12,M")))
    run_import(upload=upload)
    confirm(client, upload, hr)
    run_import(upload=upload)
    changed = uploads.receive(
        user=hr, as_of=DAY, files=files(eval=text_of("eval").replace("\n3,2,2,2,4,3,E_2,", "\n1,2,2,2,4,3,E_2,"))
    )
    run_import(upload=changed)
    assert cells(client, changed, "age") == [["2", "Consulting", "–", "49"]]  # was refused in the first import
    assert cells(client, changed, "satisfaction_employee_environnement") == [["2", "Consulting", "3", "1"]]
    assert "Satisfaction: environment" in page(client, changed)


def test_rejects_are_paged(client, upload, monkeypatch):
    monkeypatch.setattr("predictions.pages.imports.import_page.LINES_A_PAGE", 2)
    upload.rejects.all().delete()
    for line in range(2, 7):
        upload.rejects.create(file="sirh.csv", line=line, column="age", value="12", rule={"text": "old", "params": {}})
    assert [row[1] for row in cells(client, upload, "rejects", page=3)] == ["6"]


def test_rejects_download_as_csv_in_the_reader_language(client, upload):
    response = client.get(reverse("import_list_csv", args=[upload.pk, "rejects"]))
    with translation.override("fr"):  # read once the request is over, when any language may be active
        content = b"".join(response.streaming_content)
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert rows[0] == ["File", "Line", "Column", "Value", "What is expected"]
    assert ["sirh-2026.csv", "2", "age", "12", "a whole number between 16 and 80"] in rows
    assert "attachment" in response["Content-Disposition"]


def test_rejects_in_french_suit_a_french_excel(client, upload):
    client.cookies["django_language"] = "fr"
    response = client.get(reverse("import_list_csv", args=[upload.pk, "rejects"]))
    content = b"".join(response.streaming_content).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(content), delimiter=";"))
    assert rows[0] == ["Fichier", "Ligne", "Colonne", "Valeur", "Ce qui est attendu"]
    assert rows[1][:4] == ["sirh-2026.csv", "2", "age", "12"]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_rejects_opened_with_another_separator_have_no_formula(client, upload, language):
    reject = upload.rejects.first()
    reject.value = "a;=1+1;b,=1+1"
    reject.save()
    client.cookies["django_language"] = language
    response = client.get(reverse("import_list_csv", args=[upload.pk, "rejects"]))
    content = b"".join(response.streaming_content).decode("utf-8-sig")
    for delimiter in ",;\t":
        rows = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter)
        assert not [cell for row in rows for cell in row if cell.startswith("=")]


def test_rejects_are_named_by_the_local_time(client, upload):
    upload.created_at = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    upload.save()
    response = client.get(reverse("import_list_csv", args=[upload.pk, "rejects"]))
    assert response["Content-Disposition"] == 'attachment; filename="technova-rejects-20260702-0030.csv"'


def test_confirmed_import_loads_builds_and_scores(client, hr, upload, started):
    confirm(client, upload, hr)
    assert "The import is running" in page(client, upload)
    run_import(upload=upload)
    assert upload.state == Import.State.DONE
    assert Employee.objects.count() == EmployeeFeatures.objects.count() == 10
    assert ScoringRun.objects.get().employee_count == Employee.objects.present().count() == 8
    assert "Everything is loaded and scored" in page(client, upload)


def test_confirm_of_an_older_preview_explains_itself(client, upload):
    response = post(client, upload, "confirm", checked_at="2020-01-01")
    assert "no longer what you saw" in response.content.decode()


def test_confirm_while_another_import_is_loaded_explains_itself(client, hr, upload, at_work):
    confirm(client, upload, hr)
    at_work()
    second = uploads.receive(user=hr, as_of=DAY, files=files())
    run_import(upload=second)
    assert "Another load, build or scoring is running" in confirm(client, second, hr).content.decode()


def test_run_after_another_load_asks_to_confirm_the_new_preview(client, hr, upload, started):
    confirm(client, upload, hr)
    same = uploads.receive(
        user=hr, as_of=DAY, files=[ContentFile(file.content, file.name) for file in upload.files.all()]
    )
    uploads.check(upload=same)
    assert uploads.load(upload=same)
    run_import(upload=upload)
    assert upload.state == Import.State.READY
    found = page(client, upload)
    assert "Nothing in these files is new" in found
    assert "there is nothing to load" in found
    assert "to be confirmed" not in found


def test_page_that_asks_how_far_an_import_is_lists_nobody_and_writes_nothing(client, hr, upload, started, at_work):
    shown = JournalEntry.objects.count()
    assert page(client, upload).count("<h2") > 3
    assert JournalEntry.objects.count() == shown + 1
    confirm(client, upload, hr)
    at_work()
    asked = JournalEntry.objects.count()
    assert client.get(reverse("import_detail", args=[upload.pk])).context["changes"] == []
    assert JournalEntry.objects.count() == asked


def test_place_of_the_titles_is_open_only_where_nothing_else_is_asked(client, hr, started):
    upload = uploads.receive(user=hr, as_of=DAY, files=files(sirh=text_of("sirh").replace("revenu_mensuel", "salaire")))
    run_import(upload=upload)
    found = page(client, upload)
    assert found.count("The columns are named elsewhere in the file") == 3
    assert "<details open>" not in " ".join(found.split())


def test_preview_of_an_implausible_load_has_to_be_accepted(client, hr, upload, started):
    confirm(client, upload, hr)
    run_import(upload=upload)
    second = uploads.receive(user=hr, as_of=DAY, files=files(sirh=text_of("sirh").replace("\n", "\n9", 10)))
    run_import(upload=second)
    assert "This seems implausible" in page(client, second)
    assert "Nothing was loaded" in confirm(client, second, hr).content.decode()
    assert second.state == Import.State.READY
    post(client, second, "confirm", checked_at=second.checked_at.isoformat(), accept_implausible="1")
    second.refresh_from_db()
    assert (second.state, second.accepts_implausible) == (Import.State.LOADING, True)


def test_import_from_before_loads_had_a_day_is_shown_without_what_it_changed(client, hr, started):
    upload = Import.objects.create(
        user=hr, state="expired", summary={"read": 10, "new": 10, "changed": 0, "rejected": 0}
    )
    assert "The files were deleted before they were loaded" in page(client, upload)
    assert client.get("/import/").status_code == 200


def test_import_of_known_content_says_that_nothing_changed(client, hr, upload):
    Import.objects.filter(pk=upload.pk).update(state=Import.State.EXPIRED, summary={"is_new": False})
    assert "The same content was loaded before: nothing was changed." in page(client, upload)


def test_run_that_cannot_score_fails_and_finishes_when_started_again(client, hr, upload, started, monkeypatch):
    def score_employees(progress):
        raise ArtifactMissing("no model")

    with monkeypatch.context() as patch:
        patch.setattr("predictions.import_process.score_employees", score_employees)
        confirm(client, upload, hr)
        run_import(upload=upload)
    assert "the scores may still be those from before" in page(client, upload)
    post(client, upload, "retry")
    upload.refresh_from_db()
    run_import(upload=upload)
    assert upload.state == Import.State.DONE
    assert ScoringRun.objects.count() == 1


@pytest.mark.parametrize("language", ["en", "fr"])
def test_run_that_cannot_score_says_why_whatever_the_reason_holds(client, hr, upload, started, monkeypatch, language):
    def score_employees(progress):
        raise ArtifactMissing("the threshold is '20%'")

    monkeypatch.setattr("predictions.import_process.score_employees", score_employees)
    confirm(client, upload, hr)
    run_import(upload=upload)
    client.cookies["django_language"] = language
    response = client.get(reverse("import_detail", args=[upload.pk]))
    assert "'20%'" in response.context["error"]
    assert response.status_code == 200


@pytest.mark.parametrize("reason", ["threshold.json says 20%, which is no number", "%(name)s", "%s", "100 %"])
def test_reason_that_was_stored_as_it_is_can_be_read(client, hr, started, reason):
    upload = Import.objects.create(user=hr, state="failed", error={"text": reason, "params": {}})
    response = client.get(reverse("import_detail", args=[upload.pk]))
    assert response.context["error"] == capfirst(reason)


@pytest.fixture
def loaded(upload, hr):
    """An import that was loaded two days ago, and then not scored."""
    uploads.confirm(upload=upload, user=hr, checked_at=upload.checked_at.isoformat())
    upload.refresh_from_db()
    uploads.load(upload=upload)
    uploads.fail(upload=upload)
    Import.objects.update(created_at=timezone.now() - timedelta(days=2))
    return upload


def test_loaded_import_of_any_age_goes_on_from_its_page(client, loaded):
    client.get("/import/")
    text = page(client, loaded)
    assert "The files are loaded" in text
    assert "Delete the files" not in text
    post(client, loaded, "retry")
    loaded.refresh_from_db()
    run_import(upload=loaded)
    assert loaded.state == Import.State.DONE
    assert ScoringRun.objects.get().employee_count == 8


def test_discard_of_a_loaded_import_does_not_say_that_nothing_was_loaded(client, loaded):
    text = post(client, loaded, "discard").content.decode()
    assert "nothing was loaded" not in text
    assert "The files are loaded" in text


def test_run_with_a_defect_is_remembered_and_raised(hr, started, monkeypatch):
    upload = uploads.receive(user=hr, as_of=DAY, files=files())
    monkeypatch.setattr("employees.uploads.load_extracts", lambda **options: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run_import(upload=upload)
    assert upload.state == Import.State.FAILED
    assert upload.error["text"] == uploads.BROKE_DOWN


def test_run_of_a_finished_import_does_nothing(upload):
    before = upload.checked_at
    run_import(upload=upload)
    assert upload.checked_at == before


def test_refused_files_show_the_reason(client, hr, started):
    upload = uploads.receive(user=hr, as_of=DAY, files=files(sirh=text_of("eval")))
    run_import(upload=upload)
    reason = "eval-2026.csv: This is the eval extract, and so is sirh-2026.csv. Leave one of them out."
    assert reason in page(client, upload)


TOO_MANY = {
    "en": "More than 1 values are rejected; the first found: sirh-2026.csv, line 2, genre: 'X' "
    "(expected: one of: F, M). Correct the file, or choose the right one.",
    "fr": "Plus de 1 valeurs sont rejetées\u202f; la première trouvée\u00a0: sirh-2026.csv, ligne 2, genre\u00a0: 'X' "
    "(attendu\u00a0: une de ces valeurs\u00a0: F, M). Corrigez le fichier, ou choisissez le bon.",
}


@pytest.mark.parametrize("language", TOO_MANY)
def test_files_with_too_many_rejects_are_refused_with_one_of_them(client, hr, started, monkeypatch, language):
    permit_rejects(monkeypatch, 1)
    upload = uploads.receive(
        user=hr, as_of=DAY, files=files(sirh=text_of("sirh").replace(",41,F", ",41,X").replace(",49,M", ",49,X"))
    )
    run_import(upload=upload)
    client.cookies["django_language"] = language
    response = client.get(reverse("import_detail", args=[upload.pk]))
    assert response.context["error"] == TOO_MANY[language]
    assert not upload.rejects.exists()


def test_discard_leads_back_to_the_form(client, upload):
    assert "The files were deleted" in post(client, upload, "discard").content.decode()
    upload.refresh_from_db()
    assert upload.state == Import.State.EXPIRED


def test_import_that_was_discarded_says_by_whom_and_when(client, hr, upload):
    post(client, upload, "discard")
    Import.objects.update(finished_at=datetime(2026, 6, 30, 12, 5, tzinfo=UTC))
    assert "Deleted by hr, 30 Jun 2026, 14:05." in " ".join(page(client, upload).split())
    listed = " ".join(client.get("/import/").text.split())
    assert "files deleted" in listed
    assert "by hr, 30 Jun 2026, 14:05" in listed


def test_import_that_nobody_confirmed_has_expired(client, upload):
    Import.objects.update(created_at=timezone.now() - timedelta(days=2))
    listed = client.get("/import/").text
    assert ">expired<" in listed
    assert "files deleted" not in listed
    assert "Deleted by" not in page(client, upload)


@pytest.mark.parametrize("action", ["confirm", "retry", "discard"])
def test_action_needs_a_post(client, upload, action):
    assert client.get(reverse(f"import_{action}", args=[upload.pk])).status_code == 405


def test_progress_is_shown_while_it_runs(client, hr, started, monkeypatch):
    upload = uploads.receive(user=hr, as_of=DAY, files=files())
    monkeypatch.setattr(Task, "progress", lambda task, *arguments: Step("Deriving the workforce", 1500, 3000))
    text = page(client, upload)
    assert "Comparing with what is known: 1,500 / 3,000" in " ".join(text.split())
    assert 'hx-trigger="every 1s"' in text


def test_hr_of_some_departments_may_not_import_and_is_told_why(client, hr, upload):
    before = upload.state
    hr.department_accesses.create(departement="Consulting")
    asked = [client.get(address) for address in shown(upload)]
    asked += [client.post(reverse(f"import_{name}", args=[upload.pk])) for name in ("confirm", "retry", "discard")]
    asked += [client.get("/import/"), client.post("/import/", {"extracts": files(), "as_of": "2026-06-30"})]
    for response in asked:
        assert response.status_code == 403
        assert "Ask someone in HR who sees everyone to import them." in response.text
    upload.refresh_from_db()
    assert (upload.state, Import.objects.count()) == (before, 1)
    assert 'href="/import/"' not in client.get("/").text


@pytest.mark.parametrize("permitted", [True, False])
def test_manager_may_not_import(client, django_user_model, upload, permitted):
    manager = django_user_model.objects.create_user("manager")
    manager.groups.add(Group.objects.get(name="Manager"))
    if permitted:  # still sees only some departments, and an import shows everyone
        manager.user_permissions.add(Permission.objects.get(codename="add_employee"))
    client.force_login(manager)
    for address in shown(upload):
        assert client.get(address).status_code == 403
    for name in ("confirm", "retry", "discard"):
        assert client.post(reverse(f"import_{name}", args=[upload.pk])).status_code == 403
    assert client.post("/import/", {"extracts": files(), "as_of": "2026-06-30"}).status_code == 403


@pytest.mark.parametrize(
    ("group", "is_permitted", "may_import"),
    [("RH", False, True), ("Manager", True, False), (None, True, False), (None, False, False)],
)
def test_import_is_offered_to_those_who_may_import(client, django_user_model, group, is_permitted, may_import):
    account = django_user_model.objects.create_user("someone")
    account.groups.set(Group.objects.filter(name=group))
    if is_permitted:
        account.user_permissions.add(Permission.objects.get(codename="add_employee"))
    client.force_login(account)
    page = client.get("/").content.decode()  # nobody was scored: it says what to do
    menu, content = page.split("<main")
    assert ('href="/import/"' in menu, 'href="/import/"' in content) == (may_import, may_import)
    assert client.get("/import/").status_code == (200 if may_import else 403)


def test_pages_of_the_import_ask_few_questions(client, upload, django_assert_max_num_queries):
    with django_assert_max_num_queries(12):
        client.get(reverse("import_detail", args=[upload.pk]))
    with django_assert_max_num_queries(12):
        client.get("/import/")


def test_run_task_command_prints_progress(hr, started):
    upload = uploads.receive(user=hr, as_of=DAY, files=files())
    out = io.StringIO()
    call_command("run_task", import_process.run_import.path, str(upload.pk), stdout=out)
    assert out.getvalue() == "Deriving the workforce\t10\t10\n"


@pytest.mark.parametrize("path", ["nonsense", "predictions.nothing", "predictions.import_process.settle"])
def test_run_task_command_names_what_is_no_task(path):
    with pytest.raises(CommandError, match=f"{path} is no task"):
        call_command("run_task", path)


NO_ROOM = "The server has no room left on its disk: try again once the administrator has made room."


@pytest.fixture(scope="module")
def small_directory():
    """For the whole module: the log of a test holds the file that a refused upload began."""
    with small_file_system("size=1m") as directory:
        yield directory
        gc.collect()


def test_upload_that_the_disk_has_no_room_for_says_so_and_works_once_there_is(
    client, started, monkeypatch, small_directory
):
    client.raise_request_exception = False
    large = text_of("sirh") + "\n" * 3_000_000  # not kept in memory
    monkeypatch.setattr(tempfile, "tempdir", str(small_directory))
    response = client.post("/import/", {"extracts": files(sirh=large), "as_of": "2026-06-30"})
    assert (response.status_code, response["Retry-After"]) == (503, "300")
    assert NO_ROOM in response.content.decode()
    assert not Import.objects.exists()
    monkeypatch.setattr(tempfile, "tempdir", None)
    assert client.post("/import/", {"extracts": files(sirh=large), "as_of": "2026-06-30"}).status_code == 302


@pytest.fixture
def no_room_for_a_file(monkeypatch):
    with small_file_system("size=1m,nr_inodes=1") as directory:
        monkeypatch.setattr(tempfile, "tempdir", str(directory))
        yield NO_ROOM


@pytest.fixture
def no_directory(monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", "/dev/null")
    return "The server could not start the work: Not a directory."


@pytest.fixture
def no_process(monkeypatch, tmp_path):
    def fork(*arguments, **options):
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(subprocess, "Popen", fork)
    return "The server could not start the work: Resource temporarily unavailable."


@pytest.mark.parametrize("fault", ["no_room_for_a_file", "no_directory", "no_process"])
def test_import_whose_process_cannot_start_says_why_and_can_be_tried_again(
    client, request, monkeypatch, django_capture_on_commit_callbacks, fault
):
    monkeypatch.setattr(jobs, "_backend", lambda: detached)
    reason = request.getfixturevalue(fault)
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post("/import/", {"extracts": files(), "as_of": "2026-06-30"})
    upload = Import.objects.get()
    assert response.url == reverse("import_detail", args=[upload.pk])
    assert upload.state == Import.State.FAILED
    assert reason in page(client, upload)
    with django_capture_on_commit_callbacks(execute=True):
        post(client, upload, "retry")
    assert reason in page(client, upload)
    monkeypatch.setattr(detached, "start", lambda name, *arguments: True)
    monkeypatch.setattr(detached, "is_at_work", lambda name: True)
    assert "The files are being checked" in post(client, upload, "retry").content.decode()
    monkeypatch.setattr(tempfile, "tempdir", None)  # there is room again
    run_import(upload=Import.objects.get())
    assert Import.objects.get().state == Import.State.READY


def test_import_goes_on_where_its_progress_has_no_room(hr, started):
    upload = uploads.receive(user=hr, as_of=DAY, files=files())
    with suppress(OSError), Path("/dev/full").open("w") as output:
        call_command("run_task", import_process.run_import.path, str(upload.pk), stdout=output)
    upload.refresh_from_db()
    assert upload.state == Import.State.READY


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), NO_ROOM),
        (OSError(errno.EIO, "Input/output error"), "An internal error stopped the work; it has been recorded."),
        (OperationalError("gone"), "The database does not answer at the moment: try again in 30 seconds"),
    ],
)
def test_import_that_an_outage_stops_names_it(client, hr, started, monkeypatch, error, reason):
    def stop(**options):
        raise error

    upload = uploads.receive(user=hr, as_of=DAY, files=files())
    monkeypatch.setattr(uploads, "check", stop)
    with pytest.raises(type(error)):
        run_import(upload=upload)
    assert reason in page(client, upload)


@pytest.fixture
def asking(started, hr):
    """A checked import with a new department and a job in the feminine."""
    rows = text_of("sirh").replace(",Consulting,", ",R&D,", 2).replace(",Consultant,", ",Consultante,", 1)
    upload = uploads.receive(user=hr, as_of=DAY, files=files(sirh=rows))
    run_import(upload=upload)
    return upload


def test_unknown_words_are_asked_with_what_they_may_be(client, asking):
    text = page(client, asking)
    assert "2 questions about the files" in text
    assert "Department: “R&amp;D”" in text
    assert "Rows: 1, from line 4." in text
    asked = {
        question.text: (question.proposal.value, question.proposal.is_new) for question in uploads.questions_of(asking)
    }
    assert asked == {"R&D": ("R&D", True), "Consultante": ("Consultant", False)}
    assert '<option value="Ressources Humaines">Human resources</option>' in text


def answer(client, upload, **answers):
    places = {question.text: place for place, question in enumerate(uploads.questions_of(upload))}
    data = {f"answer-{places[text]}": value for text, value in answers.items()}
    return post(client, upload, "answer", checked_at=upload.checked_at.isoformat(), **data)


def test_answers_are_learned_and_the_files_checked_again(client, asking, hr, started):
    answer(client, asking, **{"R&D": "r&d", "Consultante": "consultant"})
    asking.refresh_from_db()
    assert (asking.state, started) == ("checking", [("run_import", str(asking.pk))])
    run_import(upload=asking)
    assert uploads.questions_of(asking) == []
    assert "about the files" not in page(client, asking)
    assert Term.objects.get(value="R&D").recorded_by == hr
    assert TermSynonym.objects.get(spelling="Consultante").term.value == "Consultant"


def test_answer_that_is_neither_known_nor_the_word_itself_changes_nothing(client, asking, started):
    response = answer(client, asking, **{"R&D": "R&D", "Consultante": "Consltant"})
    assert "“Consltant” is not known: choose a value of the list" in response.content.decode()
    asking.refresh_from_db()
    assert (asking.state, started) == ("ready", [])
    assert not Term.objects.filter(value="R&D").exists()


def test_answer_to_an_older_check_is_not_kept(client, asking):
    response = post(client, asking, "answer", checked_at="2026-01-01", **{"answer-0": "R&D"})
    assert "no longer what you saw when you answered" in response.content.decode()
    assert not Term.objects.filter(value="R&D").exists()


def test_words_are_left_unknown_by_an_explicit_act(client, asking, started):
    response = post(client, asking, "confirm", checked_at=asking.checked_at.isoformat())
    assert "Answer the questions or tick the box" in response.content.decode()
    post(client, asking, "confirm", checked_at=asking.checked_at.isoformat(), leave_unknown="1")
    asking.refresh_from_db()
    assert asking.state == "loading"


def test_word_that_was_learned_meanwhile_makes_the_preview_outdated(client, asking, hr):
    uploads.confirm(upload=asking, user=hr, checked_at=asking.checked_at.isoformat(), leave_unknown=True)
    learn(vocabulary="departement", text="R&D", value="R&D")
    run_import(upload=asking)
    assert asking.state == "ready"
    assert [question.text for question in uploads.questions_of(asking)] == ["Consultante"]


def test_page_with_a_large_vocabulary_stays_within_its_queries(client, asking, django_assert_max_num_queries):
    Term.objects.bulk_create(Term(vocabulary="departement", value=f"Service {number}") for number in range(300))
    Term.objects.bulk_create(Term(vocabulary="poste", value=f"Métier {number}") for number in range(2_000))
    TermRevision.objects.update(revision=uuid.uuid4())
    page(client, asking)
    with django_assert_max_num_queries(12):
        assert page(client, asking).count("<option") > 2_300


@pytest.fixture
def header_far_below(hr, started):
    """An import whose first file names its columns on line 31."""
    upload = uploads.receive(user=hr, as_of=DAY, files=files(sirh="Rapport mensuel\n" * 30 + text_of("sirh")))
    run_import(upload=upload)
    return upload


def test_line_of_the_header_is_asked_answered_and_kept_with_the_mapping(client, header_far_below, hr):
    text = page(client, header_far_below)
    assert "names no column of any extract" in text
    assert "The line that names the columns" in text
    assert "Line 1 was read: Rapport mensuel" in text
    answer(client, header_far_below, **{"Rapport mensuel": "31"})
    header_far_below.refresh_from_db()
    run_import(upload=header_far_below)
    assert (header_far_below.state, header_far_below.questions) == ("ready", [])
    uploads.confirm(upload=header_far_below, user=hr, checked_at=header_far_below.checked_at.isoformat())
    assert uploads.load(upload=header_far_below)
    assert SavedMapping.objects.get().document["header_lines"] == {"sirh": 31}


@pytest.mark.parametrize("line", ["0", "1001", "x"])
def test_line_that_is_none_is_asked_again(client, header_far_below, line):
    response = answer(client, header_far_below, **{"Rapport mensuel": line})
    assert response.status_code == 422
    header_far_below.refresh_from_db()
    assert (header_far_below.state, header_far_below.answers) == ("asking", {})


def test_answers_about_another_line_than_the_one_to_read_do_not_count(client, hr, started):
    above = "Matricule,Age,Sexe,Salaire,Service,Fonction,Heures,Ancienneté,x,y,z,t\n"
    upload = uploads.receive(user=hr, as_of=DAY, files=files(sirh=above + text_of("sirh")))
    upload.answers = FileMapping(header_lines={"sirh": 1}).document()
    upload.save()
    run_import(upload=upload)
    questions = uploads.questions_of(upload)
    data = {name: field.initial for name, field in QuestionsForm(questions).fields.items()}
    (place,) = (place for place, each in enumerate(questions) if each.is_correction and each.extract == "sirh")
    data[f"answer-{place}"] = "2"
    post(client, upload, "answer", checked_at=upload.checked_at.isoformat(), **data)
    upload.refresh_from_db()
    assert FileMapping.of(upload.answers) == FileMapping(header_lines={"sirh": 2})
    run_import(upload=upload)
    assert upload.state == "ready"
