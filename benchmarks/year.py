"""What a year of monthly extracts costs: each month 1 % of the people get a raise, everything else stays.

    DATABASE_URL=postgres://postgres@127.0.0.1:5432/postgres python benchmarks/year.py [--months 12] [--before TREE]

The demo is repeated under new employee numbers (100 copies: 147,000 employees), and its three files are loaded, built
and scored as of the first of each month, each step as a process of its own. TREE is another checkout with a ``.venv``
of its own, which does the same month on a database of its own, in turns with this one. Printed for each month: of each
step the seconds, the processor seconds of its process (*computed*) and its peak resident memory, and of all three the
seconds; at the end the bytes of a person and month in the raw rows, indexes included.
"""

import argparse
import csv
import tempfile
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from statistics import median

import psycopg
from pipeline import ROOT, SCRATCH, CommandCost, repeat_demo, run, scratch_database

RAW = ("employees_sirhrow", "employees_evalrow", "employees_sondagerow")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--copies", type=int, default=100, help="how many times the 1,470 employees of the demo")
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--before", type=Path, help="another checkout, to run in turns with this one")
    options = parser.parse_args()
    trees = [ROOT, *([options.before.resolve()] if options.before else [])]
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        urls = [stack.enter_context(scratch_database(Path(name), f"{SCRATCH}_{place}")) for place in range(len(trees))]
        for tree, url in zip(trees, urls, strict=True):
            run(["migrate", "-v0"], url, tree)
        files, count = repeat_demo(options.copies, Path(name))
        print(f"{count:,} employees")
        steps = "".join(f"{step + ' s':>11}{'computed':>10}{'MiB':>5}" for step in ("seed", "build", "score"))
        print(f"{'month':<14}{steps}{'all s':>9}{'computed':>10}", flush=True)
        months: dict[Path, list[CommandCost]] = {tree: [] for tree in trees}
        for number in range(1, options.months + 1):
            raise_some(files["sirh"], number)
            for tree, url in zip(trees, urls, strict=True):
                months[tree].append(month(date(2025, number, 1), files, url, tree))
        if options.before:
            pairs = list(zip(*months.values(), strict=True))
            seconds = median(ours.seconds / theirs.seconds for ours, theirs in pairs)
            computed = median(ours.computed / theirs.computed for ours, theirs in pairs)
            print(f"medians of the months' ratios, this checkout to the other: {seconds:.2f}, computed {computed:.2f}")
        if urls[0].startswith("postgres"):
            print(f"{raw_bytes(urls[0]) / (count * options.months):,.0f} bytes a person and month in the raw rows")


def raise_some(file: Path, month: int) -> None:
    """Give one person in a hundred 1 % more, others each month.

    Row by row: a process that is started counts the memory of the one that started it among its own peak.
    """
    raised = file.with_suffix(".raised")
    with file.open(encoding="utf-8", newline="") as lines, raised.open("w", encoding="utf-8", newline="") as output:
        rows, writer = csv.reader(lines), csv.writer(output)
        header = next(rows)
        pay = header.index("revenu_mensuel")
        writer.writerow(header)
        for place, row in enumerate(rows):
            if place % 100 == month:
                row[pay] = str(round(int(row[pay]) * 1.01))
            writer.writerow(row)
    raised.replace(file)


def month(as_of: date, files: dict[str, Path], url: str, tree: Path) -> CommandCost:
    """Load, build and score one month; prints and returns what it took together."""
    day = [f"--as-of={as_of}"] if tree == ROOT else []
    load = ["seed_from_csv", *day, *(f"--{extract}={file}" for extract, file in files.items())]
    costs = [run(command, url, tree) for command in (load, ["build_features"], ["score_employees"])]
    whole = CommandCost(sum(cost.seconds for cost in costs), sum(c.computed for c in costs), max(c.peak for c in costs))
    steps = "".join(f"{cost.seconds:>11.1f}{cost.computed:>10.1f}{cost.peak:>5.0f}" for cost in costs)
    name = f"{as_of:%Y-%m}{'' if tree == ROOT else ' before':<7}"
    print(f"{name}{steps}{whole.seconds:>9.1f}{whole.computed:>10.1f}", flush=True)
    return whole


def raw_bytes(url: str) -> int:
    """What the raw rows take on disk."""
    with psycopg.connect(url) as connection:
        sizes = [connection.execute("SELECT pg_total_relation_size(%s)", [table]).fetchone() for table in RAW]
    return sum(size for (size,) in filter(None, sizes))


if __name__ == "__main__":
    main()
