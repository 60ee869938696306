"""Thresholds: the probability from which a person counts as at risk, chosen on out-of-fold predictions.

Three rules. ``f2``: the best F2, which weighs recall four times as much as precision. ``capacity:30``: as many people
as can be met, of those who are still here: nobody meets who has left. ``cost:departure=30000,talk=500,chance=0.2``: the
least expected cost, when a talk at cost ``talk`` keeps, with probability ``chance``, a leaver whose departure costs
``departure``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

GRID = np.round(np.arange(0.01, 0.9901, 0.005), 3)  # (197,) candidates: finer than the data can tell apart
MOST_FLAGGED = 0.5  # share of the people: a threshold that flags more singles out nobody

EXAMPLE_CAPACITY = 30  # people still here that can be met, where nobody has said how many


class InvalidRule(ValueError):
    """A threshold rule that cannot be read; the message lists the valid ones."""


@dataclass(frozen=True, slots=True)
class Costs:
    """Money, in one currency, and the chance that a talk keeps someone who would leave."""

    departure: float = 30_000.0
    talk: float = 500.0
    chance: float = 0.2


@dataclass(frozen=True, slots=True)
class Rule:
    """How the threshold is chosen; ``str(rule)`` is the text that ``parse`` reads."""

    name: str = "f2"
    capacity: int = 0  # people; of the rule "capacity" alone
    costs: Costs = Costs()

    def __str__(self) -> str:
        match self.name:
            case "capacity":
                return f"capacity:{self.capacity}"
            case "cost":
                costs = self.costs
                return f"cost:departure={costs.departure:.12g},talk={costs.talk:.12g},chance={costs.chance:.12g}"
        return self.name


DEFAULT_RULE = Rule()


def parse(text: str) -> Rule:
    """Read a rule as written in the module's docstring. Raises ``InvalidRule``."""
    if text == "f2":
        return Rule()
    if match := re.fullmatch(r"capacity:([1-9][0-9]{0,6})", text):
        return Rule("capacity", capacity=int(match[1]))
    number = r"([0-9]+(?:\.[0-9]+)?)"
    if match := re.fullmatch(rf"cost:departure={number},talk={number},chance={number}", text):
        costs = Costs(*(float(value) for value in match.groups()))
        if costs.departure > 0 and costs.talk > 0 and 0 < costs.chance <= 1:
            return Rule("cost", costs=costs)
    raise InvalidRule(
        f"threshold rule {text!r} is none of: f2, capacity:30, cost:departure=30000,talk=500,chance=0.2 "
        "(amounts over 0, chance at most 1)"
    )


@dataclass(frozen=True, slots=True, eq=False)
class OperatingPoints:
    """The effect of each threshold of ``GRID``, averaged over the repeats: arrays of one shape."""

    threshold: np.ndarray
    flagged: np.ndarray  # share of the workforce at or over the threshold
    precision: np.ndarray  # 0 where nobody is flagged
    recall: np.ndarray
    f2: np.ndarray


def curve(target: np.ndarray, probability: np.ndarray) -> OperatingPoints:
    """The curve of out-of-fold ``probability``, ``(repeats, n)``, against ``target``, ``(n,)`` of 0 and 1."""
    repeats, n = probability.shape
    everyone = np.sort(probability, axis=None)
    leavers = np.sort(probability[:, target == 1], axis=None)
    flagged = len(everyone) - np.searchsorted(everyone, GRID, side="left")
    caught = len(leavers) - np.searchsorted(leavers, GRID, side="left")
    precision = caught / np.maximum(flagged, 1)
    recall = caught / len(leavers)
    f2 = 5 * caught / (flagged + 4 * len(leavers))  # = 5PR / (4P + R)
    return OperatingPoints(GRID, flagged / (repeats * n), precision, recall, f2)


def cost(points: OperatingPoints, base_rate: float, costs: Costs) -> np.ndarray:
    """Expected cost an employee at each threshold: the talks, and the departures that they do not prevent."""
    kept = base_rate * points.recall * costs.chance
    return points.flagged * costs.talk + (base_rate - kept) * costs.departure


def describe(rule: Rule, threshold: float, target: np.ndarray, probability: np.ndarray) -> dict:
    """For the model card: the rule's curve, the point it chose, and what the other rules would have chosen.

    ``{"value", "rule", "costs", "curve": {name: [...]}, "choices": [{"rule", "threshold", "flagged", "precision",
    "recall", "f2", "cost"}]}``; the first choice is the one made. ``cost`` is money an employee, under ``costs``.
    """
    points = curve(target, probability)
    money = cost(points, target.mean(), rule.costs)
    columns = {
        "threshold": points.threshold,
        "flagged": points.flagged,
        "precision": points.precision,
        "recall": points.recall,
        "f2": points.f2,
        "cost": money,
    }
    others = (Rule(), Rule("capacity", capacity=EXAMPLE_CAPACITY), Rule("cost", costs=rule.costs))
    chosen = [(rule, threshold)]
    chosen += [(other, choose(other, target, probability)) for other in others if other.name != rule.name]
    choices = []
    for each, value in chosen:
        place = int(np.searchsorted(GRID, value))
        choices.append({"rule": str(each)} | {name: float(column[place]) for name, column in columns.items()})
    return {
        "value": threshold,
        "rule": str(rule),
        "costs": {"departure": rule.costs.departure, "talk": rule.costs.talk, "chance": rule.costs.chance},
        "curve": {name: column.tolist() for name, column in columns.items()},
        "choices": choices,
    }


def choose(rule: Rule, target: np.ndarray, probability: np.ndarray) -> float:
    """The threshold that ``rule`` chooses on out-of-fold ``probability``, ``(repeats, n)``."""
    return float(GRID[_place(curve(target, probability), rule, len(target), target.mean())])


def _place(points: OperatingPoints, rule: Rule, employees: int, base_rate: float) -> int:
    """The place in ``GRID`` of the threshold that ``rule`` chooses."""
    match rule.name:
        case "capacity":
            # The first threshold that flags no more than can be met; the last one where none does. The tolerance
            # lets a card, whose shares have six digits, choose as training did.
            here = points.flagged - base_rate * points.recall
            over = here * employees > rule.capacity + 2e-5 * points.flagged * employees
            return min(int(over.sum()), len(GRID) - 1)
        case "cost":
            return int(np.argmin(cost(points, base_rate, rule.costs)))
    return int(np.argmax(points.f2))


@dataclass(frozen=True, slots=True)
class Decision:
    """The effect of a threshold on the people it was chosen on, in people and in money."""

    threshold: float
    flagged: float  # people at or over it
    leavers: float  # of them, those who left
    here: float  # of them, those who are still here
    precision: float
    recall: float
    cost: float  # of the talks, and of the departures that they do not prevent
    saving: float  # against talking to nobody; below 0 when talks cost more than they save


def from_card(columns: Mapping[str, object]) -> OperatingPoints:
    """The curve that ``describe`` wrote into a model card."""
    return OperatingPoints(*(np.array(columns[field.name]) for field in fields(OperatingPoints)))


def measured(points: OperatingPoints, threshold: float) -> tuple[float, float, float]:
    """The shares flagged, precision and recall at any threshold, between those of ``GRID`` too."""
    flagged, precision, recall = (
        float(np.interp(threshold, points.threshold, each))
        for each in (points.flagged, points.precision, points.recall)
    )
    return flagged, precision, recall


def measured_first(columns: Mapping[str, Any], number: int) -> tuple[float, float, float]:
    """The same of a list of exactly ``number`` people, the riskiest: from a card's ``curves.capacity``.

    Between two of its lengths on a straight line, so off by a fraction of a person.
    """
    people = np.r_[0, columns["people"]]
    precision = np.r_[0.0, columns["precision"]]
    length = min(number, int(people[-1]))
    caught = float(np.interp(length, people, people * precision))
    return length / float(people[-1]), caught / length, caught / float(people[-1] * precision[-1])


def simulate(points: OperatingPoints, rule: Rule, *, employees: int, base_rate: float) -> Decision:
    """The choice of ``rule`` on ``points``, the curve of that many people, ``base_rate`` of whom leave."""
    return at(points, float(GRID[_place(points, rule, employees, base_rate)]), employees, base_rate, rule.costs)


def at(points: OperatingPoints, threshold: float, employees: int, base_rate: float, costs: Costs) -> Decision:
    """The effect of a threshold of ``GRID`` on that many people, under ``costs``."""
    place = int(np.searchsorted(GRID, threshold))
    flagged, recall = float(points.flagged[place]), float(points.recall[place])
    leavers = recall * base_rate
    money = float(cost(points, base_rate, costs)[place])
    return Decision(
        threshold=threshold,
        flagged=flagged * employees,
        leavers=leavers * employees,
        here=max(flagged - leavers, 0.0) * employees,  # the digits of a card may put it below 0
        precision=float(points.precision[place]),
        recall=recall,
        cost=money * employees,
        saving=(base_rate * costs.departure - money) * employees,
    )
