"""Disparity between groups: who is selected most and least often, and whether that is more than chance.

Two figures of each attribute are compared, each between the group where it is highest and the one where it is lowest:

- the rates of selection by their ratio, which the four-fifths rule asks to be at least 0.8: *Uniform Guidelines on
  Employee Selection Procedures*, 1978, 29 CFR 1607.4(D), a rule of thumb of four US agencies, the EEOC among them. It
  is no test and no French law, and leaves open whether being flagged is an advantage: of the two ratios, that of the
  flagged and that of the others, the first is the stricter one while fewer than half are flagged.
- recall by its difference: equal opportunity (Hardt, Price and Srebro 2016) asks that leavers are found alike.

Intervals of a ratio and a difference follow from those of the two rates (MOVER: Newcombe 1998, *Statistics in
Medicine* 17, 873-890, method 10; Donner and Zou 2012, *Statistical Methods in Medical Research* 21, 347-359), so that
rates from a bootstrap and from counts are compared by one rule. The two groups are the extremes of several: their
interval is widened for the number of pairs that could have been (Bonferroni).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd

from employees.messages import gettext_noop as _
from features.schema import BY_NAME
from predictions.ml.artifacts.card_format import ATTRIBUTES, Rate
from predictions.ml.assessment.drift import LEVEL, holm

FOUR_FIFTHS = 0.8
SMALL_PEOPLE = 50  # below either, a group's figures are shown but not judged
SMALL_LEAVERS = 20
AGE_BANDS = ((30, _("Under 30")), (40, _("30 to 39")), (50, _("40 to 49")), (np.inf, _("50 and over")))
_ONE: Rate = {"value": 1.0, "low": 1.0, "high": 1.0}
UNKNOWN = ""  # the group of those whose attribute is unknown

Counts = dict[str, dict[str, Sequence[int]]]  # by attribute and group: people, and how many of them are selected


def is_unjudged(people: int, leavers: int) -> bool:
    """Whether a group is too small for its figures to be judged; the card's ``is_small``."""
    return people < SMALL_PEOPLE or leavers < SMALL_LEAVERS


def groups_of(frame: pd.DataFrame) -> Iterator[tuple[str, str, np.ndarray]]:
    """Attribute, English name and ``(n,)`` members of each group. People whose attribute is unknown are in none."""
    for attribute in ATTRIBUTES:
        values = frame[attribute].to_numpy()
        if attribute == "age":
            start = -np.inf
            for stop, label in AGE_BANDS:
                yield attribute, label, (values >= start) & (values < stop)
                start = stop
        else:
            labels: dict[str | int, str] = {choice.value: choice.label for choice in BY_NAME[attribute].choices}
            others = {value for value in values if isinstance(value, str)} - labels.keys()
            for value in [*labels, *sorted(others)]:
                yield attribute, labels.get(value, str(value)), values == value


def count(frame: pd.DataFrame, is_selected: np.ndarray, before: Counts | None = None) -> Counts:
    """The people of ``n`` rows and of ``before`` by attribute and group, ``UNKNOWN`` among them, and those selected."""
    found: Counts = {attribute: dict((before or {}).get(attribute, {})) for attribute in ATTRIBUTES}
    unknown = [(attribute, UNKNOWN, frame[attribute].isna().to_numpy()) for attribute in ATTRIBUTES]
    for attribute, name, member in (*groups_of(frame), *unknown):
        if member.any():
            people, selected = found[attribute].get(name, (0, 0))
            found[attribute][name] = people + int(member.sum()), selected + int((member & is_selected).sum())
    return found


def rate_of(part: float, people: float) -> Rate:
    """A share of some people with its 95 % interval (Wilson 1927), which holds for few people and at both ends.

    Counts may be means over repeats.
    """
    z = _deviations(1)
    middle, reach = part + z**2 / 2, z * math.sqrt(part * (people - part) / people + z**2 / 4)
    low, high = ((middle + side * reach) / (people + z**2) for side in (-1, 1))
    return {"value": part / people, "low": max(low, 0.0), "high": min(high, 1.0)}


def rate_at(threshold: float, grid: Sequence[float], counts: Sequence[float], people: int) -> Rate:
    """The share of some people at or over a threshold, by their counts at each threshold of a grid."""
    return rate_of(min(float(np.interp(threshold, grid, counts)), people), people)


@dataclass(frozen=True, slots=True)
class Disparity:
    """The groups with the highest and the lowest rate, and the ratio of the lowest to the highest or their gap.

    ``p_value`` is that of equal rates, allowing for the number of pairs.
    """

    highest: str
    lowest: str
    value: float
    low: float
    high: float
    p_value: float

    @property
    def keeps_four_fifths(self) -> bool:
        """For a ratio: whether the rule is kept as the guidelines state it, regardless of chance."""
        return round(self.value, 9) >= FOUR_FIFTHS  # 0.32 / 0.4 is slightly less in floating point


def ratio(rates: Mapping[str, Rate]) -> Disparity | None:
    """The lowest rate over the highest; None with fewer than two groups, or where the highest may be 0."""
    found = ratios(rates)
    if not found:
        return None
    highest, lowest = _extremes(rates)
    return Disparity(highest, lowest, **found[lowest], p_value=_p_value(rates, highest, lowest))


def ratios(rates: Mapping[str, Rate]) -> dict[str, Rate]:
    """Each group's rate over the highest, which itself is 1; empty where ``ratio`` is None."""
    if len(rates) < 2:
        return {}
    highest, _lowest = _extremes(rates)
    wide = {name: _wide(rate, math.comb(len(rates), 2)) for name, rate in rates.items()}
    if not 0 < wide[highest]["low"] <= wide[highest]["value"]:
        return {}
    return {name: _ONE if name == highest else _ratio(rate, wide[highest]) for name, rate in wide.items()}


def gap(rates: Mapping[str, Rate]) -> Disparity | None:
    """The highest rate less the lowest; None with fewer than two groups."""
    if len(rates) < 2:
        return None
    names = _extremes(rates)
    high, low = (_wide(rates[name], math.comb(len(rates), 2)) for name in names)
    value = high["value"] - low["value"]
    below = math.hypot(high["value"] - high["low"], low["high"] - low["value"])
    above = math.hypot(high["high"] - high["value"], low["value"] - low["low"])
    return Disparity(*names, value, max(value - below, -1.0), min(value + above, 1.0), _p_value(rates, *names))


def beyond_chance(found: Sequence[Disparity]) -> list[bool]:
    """Whether each is beyond chance: if all groups are alike, one list in twenty has any that is."""
    return (holm(np.array([each.p_value for each in found])) < LEVEL).tolist()


def _extremes(rates: Mapping[str, Rate]) -> tuple[str, str]:
    """The groups with the highest and the lowest rate."""
    names = sorted(rates, key=lambda name: -rates[name]["value"])
    return names[0], names[-1]


def _deviations(pairs: int) -> float:
    """The half-width in standard deviations of intervals that cover all pairs together in 95 % of cases."""
    return NormalDist().inv_cdf(1 - LEVEL / pairs / 2)


def _wide(rate: Rate, pairs: int) -> Rate:
    """A rate whose 95 % interval is widened for the number of pairs, as if it were normal."""
    factor = _deviations(pairs) / _deviations(1)
    low, high = (rate["value"] + factor * (end - rate["value"]) for end in (rate["low"], rate["high"]))
    return {"value": rate["value"], "low": low, "high": high}


def _ratio(one: Rate, other: Rate) -> Rate:
    """The ratio of two rates; its ends ``r`` are where the interval of ``one - r * other`` ends at 0."""
    product = one["value"] * other["value"]
    low_one, high_one = (end * (2 * one["value"] - end) for end in (max(one["low"], 0.0), one["high"]))
    low_other, high_other = (end * (2 * other["value"] - end) for end in (other["low"], other["high"]))
    low = low_one / (product + math.sqrt(max(product**2 - low_one * high_other, 0.0))) if product else 0.0
    high = (product + math.sqrt(max(product**2 - high_one * low_other, 0.0))) / low_other
    return {"value": one["value"] / other["value"], "low": low, "high": high}


def _p_value(rates: Mapping[str, Rate], highest: str, lowest: str) -> float:
    """Two-sided p-value of equal rates: below 0.05 where the interval of ``gap`` leaves 0 out."""
    high, low = rates[highest], rates[lowest]
    reach = math.hypot(high["value"] - high["low"], low["high"] - low["value"])
    if not reach:
        return 1.0  # no evidence from intervals without a width
    deviations = (high["value"] - low["value"]) / reach * _deviations(1)
    return min(1.0, math.comb(len(rates), 2) * math.erfc(deviations / math.sqrt(2)))
