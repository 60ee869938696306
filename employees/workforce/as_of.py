"""The day that extracts describe, where their files' names agree on it. Pure."""

import re
from calendar import monthrange
from collections.abc import Iterable
from datetime import date

EARLIEST = date(2000, 1, 1)  # an extract of before is a slip: it would be the first day of everyone's history

_SEPARATOR = r"[-_. ]?"
_DAY = re.compile(rf"(?<!\d)(20\d\d)({_SEPARATOR})(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])(?!\d)")
_EUROPEAN = re.compile(rf"(?<!\d)(0[1-9]|[12]\d|3[01])({_SEPARATOR})(0[1-9]|1[0-2])\2(20\d\d)(?!\d)")
_MONTH = re.compile(rf"(?<!\d)(20\d\d){_SEPARATOR}(0[1-9]|1[0-2])(?!\d)")


def date_in(name: str) -> date | None:
    """The one day that a file's name holds: 2026-10-31, 20261031, 31_10_2026, or 2026-10 for the end of the month."""
    found = {_date(year, month, day) for year, _, month, day in _DAY.findall(name)}
    found |= {_date(year, month, day) for day, _, month, year in _EUROPEAN.findall(name)}
    if not found:
        found = {month_end(int(year), int(month)) for year, month in _MONTH.findall(name)}
    found.discard(None)
    return found.pop() if len(found) == 1 else None


def common_date(names: Iterable[str]) -> date | None:
    """The day that all the names agree on; None if one has no day or two differ."""
    days = {date_in(name) for name in names}
    return days.pop() if len(days) == 1 else None


def differing_dates(names: Iterable[str]) -> list[date]:
    """The days that the names hold where they differ, the earliest first; empty where at most one is named."""
    days = {day for name in names if (day := date_in(name))}
    return sorted(days) if len(days) > 1 else []


def month_end(year: int, month: int) -> date:
    return date(year, month, monthrange(year, month)[1])


def _date(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None
