from datetime import date, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone

from employees import imports
from employees.columns import JOINED
from employees.demo.published import FOLDER as DEMO
from employees.messages import Message
from employees.models import Employee, Import, Load

pytestmark = pytest.mark.django_db
DAY = date(2026, 6, 30)
HEAD = 11  # the header and ten employees


@pytest.fixture
def user():
    return get_user_model().objects.create_user("someone")


def files(**texts):
    """The first ten employees of the demo, with some extracts replaced."""
    first = {
        extract: "".join((DEMO / f"extrait_{extract}.csv").read_text(encoding="utf-8").splitlines(keepends=True)[:HEAD])
        for extract in JOINED
    }
    return {
        extract: SimpleUploadedFile(f"{extract}-2026.csv", (texts.get(extract) or text).encode())
        for extract, text in first.items()
    }


def text_of(extract):
    return files()[extract].read().decode()


def received(user, **texts):
    return imports.receive(user=user, as_of=DAY, files=files(**texts))


def checked(user, **texts):
    upload = received(user, **texts)
    imports.check(upload=upload)
    return upload


def loaded_and_failed(user):
    """An import that was loaded two days ago, and then not scored."""
    upload = confirmed(user)
    imports.load(upload=upload)
    imports.fail(upload=upload)
    Import.objects.update(created_at=timezone.now() - timedelta(days=2))
    return upload


def confirmed(user, **texts):
    upload = checked(user, **texts)
    imports.confirm(upload=upload, user=user, checked_at=upload.checked_at.isoformat())
    upload.refresh_from_db()
    return upload


def test_check_writes_nothing_and_says_what_would_change(user):
    upload = checked(user)
    assert upload.state == Import.State.READY
    assert upload.summary["present"] == 8
    assert [upload.summary["moves"][name]["count"] for name in ("arrived", "left")] == [8, 2]
    assert not Employee.objects.exists()


def test_rejects_tell_apart_files_of_the_same_long_name(user):
    uploads = files(sirh=text_of("sirh").replace(",41,", ",12,", 1), eval=text_of("eval").replace("E_2,", "?,", 1))
    for upload in uploads.values():
        upload.name = f"{'x' * 251}.csv"
    upload = imports.receive(user=user, as_of=DAY, files=uploads)
    imports.check(upload=upload)
    named = {reject.file.lstrip("x") for reject in upload.rejects.all()}
    assert named == {".csv (sirh)", ".csv (eval)"}


def test_check_keeps_every_reject(user):
    upload = checked(user, sirh=text_of("sirh").replace(",41,F", ",12,F").replace(",49,M", ",=1+1,M"))
    rejects = [row.as_reject() for row in upload.rejects.all()]
    assert [(reject.file, reject.line, reject.column, reject.value) for reject in rejects] == [
        ("sirh-2026.csv", 2, "age", "12"),
        ("sirh-2026.csv", 3, "age", "=1+1"),
    ]
    assert str(rejects[0].rule) == "a whole number between 16 and 80"
    assert upload.summary["reject_count"] == 2


def test_check_refuses_a_wrong_file_and_forgets_it(user):
    upload = checked(user, sirh=text_of("eval"))
    assert upload.state == Import.State.REFUSED
    assert upload.error["file"] == "sirh-2026.csv"
    assert upload.error["params"] == {"other": "eval", "extract": "sirh"}
    assert not upload.files.exclude(content=b"").exists()


def test_check_refuses_a_stored_file_that_changed(user):
    upload = received(user)
    upload.files.filter(extract="eval").update(content=b"something else")
    with pytest.raises(imports.ContentChanged, match=r"eval-2026\.csv"):
        imports.check(upload=upload)


def test_confirmed_import_loads_what_was_shown_and_forgets_the_files(user):
    upload = confirmed(user)
    shown = upload.summary
    assert imports.load(upload=upload)
    upload.refresh_from_db()
    assert upload.summary == shown
    assert upload.loaded_at
    assert Employee.objects.count() == 10
    assert (upload.load.as_of, upload.load.recorded_by) == (DAY, user)
    assert not upload.files.exclude(content=b"").exists()


def test_load_twice_loads_once(user):
    upload = confirmed(user)
    imports.load(upload=upload)
    assert imports.load(upload=upload)
    assert Load.objects.count() == 1


def test_load_after_another_load_shows_a_new_preview_instead(user):
    upload = confirmed(user)
    other = checked(user)
    Import.objects.filter(pk=upload.pk).move("loading", "failed")
    imports.confirm(upload=other, user=user, checked_at=other.checked_at.isoformat())
    imports.load(upload=other)
    assert not imports.load(upload=upload)
    imports.check_again(upload=upload)
    upload.refresh_from_db()
    assert upload.state == Import.State.READY
    assert upload.confirmed_by is None
    assert not upload.summary["is_new"]


def test_confirm_of_an_older_preview_is_refused(user):
    upload = checked(user)
    seen = upload.checked_at.isoformat()
    imports.check(upload=upload)
    with pytest.raises(imports.Outdated):
        imports.confirm(upload=upload, user=user, checked_at=seen)


def test_confirm_before_the_check_is_refused(user):
    with pytest.raises(imports.Outdated):
        imports.confirm(upload=received(user), user=user, checked_at="")


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


@pytest.mark.parametrize("end", [lambda upload: imports.purge(), lambda upload: imports.discard(upload=upload)])
def test_loaded_import_is_never_expired(user, end):
    upload = loaded_and_failed(user)
    assert not end(upload)
    upload.refresh_from_db()
    assert upload.state == Import.State.FAILED


@pytest.mark.parametrize("reason", ["50% of it", "50 %% of it", "%(name)s", "%", imports.ALREADY_LOADING])
def test_fail_remembers_the_reason_to_the_letter(user, reason):
    upload = received(user)
    imports.fail(upload=upload, reason=reason)
    upload.refresh_from_db()
    assert str(Message(upload.error["text"], upload.error["params"])) == reason


def test_discard_deletes_the_files(user):
    upload = checked(user)
    assert imports.discard(upload=upload)
    upload.refresh_from_db()
    assert upload.state == Import.State.EXPIRED
    assert not upload.files.exclude(content=b"").exists()


def test_discard_leaves_an_import_at_work_alone(user):
    upload = confirmed(user)
    assert not imports.discard(upload=upload)
    upload.refresh_from_db()
    assert upload.state == Import.State.LOADING
    assert upload.files.exclude(content=b"").count() == 3
