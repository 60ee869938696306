"""What a change does to the processor time of an API call: the code before it and after it, in turns.

    DATABASE_URL=postgres://postgres@127.0.0.1:5432/postgres python benchmarks/turns.py BEFORE [by-id|floor|batch]

BEFORE is the directory of another checkout with a model and a ``.venv`` of its own (``git worktree add``, then ``make
install`` in it). A process of each answers calls without a web server, from a demo database of its own, a few at a time
and one process after the other, so that another program on the machine disturbs both alike. Prints the median
milliseconds that each computes for a call, and the median of the ratios of the turns.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import psycopg
from api import BATCH, create_key
from pipeline import ROOT, SCRATCH, environment, python_of, run, scratch_database

TURNS = 30
CALLS = {"by-id": 40, "floor": 40, "batch": 3}  # of one turn


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("before", type=Path)
    parser.add_argument("call", nargs="?", choices=CALLS, default="by-id")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        processes = []
        for place, tree in enumerate((options.before.resolve(), ROOT)):
            url = stack.enter_context(scratch_database(Path(name), f"{SCRATCH}_{place}"))
            run(["init_technova", "--demo"], url, tree)
            processes.append(start(tree, options.call, url))
        before, after = processes
        turns = []
        for turn in range(TURNS + 2):
            first, second = (before, after) if turn % 2 else (after, before)
            spent = {process: take_turn(process) for process in (first, second)}
            turns.append((spent[before], spent[after]))
        for process in (before, after):
            process.communicate()
    turns = turns[2:]  # the first two warm up
    old, new = (median(spent) for spent in zip(*turns, strict=True))
    ratio = median(after / before for before, after in turns)
    print(f"{options.call}: before {old:.2f} ms, after {new:.2f} ms of processor time for a call; ratio {ratio:.2f}")


def start(tree: Path, call: str, url: str) -> subprocess.Popen:
    key = create_key(url, tree)
    paths = {"PYTHONPATH": f"{tree}:{tree / 'benchmarks'}", "API_KEY_RATE": "1000000000", "API_KEY": key}
    serve = "import sys; sys.path.append(sys.argv[1]); import turns; turns.serve(sys.argv[2])"
    command = [python_of(tree), "-c", serve, str(ROOT / "benchmarks"), call]
    return subprocess.Popen(
        command,
        cwd=tree,
        env=environment(url) | paths,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def take_turn(process: subprocess.Popen) -> float:
    process.stdin.write("\n")
    process.stdin.flush()
    return float(process.stdout.readline())


def serve(kind: str) -> None:
    """In the process of one checkout: for each line that comes in, answer calls and print what one of them took."""
    from floor import application

    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        rows = connection.execute("SELECT employee_id FROM employees_employee ORDER BY 1").fetchall()
    numbers = [number for (number,) in rows]
    batch = json.dumps({"employee_ids": numbers[:BATCH]}).encode()
    path = "/floor/" if kind == "floor" else "/predict/by-id/"
    place = 0
    for _line in sys.stdin:
        started = time.process_time()
        for _ in range(CALLS[kind]):
            place = (place + 1) % len(numbers)
            if kind == "batch":
                post(application, "/predict/batch", batch)
            else:
                post(application, f"{path}{numbers[place]}")
        print((time.process_time() - started) * 1000 / CALLS[kind], flush=True)
    from django.db import connections

    connections.close_all()
    for each in connections.all():
        each.close_pool()


def post(application: Callable, path: str, body: bytes = b"") -> None:
    request = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1",
        "HTTP_X_API_KEY": os.environ["API_KEY"],
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "wsgi.url_scheme": "http",
    }
    statuses = []
    answer = application(request, lambda status, headers: statuses.append(status))
    b"".join(answer)
    answer.close()
    if statuses != ["200 OK"]:
        sys.exit(f"{path}: {statuses}")


if __name__ == "__main__":
    main()
