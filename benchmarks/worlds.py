"""Forecasts of made-up companies whose true hazard is known: do they hold, and do their intervals?

    python benchmarks/worlds.py [--worlds 100] [--lengths 40] [--coverage 20] [--processes 2]

A company of 1,470 people (``simulation.py``) is recorded for a year or two and forecast for the year after. The
product's own code makes the penalty, the fit, the expected departures and the intervals; figures that only a card
needs are left out. World number i has the seed i. Printed are

- the departures of those present beside their forecast and its 95 % interval, by months of history; with six months
  the product forecasts the next six. *The truth* is what the true hazard of that day would expect;
- the same where each year has an effect of its own, log-normal with a standard deviation of 0.15;
- the ranking, beside that of a classification of the last year (who left of those who were there a year ago) and that
  of the truth itself;
- how often the 90 % interval of a probability holds the true one, by fifths of the true risk, under a truth that is a
  sum of curves and two that are none.
"""

import argparse
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial

import numpy as np
import pandas as pd
from simulation import TRUTHS, Truth, World, world
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits

from predictions.ml.additive import AdditiveModel
from predictions.ml.assessment import evaluation, uncertainty
from predictions.ml.assessment.evaluation import DEFAULT_PLAN, FORECAST_PLAN, Rows
from predictions.ml.links import CLOGLOG
from predictions.ml.periods import PersonPeriods, cohort
from predictions.ml.scorer import Z_90
from predictions.ml.training import _plain, longest_horizon

HISTORIES = (6, 12, 24)  # months
YEAR_EFFECT = 0.15
SEED = 7


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worlds", type=int, default=100, help="with twelve months, without and with year effects")
    parser.add_argument("--lengths", type=int, default=40, help="worlds with other lengths of history")
    parser.add_argument("--coverage", type=int, default=20, help="worlds of each truth for the intervals")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    with ProcessPoolExecutor(options.processes) as pool:

        def shown(title: str, worlds: int, task: Callable[[int], list[dict]]) -> pd.DataFrame:
            found = pd.DataFrame(row for rows in pool.map(task, range(1, worlds + 1)) for row in rows)
            print(f"\n{worlds} {title}")
            show_departures(found)
            return found

        shown("stationary worlds", options.worlds, partial(forecasts, histories=(12,)))
        show_ranking(shown("stationary worlds, by length of history", options.lengths, forecasts))
        unlike = partial(forecasts, histories=(12,), year_effect=YEAR_EFFECT)
        shown("worlds with year effects", options.worlds, unlike)
        print(f"\n90 % intervals from 12 months, {options.coverage} worlds of each truth")
        for truth in TRUTHS:
            show_coverage(truth, list(pool.map(partial(misses, truth), range(1, options.coverage + 1))))


@cache
def truth_of(name: str) -> Truth:
    return Truth(name)


def forecasts(seed: int, *, year_effect: float = 0.0, histories: tuple[int, ...] = HISTORIES) -> list[dict]:
    """The forecast of a world from each length of history, beside what happened."""
    with threadpool_limits(limits=1):
        made = world(truth_of("additive"), seed=seed, months=max(histories), year_effect=year_effect)
        return [forecast(made, months) for months in histories]


def forecast(made: World, months: int) -> dict:
    """The forecast of a world from so many months."""
    history = plain(made.last(months))
    horizon = longest_horizon(history)
    model = fitted(Rows.of_periods(history), link="cloglog")
    has_left = (made.left_in <= horizon).astype(int)
    people = Rows(_plain(made.present), has_left, np.arange(len(has_left)), np.full(len(has_left), float(horizon)))
    expectation = uncertainty.expected(model, people)
    low, high = expectation.interval
    row = {
        "months": months,
        "horizon": horizon,
        "learned_departures": int((history.event > 0).sum()),
        "expected": expectation.total,
        "truth": float(-np.expm1(-horizon * made.then.hazard()).sum()),
        "happened": int(has_left.sum()),
        "holds": low <= has_left.sum() <= high,
        "half_width": (high - low) / 2 / expectation.total,
        "C": model.C,
        "decay": model.decay_.rate,
        "auc": roc_auc_score(has_left, model.linear_predictor(people.frame)),
        "oracle": roc_auc_score(has_left, made.then.hazard()),
    }
    if months >= 12:
        one_year = cohort(made.last(12), made.last(12).start.min())
        before = Rows.of_people(_plain(one_year.frame), (one_year.event > 0).astype(int))
        cross_section = fitted(before, link="logit")
        row["cross_section"] = roc_auc_score(has_left, cross_section.linear_predictor(people.frame))
    return row


def misses(truth: str, seed: int) -> tuple[np.ndarray, np.ndarray, float, float]:
    """How many standard errors off each forecast of a world is, the true probability, the factor on intervals, and the
    median width of an interval.
    """
    with threadpool_limits(limits=1):
        made = world(truth_of(truth), seed=seed, months=12)
        rows = Rows.of_periods(plain(made.periods))
        model = fitted(rows, link="cloglog")
        random = np.random.default_rng(SEED)
        scale = uncertainty.interval_scale(*uncertainty.misses(model, rows, draws=FORECAST_PLAN.draws, random=random))
        people, chance = _plain(made.present), made.then.chance(12)
        value = np.log(-np.log1p(-chance))
        error = np.hypot(model.errors(people), model.decay_.slope(12) * model.decay_.error)
        at = model.linear_predictor(people) + model.offset(12.0)
        margin = Z_90 * scale * error
        width = np.median(CLOGLOG.probabilities(at + margin) - CLOGLOG.probabilities(at - margin))
        return np.abs(at - value) / error, chance, scale, float(width)


def fitted(rows: Rows, *, link: str) -> AdditiveModel:
    """The model that training would make of some rows."""
    plan = FORECAST_PLAN if link == "cloglog" else DEFAULT_PLAN
    penalty, *_ = evaluation.choose_penalty(rows, rows, features="default", link=link, plan=plan, seed=SEED)
    return rows.fit(AdditiveModel(link=link, C=penalty))


def plain(periods: PersonPeriods) -> PersonPeriods:
    return PersonPeriods(_plain(periods.frame), periods.person, periods.start, periods.exposure, periods.event)


def show_departures(rows: pd.DataFrame) -> None:
    print("history  forecast  learned from  expected  the truth  happened  ratio (sd)       half-width (max)  held")
    for months, each in rows.groupby("months"):
        ratio, mean = each["expected"] / each["happened"], each.mean()
        print(
            f"{months:>4} mo {mean['horizon']:>7.0f} mo {mean['learned_departures']:>13.0f} {mean['expected']:>9.1f}"
            f" {mean['truth']:>10.1f} {mean['happened']:>9.1f}  {ratio.mean():.3f} ({ratio.std():.3f})"
            f"    ± {mean['half_width']:.1%} ({each['half_width'].max():.1%})   {each['holds'].sum()} of {len(each)}",
            flush=True,
        )


def show_ranking(rows: pd.DataFrame) -> None:
    print("\nROC-AUC (standard error of the difference), against the same people")
    for months, each in rows[rows["months"] >= 12].groupby("months"):
        ahead = each["auc"] - each["cross_section"]
        print(
            f"{months} months: {each['auc'].mean():.4f}, cross-section {each['cross_section'].mean():.4f}:"
            f" {ahead.mean():+.4f} ({ahead.std() / np.sqrt(len(ahead)):.4f}); the truth {each['oracle'].mean():.4f}",
            flush=True,
        )


def show_coverage(truth: str, worlds: list[tuple[np.ndarray, np.ndarray, float, float]]) -> None:
    covered = [uncertainty.coverage(*each[:3]) for each in worlds]
    fifths = [np.mean([each["by_risk"][i]["coverage"] for each in covered]) for i in range(uncertainty.FIFTHS)]
    scales, widths = zip(*(each[2:] for each in worlds), strict=True)
    print(
        f"{truth:<13} {np.mean([each['overall'] for each in covered]):.3f}; by fifth of risk "
        + ", ".join(f"{share:.3f}" for share in fifths)
        + f"; factor {np.mean(scales):.2f}, width {np.mean(widths):.3f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
