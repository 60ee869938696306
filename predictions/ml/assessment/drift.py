"""Drift: compares those present with those who were present when the model was trained.

Training counts each feature in bins, so the reference holds no person, and counts beside it where time alone would take
those people: everyone older by a year, two or three, each weighted by the probability of still being there. A workforce
that renews itself stays like the reference, one that nobody joins goes all the way; what lies between is no drift.

A feature has drifted when its shift is beyond chance and matters as well.

- Chance: Pearson's test of homogeneity against the nearest point of that way (minimum chi-squared: Berkson 1980), on
  bins merged until each can be expected to hold five people in both samples (Cochran 1954), for all features and the
  scores together (Holm 1979). There a feature has the weight of the spread of the mean probability over its bins in
  training, since it can only matter as far as that goes (weighted p-values: Genovese, Roeder and Wasserman 2006). Most
  people are in both samples, and those whose value stays as it was add nothing to a
  difference (Kish 1965, *Survey Sampling*, 12.4): the statistic is divided by the share of people who are new or have
  another value a year later, its design effect (Rao and Scott 1981), as far as training saw a year. Durations change
  for everyone. People of one manager get the next one together, so their years with a manager vary more.
- It matters when by itself it would change the expected departures by a twentieth, by the mean probability of each bin
  in training (direct standardisation: Kitagawa 1955). Of a value that training had not seen nothing is expected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from features.engineering import engineer
from features.schema import BY_NAME, FEATURES, SATISFACTIONS
from predictions.ml.artifacts.card_format import SCORES

BINS = 10
LEVEL = 0.05  # of the whole family of tests
MATTERS = 0.05  # change of the expected departures, as a share of them
LEAST_WEIGHT = 0.01  # of a feature that has no part in the scores
MINIMUM = 30  # people, below which nothing is said
EXPECTED = 5.0  # people in each bin
YEARS = (1, 2, 3)  # after which the reference counts the effect of time alone
STEPS = 10  # on that way
LEAST_RENEWED = 0.05  # share of people a year: fewer are taken for a short history
TEAM = 8  # people who get another manager together

# An engineered feature moves only when what it is made of moves; the satisfactions are known by their mean alone.
WATCHED = tuple(f.name for f in FEATURES if not f.is_engineered or f.name == "satisfaction_moyenne")
DURATIONS = tuple(f.name for f in FEATURES if f.unit == "years")
DESIGN_EFFECTS = {"annees_sous_responsable_actuel": float(TEAM)}


@dataclass(frozen=True, slots=True)
class Shift:
    """How one feature, or the scores, differ from the reference; shares are by bin and sum to 1."""

    name: str
    before: list[float]  # after the years that fit best
    after: list[float]
    years: float  # of time alone, from 0 to those that have passed
    moved: float  # total variation distance: the share of people who are in another bin
    effect: float  # on the expected departures, by itself, as a share of them
    p_value: float
    adjusted: float  # for the number of tests
    is_drift: bool


@dataclass(frozen=True, slots=True, eq=False)
class Year:
    """A year of the past, or a part of it: who was there on its first and on its last day, with their features."""

    months: float
    before: pd.DataFrame  # (n, 32) and ``SCORES``, indexed by person, each once
    after: pd.DataFrame

    def renewed(self, name: str, bins: Mapping) -> float:
        """The share of people who are new, or have drawn another value, a year later.

        Of ``n`` people who drew a value anew, ``1 - sum(p ** 2)`` are seen in another bin: as many more have drawn.
        """
        people = self.after.index.intersection(self.before.index)
        before, after = self.before.loc[people, name], self.after.loc[people, name]
        is_known = (before.notna() & after.notna()).to_numpy()
        then, now = _places(before[is_known], bins), _places(after[is_known], bins)
        if not len(then):
            return 1.0
        shares = [np.bincount(place, minlength=_size(bins)) / len(place) for place in (then, now)]
        visible = 1 - float(shares[0] @ shares[1])
        drawn = min(1.0, float((then != now).mean()) / visible) if visible > 0 else 0.0
        stayed = len(people) / len(self.after) * (1 - drawn)
        return max(LEAST_RENEWED, 1 - stayed ** (12 / self.months))


def aged(frame: pd.DataFrame, years: int) -> pd.DataFrame:
    """The same ``(n, 32)`` people when nothing but some years have passed: durations, and what is made of them."""
    then = {name: (frame[name] + years).clip(upper=BY_NAME[name].maximum) for name in DURATIONS}
    satisfactions = dict.fromkeys((each.name for each in SATISFACTIONS), frame["satisfaction_moyenne"])
    return engineer(frame.assign(**then, **satisfactions))


def reference(
    frame: pd.DataFrame,
    probability: np.ndarray,
    *,
    as_of: date | None = None,
    later: Sequence[np.ndarray] = (),
    months: int = 12,
    year: Year | None = None,
) -> dict:
    """The reference for later workforces: the bins of each watched feature and of the scores.

    ``frame``: ``(n, 32)`` features of those present on the day ``as_of``; ``probability``: ``(n,)`` by the model, of
    leaving within ``months``; ``later``: the same of ``aged(frame, years)`` for each of ``YEARS``, without which the
    scores are taken to stay as they are; ``year``: a year of the past, without which everyone counts as renewed. Gives
    ``{"employees", "as_of", "bins": {name: {"cuts" or "levels", "counts", "expected", "later", "renewed"}}}``: people
    by bin, the sum of their probabilities, people by bin after each of ``YEARS``, scaled to as many, and the share of
    people who are new, or in another bin, a year later. Numbers fall between ``cuts``, each cut in the bin above it;
    levels that training had not seen fall in a last bin of their own. People whose value is unknown are not counted,
    and a feature unknown for everyone is left out.
    """
    probability = np.asarray(probability, dtype=float)
    columns = {name: [frame[name]] * (len(YEARS) + 1) for name in WATCHED if frame[name].notna().any()}
    for place, years in enumerate(YEARS, start=1):
        then = aged(frame, years)
        columns |= {name: [*each[:place], then[name], *each[place + 1 :]] for name, each in columns.items()}
    columns[SCORES] = [pd.Series(each) for each in (probability, *(later or [probability] * len(YEARS)))]
    weights = [(1 - probability) ** (years * 12 / months) for years in YEARS]
    bins = {name: _described(each, probability, weights) for name, each in columns.items()}
    for name, each in bins.items():
        each["renewed"] = year.renewed(name, each) if year and name not in DURATIONS else 1.0
    return {"employees": len(frame), "as_of": as_of and as_of.isoformat(), "bins": bins}


def _described(columns: Sequence[pd.Series], probability: np.ndarray, weights: Sequence[np.ndarray]) -> dict:
    """The entry of one feature, from its values now and after each of ``YEARS``."""
    now = columns[0]
    bins = _bins(now.dropna())
    counts = _counted(now, bins)
    later = [_counted(then, bins, weight) for then, weight in zip(columns[1:], weights, strict=True)]
    scaled = [then * (counts.sum() / then.sum()) for then in later]
    return bins | {
        "counts": counts.astype(int).tolist(),
        "expected": _counted(now, bins, probability).tolist(),
        "later": [then.tolist() for then in scaled],
    }


def _bins(values: pd.Series) -> dict:
    if not pd.api.types.is_numeric_dtype(values):
        return {"levels": sorted(set(values))}
    x = np.asarray(values, dtype=float)
    distinct = np.unique(x)
    if len(distinct) <= BINS:
        return {"cuts": distinct[1:].tolist()}
    return {"cuts": np.unique(np.quantile(x, np.arange(1, BINS) / BINS)).tolist()}


def _counted(values: pd.Series, bins: Mapping, weights: np.ndarray | None = None) -> np.ndarray:
    """People by bin, or the sums of their weights; whose value is unknown is not counted."""
    known = values.notna().to_numpy()
    weights = None if weights is None else weights[known]
    return np.bincount(_places(values[known], bins), weights, minlength=_size(bins))


def _size(bins: Mapping) -> int:
    return len(bins["levels"] if "levels" in bins else bins["cuts"]) + 1


def _places(values: pd.Series, bins: Mapping) -> np.ndarray:
    """The bin of each known value."""
    if "levels" in bins:  # position -1, an unseen level, is the last
        return pd.Index(bins["levels"]).get_indexer(np.asarray(values, dtype=object)) % _size(bins)
    return np.searchsorted(bins["cuts"], np.asarray(values, dtype=float), side="right")


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
        name: _counted(pd.Series(probability) if name == SCORES else frame[name], bins)
        for name, bins in reference["bins"].items()
    }


def years_between(reference: Mapping, day: date) -> float:
    """Years from the day of the reference to another; 0 where it has none, or one after it."""
    if not reference["as_of"]:
        return 0.0
    return max(0.0, (day - date.fromisoformat(str(reference["as_of"]))).days / 365.25)


def compare(counts: Mapping[str, np.ndarray], reference: Mapping, *, years: float = 0.0) -> list[Shift]:
    """Every shift, the most significant first, of features known for at least 30 people; fewer show nothing.

    ``years`` have passed since the day of the reference.
    """
    names = [name for name, people in counts.items() if people.sum() >= MINIMUM]
    nearest = [_nearest(name, reference["bins"][name], counts[name], years) for name in names]
    p_values = np.array([p_value for _before, _years, p_value in nearest])
    weights = np.array([_spread(reference["bins"][name]) for name in names])
    shifts = []
    for name, (before, at, p_value), adjusted in zip(names, nearest, holm(p_values, weights), strict=True):
        bins, after = reference["bins"][name], counts[name] / counts[name].sum()
        moved = float(np.abs(after - before).sum() / 2)
        effect = _effect(bins, before, after)
        is_drift = bool(adjusted < LEVEL and abs(effect) >= MATTERS)
        shifts.append(
            Shift(name, before.tolist(), after.tolist(), at, moved, effect, p_value, float(adjusted), is_drift)
        )
    return sorted(shifts, key=lambda shift: (not shift.is_drift, shift.p_value, -abs(shift.effect), shift.name))


def _nearest(name: str, bins: Mapping, after: np.ndarray, years: float) -> tuple[np.ndarray, float, float]:
    """The shares that time alone could have led to and that fit best, after how many years, and their p-value."""
    way = np.array([bins["counts"], *bins["later"]], dtype=float)
    # never less than what a year renews, since surveys and pay rises come once a year
    design_effect = DESIGN_EFFECTS.get(name, 1 - (1 - bins["renewed"]) ** max(years, 1.0))
    end = min(years, len(way) - 1)
    found = []
    for at in np.linspace(0, end, STEPS + 1) if end else [0.0]:
        place = min(int(at), len(way) - 2)
        before = way[place] + (at - place) * (way[place + 1] - way[place])
        found.append((before / before.sum(), float(at), homogeneity(before, after, design_effect)))
    return max(found, key=lambda each: each[2])


def _effect(bins: Mapping, before: np.ndarray, after: np.ndarray) -> float:
    """The change of the mean probability, as a share of it, if people moved between bins and each kept its own."""
    mean = _means(bins)
    return float((after - before) @ mean / (before @ mean))


def _spread(bins: Mapping) -> float:
    """The standard deviation of the mean probability over the bins in training, as a share of its mean."""
    share = np.asarray(bins["counts"], dtype=float) / sum(bins["counts"])
    mean = _means(bins)
    overall = float(share @ mean)
    return max(LEAST_WEIGHT, float(np.sqrt(share @ (mean - overall) ** 2)) / overall) if overall else LEAST_WEIGHT


def _means(bins: Mapping) -> np.ndarray:
    """The mean probability of each bin in training, 0 where there was nobody."""
    people = np.asarray(bins["counts"], dtype=float)
    return np.divide(bins["expected"], people, out=np.zeros(len(people)), where=people > 0)


def homogeneity(before: np.ndarray, after: np.ndarray, design_effect: float = 1.0) -> float:
    """p-value that two ``(k,)`` counts come from one distribution; 1 if too few people are left to test."""
    from scipy.special import chdtrc  # a scoring run only counts, and needs no SciPy

    table = _merged(np.array([before, after], dtype=float))
    if table.shape[1] < 2:
        return 1.0
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    statistic = ((table - expected) ** 2 / expected).sum() / design_effect
    return float(chdtrc(table.shape[1] - 1, statistic))


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


def holm(p_values: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """p-values adjusted so that 5 % is the chance of one false alarm among all (Holm 1979).

    ``weights``, positive, divide that chance; without them all are alike. They must not depend on the p-values.
    """
    weights = np.ones(len(p_values)) if weights is None else weights
    order = np.argsort(p_values / weights)
    left = np.cumsum(weights[order][::-1])[::-1]  # the weight of those not yet rejected
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(1, np.maximum.accumulate((p_values / weights)[order] * left))
    return adjusted
