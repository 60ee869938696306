"""How fast a workforce goes from raw extracts to scores, and in how much memory.

    DATABASE_URL=postgres://postgres@127.0.0.1:5432/postgres python benchmarks/pipeline.py [--copies 100] [--before T]

The demo is repeated under new employee numbers (100 copies: 147,000 employees), then each step runs as a process of
its own in a scratch database that is dropped at the end. Printed for each step: seconds, employees a second, the
seconds that the process itself computed (the rest is the database's work, or waiting on a busy machine) and its peak
resident memory. Every step runs a second time, when there is nothing to change. On PostgreSQL the bytes that a
prediction of the log takes, indexes included, after two runs: the second one no longer fills empty indexes.

T is another checkout with a ``.venv`` of its own. Then each of the three steps runs there and here in turns, --rounds
times, each on a database of its own, and how many times as fast it is here is printed: by the seconds, and by those
that the processes and PostgreSQL computed (the latter with --postmaster, the process id of a server without others).
"""

import argparse
import csv
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "employees" / "demo"
SCRATCH = f"technova_benchmark_{os.getpid()}"
KEYS = {"sirh": ("id_employee", "{}"), "eval": ("eval_number", "E_{}"), "sondage": ("code_sondage", "{:06}")}
KEY = "benchmarks-only-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGH"
STRIDE = 3_000  # above every employee number of the demo


@dataclass(frozen=True)
class CommandCost:
    """What a command took: wall-clock seconds, processor seconds of its process, peak resident memory in MiB."""

    seconds: float
    computed: float
    peak: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--copies", type=int, default=100, help="how many times the 1,470 employees of the demo")
    parser.add_argument("--before", type=Path, help="another checkout, to run in turns with this one")
    parser.add_argument("--rounds", type=int, default=2, help="of the turns")
    parser.add_argument("--postmaster", type=int, help="the server's process, to count what its backends computed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        files, count = repeat_demo(options.copies, Path(directory))
        if options.before:
            compare(options.before.resolve(), files, count, options.rounds, options.postmaster)
        else:
            measure(Path(directory), files, count)


def measure(directory: Path, files: dict[str, Path], count: int) -> None:
    """Every step of this checkout, and once more when there is nothing to change."""
    with scratch_database(directory) as url:
        load = steps_of(ROOT, files)["seed"]
        run(["migrate", "-v0"], url)
        print(f"{count:,} employees on {urlsplit(url).scheme}")
        print(f"{'step':<26}{'seconds':>9}{'employees/s':>14}{'computed':>10}{'peak MiB':>10}")
        steps = []
        for step, command in steps_of(ROOT, files).items():
            steps.append(run(command, url))
            show(step, count, steps[-1])
        total = CommandCost(
            sum(cost.seconds for cost in steps), sum(cost.computed for cost in steps), max(c.peak for c in steps)
        )
        show("seed + build + score", count, total)
        show("seed, nothing changed", count, run(load, url))
        show("build, nothing changed", count, run(["build_features"], url))
        if url.startswith("postgres"):
            run(["score_employees"], url)
            print(f"{bytes_of_a_prediction(url):,.0f} bytes a prediction in the log, indexes included")


def compare(before: Path, files: dict[str, Path], count: int, rounds: int, postmaster: int | None) -> None:
    """The three steps of two checkouts in turns."""
    print(f"{count:,} employees")
    print(f"{'step':<8}{'before s':>10}{'computed':>10}{'now s':>8}{'computed':>10}{'times as fast':>15}")
    for _round in range(rounds):
        with scratch_database(Path(), f"{SCRATCH}_before") as old, scratch_database(Path(), SCRATCH) as new:
            places = {before: old, ROOT: new}
            for tree, url in places.items():
                run(["migrate", "-v0"], url, tree)
            for step in steps_of(ROOT, files):
                theirs, ours = (
                    computed_with(postmaster, steps_of(tree, files)[step], url, tree) for tree, url in places.items()
                )
                faster = f"{theirs.seconds / ours.seconds:.2f}, {theirs.computed / ours.computed:.2f}"
                costs = f"{theirs.seconds:>10.1f}{theirs.computed:>10.1f}{ours.seconds:>8.1f}{ours.computed:>10.1f}"
                print(f"{step:<8}{costs}{faster:>15}", flush=True)


def steps_of(tree: Path, files: dict[str, Path]) -> dict[str, list[str]]:
    """The commands of the steps; a checkout from before the days of extracts has no option for them."""
    has_days = (tree / "employees" / "workforce").exists()
    day = ["--as-of=2026-06-30"] if has_days else []
    load = ["seed_from_csv", *day, *(f"--{extract}={file}" for extract, file in files.items())]
    return {"seed": load, "build": ["build_features"], "score": ["score_employees"]}


def computed_with(postmaster: int | None, command: list[str], url: str, tree: Path) -> CommandCost:
    """What a command took, with what PostgreSQL's processes computed that ended meanwhile."""
    before = computed_by_backends(postmaster)
    cost = run(command, url, tree)
    time.sleep(0.3)  # its connections end after it
    return replace(cost, computed=cost.computed + computed_by_backends(postmaster) - before)


def computed_by_backends(postmaster: int | None) -> float:
    if postmaster is None:
        return 0.0
    fields = Path(f"/proc/{postmaster}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")  # of its children that ended


def show(step: str, count: int, cost: CommandCost) -> None:
    print(
        f"{step:<26}{cost.seconds:>9.1f}{count / cost.seconds:>14,.0f}{cost.computed:>10.1f}{cost.peak:>10,.0f}",
        flush=True,
    )


def run(command: list[str], url: str, tree: Path = ROOT) -> CommandCost:
    """Run a management command, of another checkout by its own packages; start of Python included."""
    python = python_of(tree)
    started = time.perf_counter()
    pid = os.posix_spawn(
        python,
        [python, str(tree / "manage.py"), *command],
        environment(url),
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )
    _pid, status, usage = os.wait4(pid, 0)
    if code := os.waitstatus_to_exitcode(status):
        sys.exit(f"{command[0]} failed with exit code {code}")
    return CommandCost(time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def python_of(tree: Path) -> str:
    """The interpreter with a checkout's own packages."""
    return sys.executable if tree == ROOT else str(tree / ".venv" / "bin" / "python")


def environment(url: str) -> dict[str, str]:
    """What the application reads, for the scratch database."""
    hosts = "127.0.0.1,testserver"
    return os.environ | {
        "DATABASE_URL": url,
        "DEBUG": "False",
        "HTTPS": "False",
        "ALLOWED_HOSTS": hosts,
        "SECRET_KEY": KEY,
    }


def bytes_of_a_prediction(url: str) -> float:
    with psycopg.connect(url) as connection:
        size = "SELECT pg_total_relation_size('predictions_prediction')::float / count(*) FROM predictions_prediction"
        ((found,),) = connection.execute(size)
    return found


@contextmanager
def scratch_database(directory: Path, name: str = SCRATCH) -> Iterator[str]:
    """The URL of an empty database on the server of DATABASE_URL, or of an SQLite file without one."""
    server = os.environ.get("DATABASE_URL", "sqlite:")
    if server.startswith("sqlite:"):
        yield f"sqlite:///{directory / name}.sqlite3"
        return
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name}")
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield urlsplit(server)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def repeat_demo(copies: int, directory: Path) -> tuple[dict[str, Path], int]:
    """The three files of the demo, repeated, and how many employees they hold."""
    files, count = {}, 0
    for extract in KEYS:
        files[extract] = directory / f"{extract}.csv"
        with (DEMO / f"extrait_{extract}.csv").open(encoding="utf-8", newline="") as demo:
            count = repeat(extract, demo, copies, files[extract])
    return files, count


def repeat(extract: str, lines: Iterable[str], copies: int, file: Path) -> int:
    """Write the people of an extract's CSV as often as asked, under new numbers; returns how many they are."""
    rows, key, form = list(csv.DictReader(lines)), *KEYS[extract]
    with file.open("w", encoding="utf-8", newline="") as written:
        writer = csv.DictWriter(written, rows[0].keys())
        writer.writeheader()
        for copy in range(copies):
            for row in rows:
                number = int(row[key].removeprefix("E_")) + copy * STRIDE
                writer.writerow(row | {key: form.format(number)})
    return len(rows) * copies


if __name__ == "__main__":
    main()
