"""A year of weekly scoring runs: what the log takes, and what pages, sealing, purge and backup take with it.

    DATABASE_URL=postgres://postgres@127.0.0.1:5432/postgres python benchmarks/weekly.py [--copies 100] [--runs 52]

The demo is repeated under new employee numbers (100 copies: 147,000 employees), loaded, built and scored in a scratch
database that is dropped at the end. The runs of the weeks before are that run again, copied by SQL with their dates;
then it is scored once more. Printed: seconds of the first and of the last run and the bytes of the log; what sealing
and verifying all of it take, and a backup; the pages (as ``pages.py``) and those that read the log; and at last the
purge of what is older than half a year, with what a run takes after it.
"""

import argparse
import logging
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import psycopg
from pipeline import ROOT, environment, python_of, repeat_demo, run, scratch_database

REPEATS = 5
LOG = (
    ("the log", "/admin/predictions/prediction/"),
    ("its last page", "/admin/predictions/prediction/?p=last"),
    ("by number", "/admin/predictions/prediction/?q=1"),
    ("over the threshold", "/admin/predictions/prediction/?predicted_class__exact=1"),
    ("one day", "/admin/predictions/prediction/?created_at__gte={today}%2000:00:00%2B00:00"),
    ("history", "/history/"),
    ("history of a person", "/history/?employee=1"),
    ("one person", "/employees/1/"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--copies", type=int, default=100, help="how many times the 1,470 employees of the demo")
    parser.add_argument("--runs", type=int, default=52, help="scoring runs, one for each week")
    parser.add_argument("--only", choices=("log",), help=argparse.SUPPRESS)  # in a process of its own
    options = parser.parse_args()
    if options.only:
        measure_log()
        return
    if not os.environ.get("DATABASE_URL", "").startswith("postgres"):
        parser.error("DATABASE_URL must name a PostgreSQL server")
    with tempfile.TemporaryDirectory() as name, scratch_database(Path(name)) as url:
        fill(url, options.copies, options.runs, Path(name))
        measure(url, options.copies, Path(name))


def fill(url: str, copies: int, runs: int, directory: Path) -> None:
    files, count = repeat_demo(copies, directory)
    load = ["seed_from_csv", "--as-of=2026-06-30", *(f"--{extract}={file}" for extract, file in files.items())]
    for command in (["migrate", "-v0"], load, ["build_features"]):
        run(command, url)
    first = run(["score_employees"], url).seconds
    with psycopg.connect(url, autocommit=True) as connection:
        for weeks in range(runs - 2, 0, -1):
            copy_run(connection, weeks)
        taken = (
            "SELECT setval(pg_get_serial_sequence('predictions_scoringrun', 'id'), max(id)) FROM predictions_scoringrun"
        )
        connection.execute(taken)
        connection.execute("VACUUM ANALYZE predictions_prediction")
    last = run(["score_employees"], url).seconds
    rows, size = log_of(url)
    print(f"{count:,} employees, {runs} runs, {rows:,} predictions")
    print(f"a run: {first:.1f} s the first, {last:.1f} s the last", flush=True)
    print(f"the log: {size / 2**30:.1f} GiB, {size / rows:,.0f} bytes a prediction, indexes included", flush=True)


def copy_run(connection: psycopg.Connection, weeks: int) -> None:
    """The first run once more, with its sums and predictions, as of some weeks ago."""
    query = "SELECT min(id) AS first, max(id) + 1 AS next FROM predictions_scoringrun"
    first, copied = connection.execute(query).fetchone()
    earlier = f"created_at - interval '{weeks} weeks'"
    for table, replaced in (
        ("predictions_scoringrun", {"id": str(copied), "created_at": earlier}),
        ("predictions_rungroup", {"run_id": str(copied)}),
        ("predictions_runcell", {"run_id": str(copied)}),
        ("predictions_prediction", {"run_id": str(copied), "created_at": earlier, "request_id": "gen_random_uuid()"}),
    ):
        names = (
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND NOT (column_name = ANY(%s))"
        )
        drawn = [] if "id" in replaced else ["id"]
        columns = [name for (name,) in connection.execute(names, [table, drawn])]
        values = ", ".join(replaced.get(name, name) for name in columns)
        of_first = "id" if "id" in replaced else "run_id"
        connection.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table} WHERE {of_first} = {first}"
        )


def measure(url: str, copies: int, directory: Path) -> None:
    """What a log of this length costs, and its purge."""
    show("seal", run(["seal_log"], url).seconds)
    show("verify", run(["verify_log"], url).seconds)
    dump = directory / "dump"
    started = time.perf_counter()
    subprocess.run(["pg_dump", "--format=custom", f"--file={dump}", url], check=True)
    show("backup", time.perf_counter() - started, f", {dump.stat().st_size / 2**30:.1f} GiB")
    dump.unlink()
    here = os.environ | {"DATABASE_URL": url}
    subprocess.run(
        [sys.executable, ROOT / "benchmarks/pages.py", "--filled", f"--copies={copies}"], env=here, check=False
    )
    subprocess.run([python_of(ROOT), __file__, "--only=log"], env=environment(url), check=True)
    show("purge of half a year", run(["purge_predictions", "--older-than=180"], url).seconds)
    show("a run after it", run(["score_employees"], url).seconds)
    rows, size = log_of(url)
    print(f"{'':<28}{rows:>9,} predictions, {size / 2**30:.1f} GiB")


def measure_log() -> None:
    """Print the milliseconds of the pages that read the log, for an administrator: median and best."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "technova.settings"
    sys.path.insert(0, str(ROOT))
    import django

    django.setup()
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.db import transaction
    from django.test import Client
    from django.test.utils import setup_test_environment
    from django.utils import timezone

    setup_test_environment()
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    logging.disable(logging.WARNING)
    with transaction.atomic():  # the account of the benchmark is not left behind
        client = Client()
        client.force_login(get_user_model().objects.create_superuser("benchmark"))
        for name, address in LOG:
            times = []
            for _repeat in range(REPEATS):
                started = time.perf_counter()
                status = client.get(address.format(today=timezone.now().date())).status_code
                times.append((time.perf_counter() - started) * 1000)
            print(f"{name:<28}{median(times):>9,.0f} ms ({min(times):,.0f}){'' if status == 200 else f', {status}'}")
        transaction.set_rollback(True)


def show(name: str, seconds: float, more: str = "") -> None:
    print(f"{name:<28}{seconds:>9.1f} s{more}", flush=True)


def log_of(url: str) -> tuple[int, int]:
    """Rows of the log, and its bytes with indexes."""
    with psycopg.connect(url) as connection:
        query = "SELECT count(*), pg_total_relation_size('predictions_prediction') FROM predictions_prediction"
        return connection.execute(query).fetchone()


if __name__ == "__main__":
    main()
