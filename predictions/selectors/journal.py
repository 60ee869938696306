"""Who looked at whom: the journal of reads and the rows of the log that stand for it; unusual days."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import TruncDate

from employees.models import Employee, JournalEntry, Purpose
from employees.selectors import numbers_of
from predictions.keys.models import APIKey
from predictions.models import Prediction

PAGE_SIZE = 50
REMEMBERED = timedelta(days=90)  # with which a day is compared
TOLD = timedelta(days=30)  # days that are compared
LEAST_PEOPLE, TIMES = 20, 3  # from which a day is unusual: so many people, and so many times the median
LEAST_DAYS = 5  # of an account, to have a median of its own


@dataclass(frozen=True, slots=True)
class Look:
    """One answer that showed somebody; ``number`` is the employee's where it showed one person alone."""

    at: datetime
    user: User | None
    client: str
    what: str
    number: int | None
    people: int
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class Looks:
    """Some of them, newest first; ``older`` is the time before which the next ones are, None at the end."""

    rows: list[Look]
    older: datetime | None


def looks(
    *,
    employee: Employee | None = None,
    user: User | None = None,
    key: APIKey | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: datetime | None = None,
) -> Looks:
    """The newest looks, or those before a time. Three queries, and one for an ``employee``, whose are those under each
    number.

    A prediction by number for an API key is its own entry. Of one ``employee`` so are those of batches, which the
    journal counts as one list.
    """
    entries, predictions = JournalEntry.objects.all(), Prediction.objects.exclude(api_key=None)
    if employee:
        numbers = numbers_of(employee.employee_id)
        entries = entries.filter(employee__employee_id__in=numbers)
        predictions = predictions.filter(employee__employee_id__in=numbers)
    else:
        predictions = predictions.filter(mode=Prediction.Mode.BY_ID)
    if user:
        entries, predictions = entries.filter(user=user), predictions.none()
    if key:
        entries, predictions = entries.filter(client__endswith=f", {key.prefix}"), predictions.filter(api_key=key)
    purposes = Purpose.in_words()
    found = [
        *(_of_entry(entry, purposes) for entry in _newest(entries, "at", since, until, before)),
        *map(_of_prediction, _newest(predictions, "created_at", since, until, before)),
    ]
    found.sort(key=lambda look: look.at, reverse=True)
    rows = found[:PAGE_SIZE]
    return Looks(rows, rows[-1].at if len(found) > PAGE_SIZE else None)


def _newest(rows: QuerySet, time: str, *bounds: datetime | None) -> QuerySet:
    since, until, before = bounds
    narrowed = Q()
    if since:
        narrowed &= Q(**{f"{time}__gte": since})
    for end in (until, before):
        if end:
            narrowed &= Q(**{f"{time}__lt": end})
    related = ["employee", "user"] + (["api_key"] if time == "created_at" else [])
    rows = rows.filter(narrowed).select_related(*related).order_by(f"-{time}", "-id")
    return (rows.defer("contributions", "payload") if time == "created_at" else rows)[: PAGE_SIZE + 1]


def _of_entry(entry: JournalEntry, purposes: Mapping[str, str]) -> Look:
    number = entry.employee.employee_id if entry.employee else None
    purpose = purposes.get(entry.purpose, entry.purpose)
    return Look(entry.at, entry.user, entry.client, entry.what_in_words, number, entry.people, purpose)


def _of_prediction(row: Prediction) -> Look:
    key = row.api_key
    client = f"{key.name}, {key.prefix}" if key else ""
    return Look(row.created_at, None, client, row.get_mode_display(), row.employee_number, 1)


@dataclass(frozen=True, slots=True)
class Volume:
    """How many people an account or a key was shown on a day, beside its median of the days before."""

    day: date
    user: str
    client: str
    people: int
    usual: float


def unusual_days(today: date) -> list[Volume]:
    """The days of the last month on which somebody was shown far more people than usual, newest first. One query.

    Usual is the median of the days on which the account read anything, in the 90 days before; of one that has read on
    fewer than five, the median of everybody's days.
    """
    since = today - TOLD - REMEMBERED
    rows: Any = JournalEntry.objects.filter(at__date__gt=since).order_by()
    rows = rows.annotate(day=TruncDate("at")).values("user__username", "client", "day").annotate(seen=Sum("people"))
    days: dict[tuple[str, str], list[tuple[date, int]]] = defaultdict(list)
    for row in rows:
        days[row["user__username"] or "", row["client"]].append((row["day"], row["seen"]))
    of_all = [seen for each in days.values() for _day, seen in each]
    found = []
    for (user, client), each in days.items():
        for day, people in each:
            if day > today - TOLD and people >= LEAST_PEOPLE:
                usual = _usual([seen for other, seen in each if day - REMEMBERED <= other < day], of_all)
                if people > TIMES * usual:
                    found.append(Volume(day, user, client, people, usual))
    return sorted(found, key=lambda volume: (volume.day, volume.people), reverse=True)


def _usual(before: Sequence[int], of_all: Sequence[int]) -> float:
    return median(before if len(before) >= LEAST_DAYS else of_all)
