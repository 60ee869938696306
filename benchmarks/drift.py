"""Does the check of drift stay silent when nothing changed, and call when something did?

    python benchmarks/drift.py [--years 100] [--large 40]

A made-up company (``simulation.py``) of 200, 1,470 or 14,700 people lives year after year. Each year its people are
the reference, made by the product's own code and scored by the published model; 28 % of them work overtime. A year
later the company is compared with it as it is (an alarm is false), and again with one thing planted: more overtime, pay
by the year, a scale of satisfaction turned round. ``--large`` is the number of years at 14,700.
Overtime is set to 28 % after the year that led to the reference has ended, and is no part of it.

Below each line stands how often a test of two independent samples of as many people would call that overtime: one
that spends the whole 5 % on this feature and direction alone, and one that shares it with all that is watched. A test
can do better only by knowing that most people are in both samples.
"""

import argparse
from copy import deepcopy

import numpy as np
import pandas as pd
from scipy.stats import binom, norm
from simulation import ROOT, Company, Truth, day, settled
from threadpoolctl import threadpool_limits

from employees.columns import SATISFACTIONS
from predictions.ml.artifacts import artifact, card
from predictions.ml.assessment import drift

BEFORE, AFTER = 0.28, 0.37  # share of people with overtime
SIZES = (200, 1_470, 14_700)
SEED = 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--years", type=int, default=100)
    parser.add_argument("--large", type=int, default=40, help="years at 14,700 people")
    options = parser.parse_args()
    model, truth = artifact.load(ROOT / "artifacts"), Truth("additive")
    print(f"{'people':>7} {'years':>6} {'false alarms':>13} " + " ".join(f"{name:>16}" for name in PLANTED))
    for size in SIZES:
        years = options.large if size > 10_000 else options.years
        with threadpool_limits(limits=1):
            called = pd.DataFrame(year_after_year(model, settled(truth, seed=SEED, size=size), years))
        false = called.pop("nothing")
        names = ", ".join(
            f"{name} {n}" for name, n in pd.Series([x for each in false for x in each]).value_counts().items()
        )
        powers = (np.mean([bool(PLANTED[name][1] & each) for each in called[name]]) for name in PLANTED)
        shares = " ".join(f"{power:>16.0%}" for power in powers)
        print(f"{size:>7,} {years:>6} {np.mean([bool(each) for each in false]):>13.1%} {shares}   {names}", flush=True)
        watched = len(drift.WATCHED) + 1
        alone, shared = power(size, drift.LEVEL), power(size, drift.LEVEL / 2 / watched)
        print(f"        two independent samples: {alone:.0%} alone, {shared:.0%} among {watched} in both directions")


def power(people: int, level: float) -> float:
    """Of the one-sided test of the difference of two shares, at most at that level, over all pairs of counts."""
    count = np.arange(people + 1)
    before, after = (binom.pmf(count, people, share) for share in (BEFORE, AFTER))
    pooled = (count[:, None] + count) / 2 / people
    error = np.sqrt(2 * pooled * (1 - pooled) / people)
    is_called = (count - count[:, None]) / people > norm.isf(level) * np.maximum(error, 1e-12)
    return float(before @ is_called @ after)


def year_after_year(model, company: Company, years: int):
    """Of each year, what was called when nothing was planted, and when something was: sets of features."""

    def score(frame: pd.DataFrame) -> np.ndarray:
        return model.score_frame(frame).probability

    before = people(company)
    company.live(12)
    for _ in range(years):
        year = drift.Year(12.0, before, people(company))  # as the year went, without what the next line plants
        set_overtime(company, BEFORE)
        before = people(company)
        reference = card.reference(company.features(), score, as_of=day(company.month), months=12, year=year)
        company.live(12)
        called = {"nothing": company} | {name: planted(company, change) for name, (change, _) in PLANTED.items()}
        passed = drift.years_between(reference, day(company.month))
        yield {name: drifted(each.features(), score, reference, passed) for name, each in called.items()}


def people(company: Company) -> pd.DataFrame:
    return company.features().set_axis(company.now["person"])


def drifted(frame: pd.DataFrame, score, reference: dict, years: float) -> set[str]:
    shifts = drift.compare(drift.count(frame, score(frame), reference), reference, years=years)
    return {shift.name for shift in shifts if shift.is_drift}


def planted(company: Company, change) -> Company:
    changed = deepcopy(company)
    change(changed)
    return changed


def set_overtime(company: Company, share: float) -> None:
    """Let as many more, or fewer, work overtime as make that share."""
    works = company.now["heures_supplementaires"]
    missing = round(share * len(works)) - int(works.sum())
    whom = company.random.choice(np.flatnonzero(works == (missing < 0)), abs(missing), replace=False)
    works[whom] = missing > 0


def pay_by_the_year(company: Company) -> None:
    company.now["revenu_mensuel"] = 12 * company.now["revenu_mensuel"]


def turn_the_scale(company: Company) -> None:
    for name in SATISFACTIONS:
        company.now[name] = 5 - company.now[name]


# What is planted, and the features of which one has to be called.
PLANTED = {
    "overtime 28→37 %": (lambda company: set_overtime(company, AFTER), {"heures_supplementaires"}),
    "pay × 12": (pay_by_the_year, {"revenu_mensuel"}),
    "scale turned": (turn_the_scale, {"satisfaction_moyenne"}),
}


if __name__ == "__main__":
    main()
