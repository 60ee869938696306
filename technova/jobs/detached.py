"""Tasks on SQLite: detached ``manage.py`` processes, which outlive their request; the output of each is a locked file.

The lock belongs to the open file, which the process inherits as its standard output: it is held from before the
process starts until it ends in any way, so whoever can take the lock knows that the process has ended. The output is
readable while the process's transaction is open, as no row of the database would be.

For servers on one machine: the files are in its temporary directory, readable by the server's account only.
"""

import fcntl
import logging
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.db import transaction

from technova.jobs import State, Step, Task

logger = logging.getLogger(__name__)

ABSENT = (FileNotFoundError, NotADirectoryError)
LOCK_WAIT = 10.0  # seconds; for a process about to end, and for a check of the lock, which takes it briefly


def enqueue(task: Task, arguments: Sequence[str], if_refused: Callable[[OSError], None] | None = None) -> None:
    """Start a task's process after the commit; one that cannot start is logged, and ``if_refused`` called."""

    def begin() -> None:
        try:
            start(task.work(*arguments), "run_task", task.path, *arguments)
        except OSError as error:
            logger.exception("The process of %s could not be started", task.path)
            if if_refused:
                if_refused(error)

    transaction.on_commit(begin)


def enqueue_at(task: Task, arguments: Sequence[str], moment: datetime) -> None:
    """Nothing: no process waits for a moment, the server's scheduler calls the commands."""


def state(work: str) -> State | None:
    return State.RUNNING if is_at_work(work) else None


def progress(work: str) -> Step | None:
    step, *counts = last_line(work).split("\t")
    return Step(step, int(counts[0]), int(counts[1])) if len(counts) == 2 else None


def start(name: str, *arguments: str) -> bool:
    """Start ``manage.py ARGUMENTS`` under ``name``; False if that is running already.

    Raises ``OSError`` when it cannot start: no disk space for its output, no process or memory left.
    """
    output = _open_and_lock(name)
    if output is None:
        return False
    with output:
        output.truncate(0)
        # Its metrics are not the server's, which could not know when to drop its gauges.
        environment = {key: value for key, value in os.environ.items() if key != "PROMETHEUS_MULTIPROC_DIR"}
        process = subprocess.Popen(  # noqa: S603 - a fixed interpreter and command, and no shell
            [sys.executable, "manage.py", *arguments],
            cwd=settings.BASE_DIR,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            start_new_session=True,  # survives a stop of the server
        )
    with suppress(RuntimeError):  # no thread is left; the process runs all the same
        threading.Thread(target=process.wait, daemon=True).start()  # so that it does not stay as a zombie
    return True


def is_at_work(name: str) -> bool:
    """Whether the process of that name is running."""
    try:
        with _path(name).open("rb") as output:
            return not _lock(output)
    except ABSENT:
        return False


def last_line(name: str) -> str:
    """The last line of its output; empty before the first."""
    try:
        lines = _path(name).read_text(encoding="utf-8", errors="replace").splitlines()
    except ABSENT:
        return ""
    return lines[-1] if lines else ""


def clear() -> int:
    """Delete the outputs of ended processes, and return how many."""
    count = 0
    for path in _directory().glob("*"):
        with suppress(*ABSENT), path.open("rb") as output:
            if _lock(output):
                path.unlink()
                count += 1
    return count


def count_ended() -> int:
    """How many outputs there are of processes that have ended."""
    count = 0
    for path in _directory().glob("*"):
        with suppress(*ABSENT), path.open("rb") as output:
            count += _lock(output)
    return count


def _open_and_lock(name: str) -> BinaryIO | None:
    """The output, opened and locked; None while its process is running."""
    _directory().mkdir(mode=0o700, exist_ok=True)
    while True:
        output = _path(name).open("a+b")
        if not _lock(output, wait=LOCK_WAIT):
            output.close()
            return None
        if os.fstat(output.fileno()).st_nlink:
            return output
        output.close()  # deleted while we waited: nobody would find it


def _lock(file, wait: float = 0.0) -> bool:
    deadline = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.02)
        else:
            return True


def _path(name: str) -> Path:
    return _directory() / name


def _directory() -> Path:
    """The directory of the outputs, once there is one. Raises ``PermissionError`` when others may open it."""
    directory = Path(tempfile.gettempdir()) / f"technova-{os.getuid()}"
    with suppress(*ABSENT):
        status = directory.stat()
        if status.st_uid != os.getuid() or status.st_mode & 0o077:
            raise PermissionError(f"{directory} must belong to this account alone")
    return directory
