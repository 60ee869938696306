"""Workers that are killed at any instant: nothing lost, nothing twice, done again within 30 s.

    DATABASE_URL=postgres://postgres@127.0.0.1:5432/postgres python benchmarks/kills.py [--kills 200] [--seed 1]

Two workers serve a scratch database with the demo. An import of another day is uploaded; at a random instant of its
check, its load, its build or its scoring the worker that does it is killed by -9 and started again, until the import
has met its share of kills. Then it must be done, with one load of its day and one scoring run of everybody present.
After some imports a training meets as many kills, and must end with one version in use. Printed: the kills by step,
and how long the next attempt took to begin, by the median and the longest. Exits with 1 when something was lost, done
twice or not begun again within 30 s.
"""

import argparse
import csv
import io
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import redirect_stderr
from datetime import date, timedelta
from pathlib import Path
from statistics import median

from pipeline import DEMO, ROOT, environment, python_of, run, scratch_database

MOST = 30.0  # seconds until the next attempt
KILLS_OF_ONE = 3  # of one import; the queue gives up a job that ended five workers
FIRST_DAY = date(2027, 1, 31)
IMPORTS_TO_A_TRAINING = 6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, scratch_database(Path(name)) as url:
        shutil.copytree(ROOT / "artifacts", Path(name) / "artifacts", symlinks=True)  # trainings write there
        os.environ["ARTIFACTS_DIR"] = str(Path(name) / "artifacts")
        run(["init_technova", "--demo"], url)
        os.environ |= environment(url)
        sys.path.append(str(ROOT))
        with redirect_stderr(Path(os.devnull).open("w")):
            from technova.wsgi import application  # noqa: F401 - sets Django up
        sys.exit(kill_workers(options.kills, random.Random(options.seed), url))


def kill_workers(kills: int, order: random.Random, url: str) -> int:
    from django.contrib.auth.models import User

    workers = [worker(url), worker(url)]
    user, waits, steps, faults = User.objects.get(username="rh"), [], Counter(), []
    day = 0
    try:
        while len(waits) < kills:
            day += 1
            as_of = FIRST_DAY + timedelta(days=day)
            for wait, step in import_under_fire(as_of, order, user, workers, url):
                waits.append(wait)
                steps[step] += 1
            faults += faults_of(as_of)
            if day % IMPORTS_TO_A_TRAINING == 0:
                for wait in training_under_fire(order, user, workers, url, faults):
                    waits.append(wait)
                    steps["training"] += 1
            print(f"{len(waits)} kills, {day} imports, {len(faults)} faults", end="\r", flush=True)
    finally:
        for process in workers:
            process.kill()
            process.wait()
    print(f"{len(waits)} kills in {day} imports: " + ", ".join(f"{count} {name}" for name, count in steps.items()))
    print(f"next attempt after {median(waits):.1f} s (median), {max(waits):.1f} s at most")
    print("\n".join(faults) or "nothing lost, nothing twice")
    return int(bool(faults) or max(waits) > MOST)


def worker(url: str) -> subprocess.Popen:
    command = [python_of(ROOT), str(ROOT / "manage.py"), "run_worker"]
    return subprocess.Popen(command, env=environment(url), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def import_under_fire(as_of, order, user, workers, url):
    """Upload and confirm the files of a day; yield how long each killed attempt waited for the next, and its step."""
    from employees.models import Import
    from predictions import import_process

    upload = import_process.receive(user=user, as_of=as_of, files=files_of(as_of))
    left, confirmed = KILLS_OF_ONE, False
    while upload.state != Import.State.DONE:
        if upload.is_at_work and left:
            left -= 1
            wait, step = kill_at_random(import_process.run_import, str(upload.pk), order, workers, url)
            if wait is not None:
                yield wait, step
        elif upload.state == Import.State.READY and not confirmed:
            seen = upload.checked_at.isoformat()
            import_process.confirm(
                upload=upload, user=user, checked_at=seen, accept_implausible=True, leave_unknown=True
            )
            left, confirmed = KILLS_OF_ONE, True
        elif upload.state not in (*Import.AT_WORK, Import.State.READY):
            raise SystemExit(f"the import of {as_of} is {upload.state}: {upload.error}")
        time.sleep(0.02)
        upload.refresh_from_db()


def training_under_fire(order, user, workers, url, faults: list[str]):
    """Ask for a training; yield how long each killed attempt waited for the next."""
    from predictions import trainings
    from predictions.models import Promotion

    before = Promotion.objects.count()
    training = trainings.ask(user=user, reason="a benchmark")
    left = KILLS_OF_ONE
    while training.finished_at is None:
        if left:
            left -= 1
            wait, _step = kill_at_random(trainings.train, str(training.pk), order, workers, url, longest=25)
            if wait is not None:
                yield wait
        time.sleep(0.1)
        training.refresh_from_db()
    promoted = Promotion.objects.count() - before
    if not training.version or promoted != (not training.is_unchanged):
        faults.append(f"training {training.pk}: {promoted} promotions, {training.problem or 'no problem'}")


def kill_at_random(task, key: str, order, workers, url, longest: float = 2.5) -> tuple[float | None, str]:
    """Kill both workers while one does this task; the seconds until its next attempt, and what was going on.

    No seconds where it had ended by then, which may be up to ``longest`` seconds after it began.
    """
    from technova.jobs import State

    until(lambda: task.state(key) is not State.WAITING)
    time.sleep(order.uniform(0, longest))
    attempts = attempts_of(task, key)
    if task.state(key) is not State.RUNNING:
        return None, ""
    step = task.progress(key)
    for place, process in enumerate(workers):
        process.send_signal(signal.SIGKILL)
        process.wait()
        workers[place] = worker(url)
    killed = time.monotonic()
    if attempts_of(task, key) is None:
        return None, ""  # it had ended
    until(lambda: attempts_of(task, key) != attempts and task.state(key) is not State.WAITING)
    return time.monotonic() - killed, step.name if step else "reading"


def attempts_of(task, key: str) -> int | None:
    """How often a task was begun; None once it is over."""
    from procrastinate.contrib.django.models import ProcrastinateJob

    jobs = ProcrastinateJob.objects.filter(lock=task.work(key), status__in=("todo", "doing"))
    return jobs.values_list("attempts", flat=True).first()


def until(condition, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit("no attempt within two minutes")
        time.sleep(0.05)


def faults_of(as_of: date) -> list[str]:
    """What was lost or done twice with the import of a day."""
    from employees.models import Employee, Load
    from predictions.models import Prediction, ScoringRun

    present = Employee.objects.filter(presence="present").count()
    runs = list(ScoringRun.objects.filter(as_of=as_of))
    found = {
        "loads": (Load.objects.in_force().filter(as_of=as_of).count(), 1),
        "runs": (len(runs), 1),
        "predictions": (Prediction.objects.filter(run__in=runs).count(), present),
    }
    return [f"{as_of}: {got} {name} instead of {due}" for name, (got, due) in found.items() if got != due]


def files_of(as_of: date):
    """The demo's extracts as of a day, with another pay for some."""
    from django.core.files.base import ContentFile

    found = []
    for kind in ("sirh", "eval", "sondage"):
        rows = list(csv.reader((DEMO / f"extrait_{kind}.csv").open(encoding="utf-8", newline="")))
        if kind == "sirh":
            place = rows[0].index("revenu_mensuel")
            for row in rows[1 + as_of.toordinal() % 50 :: 50]:
                row[place] = str(int(row[place]) + 1)
        output = io.StringIO()
        csv.writer(output).writerows(rows)
        found.append(ContentFile(output.getvalue().encode(), f"{kind}.csv"))
    return found


if __name__ == "__main__":
    main()
