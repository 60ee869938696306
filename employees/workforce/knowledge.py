"""Point-in-time knowledge: the bound that keeps later knowledge out of training data."""

from datetime import date, datetime, timedelta

from django.db.models import Min, QuerySet
from django.utils import timezone

from employees.columns import Extract
from employees.models import Load

DELIVERY = timedelta(days=1)  # the files of a day that come within it belong together


def known_before(day: date) -> datetime | None:
    """The moment before which data must have been recorded to count as known on a day; None for no bound.

    It is one day after the first SIRH extract of the day, or the first load of a later day if that is earlier, since
    that may show who has left. So a correction, a late survey or a late month changes the present, and not what was
    known earlier. Withdrawn loads are ignored. For days before the product was in use the moment is unknown, and all
    their data count. Three queries.
    """
    first = _first_recorded(Load.objects.all())
    if first is None or day < timezone.localdate(first):
        return None
    loads = Load.objects.in_force()
    of_day = _first_recorded(loads.filter(as_of=day, extracts__kind=Extract.SIRH))
    later = _first_recorded(loads.filter(as_of__gt=day))
    bounds = [of_day + DELIVERY if of_day else None, later]
    return min((bound for bound in bounds if bound), default=None)


def _first_recorded(loads: QuerySet[Load]) -> datetime | None:
    return loads.aggregate(first=Min("recorded_at"))["first"]
