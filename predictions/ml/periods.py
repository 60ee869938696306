"""Person-periods: the dated history of a workforce in the form used to fit a hazard.

A row is a person present at the start of a period, with the features as known then, and what became of the person
within it. No Django here; ``predictions.selectors.person_periods`` reads the rows.

The exposure of a row is *planned*: the whole period for whoever stays, leaves or vanishes, since a complementary
log-log model asks whether somebody leaves within it. The model does not forecast other departures (a retirement, a
dismissal, the end of a contract): they end the exposure on their day, without an event.
"""

from __future__ import annotations

from bisect import bisect_right
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import IntEnum
from itertools import count, pairwise, takewhile

import numpy as np
import pandas as pd

from features.schema import FEATURE_NAMES, FEATURES

MONTHS = 3  # of a period: with single months a fit takes three times as long and ranks no better
NEAR = timedelta(days=7)  # so that month-end extracts of the last working day do not shift the grid


class Event(IntEnum):
    """The outcome of a person within a period."""

    NONE = 0  # still present, or left in a way that is not forecast
    LEFT = 1  # of their own accord, or for an unknown reason
    VANISHED = 2  # no longer in the files, without a known departure


@dataclass(frozen=True, slots=True, eq=False)
class PersonPeriods:
    """``n`` person-periods. A *cohort* has one period, and so one row a person."""

    frame: pd.DataFrame  # (n, 32) clean features as known at the start: numbers as floats, choices as categories
    person: np.ndarray  # (n,) int64, the company's number
    start: np.ndarray  # (n,) datetime64[D]
    exposure: np.ndarray  # (n,) months, over 0
    event: np.ndarray  # (n,) int8, of ``Event``

    def __len__(self) -> int:
        return len(self.person)

    def where(self, is_wanted: np.ndarray) -> PersonPeriods:
        """The rows wanted, ``(n,)`` of booleans, in their order."""
        arrays = (self.person, self.start, self.exposure, self.event)
        return PersonPeriods(self.frame[is_wanted].reset_index(drop=True), *(array[is_wanted] for array in arrays))


def compact(features: pd.DataFrame) -> pd.DataFrame:
    """Clean features with numbers as float32 and choices as categories, an eighth of the size of objects.

    Whole numbers up to 16 million, and so every pay, stay exact.
    """
    kinds = {feature.name: "str" if feature.is_open else "float32" for feature in FEATURES}
    words = {name: "category" for name, kind in kinds.items() if kind == "str"}
    return features[list(FEATURE_NAMES)].astype(kinds).astype(words).reset_index(drop=True)


def joined(parts: Sequence[PersonPeriods]) -> PersonPeriods:
    """All rows of one or more parts, whose features are ``compact``, by start and person; categories are sorted."""
    person, start, exposure, event = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("person", "start", "exposure", "event")
    )
    order = np.lexsort((person, start))
    columns = {name: _column([part.frame[name] for part in parts], order) for name in FEATURE_NAMES}
    return PersonPeriods(pd.DataFrame(columns, copy=False), person[order], start[order], exposure[order], event[order])


def _column(parts: Sequence[pd.Series], order: np.ndarray) -> np.ndarray | pd.Categorical:
    if isinstance(parts[0].dtype, pd.CategoricalDtype):
        return pd.api.types.union_categoricals(parts, sort_categories=True)[order]
    return np.concatenate([part.to_numpy() for part in parts])[order]


def nobody() -> PersonPeriods:
    """An empty frame with the right types."""
    return PersonPeriods(
        compact(pd.DataFrame(columns=list(FEATURE_NAMES))),
        np.empty(0, dtype=np.int64),
        np.empty(0, dtype="datetime64[D]"),
        np.empty(0),
        np.empty(0, dtype=np.int8),
    )


def quarters(days: Sequence[date]) -> list[tuple[date, date]]:
    """The periods of a history as (start, end), the oldest first; a departure in one is after its start and by its end.

    ``days``: those for which presence is known, in any order. The periods go back from the newest one by three months
    each, to the oldest, whose period may be shorter. A bound is the day nearest to the calendar's within ``NEAR``,
    otherwise the newest before it: missing days make a period longer. Empty for fewer than two days.
    """
    days = sorted(set(days))
    if not days:
        return []
    ideals = takewhile(lambda day: day > days[0], (months_before(days[-1], months) for months in count(0, MONTHS)))
    return list(pairwise(sorted({days[0], *(_snapped(days, ideal) for ideal in ideals)})))


def _snapped(days: Sequence[date], ideal: date) -> date:
    nearest = min(days, key=lambda day: (abs(day - ideal), day))
    return nearest if abs(nearest - ideal) <= NEAR else days[bisect_right(days, ideal) - 1]


def months_after(day: date, months: int) -> date:
    """The calendar day so many months later; the end of a month gives the end of another."""
    stamp = pd.Timestamp(day)
    return (stamp + (pd.offsets.MonthEnd(months) if stamp.is_month_end else pd.DateOffset(months=months))).date()


def months_before(day: date, months: int) -> date:
    """The calendar day so many months earlier; the end of a month gives the end of another."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    last = monthrange(year, month + 1)[1]
    is_end = day.day == monthrange(day.year, day.month)[1]
    return date(year, month + 1, last if is_end else min(day.day, last)) if months else day


def months_between(start: np.ndarray | date, end: np.ndarray | date) -> np.ndarray:
    """Calendar months from one day to another; between two ends of months, a whole number.

    Days, or arrays of datetime64[D] that broadcast; NaN where one is NaT. Additive: the months from a first to a second
    and from the second to a third day sum to those from the first to the third.
    """
    return _place(end) - _place(start)


def _place(day: np.ndarray | date) -> np.ndarray:
    """Months since 1970, with the day as a fraction of its month."""
    days = np.asarray(day, dtype="datetime64[D]")
    months = days.astype("datetime64[M]")
    first, next_first = months.astype("datetime64[D]"), (months + 1).astype("datetime64[D]")
    with np.errstate(invalid="ignore"):
        place = months.astype(float) + ((days - first).astype(float) + 1) / (next_first - first).astype(float)
    return np.where(np.isnat(days), np.nan, place)


def outcomes(start: date, end: date, gone: np.ndarray, event: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Exposure ``(n,)`` and event ``(n,)`` of people who were present at the start of a period.

    ``gone``: ``(n,)`` datetime64[D], the day after ``start`` on which each left or vanished, NaT for whoever did not;
    ``event``: ``(n,)``, which ``Event`` that was.
    """
    is_gone = gone <= np.datetime64(end, "D")  # never for NaT
    is_censored = is_gone & (event == Event.NONE)
    exposure = np.where(is_censored, months_between(start, gone), months_between(start, end))
    return exposure, np.where(is_gone, event, Event.NONE).astype(np.int8)


@dataclass(frozen=True, slots=True)
class Departures:
    """How many left and how many vanished."""

    left: int
    vanished: int

    @property
    def total(self) -> int:
        return self.left + self.vanished


def departures(periods: PersonPeriods) -> Departures:
    """The events of some person-periods."""
    counts = np.bincount(periods.event, minlength=len(Event))
    return Departures(int(counts[Event.LEFT]), int(counts[Event.VANISHED]))


def departures_known(periods: PersonPeriods) -> dict[str, int]:
    """For each feature, the departures (including people who vanished) of people whose value is known."""
    gone = periods.frame[periods.event != Event.NONE]
    return {name: int(gone[name].notna().sum()) for name in FEATURE_NAMES}


def starts(periods: PersonPeriods) -> tuple[np.ndarray, np.ndarray]:
    """The days on which periods start, oldest first, and their months."""
    days, place = np.unique(periods.start, return_inverse=True)
    months = np.zeros(len(days))
    np.maximum.at(months, place, periods.exposure)  # another kind of departure shortens that of its row
    return days, months


def cohort(periods: PersonPeriods, since: np.datetime64) -> PersonPeriods:
    """The people present at the start of a period, with the features of that day and their outcomes until its end.

    People who left in a way that is not forecast are left out: they might or might not have resigned.
    """
    days, months = starts(periods)
    later = periods.start >= since
    people, place = np.unique(periods.person[later], return_inverse=True)
    event = np.zeros(len(people), dtype=np.int8)
    np.maximum.at(event, place, np.where(periods.event[later] == Event.NONE, 0, 3 - periods.event[later]))
    planned = months[np.searchsorted(days, periods.start[later])]
    is_other = (periods.exposure[later] < planned) & (periods.event[later] == Event.NONE)
    others = periods.person[later][is_other]
    first = periods.where((periods.start == since) & ~np.isin(periods.person, others))
    became = event[np.searchsorted(people, first.person)]
    window = np.full(len(first), months[days >= since].sum())
    return PersonPeriods(
        first.frame, first.person, first.start, window, np.where(became == 0, 0, 3 - became).astype(np.int8)
    )
