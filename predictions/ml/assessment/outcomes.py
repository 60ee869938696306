"""Forecast against outcome: observed and expected departures of a run's people within some months.

The outcome may be unknown: whoever is absent may have left. So the number who left has a lower bound, the known
departures, and an upper bound, which adds everyone whose outcome is unknown (Manski 1989). A verdict is given only if
both lie on the same side of the forecast's interval.
"""

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import lru_cache

import numpy as np

from employees.messages import gettext_noop as _
from predictions.ml.decay import Decay

HORIZONS = (3, 6, 12)  # months
LEVEL = 0.05 / len(HORIZONS)  # of one interval, so that the newest of all horizons hold together 19 times in 20


class Call(StrEnum):
    """The verdict of a comparison on the forecast."""

    AS_EXPECTED = "as_expected"
    MORE = "more"
    FEWER = "fewer"
    OPEN = "open"  # it depends on those whose outcome is unknown
    HINDSIGHT = "hindsight"  # as expected or open, but the model had learned from these departures
    NO_HORIZON = "no_horizon"  # a classification gives no date for the departures that it expects


CALLS = {
    Call.AS_EXPECTED: _("as expected"),
    Call.MORE: _("more than expected"),
    Call.FEWER: _("fewer than expected"),
    Call.OPEN: _("depends on those absent"),
    Call.HINDSIGHT: _("no test: known when the model was trained"),
    Call.NO_HORIZON: _("no number expected by then"),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcomes of the people of one run within some months of its day, as far as they are known."""

    run: int
    day: date
    version: str
    months: int
    people: int
    left: int  # voluntarily, or for an unknown reason
    left_otherwise: int  # retired, dismissed, transferred: departures that are not forecast
    unknown: int  # absent, or known to have left but not whether within these months
    expected: float | None = None  # with the interval, None without a horizon
    low: int | None = None
    high: int | None = None
    is_hindsight: bool = False

    def against(self, expected: float, variance: float, *, departures: int) -> "Outcome":
        """The same beside the sum of the probabilities; arguments as of ``interval``."""
        low, high = interval(expected, variance, people=self.people, departures=departures)
        return replace(self, expected=expected, low=low, high=high)

    @property
    def call(self) -> Call:
        if self.low is None or self.high is None:
            return Call.NO_HORIZON
        found = call(self.left, self.unknown, self.low, self.high)
        # to hold what it has learned is no test of a model; to miss even that is a finding
        return Call.HINDSIGHT if self.is_hindsight and found not in (Call.MORE, Call.FEWER) else found

    @property
    def is_alarm(self) -> bool:
        return self.call in (Call.MORE, Call.FEWER)


def call(left: int, unknown: int, low: int, high: int) -> Call:
    """Whether a number of departures between ``left`` and ``left + unknown`` lies in an interval, ends included."""
    if left > high:
        return Call.MORE
    if left + unknown < low:
        return Call.FEWER
    return Call.AS_EXPECTED if low <= left and left + unknown <= high else Call.OPEN


def within(probability, months: int, horizon: int, decay: Decay):
    """The probability of leaving within ``months``, from that of leaving within ``horizon`` months.

    The cumulative hazards are to each other as the months that they are worth: ``1 - (1 - p)^ratio``. Takes numbers,
    arrays and database expressions alike.
    """
    return 1 - (1 - probability) ** _ratio(months, horizon, decay)


@lru_cache
def _ratio(months: int, horizon: int, decay: Decay) -> float:
    return float(decay.months(months) / decay.months(horizon))


def interval(
    expected: float, variance: float, *, people: int, departures: int, level: float = LEVEL
) -> tuple[int, int]:
    """The interval of the number of departures at level ``1 - level``, for a model trained on ``departures``.

    ``variance`` is the sum of ``p (1 - p)``. Two things move the count away from the sum of the probabilities: chance,
    with that variance, and the error of the rate, which was learned from a Poisson count and so has a relative standard
    error of ``1 / √departures``: together ``variance + expected² / departures``. The count is binomial of that mean and
    variance (Ehm 1991) while it varies less than a Poisson one, and negative binomial when it varies more (Greenwood
    and Yule 1920).
    """
    from scipy.special import betainc  # not needed to read a stored check

    if not expected:
        return 0, 0
    total = variance + expected**2 / departures
    count = np.arange(people + 1)
    ratio = min(total / expected, 1 - 1e-9) if total <= expected else max(total / expected, 1 + 1e-9)
    size = expected / abs(1 - ratio)
    if ratio > 1:
        at_most = betainc(size, count + 1, 1 / ratio)
    else:
        at_most = np.where(count < size, betainc(np.maximum(size - count, 1e-12), count + 1, ratio), 1.0)
    at_most[people] = 1.0
    low, high = np.searchsorted(at_most, (level / 2, 1 - level / 2))
    return int(low), int(high)
