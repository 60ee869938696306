"""Tasks as they are run: by real workers on PostgreSQL, by detached processes on SQLite. One suite for both."""

import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from technova.jobs import State, detached, quick_task, task, task_of
from technova.tests import test_detached

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="workers need PostgreSQL")
PATIENCE = 120  # seconds: other tests may keep every core busy


def wait_until(condition):
    test_detached.wait_until(condition, seconds=PATIENCE)


@task
def note(text, *, progress=None):
    """Begin a note on the paper of the tests, report a step, wait while a file says so, end the note."""
    file = Path(os.environ["PAPER"])
    with file.open("a") as output:
        output.write(f"{text}(")
    progress("Noting", 1, 2)
    while file.with_suffix(".wait").exists():
        time.sleep(0.02)
    with file.open("a") as output:
        output.write(")")


@quick_task
def write(text, *, progress=None):
    with Path(os.environ["PAPER"]).open("a") as output:
        output.write(text)


@task
def hand_on(*, progress=None):
    """Enqueue in a transaction that fails, and in one that does not."""
    with suppress(ValueError), transaction.atomic():
        note.enqueue("a")
        raise ValueError
    with transaction.atomic():
        note.enqueue("b")
        time.sleep(0.5)
        write.function("(")


@task
def fail(*, progress=None):
    raise ValueError("as it must")


@pytest.fixture(autouse=True)
def empty_queue(db):
    """Jobs and workers of other tests are gone: Django empties no table that it does not manage."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE procrastinate_jobs, procrastinate_workers CASCADE")


@pytest.fixture(autouse=True)
def paper(tmp_path, monkeypatch):
    monkeypatch.setenv("PAPER", str(tmp_path / "paper"))
    return tmp_path / "paper"


@pytest.fixture
def environment(tmp_path, monkeypatch, paper):
    """That of the processes: the tests' own database, and a temporary directory of their own."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        monkeypatch.setattr(detached.tempfile, "gettempdir", lambda: str(tmp_path))
        monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/none.sqlite3")
        return os.environ
    address = os.environ["DATABASE_URL"].rpartition("/")[0]
    return os.environ | {"DATABASE_URL": f"{address}/{name}"}


@pytest.fixture
def worker(environment):
    """Start workers; on SQLite none is needed. Those that still run at the end are killed."""
    with ExitStack() as stack:

        def start(count=1):
            if connection.vendor == "sqlite":
                return []
            command = [sys.executable, "manage.py", "run_worker"]
            started = [
                subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment, stderr=subprocess.DEVNULL)
                for _ in range(count)
            ]
            for process in started:
                stack.callback(process.wait)
                stack.callback(process.kill)
            return started

        yield start


def text_of(paper):
    return paper.read_text() if paper.exists() else ""


def test_task_runs_after_the_commit(worker, paper):
    worker()
    with transaction.atomic():
        note.enqueue("a")
        time.sleep(0.5)
        assert text_of(paper) == ""
    wait_until(lambda: text_of(paper) == "a()")
    wait_until(lambda: note.state("a") is None)


def test_task_of_a_transaction_that_fails_does_not_run(worker, paper):
    worker()
    with suppress(ValueError), transaction.atomic():
        note.enqueue("a")
        raise ValueError
    note.enqueue("b")
    wait_until(lambda: text_of(paper) == "b()")


def test_task_of_a_task_runs_after_its_commit(worker, paper):
    worker(2)
    hand_on.enqueue()
    wait_until(lambda: text_of(paper).endswith(")"))
    wait_until(lambda: note.state("a") is note.state("b") is None)
    assert text_of(paper) == "(b()"


def test_state_and_progress_are_seen_while_it_runs(worker, paper):
    paper.with_suffix(".wait").touch()
    note.enqueue("a")
    if connection.vendor == "postgresql":
        assert note.state("a") is State.WAITING
    worker()
    wait_until(lambda: note.progress("a") is not None)
    assert note.progress("a") == ("Noting", 1, 2)
    assert note.state("a") is State.RUNNING
    assert note.state("b") is None
    paper.with_suffix(".wait").unlink()
    wait_until(lambda: note.state("a") is None)
    assert text_of(paper) == "a()"


def test_same_work_never_runs_twice_at_a_time(worker, paper, monkeypatch):
    monkeypatch.setattr(detached, "LOCK_WAIT", 0.1)
    worker(2)
    paper.with_suffix(".wait").touch()
    note.enqueue("a")
    wait_until(lambda: text_of(paper) == "a(")
    note.enqueue("a")
    time.sleep(1)
    assert text_of(paper) == "a("
    paper.with_suffix(".wait").unlink()
    wait_until(lambda: note.state("a") is None)
    assert text_of(paper).replace("a()", "") == ""


def test_task_that_fails_is_over(worker):
    worker()
    fail.enqueue()
    wait_until(lambda: fail.state() is None)


@on_postgresql
def test_job_of_a_killed_worker_is_done_by_another(worker, paper):
    (killed,) = worker()
    paper.with_suffix(".wait").touch()
    note.enqueue("a")
    wait_until(lambda: text_of(paper) == "a(")
    killed.send_signal(signal.SIGKILL)
    paper.with_suffix(".wait").unlink()
    worker()
    wait_until(lambda: text_of(paper) == "a(a()")


@on_postgresql
def test_quick_task_does_not_wait_for_a_long_one(worker, paper):
    worker()
    paper.with_suffix(".wait").touch()
    note.enqueue("a")
    wait_until(lambda: text_of(paper) == "a(")
    write.enqueue("quick")
    wait_until(lambda: text_of(paper) == "a(quick")
    note.enqueue("b")
    time.sleep(1)
    assert text_of(paper) == "a(quick"  # another long one does
    paper.with_suffix(".wait").unlink()
    wait_until(lambda: text_of(paper) == "a(quick)b()")


@on_postgresql
def test_task_of_a_moment_runs_then_and_holds_up_nothing(worker, paper):
    worker()
    write.enqueue("ready ")
    wait_until(lambda: text_of(paper) == "ready ")
    moment = timezone.now() + timedelta(seconds=10)
    write.enqueue_at(moment, "a")
    assert write.state("a") is None
    write.enqueue("a")
    wait_until(lambda: text_of(paper) == "ready a")
    assert timezone.now() < moment
    wait_until(lambda: text_of(paper) == "ready aa")
    assert timezone.now() >= moment


@on_postgresql
def test_worker_that_is_stopped_ends_its_job_first(worker, paper):
    (stopped,) = worker()
    paper.with_suffix(".wait").touch()
    note.enqueue("a")
    wait_until(lambda: text_of(paper) == "a(")
    stopped.terminate()
    time.sleep(0.5)
    paper.with_suffix(".wait").unlink()
    assert stopped.wait(timeout=PATIENCE) == 0
    assert text_of(paper) == "a()"


@pytest.mark.parametrize("path", ["nonsense", "technova.jobs.nothing", "technova.jobs.task_of", "os.system"])
def test_only_a_task_has_a_path(path):
    with pytest.raises(LookupError):
        task_of(path)
