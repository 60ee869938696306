import hashlib
import io
import os
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from employees import imports
from employees.columns import Extract
from employees.management.commands.seed_from_csv import DEMO
from employees.messages import Message
from employees.models import Employee, EmployeeSnapshot, Import, SignIn
from technova.database.locks import Busy
from technova.server import detached

pytestmark = pytest.mark.django_db
HEAD = 11  # the header and ten employees


@pytest.fixture
def started(monkeypatch, tmp_path):
    """The works that were started, none of which runs; their outputs are in a directory of our own."""
    names = []
    monkeypatch.setattr(detached.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(detached, "start", lambda name, *arguments: names.append(arguments))
    monkeypatch.setattr(detached, "is_at_work", lambda name: False)
    return names


@pytest.fixture
def user():
    return get_user_model().objects.create_user("someone")


def files(**texts):
    """The first ten employees of the demo, with some extracts replaced."""
    first = {
        extract: "".join((DEMO / f"extrait_{extract}.csv").read_text(encoding="utf-8").splitlines(keepends=True)[:HEAD])
        for extract in Extract
    }
    return {
        extract: SimpleUploadedFile(f"{extract}-2026.csv", (texts.get(extract) or text).encode())
        for extract, text in first.items()
    }


def text_of(extract):
    return files()[extract].read().decode()


def received(user, **texts):
    return imports.receive(user=user, files=files(**texts))


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


def test_receive_keeps_the_files_and_starts_the_check(user, started, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        upload = received(user)
    file = upload.files.get(extract="sirh")
    assert file.name == "sirh-2026.csv"
    assert file.sha256 == hashlib.sha256(files()["sirh"].read()).hexdigest()
    assert started == [("run_import", str(upload.pk))]


def test_check_writes_nothing_and_says_what_would_change(user):
    upload = checked(user)
    assert upload.state == Import.State.READY
    assert upload.summary["new"] == 10
    assert len(upload.summary["new_employees"]) == 10
    assert not Employee.objects.exists()


def test_rejects_tell_apart_files_of_the_same_long_name(user):
    uploads = files(sirh=text_of("sirh").replace(",41,", ",12,", 1), eval=text_of("eval").replace("E_2,", "?,", 1))
    for upload in uploads.values():
        upload.name = f"{'x' * 251}.csv"
    upload = imports.receive(user=user, files=uploads)
    imports.check(upload=upload)
    named = {reject.file.lstrip("x") for reject in imports.rejects_of(upload)}
    assert named == {".csv (sirh)", ".csv (eval)", ".csv (sondage)"}


def test_check_keeps_every_reject(user):
    upload = checked(user, sirh=text_of("sirh").replace(",41,F", ",12,F").replace(",49,M", ",=1+1,M"))
    rejects = list(imports.rejects_of(upload))
    assert [(reject.file, reject.line, reject.column, reject.value) for reject in rejects] == [
        ("sirh-2026.csv", 2, "age", "12"),
        ("sirh-2026.csv", 3, "age", "=1+1"),
    ]
    assert str(rejects[0].rule) == "a whole number between 16 and 80"
    assert upload.summary["rejected"] == 2


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


def test_confirmed_import_loads_what_was_shown_and_forgets_the_files(user, started):
    upload = confirmed(user)
    shown = upload.summary
    assert imports.load(upload=upload)
    upload.refresh_from_db()
    assert upload.summary == shown
    assert upload.loaded_at
    assert Employee.objects.count() == 10
    assert not upload.files.exclude(content=b"").exists()


def test_load_twice_loads_once(user, started):
    upload = confirmed(user)
    imports.load(upload=upload)
    assert imports.load(upload=upload)
    assert EmployeeSnapshot.objects.count() == 10


def test_load_after_another_load_shows_a_new_preview_instead(user, started):
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
    assert upload.summary["unchanged"] == 10


def test_confirm_of_an_older_preview_is_refused(user, started):
    upload = checked(user)
    seen = upload.checked_at.isoformat()
    imports.check(upload=upload)
    with pytest.raises(imports.Outdated):
        imports.confirm(upload=upload, user=user, checked_at=seen)
    assert started == []


def test_confirm_before_the_check_is_refused(user):
    with pytest.raises(imports.Outdated):
        imports.confirm(upload=received(user), user=user, checked_at="")


def test_confirm_twice_starts_once(user, started):
    upload = checked(user)
    for _click in range(2):
        imports.confirm(upload=upload, user=user, checked_at=upload.checked_at.isoformat())
    assert len(started) == 1


def test_confirm_while_another_import_is_loaded(user, started, monkeypatch):
    confirmed(user)
    monkeypatch.setattr(detached, "is_at_work", lambda name: True)
    upload = checked(user)
    with pytest.raises(Busy):
        imports.confirm(upload=upload, user=user, checked_at=upload.checked_at.isoformat())
    upload.refresh_from_db()
    assert upload.state == Import.State.READY


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


@pytest.mark.skipif(
    connection.vendor != "postgresql", reason="needs PostgreSQL: threads cannot wait for SQLite in memory"
)
@pytest.mark.django_db(transaction=True)
def test_two_people_confirm_two_imports_at_once(started, monkeypatch):
    monkeypatch.setattr(detached, "is_at_work", lambda name: True)
    user = get_user_model().objects.create_user("someone")
    uploads = [checked(user), checked(user)]
    started.clear()
    barrier, outcomes = Barrier(2), []

    def click(upload):
        barrier.wait()
        try:
            imports.confirm(upload=upload, user=user, checked_at=upload.checked_at.isoformat())
            outcomes.append("started")
        except Busy:
            outcomes.append("busy")
        finally:
            connection.close()

    threads = [Thread(target=click, args=[upload]) for upload in uploads]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["busy", "started"]
    assert len(started) == 1


@pytest.mark.parametrize("state", ["checking", "loading"])
def test_settle_marks_a_killed_import_as_failed(user, started, state):
    upload = confirmed(user) if state == "loading" else received(user)
    Import.objects.update(started_at=timezone.now() - timedelta(minutes=1))
    imports.settle()
    upload.refresh_from_db()
    assert upload.state == Import.State.FAILED
    assert upload.error["text"] == imports.INTERRUPTED


def test_settle_leaves_a_living_import_alone(user, started, monkeypatch):
    upload = received(user)
    Import.objects.update(started_at=timezone.now() - timedelta(minutes=1))
    monkeypatch.setattr(detached, "is_at_work", lambda name: True)
    imports.settle()
    upload.refresh_from_db()
    assert upload.state == Import.State.CHECKING


def test_settle_gives_a_new_process_time_to_start(user, started):
    upload = received(user)
    imports.settle()
    upload.refresh_from_db()
    assert upload.state == Import.State.CHECKING


@pytest.mark.parametrize("purge", [imports.purge, lambda: call_command("purge_imports", stdout=io.StringIO())])
def test_purge_deletes_what_nobody_confirmed_within_a_day(user, started, purge):
    upload = checked(user, sirh=text_of("sirh").replace(",41,F", ",12,F"))
    Import.objects.update(created_at=timezone.now() - timedelta(days=1, minutes=1))
    purge()
    upload.refresh_from_db()
    assert upload.state == Import.State.EXPIRED
    assert not upload.files.exclude(content=b"").exists()
    assert not upload.rejects.exists()


def test_purge_deletes_the_files_of_an_import_that_was_killed(user, started):
    upload = received(user)
    Import.objects.update(created_at=timezone.now() - timedelta(days=2), started_at=timezone.now() - timedelta(days=2))
    out = io.StringIO()
    call_command("purge_imports", stdout=out)
    assert "3 uploaded files deleted\n" in out.getvalue()
    upload.refresh_from_db()
    assert upload.state == Import.State.EXPIRED


def test_purge_command_clears_all_that_is_kept_for_a_while_only(started, tmp_path):
    directory = tmp_path / f"technova-{os.getuid()}"
    directory.mkdir(mode=0o700)
    (directory / "import-1").touch()
    Session.objects.create(session_key="old", expire_date=timezone.now() - timedelta(days=1))
    SignIn.objects.create(at=timezone.now() - timedelta(days=31), has_worked=True)
    out = io.StringIO()
    call_command("purge_imports", stdout=out)
    assert out.getvalue() == (
        "0 uploaded files deleted\n"
        "1 expired sessions deleted\n"
        "1 records of sign-ins deleted\n"
        "1 outputs of imports deleted\n"
    )
    assert not (directory / "import-1").exists()


@pytest.mark.parametrize("end", [lambda upload: imports.purge(), lambda upload: imports.discard(upload=upload)])
def test_loaded_import_is_never_expired(user, started, end):
    upload = loaded_and_failed(user)
    assert not end(upload)
    upload.refresh_from_db()
    assert upload.state == Import.State.FAILED


@pytest.mark.parametrize("was_confirmed", [True, False])
def test_retry_goes_on_where_it_stopped(user, started, was_confirmed):
    upload = confirmed(user) if was_confirmed else received(user)
    started.clear()
    imports.fail(upload=upload)
    imports.retry(upload=upload)
    imports.retry(upload=upload)
    upload.refresh_from_db()
    assert upload.state == ("loading" if was_confirmed else "checking")
    assert upload.error is None
    assert started == [("run_import", str(upload.pk))]


@pytest.mark.parametrize("reason", ["50% of it", "50 %% of it", "%(name)s", "%", imports.ALREADY_LOADING])
def test_fail_remembers_the_reason_to_the_letter(user, started, reason):
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


def test_discard_leaves_an_import_at_work_alone(user, started):
    upload = confirmed(user)
    assert not imports.discard(upload=upload)
    upload.refresh_from_db()
    assert upload.state == Import.State.LOADING
    assert upload.files.exclude(content=b"").count() == 3


@pytest.mark.parametrize(
    ("line", "progress"),
    [("Scoring\t20\t30", ("Scoring", 20, 30)), ("", None), ("Scoring", None)],
)
def test_progress_is_what_the_process_printed_last(user, monkeypatch, line, progress):
    monkeypatch.setattr(detached, "last_line", lambda name: line)
    assert imports.progress_of(received(user)) == progress
