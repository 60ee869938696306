"""Dates in French: Django's own, but the first of a month is *le 1er*."""

from django.utils.dateformat import DateFormat
from django.utils.translation import get_language

_day = DateFormat.j


def _day_of_the_month(self: DateFormat) -> int | str:
    """The day before a month's name: no format of French has it elsewhere. English keeps its own number."""
    return "1er" if getattr(self.data, "day", 0) == 1 and (get_language() or "").startswith("fr") else _day(self)


DateFormat.j = _day_of_the_month  # type: ignore[assignment, method-assign]
