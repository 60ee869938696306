"""Deliveries of extracts by the API: what is taken, what becomes of it, and what is told of it."""

import json
from datetime import timedelta
from io import BytesIO
from threading import Barrier, Thread

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.utils import timezone

from employees import uploads
from employees.extracts import Asked
from employees.models import Import, Load, SavedMapping
from employees.tests.test_uploads import text_of
from predictions import import_process
from predictions.api import examples, import_words
from predictions.models import APIKey, ScoringRun
from predictions.tests.conftest import APIClient
from predictions.tests.factories import APIKeyFactory
from predictions.tests.imports import run_import
from technova.database.locks import Busy

pytestmark = pytest.mark.django_db

KINDS = ("sirh", "eval", "sondage")
DAY = "2026-06-30"


@pytest.fixture
def load_key():
    return APIKeyFactory(name="payroll", can_load=True, can_predict=False, can_read=False)


@pytest.fixture
def client(load_key, started):
    return APIClient(load_key.secret)


def parts(day=DAY, kinds=KINDS, **texts):
    return {
        kind: SimpleUploadedFile(f"{kind}-{day}.csv" if day else f"{kind}.csv", texts.get(kind, text_of(kind)).encode())
        for kind in kinds
    }


def refusals(response):
    assert response.status_code == 422, response.content
    return {".".join(map(str, each["loc"])): each["msg"] for each in response.json()["detail"]}


@pytest.mark.parametrize("path", ["/extracts/", "/extracts"])
def test_delivery_is_taken_loaded_and_scored(client, load_key, started, path):
    answer = client.post(path, parts())
    assert answer.status_code == 202, answer.content
    told = answer.json()
    assert (told["state"], told["as_of"], told["counts"]) == ("checking", DAY, None)
    assert told["link"] == answer["Location"] == f"http://testserver/extracts/{told['id']}"
    upload = Import.objects.get(pk=told["id"])
    assert (upload.source, upload.client, upload.user) == ("api", f"payroll, {load_key.prefix}", None)
    assert started == [("run_import", told["id"])]
    run_import(upload=upload)
    told = client.get(told["link"]).json()
    assert (told["state"], told["counts"]["present"], told["counts"]["arrived"]) == ("done", 8, 8)
    assert ScoringRun.objects.count() == Load.objects.count() == 1
    assert upload.by == f"the API (payroll, {load_key.prefix})"


def test_file_like_no_extract_is_asked_about(client):
    told = client.post("/extracts/", parts(kinds=["sirh"], sirh="hello\nworld\n")).json()
    run_import(upload=Import.objects.get(pk=told["id"]))
    told = client.get(told["link"]).json()
    assert told["state"] == "asking"
    assert [question["asked"] for question in told["questions"]] == ["line"]


def test_day_and_mapping_are_taken(client):
    mapping = SavedMapping.objects.create(name="payroll")
    answer = client.post("/extracts/", parts(day="") | {"as_of": "2026-05-31", "mapping": "payroll"})
    assert answer.status_code == 202, answer.content
    upload = Import.objects.get()
    assert (upload.as_of.isoformat(), upload.mapping) == ("2026-05-31", mapping)


def test_same_files_while_they_are_worked_on_are_the_same_delivery(client, started):
    first, again = (client.post("/extracts/", parts()).json() for _ in range(2))
    assert first["id"] == again["id"]
    assert started == [("run_import", first["id"])]
    other_day = client.post("/extracts/", parts() | {"as_of": "2026-05-31"}).json()
    fewer = client.post("/extracts/", parts(kinds=["sirh"])).json()
    assert len({first["id"], other_day["id"], fewer["id"]}) == 3


def test_same_files_after_the_load_change_nothing(client):
    for _ in range(2):
        told = client.post("/extracts/", parts()).json()
        run_import(upload=Import.objects.get(pk=told["id"]))
    assert Load.objects.count() == ScoringRun.objects.count() == 1
    told = client.get(told["link"]).json()
    assert (told["state"], told["detail"]) == ("expired", "The same content was loaded before: nothing was changed.")


def test_same_files_after_a_failure_start_the_work_again(client, started):
    told = client.post("/extracts/", parts()).json()
    Import.objects.update(state="failed", error={"text": "Broken.", "params": {}})
    assert client.get(told["link"]).json()["error"] == "Broken."
    again = client.post("/extracts/", parts()).json()
    assert (again["id"], again["state"]) == (told["id"], "checking")
    assert len(started) == 2


@pytest.fixture
def loading(client, at_work):
    """A delivery that is being loaded."""
    told = client.post("/extracts/", parts(day="2026-05-31")).json()
    upload = Import.objects.get(pk=told["id"])
    uploads.check(upload=upload)
    import_process.go_on()
    at_work()
    return upload


def test_same_files_after_a_failure_while_another_import_is_loaded_are_checked_again(client, loading):
    told = client.post("/extracts/", parts()).json()
    was_confirmed = {"confirmed_at": timezone.now(), "error": {"text": "Broken.", "params": {}}}
    Import.objects.filter(pk=told["id"]).update(state="failed", **was_confirmed)
    again = client.post("/extracts/", parts())
    assert (again.status_code, again.json()["id"], again.json()["state"]) == (202, told["id"], "checking")


def test_delivery_held_up_by_another_is_ready_and_done_once_that_is(client, loading, started):
    link = client.post("/extracts/", parts()).json()["link"]
    held_up = Import.objects.get(as_of=DAY)
    run_import(upload=held_up)
    told = client.get(link).json()
    assert (told["state"], told["error"]) == ("ready", None)
    assert told["detail"] == "Checked: it is loaded when the work before it is done."
    started.clear()
    run_import(upload=loading)
    assert started == [("run_import", str(held_up.pk))]
    run_import(upload=held_up)
    assert client.get(link).json()["state"] == "done"


def test_delivery_held_up_by_another_is_gone_on_with_when_that_fails(client, loading, started, monkeypatch):
    client.post("/extracts/", parts())
    held_up = Import.objects.get(as_of=DAY)
    run_import(upload=held_up)
    started.clear()
    with monkeypatch.context() as patch:
        patch.setattr("predictions.import_process.uploads.load", lambda **arguments: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run_import(upload=loading)
    assert started == [("run_import", str(held_up.pk))]


@pytest.mark.skipif(
    connection.vendor != "postgresql", reason="needs PostgreSQL: threads cannot wait for SQLite in memory"
)
@pytest.mark.django_db(transaction=True)
def test_same_files_at_once_are_the_same_delivery(load_key, started):
    barrier, told = Barrier(4), []

    def send():
        client, files = APIClient(load_key.secret), parts()
        barrier.wait()
        told.append(client.post("/extracts/", files).json()["id"])
        connection.close()

    threads = [Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(told), len(set(told)), len(started)) == (4, 1, 1)


def test_same_files_that_are_being_taken_for_long_are_to_be_sent_again(client, monkeypatch):
    def busy(name):
        raise Busy("busy")

    monkeypatch.setattr("predictions.deliveries.exclusive", busy)
    answer = client.post("/extracts/", parts())
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


def test_delivery_whose_data_change_meanwhile_is_checked_again_and_loaded(client, monkeypatch):
    told = client.post("/extracts/", parts()).json()
    bases = iter(["then", "now", "now", "now"])
    monkeypatch.setattr("employees.uploads._basis", lambda upload: next(bases))
    run_import(upload=Import.objects.get(pk=told["id"]))
    assert Import.objects.get().state == "done"


def test_question_is_told_without_the_word(client):
    sirh = text_of("sirh").replace("Commercial,", "Chez Mme Durand,")
    told = client.post("/extracts/", parts(sirh=sirh)).json()
    run_import(upload=Import.objects.get(pk=told["id"]))
    answer = client.get(told["link"])
    told = answer.json()
    assert told["state"] == "ready"
    assert told["detail"] == "The files leave questions open: HR answers them on the page."
    found = {(each["asked"], each["column"], each["detail"]) for each in told["questions"]}
    assert ("word", "departement", "A word in departement is not known.") in found
    assert "Durand" not in answer.text
    assert Load.objects.count() == 0


def test_every_kind_of_question_is_told():
    assert import_words.ASKS.keys() == set(Asked)


def test_every_state_is_told():
    assert import_words.DETAILS.keys() == set(Import.State)


def test_alarm_is_told_without_the_medians(client):
    first = client.post("/extracts/", parts()).json()
    run_import(upload=Import.objects.get(pk=first["id"]))
    lines = text_of("sirh").splitlines()
    place = lines[0].split(",").index("revenu_mensuel")
    paid = [line.split(",") for line in lines[1:]]
    for cells in paid:
        cells[place] = str(int(cells[place]) * 2)
    sirh = "\n".join([lines[0], *map(",".join, paid)])
    told = client.post("/extracts/", parts(day="2026-07-31", kinds=["sirh"], sirh=sirh)).json()
    run_import(upload=Import.objects.get(pk=told["id"]))
    told = client.get(told["link"]).json()
    assert (told["state"], told["detail"]) == (
        "ready",
        "Stopped, since the files seem implausible: HR decides on the page.",
    )
    assert "The median of revenu_mensuel moves by more than half: is it in another unit?" in told["alarms"]
    assert not any(character.isdigit() for character in told["alarms"][0])


def test_refusal_and_rejects_are_told_without_what_they_quote(client):
    told = client.post("/extracts/", parts()).json()
    upload = Import.objects.get()
    upload.state = "refused"
    upload.error = {
        "text": "On line %(line)s the accents are broken (%(text)s). Export the file again as CSV UTF-8.",
        "params": {"line": 3, "text": "Mme Durand"},
        "file": "sirh.csv",
    }
    upload.save()
    rule = {"text": "a whole number between %(minimum)s and %(maximum)s", "params": {"minimum": 16, "maximum": 100}}
    for line in (2, 3):
        upload.rejects.create(file="sirh.csv", line=line, column="âge", value="Durand", rule=rule, costs="cell")
    upload.rejects.create(file="sirh.csv", line=9, value="Durand", rule={"text": "%(value)s", "params": {"value": "x"}})
    answer = client.get(told["link"])
    told = answer.json()
    assert told["error"] == "sirh.csv: On line 3 the accents are broken (…). Export the file again as CSV UTF-8."
    assert told["rejects"] == [
        {
            "file": "sirh.csv",
            "column": "âge",
            "lost": "cell",
            "count": 2,
            "expected": "a whole number between 16 and 100",
        },
        {"file": "sirh.csv", "column": None, "lost": "row", "count": 1, "expected": "…"},
    ]
    assert "Durand" not in answer.text


@pytest.mark.parametrize(
    ("sent", "where", "why"),
    [
        ({}, "body", "No file came: send at least one as the part sirh, eval, sondage or annuaire."),
        ({"as_of": "31/10/2026"}, "body.as_of", "YYYY"),
        ({"as_of": f"{timezone.localdate() + timedelta(days=2)}"}, "body.as_of", "is still to come"),
        ({"as_of": "1900-01-01"}, "body.as_of", "is too long ago"),
        ({"mapping": "other"}, "body.mapping", "No mapping is called “other”"),
        ({"payroll": "1"}, "body.payroll", "This field is not known."),
        ({"eval": "no file"}, "body.eval", "file"),
        ({"eval": SimpleUploadedFile("eval-2026-06-30.pdf", b"%PDF-1.7")}, "body.eval", "is no CSV, XLSX or ODS file"),
        ({"eval": SimpleUploadedFile("eval-2026-06-30.csv", b"%PDF-1.7")}, "body.eval", "This is a file of kind PDF"),
        ({"eval": SimpleUploadedFile("eval-2026-06-30.csv", b"")}, "body.eval", "empty"),
    ],
)
def test_what_cannot_be_taken_is_refused_by_name(client, sent, where, why):
    given = parts(kinds=["sirh"] if sent else [])
    told = refusals(client.post("/extracts/", given | sent))
    assert why in told[where]
    assert not Import.objects.exists()


def test_files_without_a_day_are_refused(client):
    told = refusals(client.post("/extracts/", parts(day="")))
    assert told == {"body.as_of": "The names of the files hold no day: send as_of, such as 2026-10-31."}


def test_files_of_different_days_are_refused_by_their_days(client):
    sent = parts(kinds=["sirh"]) | parts(day="2026-05-31", kinds=["eval"])
    told = refusals(client.post("/extracts/", sent))
    assert told == {
        "body.as_of": "The names of the files hold different days, 2026-05-31, 2026-06-30: "
        "send those of one day, or as_of."
    }


def test_part_that_comes_twice_is_refused(client):
    told = refusals(client.post("/extracts/", {"sirh": list(parts().values())}))
    assert told == {"body.sirh": "This part is there twice: send it once."}


def test_large_file_is_refused(client, settings):
    settings.LARGEST_UPLOAD = 1000
    answer = client.post("/extracts/", parts(sirh="x" * 1001))
    assert (answer.status_code, answer.json()["detail"]) == (
        413,
        "sirh-2026-06-30.csv is larger than 1000\N{NO-BREAK SPACE}bytes.",
    )
    assert not Import.objects.exists()


def test_large_body_is_refused_unread(client, settings):
    settings.LARGEST_UPLOAD, settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000, 1000
    answer = client.post("/extracts/", parts(sirh="x" * 5000))
    assert (answer.status_code, answer.json()["detail"]) == (413, "The body is too large.")


def test_more_files_than_a_request_may_hold_are_refused(client):
    files = [SimpleUploadedFile(f"{number}.csv", b"id") for number in range(11)]
    assert client.post("/extracts/", {"sirh": files}).status_code == 400


@pytest.mark.parametrize("content_type", ["application/json", "text/csv", ""])
def test_other_bodies_are_refused(client, content_type):
    assert client.generic("POST", "/extracts/", b"{}", content_type=content_type).status_code == 415


def test_form_that_is_cut_off_is_refused(client):
    answer = client.generic("POST", "/extracts/", b"--x", content_type="multipart/form-data")
    assert answer.status_code == 400
    assert answer.json()["detail"]


@pytest.mark.parametrize("scopes", [{"can_predict": True}, {"can_read": True}])
def test_key_without_the_scope_is_refused(scopes, started):
    key = APIKeyFactory(**{"can_predict": False, "can_read": False} | scopes)
    client = APIClient(key.secret)
    assert client.post("/extracts/", parts()).status_code == 403
    assert client.get("/extracts/0e0b3a52-6c0f-4a1e-9d2a-3f1f0a5f7f10").status_code == 403
    assert not Import.objects.exists()


def test_key_of_departments_cannot_load():
    with pytest.raises(IntegrityError):
        APIKeyFactory(can_load=True, departments=["Consulting"])


def test_unknown_delivery_and_the_upload_of_a_person_are_not_found(client, django_user_model):
    upload = Import.objects.create(user=django_user_model.objects.create_user("someone"))
    for import_id in (upload.pk, "0e0b3a52-6c0f-4a1e-9d2a-3f1f0a5f7f10", "1", "x" * 36):
        assert client.get(f"/extracts/{import_id}").status_code == 404


def test_status_takes_a_fixed_number_of_queries(client, django_assert_max_num_queries):
    told = client.post("/extracts/", parts()).json()
    run_import(upload=Import.objects.get(pk=told["id"]))
    with django_assert_max_num_queries(9):
        client.get(told["link"])


def test_key_is_told_that_it_may_load(client):
    assert client.get("/key").json()["scopes"] == ["load"]


def test_answer_is_in_the_language_of_the_client(client):
    answer = client.post("/extracts/", parts(), headers={"Accept-Language": "fr"})
    assert json.loads(answer.content)["detail"] == "Les fichiers sont en cours de contrôle."


def test_answers_have_the_fields_of_their_examples(client):
    sirh = text_of("sirh").replace("Commercial,", "Chez Mme Durand,").replace(",41,", ",411,")
    told = client.post("/extracts/", parts(sirh=sirh)).json()
    assert told.keys() == examples.DELIVERY.keys()
    assert told["files"][0].keys() == examples.DELIVERY["files"][0].keys()
    run_import(upload=Import.objects.get())
    told = client.get(told["link"]).json()
    shown = examples.CHECKED_DELIVERY
    assert told["counts"].keys() == shown["counts"].keys()
    for name in ("questions", "rejects"):
        assert told[name][0].keys() == shown[name][0].keys()


def test_page_of_imports_names_the_client(client, browse):
    client.post("/extracts/", parts())
    key = APIKey.objects.get()
    assert f"the API (payroll, {key.prefix})" in browse("RH").get("/import/").text


def test_delivery_in_chunks_is_taken_up_to_its_limit(client, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 500  # of the form's other fields, and held in memory
    body = encode_multipart(BOUNDARY, parts())
    headers = {"Transfer-Encoding": "chunked"}
    options = {"content_type": MULTIPART_CONTENT, "headers": headers, "CONTENT_LENGTH": ""}
    assert client.post("/extracts/", **options, **{"wsgi.input": BytesIO(body)}).status_code == 202
    settings.LARGEST_UPLOAD = 100
    assert client.post("/extracts/", **options, **{"wsgi.input": BytesIO(body)}).status_code == 413
