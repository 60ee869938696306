"""How long a new connection waits while others are kept alive and busy.

    DATABASE_URL=postgres://postgres@127.0.0.1:5432/postgres python benchmarks/newcomers.py [BEFORE] [--seconds 10]

wrk keeps 16 connections, then 40, each asking for predictions by number without a pause, and one new connection after
the other asks for /health. Prints requests a second and the 99th percentile of the kept-alive, how many answers the
least and the most served of them got, and how long the new ones waited from connecting to the whole answer. BEFORE is
the directory of another checkout (``git worktree add``) that takes turns with this one: each turn is a server of its
own on the same database.
"""

import argparse
import http.client
import json
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psycopg
from api import ADDRESS, HERE, WrkRun, create_key, serve
from pipeline import ROOT, run, scratch_database

PAUSE = 0.05  # seconds between two new connections


@dataclass
class Turn:
    """What one run of wrk got, and the seconds that each new connection waited."""

    load: WrkRun
    waits: list[float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("before", nargs="?", type=Path)
    parser.add_argument("--clients", type=int, nargs="+", default=[16, 40])
    parser.add_argument("--seconds", type=int, default=10, help="of one turn")
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args()
    trees = [options.before.resolve(), ROOT] if options.before else [ROOT]
    with tempfile.TemporaryDirectory() as name, scratch_database(Path(name)) as url:
        run(["init_technova", "--demo"], url)
        key, ids = create_key(url), Path(name, "ids")
        with psycopg.connect(url) as connection:
            rows = connection.execute("SELECT employee_id FROM employees_employee ORDER BY 1")
            ids.write_text("\n".join(str(number) for (number,) in rows))
        print("code     clients  requests/s  p99, ms  answers each   new: median, ms   longest, ms   of them")
        for clients in options.clients:
            for _ in range(options.turns):
                for tree in trees:
                    with serve(url, Path(name), tree=tree):
                        show("after" if tree == ROOT else "before", take_turn(clients, options.seconds, key, ids))


def take_turn(clients: int, seconds: int, key: str, ids: Path) -> Turn:
    waits: list[float] = []
    has_ended = threading.Event()
    newcomer = threading.Thread(target=ask_anew, args=(has_ended, waits))
    # One thread of wrk for each connection: it counts answers by thread.
    command = ["wrk", f"-t{clients}", f"-c{clients}", f"-d{seconds}s", "--timeout", "60s", "-s", HERE / "calls.lua"]
    wrk = subprocess.Popen([*command, f"http://{ADDRESS}/predict/by-id/", "--", key, ids], stdout=subprocess.PIPE)
    time.sleep(1)
    newcomer.start()
    output, _ = wrk.communicate()
    has_ended.set()
    newcomer.join()
    return Turn(WrkRun(**json.loads(output.splitlines()[-1])), waits)


def ask_anew(has_ended: threading.Event, waits: list[float]) -> None:
    while not has_ended.wait(PAUSE):
        started = time.perf_counter()
        connection = http.client.HTTPConnection(ADDRESS, timeout=120)
        connection.request("GET", "/health")
        assert connection.getresponse().read() == b'{"status":"ok"}'
        connection.close()
        waits.append(time.perf_counter() - started)


def show(code: str, turn: Turn) -> None:
    load = turn.load
    each = f"{min(load.answers)} to {max(load.answers)}"
    waits = f"{median(turn.waits) * 1000:>16,.0f}{max(turn.waits) * 1000:>14,.0f}{len(turn.waits):>10}"
    print(f"{code:<9}{len(load.answers):>7}{load.rate:>12,.0f}{load.p99:>9,.0f}{each:>14}{waits}", flush=True)


if __name__ == "__main__":
    main()
