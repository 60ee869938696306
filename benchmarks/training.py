"""What a training costs on a year of history, reading it from the database included.

    DATABASE_URL=postgres://postgres@127.0.0.1:5432/postgres python benchmarks/training.py [--copies 1 100]

The demo's thirteen month ends are repeated under new employee numbers (100 copies: 147,000 employees by the end), each
copy with a pay of its own, so that there are as many different ones as in a company of that size. They are loaded and
built in a scratch database that is dropped at the end; then ``train_model`` runs as a process of its own. Printed: its
seconds, the seconds that the process itself computed and its peak resident memory. Exits with 1 when one is over its
limit.
"""

import argparse
import csv
import io
import os
import sys
import tempfile
from datetime import date
from pathlib import Path

from pipeline import KEYS, ROOT, repeat, run, scratch_database

sys.path.insert(0, str(ROOT))
from employees.demo import months

END = date(2026, 6, 30)
PEOPLE = 1_470  # of the demo's last month
SECONDS = {1: 120, 100: 900}  # by copies
MIB = 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--copies", type=int, nargs="+", default=[1, 100], help="of the 1,470 employees of the demo")
    parser.add_argument("--filled", action="store_true", help="train on the database of DATABASE_URL as it is")
    options = parser.parse_args()
    print(f"{'employees':>10}{'seconds':>9}{'computed':>10}{'peak MiB':>10}", flush=True)
    if options.filled:
        sys.exit(train(os.environ["DATABASE_URL"], max(options.copies)))
    is_over = False
    for copies in options.copies:
        with tempfile.TemporaryDirectory() as name, scratch_database(Path(name)) as url:
            fill(url, copies, Path(name))
            is_over |= train(url, copies)
    sys.exit(is_over)


def train(url: str, copies: int) -> bool:
    """Train, print what it took and say whether that is over a limit."""
    with tempfile.TemporaryDirectory() as artifacts:
        cost = run(["train_model", f"--output={artifacts}"], url)
    print(f"{copies * PEOPLE:>10,}{cost.seconds:>9.0f}{cost.computed:>10.0f}{cost.peak:>10,.0f}", flush=True)
    return cost.seconds > SECONDS.get(copies, cost.seconds) or cost.peak > MIB


def fill(url: str, copies: int, directory: Path) -> None:
    """Load and build the demo's months, repeated."""
    run(["migrate", "-v0"], url)
    for month in months(END):
        load = ["seed_from_csv", f"--as-of={month.as_of}"]
        for extract in KEYS:
            file = directory / f"{extract}.csv"
            repeat(extract, io.StringIO(month.files[extract].decode()), copies, file)
            load.append(f"--{extract}={file}")
        spread_pay(directory / "sirh.csv", copies)
        run(load, url)
    run(["build_features"], url)


def spread_pay(file: Path, copies: int) -> None:
    """Pay everyone of the second copy a euro more than in the first, of the third two, and so on."""
    with file.open(encoding="utf-8", newline="") as lines:
        header, *rows = csv.reader(lines)
    pay = header.index("revenu_mensuel")
    for place, row in enumerate(rows):
        row[pay] = str(int(row[pay]) + place * copies // len(rows))
    with file.open("w", encoding="utf-8", newline="") as lines:
        csv.writer(lines).writerows([header, *rows])


if __name__ == "__main__":
    main()
