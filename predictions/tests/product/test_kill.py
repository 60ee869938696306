"""``kill -9`` at any instant leaves the database as before or as after, and the next run needs no cleaning up."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection

from employees.models import (
    ROWS,
    Employee,
    EmployeeState,
    Load,
    LoadedExtract,
    NumberMerge,
    PresenceAnswer,
    WorkforceDay,
)
from employees.tests.files import rows_of, write
from employees.tests.test_uploads import DAY, checked, files
from employees.workforce.known_values import RAW_KINDS
from features.models import EmployeeFeatures, FeatureBuild
from predictions import import_process
from predictions.models import Prediction, ScoringRun
from technova.database.locks import exclusive
from technova.tests.test_detached import wait_until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL, which outlives the killed process"),
]
RAW = [ROWS[extract] for extract in RAW_KINDS]
LOADED = (Employee, EmployeeState, Load, LoadedExtract, WorkforceDay, *RAW)
TABLES = (*LOADED, EmployeeFeatures, FeatureBuild, ScoringRun, Prediction)
KILLS = 4  # of each of the three steps
PEOPLE = 2_000

# Imports everything once and forks for each command, so that a kill costs a fraction of a second and not a start.
FORKS = """
import json, os, sys, django
django.setup()
from django.core.management import call_command
for line in sys.stdin:
    child = os.fork()
    if not child:
        name, arguments = json.loads(line)
        sys.stdout = open(os.devnull, "w")
        call_command(name, *arguments)
        os._exit(0)
    print(child, flush=True)
    sys.stdin.readline()  # the child keeps its number until then, so that no other process can be killed
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Runner:
    """Runs commands one after another, each in a process of its own, which can be killed."""

    def __init__(self, process: subprocess.Popen):
        self.process = process

    def run(self, name: str, *arguments: str, kill_after: float | None = None) -> int:
        """The exit code; ``kill_after`` are the seconds that the command has to live."""
        print(json.dumps([name, arguments]), file=self.process.stdin, flush=True)
        pid = int(self.process.stdout.readline())
        if kill_after is not None:
            time.sleep(kill_after)
            os.kill(pid, signal.SIGKILL)
        print(file=self.process.stdin, flush=True)
        return int(self.process.stdout.readline())


@contextmanager
def runner(environment: dict[str, str]) -> Iterator[Runner]:
    process = subprocess.Popen(
        [sys.executable, "-c", FORKS],
        env=os.environ | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Runner(process)
    finally:
        process.stdin.close()
        process.wait(timeout=20)
        process.stdout.close()


def state() -> dict[str, tuple[int, object]]:
    """How many rows each table holds, and the sum of their hashes."""
    found = {}
    with connection.cursor() as cursor:
        for model in TABLES:
            table = connection.ops.quote_name(model._meta.db_table)
            cursor.execute(f"SELECT count(*), sum(hashtextextended(rows::text, 0)) FROM {table} rows")
            found[model.__name__] = cursor.fetchone()
    return found


def counts(of=None) -> dict[str, int]:
    return {name: count for name, (count, _hash) in (of or state()).items()}


def wait_for_rollback() -> None:
    """Until the server has noticed that its client is gone."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid() AND xact_start IS NOT NULL"
            )
            if cursor.fetchone() == (0,):
                return
        time.sleep(0.01)
    raise AssertionError("a transaction of the killed process is still open")


def kill_at_random(running: Runner, step: list[str], duration: float, added: dict[str, int], order) -> int:
    """Kill a step at random instants of its ``duration``; how many kills came before it was done."""
    before_it_was_done = 0
    for _ in range(KILLS):
        before = state()
        after = {name: count + added.get(name, 0) for name, count in counts(before).items()}
        running.run(*step, kill_after=order.uniform(0, 0.95) * duration)
        wait_for_rollback()
        found = state()
        assert found == before or counts(found) == after
        before_it_was_done += found == before
    return before_it_was_done


def test_kill_at_random_instants_of_load_build_and_score(manage, tmp_path):
    seed = time.time_ns()
    print("seed", seed)  # noqa: T201 - shown where the test fails
    order = random.Random(seed)
    numbers = range(1, PEOPLE + 1)
    files = write(tmp_path, **{extract.value: rows_of(extract, numbers) for extract in RAW_KINDS})
    load = ["seed_from_csv", "--as-of=2026-06-30", *(f"--{extract}={path}" for extract, path in files.items())]
    raw = dict.fromkeys((model.__name__ for model in (Employee, EmployeeState, *RAW)), PEOPLE)
    raw |= {"Load": 1, "LoadedExtract": len(RAW), "WorkforceDay": 1}
    steps = [
        (load, [*load, "--dry-run"], raw),
        (["build_features"], ["build_features", "--dry-run"], {"EmployeeFeatures": PEOPLE, "FeatureBuild": 1}),
        (["score_employees"], ["score_employees"], {"ScoringRun": 1, "Prediction": PEOPLE}),
    ]
    before_they_were_done = 0
    with runner(manage.changes) as running:
        for step, rehearsal, added in steps:
            started = time.monotonic()
            assert running.run(*rehearsal) == 0
            duration = time.monotonic() - started
            before_they_were_done += kill_at_random(running, step, duration, added, order)
            assert running.run(*step) == 0
            assert all(counts()[name] >= count for name, count in added.items())
    found = counts()
    assert found == raw | {
        "EmployeeFeatures": PEOPLE,
        "FeatureBuild": 1,
        "ScoringRun": found["ScoringRun"],
        "Prediction": PEOPLE * found["ScoringRun"],
    }
    assert before_they_were_done >= KILLS


def load_of(directory, day: str, numbers: range) -> list[str]:
    """The command that loads the extracts of a day which hold these people."""
    files = write(directory, **{extract.value: rows_of(extract, numbers) for extract in RAW_KINDS})
    return ["seed_from_csv", f"--as-of={day}", *(f"--{extract}={path}" for extract, path in files.items())]


def facts() -> dict[str, object]:
    """Who is there, and how many loads, answers and merges are in force."""
    return {
        "presence": dict(EmployeeState.objects.newest().values_list("employee__employee_id", "presence")),
        "in force": [model.objects.in_force().count() for model in (Load, PresenceAnswer, NumberMerge)],
    }


def kill_until_done(running: Runner, step: list[str], after: dict[str, object], order: random.Random) -> int:
    """Kill a step ever later until it is done; how many kills came before."""
    before, tries = facts(), 0
    while facts() == before:
        running.run(*step, kill_after=order.uniform(0.5, 1) * 0.1 * 1.3**tries)
        wait_for_rollback()
        assert facts() in (before, after)
        tries += 1
    return tries - 1


def test_kill_at_random_instants_of_withdrawals_answers_and_merges(manage, tmp_path):
    seed = time.time_ns()
    print("seed", seed)  # noqa: T201 - shown where the test fails
    order = random.Random(seed)
    vanished, other = PEOPLE, PEOPLE - 1
    answer = f"answer_left(numbers=[{vanished}], because='retraite')"
    merge = f"merge_numbers(number={other}, into=1, accept_both_listed=True)"
    in_may = {"presence": dict.fromkeys(range(1, PEOPLE + 1), "present"), "in force": [1, 0, 0]}
    absent = {other: "absent", vanished: "absent"}
    in_june = {"presence": in_may["presence"] | absent, "in force": [2, 0, 0]}
    answered = {"presence": in_june["presence"] | {vanished: "left"}, "in force": [2, 1, 0]}
    merged = {name: presence for name, presence in answered["presence"].items() if name != other}
    kills = 0
    with runner(manage.changes) as running:
        assert running.run(*load_of(tmp_path, "2026-05-31", range(1, PEOPLE + 1))) == 0
        assert facts() == in_may
        june = load_of(tmp_path, "2026-06-30", range(1, PEOPLE - 1))
        assert running.run(*june) == 0
        assert facts() == in_june
        kills += kill_until_done(
            running, ["withdraw_load", str(Load.objects.latest("pk").pk), "--reason=x"], in_may, order
        )
        assert running.run(*june) == 0
        for call, after in ((answer, answered), (merge, {"presence": merged, "in force": [2, 1, 1]})):
            step = ["shell", "-c", f"from employees.workforce.answers import *; {call}"]
            kills += kill_until_done(running, step, after, order)
    assert kills


@contextmanager
def worker(environment: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "manage.py", "run_worker"],
        cwd=settings.BASE_DIR,
        env=os.environ | environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.kill()
        process.wait()


def end_connections_of_who_waits() -> None:
    """End all connections but this one, once another waits for the lock that this one holds."""
    with connection.cursor() as cursor:

        def is_waited_for() -> bool:
            cursor.execute("SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
            return cursor.fetchone() is not None

        wait_until(is_waited_for, seconds=60)
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.mark.parametrize("state", ["checking", "loading"])
def test_import_whose_connections_end_is_done_by_the_next_attempt(manage, state):
    with connection.cursor() as cursor:  # the jobs of other tests: Django empties no table of the queue
        cursor.execute("TRUNCATE procrastinate_jobs, procrastinate_workers CASCADE")
    user = get_user_model().objects.create_user("someone")
    if state == "loading":
        upload = checked(user)
        import_process.confirm(upload=upload, user=user, checked_at=upload.checked_at.isoformat())
    else:
        upload = import_process.receive(user=user, as_of=DAY, files=files())

    def is_over() -> bool:
        upload.refresh_from_db()
        return upload.state != state

    with ExitStack() as stack:
        with exclusive():
            stack.enter_context(worker(manage.changes))
            end_connections_of_who_waits()
        wait_until(is_over, seconds=60)
    assert (upload.state, upload.error) == ("done" if state == "loading" else "ready", None)
