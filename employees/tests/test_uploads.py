from datetime import date, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone

from employees import uploads
from employees.demo.published import FOLDER as DEMO
from employees.messages import Message
from employees.models import Employee, Import, Load, RefusedValue, SavedMapping, SirhRow, Term
from employees.terms.changes import Unacceptable
from employees.workforce.known_values import RAW_KINDS

pytestmark = pytest.mark.django_db
DAY = date(2026, 6, 30)
HEAD = 11  # the header and ten employees


@pytest.fixture
def user():
    return get_user_model().objects.create_user("someone")


def files(**texts):
    """The first ten employees of the demo, with some extracts replaced."""
    return list(by_kind(**texts).values())


def by_kind(**texts):
    """The same, by extract."""
    first = {
        extract: "".join((DEMO / f"extrait_{extract}.csv").read_text(encoding="utf-8").splitlines(keepends=True)[:HEAD])
        for extract in RAW_KINDS
    }
    return {
        extract: SimpleUploadedFile(f"{extract}-2026.csv", (texts.get(extract) or text).encode())
        for extract, text in first.items()
    }


def text_of(extract):
    return by_kind()[extract].read().decode()


def received(user, **texts):
    return uploads.receive(user=user, as_of=DAY, files=files(**texts))


def checked(user, **texts):
    upload = received(user, **texts)
    uploads.check(upload=upload)
    return upload


def loaded_and_failed(user):
    """An import that was loaded two days ago, and then not scored."""
    upload = confirmed(user)
    uploads.load(upload=upload)
    uploads.fail(upload=upload)
    Import.objects.update(created_at=timezone.now() - timedelta(days=2))
    return upload


def confirmed(user, **texts):
    upload = checked(user, **texts)
    uploads.confirm(upload=upload, user=user, checked_at=upload.checked_at.isoformat())
    upload.refresh_from_db()
    return upload


def test_check_writes_nothing_and_says_what_would_change(user):
    upload = checked(user)
    assert upload.state == Import.State.READY
    assert upload.summary["present"] == 8
    assert [upload.summary["moves"][name]["count"] for name in ("arrived", "left")] == [8, 2]
    assert not Employee.objects.exists()


def test_rejects_tell_apart_files_of_the_same_long_name(user):
    alike = files(sirh=text_of("sirh").replace(",41,", ",12,", 1), eval=text_of("eval").replace("E_2,", "?,", 1))
    for file in alike:
        file.name = f"{'x' * 251}.csv"
    upload = uploads.receive(user=user, as_of=DAY, files=alike)
    uploads.check(upload=upload)
    named = {reject.file.lstrip("x") for reject in upload.rejects.all()}
    assert named == {".csv (1)", ".csv (2)"}


def test_check_keeps_every_reject(user):
    upload = checked(user, sirh=text_of("sirh").replace(",41,F", ",12,F").replace(",49,M", ",=1+1,M"))
    rejects = [row.as_reject() for row in upload.rejects.all()]
    assert [(reject.file, reject.line, reject.column, reject.value) for reject in rejects] == [
        ("sirh-2026.csv", 2, "age", "12"),
        ("sirh-2026.csv", 3, "age", "=1+1"),
    ]
    assert str(rejects[0].rule) == "a whole number between 16 and 80"
    assert upload.summary["reject_count"] == 2


def test_check_refuses_the_same_extract_twice_and_forgets_the_files(user):
    upload = checked(user, sirh=text_of("eval"))
    assert upload.state == Import.State.REFUSED
    assert upload.error["file"] == "eval-2026.csv"
    assert upload.error["params"] == {"other": "sirh-2026.csv", "extract": "eval"}
    assert not upload.files.exclude(content=b"").exists()


def test_check_refuses_a_stored_file_that_changed(user):
    upload = received(user)
    upload.files.filter(name="eval-2026.csv").update(content=b"something else")
    with pytest.raises(uploads.ContentChanged, match=r"eval-2026\.csv"):
        uploads.check(upload=upload)


def test_confirmed_import_loads_what_was_shown_and_forgets_the_files(user):
    upload = confirmed(user)
    shown = upload.summary
    assert uploads.load(upload=upload)
    upload.refresh_from_db()
    assert upload.summary == shown
    assert upload.loaded_at
    assert Employee.objects.count() == 10
    assert (upload.load.as_of, upload.load.recorded_by) == (DAY, user)
    assert not upload.files.exclude(content=b"").exists()


def test_load_twice_loads_once(user):
    upload = confirmed(user)
    uploads.load(upload=upload)
    assert uploads.load(upload=upload)
    assert Load.objects.count() == 1


def test_load_after_another_load_shows_a_new_preview_instead(user):
    upload = confirmed(user)
    other = checked(user)
    Import.objects.filter(pk=upload.pk).move("loading", "failed")
    uploads.confirm(upload=other, user=user, checked_at=other.checked_at.isoformat())
    uploads.load(upload=other)
    assert not uploads.load(upload=upload)
    uploads.check_again(upload=upload)
    upload.refresh_from_db()
    assert upload.state == Import.State.READY
    assert upload.confirmed_by is None
    assert not upload.summary["is_new"]


def test_confirm_of_an_older_preview_is_refused(user):
    upload = checked(user)
    seen = upload.checked_at.isoformat()
    uploads.check(upload=upload)
    with pytest.raises(uploads.Outdated):
        uploads.confirm(upload=upload, user=user, checked_at=seen)


def test_confirm_before_the_check_is_refused(user):
    with pytest.raises(uploads.Outdated):
        uploads.confirm(upload=received(user), user=user, checked_at="")


def test_database_refuses_two_imports_that_are_loaded_at_once(user):
    first, second = received(user), received(user)
    values = {"state": "loading", "confirmed_by": user, "confirmed_at": timezone.now()}
    Import.objects.filter(pk=first.pk).update(**values)
    with pytest.raises(IntegrityError, match=r"one_import_is_loaded_at_a_time|UNIQUE"), transaction.atomic():
        Import.objects.filter(pk=second.pk).update(**values)


def test_database_refuses_to_expire_what_is_loaded(user):
    upload = received(user)
    with pytest.raises(IntegrityError, match=r"import_expires_before_it_is_loaded"), transaction.atomic():
        Import.objects.filter(pk=upload.pk).update(state="expired", loaded_at=timezone.now())


def test_database_refuses_that_somebody_deleted_what_has_not_expired(user):
    upload = received(user)
    name = "import_that_somebody_deleted_has_expired"
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Import.objects.filter(pk=upload.pk).update(deleted_by=user, finished_at=timezone.now())


@pytest.mark.parametrize("end", [lambda upload: uploads.purge(), lambda upload: uploads.discard(upload=upload)])
def test_loaded_import_is_never_expired(user, end):
    upload = loaded_and_failed(user)
    assert not end(upload)
    upload.refresh_from_db()
    assert upload.state == Import.State.FAILED


@pytest.mark.parametrize("reason", ["50% of it", "50 %% of it", "%(name)s", "%", uploads.ALREADY_LOADING])
def test_fail_remembers_the_reason_to_the_letter(user, reason):
    upload = received(user)
    uploads.fail(upload=upload, reason=reason)
    upload.refresh_from_db()
    assert str(Message(upload.error["text"], upload.error["params"])) == reason


def test_discard_deletes_the_files(user):
    upload = checked(user)
    assert uploads.discard(upload=upload, user=user)
    upload.refresh_from_db()
    assert (upload.state, upload.deleted_by) == (Import.State.EXPIRED, user)
    assert upload.finished_at
    assert not upload.files.exclude(content=b"").exists()


def test_discard_leaves_an_import_at_work_alone(user):
    upload = confirmed(user)
    assert not uploads.discard(upload=upload)
    upload.refresh_from_db()
    assert upload.state == Import.State.LOADING
    assert upload.files.exclude(content=b"").count() == 3


# What the files leave open

YEARLY = {",revenu_mensuel,": ",Brut annuel,", ",departement,": ",Service,", ",Consulting,": ",Conseil,"}


def yearly():
    """The SIRH of a company that pays by the year and has its own words."""
    header, *lines = text_of("sirh").splitlines()
    rows = [line.split(",") for line in lines]
    lines = [",".join([*row[:3], str(int(row[3]) * 12), *row[4:]]) for row in rows]
    text = "\n".join([header, *lines])
    for old, new in YEARLY.items():
        text = text.replace(old, new)
    return text


def answered(upload, user, **answers):
    """Answer by the text of the question, and the others as proposed; check again."""
    questions = uploads.questions_of(upload)
    given = {place: answers.get(each.header, each.proposal.value) for place, each in enumerate(questions)}
    assert uploads.answer(upload=upload, user=user, checked_at=upload.checked_at.isoformat(), answers=given)
    upload.refresh_from_db()
    uploads.check(upload=upload)


def asked(upload):
    """What must be answered: not which other sheet or line may be read."""
    return [question for question in uploads.questions_of(upload) if not question.is_correction]


def load_as(user, upload):
    uploads.confirm(upload=upload, user=user, checked_at=upload.checked_at.isoformat())
    upload.refresh_from_db()
    assert uploads.load(upload=upload)


def test_titles_are_asked_first_then_values_and_the_answers_read_the_next_month(user):
    upload = checked(user, sirh=yearly())
    assert (upload.state, upload.summary, upload.checked_at is None) == (Import.State.ASKING, None, False)
    assert {q.header: q.proposal.value for q in asked(upload)} == {
        "Brut annuel": "revenu_mensuel",
        "Service": "departement",
    }
    answered(upload, user)
    assert upload.state == Import.State.ASKING
    assert [(q.asked, q.text) for q in asked(upload)] == [("word", "Conseil"), ("unit", "71916")]
    answered(upload, user, Service="Consulting")
    assert (upload.state, upload.questions) == (Import.State.READY, [])
    assert not SavedMapping.objects.exists()
    load_as(user, upload)
    saved = SavedMapping.objects.get()
    assert (saved.name, saved.changed_by, upload.mapping) == ("default", user, saved)
    assert saved.mapping.factors == {"revenu_mensuel": "1/12"}
    assert SirhRow.objects.get(number=1).revenu_mensuel == 5993
    again = uploads.receive(user=user, as_of=date(2026, 7, 31), files=files(sirh=yearly()))
    uploads.check(upload=again)
    assert (again.state, again.questions) == (Import.State.READY, [])


def test_preview_waits_for_everything_but_words(user):
    upload = checked(user, sirh=yearly())
    with pytest.raises(uploads.Outdated):
        uploads.confirm(upload=upload, user=user, checked_at=upload.checked_at.isoformat(), leave_unknown=True)


def test_words_left_unknown_are_no_rejects_of_the_preview_and_refused_of_their_people_once_loaded(user):
    upload = checked(user, sirh=text_of("sirh").replace("Consulting", "R&D"))
    assert (upload.state, upload.summary["reject_count"]) == (Import.State.READY, 0)
    assert not RefusedValue.objects.exists()
    (question,) = uploads.questions_of(upload)
    uploads.confirm(upload=upload, user=user, checked_at=upload.checked_at.isoformat(), leave_unknown=True)
    upload.refresh_from_db()
    assert uploads.load(upload=upload)
    assert set(RefusedValue.objects.values_list("column", "value")) == {("departement", "R&D")}
    assert RefusedValue.objects.count() == question.count


def test_word_answered_for_another_file_is_read_where_it_was_left_unknown(user):
    sirh = text_of("sirh").replace("Consulting", "R&D")
    upload = checked(user, sirh=sirh)
    uploads.confirm(upload=upload, user=user, checked_at=upload.checked_at.isoformat(), leave_unknown=True)
    upload.refresh_from_db()
    assert uploads.load(upload=upload)
    answered(checked(user, sirh=sirh.replace(",5993,", ",6000,")), user)
    assert not RefusedValue.objects.exists()
    assert "R&D" in set(Employee.objects.values_list("departement", flat=True))
    assert Load.objects.count() == 1


def test_wrong_titles_are_asked_again_with_the_reason(user):
    upload = checked(user, sirh=yearly())
    answered(upload, user, Service="")
    assert upload.state == Import.State.ASKING
    assert upload.error["params"] == {"columns": "departement"}
    assert {q.header: q.proposal.value for q in uploads.questions_of(upload)}["Service"] == ""
    answered(upload, user, Service="departement")
    assert upload.error is None


def test_answer_that_is_none_of_the_choices_keeps_nothing(user):
    upload = checked(user, sirh=yearly())
    seen = upload.checked_at.isoformat()
    with pytest.raises(Unacceptable, match=r"“x” is no answer to the question about “Service”"):
        uploads.answer(upload=upload, user=user, checked_at=seen, answers={0: "revenu_mensuel", 1: "x"})
    upload.refresh_from_db()
    assert (upload.state, upload.answers) == (Import.State.ASKING, {})


def test_questions_are_forgotten_with_the_files_that_they_quote(user):
    upload = checked(user, sirh=yearly())
    assert uploads.discard(upload=upload)
    upload.refresh_from_db()
    assert (upload.state, upload.questions) == (Import.State.EXPIRED, [])
    other = checked(user, sirh=yearly())
    Import.objects.update(created_at=timezone.now() - timedelta(days=2))
    uploads.purge()
    other.refresh_from_db()
    assert (other.state, other.questions) == (Import.State.EXPIRED, [])


def test_mapping_saved_meanwhile_is_kept_and_the_preview_shown_again(user):
    upload, other = (checked(user, sirh=yearly()) for _time in range(2))
    answered(upload, user, Service="departement")
    answered(upload, user, Service="Consulting")
    uploads.confirm(upload=upload, user=user, checked_at=upload.checked_at.isoformat())
    SavedMapping.objects.create(name="ours", document={"decimal": ","})
    upload.refresh_from_db()
    assert not uploads.load(upload=upload)
    uploads.check_again(upload=upload)
    load_as(user, upload)
    saved = SavedMapping.objects.get()
    assert (saved.name, saved.mapping.decimal, saved.mapping.factors) == ("ours", ",", {"revenu_mensuel": "1/12"})
    uploads.check(upload=other)
    assert other.state == Import.State.READY


def test_chosen_mapping_reads_the_files_and_learns(user):
    ours = SavedMapping.objects.create(name="ours", document={"headers": {"sirh": {"Service": "departement"}}})
    SavedMapping.objects.create(name="newer")
    upload = uploads.receive(user=user, as_of=DAY, files=files(sirh=yearly()), mapping=ours)
    uploads.check(upload=upload)
    assert [question.header for question in uploads.questions_of(upload) if question.asked == "header"] == [
        "Brut annuel"
    ]


def test_word_of_a_column_that_is_only_proposed_is_not_learned(user):
    upload = checked(user, sirh=yearly())
    answered(upload, user, Service="")
    assert not Term.objects.filter(value="Conseil").exists()
