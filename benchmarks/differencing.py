"""Random pairs of queries that a reader of figures alone subtracts: how many give a group under five away.

python benchmarks/differencing.py --pairs 10000 --seed 1
"""

import argparse
import os
import sys
import time
from pathlib import Path

import django

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "technova.settings")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    django.setup()
    from predictions.tests.differencing import attack

    started = time.perf_counter()
    found = list(attack(pairs=options.pairs, seed=options.seed))
    for text in found[:20]:
        print(text)
    print(f"{options.pairs:,} pairs, {len(found)} groups under five given away, {time.perf_counter() - started:.0f} s")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
