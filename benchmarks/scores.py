"""How long a client takes to read everyone's scores, and in how much memory on both sides.

    DATABASE_URL=postgres://postgres@127.0.0.1:5432/postgres python benchmarks/scores.py [--copies 10 100]

The demo is repeated under new employee numbers (100 copies: 147,000 employees) and scored once; gunicorn serves it with
two processes. A client (read_scores.py), a process of its own with nothing but the standard library, reads all of
/scores in pages of 1,000, as NDJSON and as CSV, each row parsed and let go. Printed for each: the time until the first
row and until the last, megabytes, the resident memory that the busier server process held before and at its peak, and
the client's peak. Fails unless everyone came exactly once.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from api import ADDRESS, HERE, create_key, serve
from pipeline import repeat_demo, run, scratch_database

FORMATS = ("pages", "NDJSON", "CSV")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--copies", type=int, nargs="+", default=[10, 100], help="of the 1,470 employees of the demo")
    for copies in parser.parse_args().copies:
        with tempfile.TemporaryDirectory() as name, scratch_database(Path(name)) as url:
            count = fill(url, copies, Path(name))
            key = create_key(url)
            print(f"\n{count:,} employees on {url.partition(':')[0]}")
            print(
                f"{'':<8}{'first row':>11}{'all':>9}{'MB':>8}{'server before':>15}{'peak MiB':>10}{'client peak':>13}"
            )
            with serve(url, Path(name)) as master:
                for kind in FORMATS:
                    measure(kind, key, master, count)


def fill(url: str, copies: int, directory: Path) -> int:
    """Load and score the demo, repeated; how many employees that are."""
    files, count = repeat_demo(copies, directory)
    load = ["seed_from_csv", "--as-of=2026-06-30", *(f"--{extract}={file}" for extract, file in files.items())]
    for command in (["migrate", "-v0"], load, ["build_features"], ["score_employees"]):
        run(command, url)
    return count


def measure(kind: str, key: str, master: int, count: int) -> None:
    workers = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    for worker in workers:
        Path(f"/proc/{worker}/clear_refs").write_text("5")  # the peak begins anew
    before = {worker: resident(worker, "VmRSS") for worker in workers}
    client = [sys.executable, HERE / "read_scores.py", ADDRESS, key, kind]
    told = json.loads(subprocess.check_output(client))
    if told["people"] != count or told["rows"] != count:
        sys.exit(f"{kind}: {told['rows']} rows of {told['people']} people, not of {count}")
    peaks = {worker: resident(worker, "VmHWM") for worker in workers}
    busiest = max(workers, key=lambda worker: peaks[worker] - before[worker])
    print(
        f"{kind:<8}{told['first'] * 1000:>8.0f} ms{told['seconds']:>7.1f} s{told['bytes'] / 1e6:>8.1f}"
        f"{before[busiest]:>15.0f}{peaks[busiest]:>10.0f}{told['peak']:>13.0f}",
        flush=True,
    )


def resident(pid: str, field: str) -> float:
    """Resident MiB of a process: ``VmRSS`` now, ``VmHWM`` at the most."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


if __name__ == "__main__":
    main()
