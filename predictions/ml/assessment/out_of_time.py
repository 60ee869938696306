"""Evaluation out of time: trained up to a day, tested on the months after it, with the features of that day.

Cross-validation shuffles time, so it uses knowledge that a forecast cannot have. This is what training on that day
would have given, and the figure to trust.
"""

from datetime import date
from typing import cast

import numpy as np

from predictions.ml.additive import AdditiveModel
from predictions.ml.artifacts.card_format import Figure, OutOfTime
from predictions.ml.assessment import curves, quality, uncertainty
from predictions.ml.assessment.evaluation import Rows
from predictions.ml.periods import PersonPeriods, cohort, starts

FIRST = (10, 20, 30, 50, 100)  # numbers of people met, the riskiest first
BOOTSTRAPS = 200
FEWEST = 10  # departures to learn from, and to be tested on


def split(periods: PersonPeriods, horizon: int) -> tuple[np.datetime64, int] | None:
    """The day to learn up to and the months to test on: up to the horizon, and no more than is learned from.

    None where the history is too short, or holds too few departures on a side.
    """
    days, months = starts(periods)
    after = np.cumsum(months[::-1])[::-1]  # from the start of each period to the end
    for day, rest in zip(days[1:], after[1:], strict=True):
        is_before = periods.start < day
        if rest > horizon + 0.5 or rest > after[0] - rest + 0.5:
            continue
        if min((periods.event[is_before] > 0).sum(), (periods.event[~is_before] > 0).sum()) < FEWEST:
            return None
        return day, round(rest)
    return None


def judge(periods: PersonPeriods, *, features: str, C: float, horizon: int, seed: int) -> OutOfTime | None:
    """Train up to a day and evaluate on the months after it; None if ``split`` finds no day."""
    if (found := split(periods, horizon)) is None:
        return None
    day, months = found
    learned = Rows.of_periods(periods.where(periods.start < day))
    model = learned.fit(AdditiveModel(features=features, link="cloglog", C=C))
    tested = cohort(periods, day)
    rows = Rows.of_periods(tested)
    if len(np.unique(rows.outcome)) < 2:
        return None
    probability = model.predict_proba(rows.frame, rows.exposure)[:, 1]
    expectation = uncertainty.expected(model, rows)
    low, high = expectation.interval
    order = np.argsort(-probability, kind="stable")
    result = {
        "learned_until": _day(day),
        "months": months,
        "learned_departures": int(learned.outcome.sum()),
        "people": len(rows),
        "departures": int(rows.outcome.sum()),
        "vanished": int((tested.event == 2).sum()),
        "expected": expectation.total,
        "low": low,
        "high": high,
        "metrics": figures(rows.outcome, probability, seed),
        "calibration": curves.reliability(rows.outcome, probability[None]),
        "quarters": _quarters(periods, rows, model, day),
        "first": [_first(rows.outcome[order[:n]], probability[order[:n]]) for n in FIRST if n <= len(rows)],
    }
    return cast(OutOfTime, result)


def figures(outcome: np.ndarray, probability: np.ndarray, seed: int) -> dict[str, Figure]:
    """The figures with their spread, and 95 % intervals by a bootstrap over people."""
    random = np.random.default_rng(seed)
    point = quality.figures(outcome, probability)
    draws: list[dict[str, float]] = []
    while len(draws) < BOOTSTRAPS:
        drawn = random.integers(len(outcome), size=len(outcome))
        if 0 < outcome[drawn].sum() < len(outcome):
            draws.append(quality.figures(outcome[drawn], probability[drawn]))
    found: dict[str, Figure] = {}
    for name, value in point.items():
        values = np.array([draw[name] for draw in draws])
        low, high = np.quantile(values, [0.025, 0.975])
        found[name] = {"mean": value, "sd": float(values.std(ddof=1)), "low": float(low), "high": float(high)}
    return found


def _first(outcome: np.ndarray, probability: np.ndarray) -> dict:
    """Expected and actual departures of the riskiest people."""
    happened, n = int(outcome.sum()), len(outcome)
    low, high = (n * end for end in curves.binomial_interval(happened, n))
    return {"people": n, "expected": float(probability.sum()), "departures": happened, "low": low, "high": high}


def _quarters(periods: PersonPeriods, rows: Rows, model: AdditiveModel, since: np.datetime64) -> list[dict]:
    """Expected and actual departures in each period after the day, among its people who were still present."""
    hazard = dict(zip(rows.person.tolist(), np.exp(model.linear_predictor(rows.frame)), strict=True))
    found, passed, decay = [], 0.0, model.decay_
    for day, months in zip(*starts(periods), strict=True):
        is_there = (periods.start == day) & np.isin(periods.person, rows.person)
        if day < since or not is_there.any():
            continue
        rate = np.array([hazard[person] for person in periods.person[is_there].tolist()])
        worth = decay.months(passed + periods.exposure[is_there]) - decay.months(passed)
        probability, passed = -np.expm1(-rate * worth), passed + months
        happened, n = int((periods.event[is_there] > 0).sum()), int(is_there.sum())
        low, high = (n * end for end in curves.binomial_interval(happened, n))
        found.append(
            {
                "since": _day(day),
                "people": n,
                "expected": float(probability.sum()),
                "observed": happened,
                "low": low,
                "high": high,
            }
        )
    return found


def _day(day: np.datetime64) -> date:
    return day.astype("datetime64[D]").item()
