"""Work that outlives its request: a task is enqueued in a transaction, and runs once that is committed.

On PostgreSQL it is a job of Procrastinate, done by any worker on any machine (``workers``); on SQLite, a detached
process of the server (``detached``). A task runs again when its worker was killed, so it begins with what the database
says is left to do.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from types import ModuleType
from typing import NamedTuple

from django.db import connection
from django.utils.module_loading import import_string


class State(enum.Enum):
    WAITING = "waiting"  # for a worker
    RUNNING = "running"


class Step(NamedTuple):
    """How far a task is."""

    name: str
    done: int
    total: int


@dataclass(frozen=True)
class Task:
    """A function that runs outside of requests: ``function(*arguments, progress=...)``, each argument a text.

    The same arguments never run twice at a time. A quick one does not wait for those that are not.
    """

    function: Callable[..., None]
    is_quick: bool = False

    @property
    def path(self) -> str:
        return f"{self.function.__module__}.{self.function.__name__}"

    def work(self, *arguments: str) -> str:
        """The name of its work with these arguments."""
        return "-".join((self.function.__name__, *arguments))

    def enqueue(self, *arguments: str, if_refused: Callable[[OSError], None] | None = None) -> None:
        """Have it run once the transaction is committed.

        On SQLite it is left out while the same is running, and ``if_refused`` is called when its process cannot start.
        """
        _backend().enqueue(self, arguments, if_refused)

    def enqueue_at(self, moment: datetime, *arguments: str) -> None:
        """Have it enqueued at a moment, sooner than the schedule would.

        Left out on SQLite, where nothing runs by itself.
        """
        _backend().enqueue_at(self, arguments, moment)

    def state(self, *arguments: str) -> State | None:
        """Whether it runs or waits with these arguments; None when it does neither."""
        return _backend().state(self.work(*arguments))

    def progress(self, *arguments: str) -> Step | None:
        """The current step; None before the first."""
        return _backend().progress(self.work(*arguments))

    def __call__(self, *arguments: str, progress: Callable[[str, int, int], None] | None = None) -> None:
        self.function(*arguments, progress=progress)


def task(function: Callable[..., None]) -> Task:
    """Make a function of a module a task; its path names it in the queue."""
    return Task(function)


def quick_task(function: Callable[..., None]) -> Task:
    """A task of seconds, as a message to be sent: each worker does one beside an import or a training."""
    return Task(function, is_quick=True)


_is_tried_again: ContextVar[Callable[[Exception], bool]] = ContextVar("is_tried_again", default=lambda error: False)


def is_tried_again(error: Exception) -> bool:
    """Whether the running task is run again by itself after this error, so that it has not failed for good."""
    return _is_tried_again.get()(error)


@contextmanager
def trying_again(when: Callable[[Exception], bool]) -> Iterator[None]:
    """Run a task after whose errors ``when`` says whether it is run again."""
    token = _is_tried_again.set(when)
    try:
        yield
    finally:
        _is_tried_again.reset(token)


def task_of(path: str) -> Task:
    """The task of a path. Raises ``LookupError`` for any other name."""
    try:
        found = import_string(path)
    except ImportError as error:
        raise LookupError(f"{path} is no task") from error
    if not isinstance(found, Task):
        raise LookupError(f"{path} is no task")
    return found


def _backend() -> ModuleType:
    if connection.vendor == "postgresql":
        from technova.jobs import workers

        return workers
    from technova.jobs import detached

    return detached
