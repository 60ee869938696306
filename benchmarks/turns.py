"""What a change does to the processor time of an API call: the code before it and after it, in turns.

    DATABASE_URL=postgres://postgres@127.0.0.1:5432/postgres python benchmarks/turns.py BEFORE [by-id|floor|batch]

BEFORE is the directory of another checkout with a model (``git worktree add``, and its ``artifacts`` beside it). A
process of each answers calls without a web server, a few at a time and one process after the other, so that another
program on the machine disturbs both alike. Prints the median milliseconds that each computes for a call, and the median
of the ratios of the turns.
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
from pathlib import Path
from statistics import median

import psycopg
from api import BATCH, create_key
from pipeline import ROOT, environment, run, scratch_database

TURNS = 30
CALLS = {"by-id": 40, "floor": 40, "batch": 3}  # of one turn


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("before", type=Path)
    parser.add_argument("call", nargs="?", choices=CALLS, default="by-id")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, scratch_database(Path(name)) as url:
        run(["init_technova", "--demo"], url)
        key = create_key(url)
        before, after = (start(tree, options.call, url, key) for tree in (options.before.resolve(), ROOT))
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


def start(tree: Path, call: str, url: str, key: str) -> subprocess.Popen:
    paths = {"PYTHONPATH": f"{tree}:{tree / 'benchmarks'}", "API_KEY_RATE": "1000000000", "API_KEY": key}
    serve = "import sys; sys.path.append(sys.argv[1]); import turns; turns.serve(sys.argv[2])"
    command = [sys.executable, "-c", serve, str(ROOT / "benchmarks"), call]
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
