"""What a start of the server costs, and how long a request waits while the server is restarted.

    DATABASE_URL=postgres://postgres@127.0.0.1:5432/postgres python benchmarks/restarts.py [BEFORE] [--turns 3]

Prints the processor seconds until both processes have loaded the model, the memory of all processes (MiB, what they
share counted once), and, of new connections that ask for /health one after the other, the longest wait in seconds
during SIGHUP and during the upgrade of docs/operations.md (SIGUSR2, then SIGTERM to the old server). BEFORE is the
directory of another checkout (``git worktree add``) that takes turns with this one.
"""

import argparse
import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from api import processor_ms, read_metrics, serve
from newcomers import ask_anew
from pipeline import ROOT, run, scratch_database


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("before", nargs="?", type=Path)
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args()
    trees = [options.before.resolve(), ROOT] if options.before else [ROOT]
    with tempfile.TemporaryDirectory() as name, scratch_database(Path(name)) as url:
        run(["init_technova", "--demo"], url)
        print("code     start, processor s   memory, MiB   longest wait, s: HUP   upgrade")
        for _ in range(options.turns):
            for tree in trees:
                with serve(url, Path(name), tree=tree) as master:
                    processes = [master, *children(master)]
                    cost = processor_ms(processes) / 1000, sum(map(memory, processes))
                    waits = longest_wait(replace_workers, master), longest_wait(upgrade, Path(name, "pid"))
                show("after" if tree == ROOT else "before", *cost, *waits)


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def memory(pid: int) -> float:
    """MiB of a process, with its part of what several share."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def longest_wait(restart: Callable[[object], None], server: object) -> float:
    waits: list[float] = []
    has_ended = threading.Event()
    newcomer = threading.Thread(target=ask_anew, args=(has_ended, waits))
    newcomer.start()
    restart(server)
    has_ended.set()
    newcomer.join()
    return max(waits)


def replace_workers(master: int) -> None:
    before = set(children(master))
    os.kill(master, signal.SIGHUP)
    wait_until(lambda: len(children(master)) == 2 and not before & set(children(master)))
    wait_until(lambda: "_model_processes" in read_metrics())


def upgrade(pid_file: Path) -> None:
    old, beside = int(pid_file.read_text()), Path(f"{pid_file}.2")
    os.kill(old, signal.SIGUSR2)
    wait_until(beside.exists)
    time.sleep(5)
    os.kill(old, signal.SIGTERM)
    wait_until(lambda: not beside.exists() and pid_file.exists())
    wait_until(lambda: "_model_processes" in read_metrics())


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.05)


def show(code: str, seconds: float, mebibytes: float, hup: float, upgraded: float) -> None:
    print(f"{code:<9}{seconds:>18.1f}{mebibytes:>14,.0f}{hup:>23.2f}{upgraded:>10.2f}", flush=True)


if __name__ == "__main__":
    main()
