"""Tasks on PostgreSQL: jobs of Procrastinate, whose queue is in the same database.

Two jobs of one work never run at a time (Procrastinate's lock). A worker that ends without a word stops its heartbeat;
the sweep of any other one puts its jobs back.
"""

import asyncio
import logging
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import cache

import procrastinate
from django.db import DatabaseError, InterfaceError, OperationalError, close_old_connections, connection, models
from procrastinate.contrib.django import app as procrastinate_app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Status

from technova.jobs import State, Step, Task, task_of, trying_again
from technova.jobs.models import JobProgress
from technova.jobs.schedule import enqueue_due

logger = logging.getLogger(__name__)

HEARTBEAT = 4.0  # seconds between the heartbeats of a worker
STALLED = 14.0  # without one: its jobs are put back
SWEEP = 5.0  # between two looks for such jobs
ATTEMPTS = 5  # after which a job that kills its workers is given up
LONG, QUICK = "default", "quick"  # queues
PROGRESS_INTERVAL = 0.5  # seconds between two writes of a step's progress
STATES = {"todo": State.WAITING, "doing": State.RUNNING}

# What a restart of the database or of the network ends: the job is done again.
_again = procrastinate.RetryStrategy(
    max_attempts=ATTEMPTS, wait=1, linear_wait=4, retry_exceptions=(OperationalError, InterfaceError)
)


@procrastinate_app.task(name="technova.run", retry=_again, pass_context=True)
def run(context: procrastinate.JobContext, path: str, arguments: list[str]) -> None:
    """Run a task by its path."""
    close_old_connections()  # one that the database ended would end each further attempt in this thread

    def is_tried_again(error: Exception) -> bool:
        return _again.get_retry_decision(exception=error, job=context.job) is not None

    found = task_of(path)
    with _progress_of(found.work(*arguments)) as write, trying_again(is_tried_again):
        found(*arguments, progress=write)


@procrastinate_app.task(name="technova.enqueue", retry=_again)
def enqueue_now(path: str, arguments: list[str]) -> None:
    """Enqueue a task by its path, whose moment has come."""
    task_of(path).enqueue(*arguments)


@procrastinate_app.periodic(cron="* * * * *")
@procrastinate_app.task(name="technova.tick", queue=QUICK, queueing_lock="technova.tick", pass_context=False)
def tick(timestamp: int) -> None:
    """Each minute: enqueue what the schedule says."""
    enqueue_due()


def enqueue(task: Task, arguments: Sequence[str], if_refused: Callable[[OSError], None] | None = None) -> None:
    """Add a job in the current transaction. Several of one work run one after the other."""
    queue = QUICK if task.is_quick else LONG
    job = _queue().configure_task(name="technova.run", queue=queue, lock=task.work(*arguments))
    job.defer(path=task.path, arguments=list(arguments))


def enqueue_at(task: Task, arguments: Sequence[str], moment: datetime) -> None:
    """Add a job that enqueues the task's own then: with the lock of its work it would hold that up until the moment."""
    job = _queue().configure_task(name="technova.enqueue", queue=QUICK, schedule_at=moment)
    job.defer(path=task.path, arguments=list(arguments))


def state(work: str) -> State | None:
    jobs: models.QuerySet = models.QuerySet(ProcrastinateJob).filter(lock=work, status__in=STATES)
    found = {STATES[status] for status in jobs.values_list("status", flat=True)}
    return State.RUNNING if State.RUNNING in found else State.WAITING if found else None


def progress(work: str) -> Step | None:
    row = JobProgress.objects.filter(work=work).first()
    return Step(row.step, row.done, row.total) if row else None


@cache
def _queue() -> procrastinate.App:
    """An app on Django's connection, so that a job is part of the transaction.

    It knows no task: those of a worker's own app would enqueue by that one's connections, beside the transaction.
    """
    return procrastinate.App(connector=DjangoConnector())


@contextmanager
def _progress_of(work: str) -> Iterator[Callable[[str, int, int], None]]:
    """Write the progress of a work on a connection of its own; a failure to write it stops nothing."""
    beside = connection.copy()
    written: tuple[str, float] = ("", 0.0)

    def write(step: str, done: int, total: int) -> None:
        nonlocal written
        now = time.monotonic()
        if step == written[0] and now - written[1] < PROGRESS_INTERVAL and done < total:
            return
        written = step, now
        with suppress(DatabaseError, InterfaceError), beside.cursor() as cursor:
            cursor.execute(
                "INSERT INTO jobs_jobprogress (work, step, done, total, written_at) VALUES (%s, %s, %s, %s, now())"
                " ON CONFLICT (work) DO UPDATE SET step = excluded.step, done = excluded.done,"
                " total = excluded.total, written_at = excluded.written_at",
                [work, step, done, total],
            )

    try:
        yield write
    finally:
        with suppress(DatabaseError, InterfaceError), beside.cursor() as cursor:
            cursor.execute("DELETE FROM jobs_jobprogress WHERE work = %s", [work])
        beside.close()


def serve(*, wait: bool = True) -> None:
    """Do jobs until a signal, one of each queue at a time; without ``wait`` one at a time, until none is left."""
    connector = procrastinate_app.connector.get_worker_connector()  # type: ignore[attr-defined]
    with procrastinate_app.replace_connector(connector):
        asyncio.run(_serve(wait))


async def _serve(wait: bool) -> None:
    async with procrastinate_app.open_async():
        sweep = asyncio.create_task(_sweep_for_ever())
        try:
            await _work(*((LONG, QUICK) if wait else (None,)), wait=wait)
        finally:
            sweep.cancel()


async def _work(*queues: str | None, wait: bool) -> None:
    """A worker for each queue, or one for all of them, which end their jobs after a signal."""
    workers = asyncio.gather(
        *(
            procrastinate_app.run_worker_async(
                queues=[queue] if queue else None,  # type: ignore[arg-type]  # None: all of them
                wait=wait,
                install_signal_handlers=False,  # those of one would take the place of the others'
                fetch_job_polling_interval=2.0,
                update_heartbeat_interval=HEARTBEAT,
                stalled_worker_timeout=STALLED,
                delete_jobs="successful",
            )
            for queue in queues
        )
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, workers.cancel)
    with suppress(asyncio.CancelledError):
        await workers


async def _sweep_for_ever() -> None:
    while True:
        try:
            await sweep()
        except ConnectorException:
            logger.warning("The database cannot be reached: the next sweep comes in %d s", SWEEP)
        await asyncio.sleep(SWEEP)


async def sweep() -> int:
    """Put back the jobs of workers that ended without a word, and return how many."""
    manager = procrastinate_app.job_manager
    stalled = list(await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED))
    for job in stalled:
        if job.attempts >= ATTEMPTS:
            logger.error("Job %s ended its worker %d times and is given up", job.id, job.attempts)
            await manager.finish_job(job, status=Status.FAILED, delete_job=False)
        else:
            await manager.retry_job(job)
    return len(stalled)
