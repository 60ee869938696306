"""Drift: compares the workforce with the training data, and departures with those expected.

Each feature is counted in bins that training fixed, so the reference holds no person. A chi-squared test of equal
distributions works on bins merged until each can be expected to hold five people in both samples; the p-values of all
features and of the scores are adjusted together (Holm 1979), and a shift counts as drift only when it is also large:
a tenth of the people must have changed bin. A workforce that has not changed raises an alarm in about one check in
twenty when it is small, and hardly ever at 1,470 people; ``benchmarks/model_quality.py`` measures it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import ndtr

from features.schema import FEATURES
from predictions.ml.artifacts.card_format import SCORES

BINS = 10
LEVEL = 0.05  # of the whole family of tests
LARGE = 0.1  # share of people who would have to change bin
MINIMUM = 30  # people, below which nothing is said
EXPECTED = 5.0  # people in each bin (Cochran 1954)
EXACT_UP_TO = 3000  # people, above which the count of departures is as good as normal

# An engineered feature moves only when what it is made of moves; the satisfactions are known by their mean alone.
WATCHED = tuple(f.name for f in FEATURES if not f.is_engineered or f.name == "satisfaction_moyenne")


@dataclass(frozen=True, slots=True, eq=False)
class Shift:
    """How one feature, or the scores, differ from training; shares are by bin and sum to 1."""

    name: str
    before: np.ndarray
    after: np.ndarray
    effect: float  # total variation distance: the share of people who would have to change bin
    p_value: float
    adjusted: float  # for the number of tests
    is_drift: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """Departures expected and seen among the people of one scoring run who were there when it was made."""

    people: int
    expected: float
    observed: int
    low: int  # what such a group shows 95 times in 100 if nothing has changed since training
    high: int

    @property
    def is_more_than_expected(self) -> bool:
        return self.observed > self.high

    @property
    def is_less_than_expected(self) -> bool:
        return self.observed < self.low


def reference(frame: pd.DataFrame, probability: np.ndarray) -> dict:
    """The reference for later workforces: the bins of each watched feature and of the out-of-fold scores.

    ``{"employees", "bins": {name: {"cuts" or "levels", "counts"}}}``. Numbers fall between ``cuts``, each cut in the
    bin above it; levels that training had not seen fall in a last bin of their own. Whose value is unknown is not
    counted, and a feature that is unknown of everyone is left out.
    """
    bins = {name: _bins(frame[name].dropna()) for name in WATCHED if frame[name].notna().any()}
    scores = _bins(pd.Series(probability.ravel()))
    scores["counts"] = [count / len(probability) for count in scores["counts"]]
    return {"employees": len(frame), "bins": bins | {SCORES: scores}}


def _bins(values: pd.Series) -> dict:
    if not pd.api.types.is_numeric_dtype(values):
        bins: dict = {"levels": sorted(set(values))}
    else:
        x = np.asarray(values, dtype=float)
        distinct = np.unique(x)
        cuts = distinct if len(distinct) <= BINS else np.unique(np.quantile(x, np.arange(1, BINS) / BINS))
        bins = {"cuts": cuts[1:].tolist() if len(distinct) <= BINS else cuts.tolist()}
    return bins | {"counts": _counted(values, bins).tolist()}


def _counted(values: pd.Series, bins: Mapping) -> np.ndarray:
    if "levels" in bins:
        place = pd.Index(bins["levels"]).get_indexer(np.asarray(values, dtype=object))
        size = len(bins["levels"]) + 1  # position -1, an unseen level, is the last
        return np.bincount(place % size, minlength=size)
    place = np.searchsorted(bins["cuts"], np.asarray(values, dtype=float), side="right")
    return np.bincount(place, minlength=len(bins["cuts"]) + 1)


def typical(bins: Mapping, minimum: float) -> float | str:
    """A typical value in the training data: the most frequent level of a choice.

    For a number, the low end of the median's bin. That of the first bin is not known: one below its cut,
    and no less than ``minimum``.
    """
    if "levels" in bins:
        return bins["levels"][int(np.argmax(bins["counts"]))]
    cuts = bins["cuts"]
    place = int(np.searchsorted(np.cumsum(bins["counts"]), sum(bins["counts"]) / 2, side="right"))
    return cuts[place - 1] if place else max([minimum, *(cut - 1 for cut in cuts[:1])])


def count(frame: pd.DataFrame, probability: np.ndarray, reference: Mapping) -> dict[str, np.ndarray]:
    """People in each bin of the reference, as far as their values are known.

    Counts of parts of a workforce add up to those of the whole.
    """
    return {
        name: _counted(pd.Series(probability) if name == SCORES else frame[name].dropna(), bins)
        for name, bins in reference["bins"].items()
    }


def compare(counts: Mapping[str, np.ndarray], reference: Mapping) -> list[Shift]:
    """Every shift, the most significant first, of what is known of 30 people: of fewer nothing can be said."""
    names = [name for name, people in counts.items() if people.sum() >= MINIMUM]
    pairs = [(np.asarray(reference["bins"][name]["counts"], dtype=float), counts[name]) for name in names]
    p_values = np.array([homogeneity(before, after) for before, after in pairs])
    shifts = []
    for name, (before, after), p_value, adjusted in zip(names, pairs, p_values, holm(p_values), strict=True):
        shares = before / before.sum(), after / after.sum()
        effect = float(np.abs(shares[1] - shares[0]).sum() / 2)
        is_drift = bool(adjusted < LEVEL and effect >= LARGE)
        shifts.append(Shift(name, *shares, effect, float(p_value), float(adjusted), is_drift))
    return sorted(shifts, key=lambda shift: (not shift.is_drift, shift.p_value, -shift.effect))


def homogeneity(before: np.ndarray, after: np.ndarray) -> float:
    """p-value that two ``(k,)`` counts come from one distribution; 1 if too few people are left to test."""
    from scipy.stats import chi2_contingency  # takes a second to import, and a scoring run only counts

    table = _merged(np.array([before, after], dtype=float))
    return float(chi2_contingency(table, correction=False).pvalue) if table.shape[1] > 1 else 1.0


def _merged(table: np.ndarray) -> np.ndarray:
    """Neighbouring bins added together until each is expected to hold five people in both rows."""
    needed = EXPECTED * table.sum() / table.sum(axis=1).min()  # people in a column
    columns = [np.zeros(2)]
    for column in table.T:
        if columns[-1].sum() >= needed:
            columns.append(np.zeros(2))
        columns[-1] = columns[-1] + column
    if len(columns) > 1 and columns[-1].sum() < needed:
        last = columns.pop()
        columns[-1] = columns[-1] + last
    return np.array(columns).T


def holm(p_values: np.ndarray) -> np.ndarray:
    """p-values adjusted so that 5 % is the chance of one false alarm among all (Holm 1979)."""
    order = np.argsort(p_values)
    steps = np.arange(len(p_values), 0, -1)
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(1, np.maximum.accumulate(p_values[order] * steps))
    return adjusted


def outcome(probability: ArrayLike, has_left: ArrayLike, *, learned_from: int) -> Outcome:
    """Departures of ``N`` people against the sum of their probabilities, by a model of ``learned_from`` people.

    Two things move that difference. The outcomes, with variance ``V``, the sum of ``p (1 - p)``. And the sum itself,
    which another draw of the training data would have put elsewhere: a logistic model with an intercept fits the
    number who left in training, so over people like those of training its sum varies as that number does, scaled,
    with variance ``V N / n`` for ``n`` people learned from. Together ``V (1 + N / n)``.

    To 3,000 people the first is exact, the distribution of a sum of unequal coin tosses, one toss at a time; a normal
    error of the second, rounded to people, is added to it. No count is below 0 or over ``N``.
    """
    probability = np.asarray(probability, dtype=float)
    has_left = np.asarray(has_left, dtype=bool)
    n, expected, observed = len(probability), float(probability.sum()), int(has_left.sum())
    variance = float((probability * (1 - probability)).sum())
    if n > EXACT_UP_TO:
        return outcome_of_sums(
            people=n, expected=expected, variance=variance, observed=observed, learned_from=learned_from
        )
    chances = np.zeros(n + 1)
    chances[0] = 1.0
    for i, p in enumerate(probability):
        chances[1 : i + 2] = chances[1 : i + 2] * (1 - p) + chances[: i + 1] * p
        chances[0] *= 1 - p
    spread = math.sqrt(variance * n / learned_from)
    reach = math.ceil(6 * spread)
    off_by = np.diff(ndtr((np.arange(-reach, reach) + 0.5) / spread), prepend=0.0, append=1.0)  # -reach to reach people
    at_most = np.cumsum(np.convolve(chances, off_by))[reach : reach + n + 1]
    return _outcome(n, expected, observed, np.minimum(at_most, 1.0))


def outcome_of_sums(*, people: int, expected: float, variance: float, observed: int, learned_from: int) -> Outcome:
    """The same for more than 3,000 people, of whom only sums are known: of ``p``, and of ``p (1 - p)``."""
    spread = math.sqrt(variance * (1 + people / learned_from))
    return _outcome(people, expected, observed, ndtr((np.arange(people + 1) + 0.5 - expected) / spread))


def _outcome(n: int, expected: float, observed: int, at_most: np.ndarray) -> Outcome:
    """``at_most[k]`` is the probability of ``k`` departures or fewer, ``(n + 1,)``; of ``n`` or fewer it is certain."""
    at_most[n] = 1.0
    low, high = np.searchsorted(at_most, (0.025, 0.975))
    return Outcome(n, expected, observed, int(low), int(high))
