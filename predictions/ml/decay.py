"""How the hazard of the people of a day changes with the months since that day, their features staying as they were.

People settle in, take another job or answer differently, those most at risk leave first, and some retire before they
could leave. So the people of a day have fewer departures in its fourth quarter than the hazard of that day would give.
One rate describes it: ``t`` months later the hazard is ``exp(-rate * t)`` times what it was. Within a horizon that is a
number of months, so that contributions stay additive and another horizon stays a shift of the base value.

The rate is learned by comparing, within each quarter of the history, people by how long ago their features were known:
a landmark model with the quarters as strata (van Houwelingen 2007, *Dynamic prediction by landmarking in event history
analysis*), so that more or fewer departures in a quarter do not count. Whoever left otherwise stays among those who
could still leave, as in a model of the cumulative incidence (Fine and Gray 1999, *A proportional hazards model for the
subdistribution of a competing risk*): what is forecast are the departures that will be seen.
"""

from dataclasses import dataclass

import numpy as np

MONTHS = 3.0  # of a quarter: the hazard is learned with features of its start, so there nothing has decayed yet
LONGEST = 12.0  # months between a day and the start of a quarter
PRIOR = 0.03  # standard deviation of the rate before any data, which a history of few departures is held back by
STEEPEST = 0.1  # rate
MAX_STEPS = 100
TOLERANCE = 1e-12
SMALL = 1e-6  # rate below which nothing decays in floating point


@dataclass(frozen=True, slots=True)
class Decay:
    """The rate of a month and its standard error; no decay by default."""

    rate: float = 0.0
    error: float = 0.0

    def months(self, months):
        """The months at the hazard of the first quarter that are worth as much as ``months``; arrays too."""
        if abs(self.rate) < SMALL:
            return months
        return MONTHS * np.expm1(-self.rate * months) / np.expm1(-self.rate * MONTHS)

    def slope(self, months: float) -> float:
        """The derivative of the log of ``months(months)`` by the rate."""
        step = 1e-4
        higher, lower = Decay(self.rate + step).months(months), Decay(self.rate - step).months(months)
        return float(np.log(higher / lower)) / (2 * step)

    def widened(self, factor: np.ndarray, months: float) -> np.ndarray:
        """A factor ``(p + 1, p + 1)`` of a covariance, the intercept last, with a column for the error of the rate."""
        column = np.zeros((len(factor), 1))
        column[-1] = self.slope(months) * self.error
        return np.hstack([factor, column])


def learn(
    person: np.ndarray, start: np.ndarray, exposure: np.ndarray, outcome: np.ndarray, hazard: np.ndarray
) -> Decay:
    """The decay in a history of ``(n,)`` person-periods, given the ``hazard`` of a month by each one's features.

    The standard error is robust, by person (Lin and Wei 1989, *The robust inference for the Cox proportional hazards
    model*): a departure counts once for each day on which the person's features were known. A single quarter tells
    nothing, and has no decay.
    """
    days, quarter = np.unique(start, return_inverse=True)
    months = np.zeros(len(days))
    np.maximum.at(months, quarter, exposure)
    begin = np.r_[0.0, np.cumsum(months)]
    people, place = np.unique(person, return_inverse=True)
    leaves = _leaves(quarter, place, outcome, len(days), len(people))
    cells = [
        (s, q) for s in range(len(days)) for q in range(s, len(days)) if begin[q] - begin[s] < LONGEST - MONTHS / 2
    ]
    of_day = [np.flatnonzero(quarter == s) for s in range(len(days))]
    lead = np.array([begin[q] - begin[s] for s, q in cells])
    at = np.array([q for _s, q in cells])

    def expected(s: int, q: int) -> np.ndarray:
        rows = of_day[s]
        return -np.expm1(-hazard[rows] * months[q]) * (leaves[rows] >= q)

    total = np.array([expected(*cell).sum() for cell in cells])
    left = np.array([(leaves[of_day[s]] == q).sum() for s, q in cells], dtype=float)

    def by_quarter(weights: np.ndarray) -> np.ndarray:
        return np.bincount(at, weights, minlength=len(days))

    rate, mean, each, information = 0.0, lead, left, 0.0
    for _ in range(MAX_STEPS):
        weight = total * np.exp(-rate * lead)
        whole = by_quarter(weight)
        each = np.divide(by_quarter(left), whole, out=np.zeros(len(days)), where=whole > 0)
        mean = np.divide(by_quarter(weight * lead), whole, out=np.zeros(len(days)), where=whole > 0)[at]
        information = float((each[at] * weight * (lead - mean) ** 2).sum())
        if not information:
            return Decay()
        before, rate = rate, float(np.clip(rate - (left @ (lead - mean)) / information, -STEEPEST, STEEPEST))
        if abs(rate - before) < TOLERANCE:
            break
    score = np.zeros(len(people))
    for (s, q), months_ahead, its_mean in zip(cells, lead, mean, strict=True):
        rows = of_day[s]
        surprise = (leaves[rows] == q) - expected(s, q) * np.exp(-rate * months_ahead) * each[q]
        score += np.bincount(place[rows], surprise * (months_ahead - its_mean), minlength=len(people))
    variance = float(score @ score) / information**2
    weight_of_data = PRIOR**2 / (PRIOR**2 + variance)
    return Decay(rate * weight_of_data, float(np.sqrt(variance * weight_of_data)))


def _leaves(quarter: np.ndarray, place: np.ndarray, outcome: np.ndarray, quarters: int, people: int) -> np.ndarray:
    """``(n,)`` the quarter in which the person of each row leaves, its own or a later one; beyond all for a stayer."""
    next_departure, found = np.full(people, quarters), np.empty(len(place), dtype=int)
    for q in reversed(range(quarters)):
        rows = np.flatnonzero(quarter == q)
        next_departure[place[rows[outcome[rows] == 1]]] = q
        found[rows] = next_departure[place[rows]]
    return found
