import fcntl
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from technova.jobs import detached

pytestmark = pytest.mark.slow


@pytest.fixture
def processes(monkeypatch, tmp_path):
    """A directory of our own, and the processes that a test starts, killed when it ends."""
    monkeypatch.setattr(detached.tempfile, "gettempdir", lambda: str(tmp_path))
    popen, started = detached.subprocess.Popen, []

    def start(command, **options):
        _python, _manage, *arguments = command
        started.append(popen(["/bin/sh", *arguments], **options))
        return started[-1]

    monkeypatch.setattr(detached.subprocess, "Popen", start)
    yield started
    for process in started:
        if process.poll() is None:
            with suppress(ProcessLookupError):  # it ended in between
                os.killpg(process.pid, signal.SIGKILL)


def wait_until(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def start(name="work", script="echo step; sleep 60"):
    return detached.start(name, "-c", script)


def test_started_work_is_seen_with_its_last_line(processes):
    assert start(script="echo first; echo second; sleep 60")
    assert detached.is_at_work("work")
    wait_until(lambda: detached.last_line("work") == "second")


def test_same_work_is_not_started_twice(processes, monkeypatch):
    monkeypatch.setattr(detached, "LOCK_WAIT", 0.1)
    start()
    assert not start()
    assert start("other")
    assert len(processes) == 2


def test_killed_work_is_not_at_work(processes):
    start()
    os.killpg(processes[0].pid, signal.SIGKILL)
    wait_until(lambda: not detached.is_at_work("work"))


def test_ended_work_can_be_started_again_with_a_clean_output(processes):
    start(script="echo old")
    wait_until(lambda: not detached.is_at_work("work"))
    assert start(script="sleep 60")
    assert detached.last_line("work") == ""


def test_work_that_never_was(processes):
    assert not detached.is_at_work("nothing")
    assert detached.last_line("nothing") == ""


def test_clear_deletes_the_output_of_work_that_ended(processes, tmp_path):
    start("ended", "echo step")
    start("alive")
    wait_until(lambda: not detached.is_at_work("ended"))
    assert detached.clear() == 1
    assert [path.name for path in tmp_path.glob("*/*")] == ["alive"]
    assert detached.is_at_work("alive")


def test_work_that_starts_while_its_old_output_is_deleted_is_seen(processes, tmp_path):
    start(script="echo old")
    wait_until(lambda: not detached.is_at_work("work"))
    path = next(tmp_path.glob("*/work"))
    with path.open("rb") as output, ThreadPoolExecutor() as pool:
        fcntl.flock(output, fcntl.LOCK_EX)
        started = pool.submit(start)  # has opened the same file and waits for the lock
        time.sleep(0.2)
        path.unlink()
        fcntl.flock(output, fcntl.LOCK_UN)
        assert started.result()
    assert detached.is_at_work("work")
    wait_until(lambda: detached.last_line("work") == "step")


@pytest.mark.parametrize("mode", [0o755, 0o777, 0o710])
def test_directory_that_others_can_open_is_refused(processes, tmp_path, mode):
    directory = tmp_path / f"technova-{os.getuid()}"
    directory.mkdir()
    directory.chmod(mode)  # whatever the umask
    with pytest.raises(PermissionError):
        start()
