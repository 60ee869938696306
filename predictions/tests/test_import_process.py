import hashlib
import io
import os
from datetime import timedelta
from threading import Barrier, Thread
from types import SimpleNamespace

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import OperationalError, connection
from django.utils import timezone

from employees import uploads
from employees.models import Import, SignIn
from employees.tests.test_uploads import DAY, by_kind, checked, files, text_of
from predictions import import_process
from predictions.tests.factories import ScoringRunFactory
from technova.database.locks import Busy
from technova.jobs import detached

pytestmark = pytest.mark.django_db


@pytest.fixture
def user():
    return get_user_model().objects.create_user("someone")


def received(user):
    return import_process.receive(user=user, as_of=DAY, files=files())


def confirmed(user):
    upload = checked(user)
    import_process.confirm(upload=upload, user=user, checked_at=upload.checked_at.isoformat())
    upload.refresh_from_db()
    return upload


def test_confirm_of_an_import_whose_process_was_killed_does_not_say_that_nothing_was_loaded(user, started):
    upload = confirmed(user)
    Import.objects.update(started_at=timezone.now() - timedelta(minutes=1))
    started.clear()
    import_process.confirm(upload=upload, user=user, checked_at=upload.checked_at.isoformat())
    assert started == []


def test_confirm_makes_room_for_itself_where_another_import_was_killed(user, started):
    killed = confirmed(user)
    Import.objects.update(started_at=timezone.now() - timedelta(minutes=1))
    assert confirmed(user).state == Import.State.LOADING
    killed.refresh_from_db()
    assert killed.state == Import.State.FAILED


def test_receive_keeps_the_files_and_starts_the_check(user, started, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        upload = received(user)
    file = upload.files.get(name="sirh-2026.csv")
    assert file.name == "sirh-2026.csv"
    assert file.sha256 == hashlib.sha256(by_kind()["sirh"].read()).hexdigest()
    assert started == [("run_import", str(upload.pk))]


def test_confirm_of_an_older_preview_starts_nothing(user, started):
    upload = checked(user)
    seen = upload.checked_at.isoformat()
    uploads.check(upload=upload)
    with pytest.raises(uploads.Outdated):
        import_process.confirm(upload=upload, user=user, checked_at=seen)
    assert started == []


def test_confirm_twice_starts_once(user, started):
    upload = checked(user)
    for _click in range(2):
        import_process.confirm(upload=upload, user=user, checked_at=upload.checked_at.isoformat())
    assert len(started) == 1


def test_confirm_while_another_import_is_loaded(user, at_work):
    confirmed(user)
    at_work()
    upload = checked(user)
    with pytest.raises(Busy):
        import_process.confirm(upload=upload, user=user, checked_at=upload.checked_at.isoformat())
    upload.refresh_from_db()
    assert upload.state == Import.State.READY


@pytest.mark.skipif(
    connection.vendor != "postgresql", reason="needs PostgreSQL: threads cannot wait for SQLite in memory"
)
@pytest.mark.django_db(transaction=True)
def test_two_people_confirm_two_imports_at_once(started, at_work):
    at_work()
    user = get_user_model().objects.create_user("someone")
    both = [checked(user), checked(user)]
    started.clear()
    barrier, outcomes = Barrier(2), []

    def click(upload):
        barrier.wait()
        try:
            import_process.confirm(upload=upload, user=user, checked_at=upload.checked_at.isoformat())
            outcomes.append("started")
        except Busy:
            outcomes.append("busy")
        finally:
            connection.close()

    threads = [Thread(target=click, args=[upload]) for upload in both]
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
    import_process.settle()
    upload.refresh_from_db()
    assert upload.state == Import.State.FAILED
    assert upload.error["text"] == import_process.INTERRUPTED


def test_settle_leaves_a_living_import_alone(user, at_work):
    upload = received(user)
    Import.objects.update(started_at=timezone.now() - timedelta(minutes=1))
    at_work()
    import_process.settle()
    upload.refresh_from_db()
    assert upload.state == Import.State.CHECKING


def test_settle_gives_a_new_process_time_to_start(user, started):
    upload = received(user)
    import_process.settle()
    upload.refresh_from_db()
    assert upload.state == Import.State.CHECKING


@pytest.mark.parametrize("purge", [uploads.purge, lambda: call_command("purge_imports", stdout=io.StringIO())])
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


def test_purge_command_clears_all_that_is_kept_for_a_while_only(monkeypatch, tmp_path):
    monkeypatch.setattr(detached.tempfile, "gettempdir", lambda: str(tmp_path))
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
        "0 deliveries of webhooks deleted\n"
        "0 exported files deleted\n"
        "0 e-mails deleted\n"
        "0 notes of talks deleted\n"
        "0 people who had left deleted\n"
        "0 predictions deleted\n"
        "0 entries of the access journal deleted\n"
    )
    assert not (directory / "import-1").exists()


@pytest.mark.parametrize("was_confirmed", [True, False])
def test_retry_goes_on_where_it_stopped(user, started, was_confirmed):
    upload = confirmed(user) if was_confirmed else received(user)
    started.clear()
    uploads.fail(upload=upload)
    import_process.retry(upload=upload)
    import_process.retry(upload=upload)
    upload.refresh_from_db()
    assert upload.state == ("loading" if was_confirmed else "checking")
    assert upload.error is None
    assert started == [("run_import", str(upload.pk))]


def lose_the_connection(**arguments):
    raise OperationalError("the connection is lost")


@pytest.fixture
def told(monkeypatch):
    """The imports of which a stop was reported."""
    stops = []
    monkeypatch.setattr("predictions.import_process.of_imports.tell_of_stop", lambda upload: stops.append(upload.pk))
    return stops


@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL: nothing tries again on SQLite")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("attempts", "state"), [(0, "checking"), (4, "checking"), (5, "failed")])
def test_outage_fails_an_import_after_the_last_attempt(user, started, told, monkeypatch, attempts, state):
    from technova.jobs import workers

    upload = received(user)
    monkeypatch.setattr("predictions.import_process.uploads.check", lose_the_connection)
    context = SimpleNamespace(job=SimpleNamespace(attempts=attempts))
    with pytest.raises(OperationalError):
        workers.run.func(context, import_process.run_import.path, [str(upload.pk)])
    upload.refresh_from_db()
    assert (upload.state, told) == (state, [upload.pk] if state == "failed" else [])


def test_outage_fails_an_import_at_once_where_nothing_tries_again(user, started, told, monkeypatch):
    upload = received(user)
    monkeypatch.setattr("predictions.import_process.uploads.check", lose_the_connection)
    with pytest.raises(OperationalError):
        import_process.run_import(str(upload.pk))
    upload.refresh_from_db()
    assert (upload.state, told) == ("failed", [upload.pk])
    assert upload.error["text"].startswith("The database does not answer")


@pytest.fixture
def wait_briefly(monkeypatch):
    monkeypatch.setattr(import_process, "PAUSE", 0)


def test_import_waits_for_the_lock_of_other_work(user, started, wait_briefly, monkeypatch):
    upload = received(user)
    check, tries = uploads.check, iter([Busy("busy"), Busy("busy"), None])

    def check_when_free(**arguments):
        if error := next(tries):
            raise error
        check(**arguments)

    monkeypatch.setattr("predictions.import_process.uploads.check", check_when_free)
    import_process.run_import(str(upload.pk))
    upload.refresh_from_db()
    assert (upload.state, upload.error) == ("ready", None)


def test_import_that_waits_too_long_has_failed_and_says_so(user, started, told, wait_briefly, monkeypatch):
    upload = received(user)
    monkeypatch.setattr(import_process, "PATIENCE", 0.0)

    def busy(**arguments):
        raise Busy("busy")

    monkeypatch.setattr("predictions.import_process.uploads.check", busy)
    import_process.run_import(str(upload.pk))
    upload.refresh_from_db()
    assert (upload.state, upload.error["text"], told) == ("failed", "busy", [upload.pk])


def test_sirh_alone_is_loaded_and_the_page_says_that_nobody_could_be_scored(user, browse):
    hr = browse("RH")
    upload = import_process.receive(user=user, as_of=DAY, files=[file for file in files() if "sirh" in file.name])
    import_process.run_import(str(upload.pk))
    upload.refresh_from_db()
    import_process.confirm(upload=upload, user=user, checked_at=upload.checked_at.isoformat())
    import_process.run_import(str(upload.pk))
    upload.refresh_from_db()
    assert upload.state == Import.State.DONE
    text = hr.get(f"/import/{upload.pk}/").text
    assert "Everything is loaded, and nobody could be scored" in text
    assert "Load the evaluations and the survey too" in text


def test_overview_and_list_without_anybody_scored_lead_hr_to_what_is_missing(browse):
    ScoringRunFactory()
    hr, manager = browse("RH"), browse("Manager", "Consulting")
    for path in ("/", "/employees/"):
        assert "Nobody present has a score" in hr.get(path).text
        assert "Nobody whom you may see has been scored" in manager.get(path).text
