"""How much sooner two workers end two independent jobs than one does.

    DATABASE_URL=postgres://postgres@127.0.0.1:5432/postgres python benchmarks/workers.py [--copies 100] [--rounds 3]

The jobs are two exports of everyone, as workbooks. The workers run, and have each made one before the clock starts.
Printed for each round: the seconds from the order to the end of both with one worker and with two, and their ratio.
"""

import argparse
import os
import sys
import tempfile
import time
from contextlib import redirect_stderr
from pathlib import Path
from statistics import median

from kills import worker
from pipeline import ROOT, environment, repeat_demo, run, scratch_database, steps_of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--copies", type=int, default=100, help="how many times the 1,470 employees of the demo")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, scratch_database(Path(name)) as url:
        files, count = repeat_demo(options.copies, Path(name))
        for command in (["migrate", "-v0"], *steps_of(ROOT, files).values()):
            run(command, url)
        os.environ |= environment(url)
        sys.path.append(str(ROOT))
        with redirect_stderr(Path(os.devnull).open("w")):
            from technova.wsgi import application  # noqa: F401 - sets Django up
        print(f"{count:,} employees\n{'one worker s':>14}{'two s':>10}{'ratio':>8}")
        ratios = []
        for _round in range(options.rounds):
            one, two = (seconds_of_both(workers, url) for workers in (1, 2))
            ratios.append(two / one)
            print(f"{one:>14.1f}{two:>10.1f}{ratios[-1]:>8.2f}", flush=True)
        print(f"median of the ratios: {median(ratios):.2f}; 0.65 may be")


def seconds_of_both(count: int, url: str) -> float:
    workers = [worker(url) for _ in range(count)]
    try:
        for _worker in workers:
            order(len(workers))
        started = time.perf_counter()
        order(2)
        return time.perf_counter() - started
    finally:
        for each in workers:
            each.kill()
            each.wait()


def order(count: int) -> None:
    """Ask for some exports, and wait until all are made."""
    from django.contrib.auth.models import User

    from predictions.exports import services as kept
    from predictions.exports.models import Export
    from predictions.pages.people.export_pages import make

    user, _is_new = User.objects.get_or_create(username="benchmark", is_superuser=True)
    asked = {"kind": Export.Kind.XLSX, "query": "", "language": "fr", "rights": kept.rights_of(user)}
    exports = [Export.objects.create(user=user, **asked) for _ in range(count)]
    for export in exports:
        make.enqueue(str(export.pk))
    of_order = Export.objects.filter(pk__in=[export.pk for export in exports])
    while of_order.filter(state=Export.State.WAITING).exists():
        time.sleep(0.02)
    if of_order.exclude(state=Export.State.READY).exists():
        sys.exit("an export failed")
    of_order.delete()


if __name__ == "__main__":
    main()
