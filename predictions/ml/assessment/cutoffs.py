"""The people of a scored workforce over the threshold under a rule set by HR, and the cost of talks with them.

*Capacity N* is the N people at most risk. The least cost has a closed form in calibrated probabilities. Neither needs
the outcomes on which ``thresholds`` chooses in training.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from predictions.ml.assessment.thresholds import GRID, Costs

TIE = 1e-10  # closer probabilities are equal up to the rounding of their sums


@dataclass(frozen=True, slots=True)
class Cutoff:
    """The probability from which on people are over the threshold.

    If people of equal probability lie on both sides, ``last_tied`` is the highest employee number of those over it;
    otherwise None.
    """

    threshold: float
    last_tied: int | None = None

    def part(self, probability: float | np.ndarray, number: object) -> Any:
        """The probabilities, ``(n,)`` or one, adjusted so that ``>= threshold`` holds for exactly those over it.

        Those tied with the threshold are moved onto it or just below it, by less than ``TIE``. Without a ``number``
        they count as over it.
        """
        if self.last_tied is None:
            return probability
        numbers = np.asarray(0 if number is None else number)
        below = np.nextafter(self.threshold, 0.0)
        parted = np.where(numbers <= self.last_tied, self.threshold, below)
        found = np.where(np.abs(np.asarray(probability) - self.threshold) <= TIE, parted, probability)
        return found if isinstance(probability, np.ndarray) else float(found)


def of_capacity(capacity: int, probability: np.ndarray, number: np.ndarray) -> Cutoff:
    """The cutoff that flags exactly the ``capacity`` people at most risk, or everyone if there are no more.

    ``probability`` is ``(n,)``, ``number`` their employee numbers, ``(n,)``; n and ``capacity`` are at least 1. Among
    equal probabilities the lower number comes first: arbitrary, but stable and easy to check. The threshold is a short
    decimal between the last one over it and the first one under it.
    """
    order = np.lexsort((number, -probability))
    last = float(probability[order[min(capacity, len(order)) - 1]])
    first_under = float(probability[order[capacity]]) if capacity < len(order) else 0.0
    if last - first_under > TIE:
        return Cutoff(_shortest_between(first_under, last))
    tied = np.sort(number[np.abs(probability - last) <= TIE])
    room = capacity - int((probability > last + TIE).sum())
    return Cutoff(last, int(tied[min(room, len(tied)) - 1]))


def _shortest_between(low: float, high: float) -> float:
    """The decimal with the fewest digits in the middle half of an interval."""
    middle, margin = (low + high) / 2, (high - low) / 4
    rounded = (round(middle, digits) for digits in range(2, 17))
    return next((value for value in rounded if abs(value - middle) <= margin), middle)


def of_costs(costs: Costs) -> float:
    """The threshold of the least expected cost: a talk pays if ``chance * probability * departure >= talk``.

    The expected cost is a sum over people; each adds ``talk - chance * probability * departure`` when flagged.
    Clipped to the thresholds of training, 0.01 to 0.99.
    """
    return float(np.clip(break_even(costs), GRID[0], GRID[-1]))


def break_even(costs: Costs) -> float:
    """The probability at which a talk costs what it saves; 1 or more where no talk pays."""
    return costs.talk / (costs.chance * costs.departure)


@dataclass(frozen=True, slots=True)
class Outlook:
    """The effect of a threshold on ``people``, by their probabilities: expected values in people and in money."""

    threshold: float
    people: int
    flagged: int
    expected: float  # departures, of everyone
    reached: float  # of them, of those flagged
    cost: float  # of the talks, and of the departures that they do not prevent
    saving: float  # against talking to nobody

    @property
    def share(self) -> float:
        """Flagged, as a share of the people."""
        return self.flagged / self.people

    @property
    def precision(self) -> float:
        """Expected to leave, as a share of those flagged; 0 if nobody is flagged."""
        return self.reached / self.flagged if self.flagged else 0.0

    @property
    def recall(self) -> float:
        """Expected departures of those flagged, as a share of all expected departures."""
        return self.reached / self.expected if self.expected else 0.0


class Outlooks:
    """The probabilities of some people, at least one, sorted once: each threshold then takes one binary search.

    ``correction`` is how many departures are expected for each in the sum of the probabilities
    (``ScoringRun.seen_correction``). What talks save is counted by the probabilities, whose closed form it follows.
    """

    def __init__(self, probability: np.ndarray, correction: float = 1.0):
        self._correction = correction
        self._ascending = np.sort(probability)
        self._reached = np.concatenate([np.cumsum(self._ascending[::-1])[::-1], [0.0]])  # from each place on

    def at(self, threshold: float, costs: Costs) -> Outlook:
        place = int(np.searchsorted(self._ascending, threshold, side="left"))
        people = len(self._ascending)
        flagged, summed = people - place, float(self._reached[place])
        saving = costs.chance * summed * costs.departure - flagged * costs.talk
        reached, expected = summed * self._correction, float(self._reached[0]) * self._correction
        cost = expected * costs.departure - saving
        return Outlook(threshold, people, flagged, expected, reached, cost, saving)
