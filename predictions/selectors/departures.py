"""People who have left, with the last score from before."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice

from django.db.models import Count, Q, QuerySet, Value
from django.db.models.functions import TruncMonth

from employees.access import Scope
from employees.models import EmployeeState
from employees.workforce.clarifying import departed
from predictions.ml.periods import months_before
from predictions.models import Prediction
from predictions.selectors.person_periods import VOLUNTARY

CHUNK_SIZE = 500
MONTHS = 12


@dataclass(frozen=True, slots=True)
class Departed:
    """Somebody who has left; ``score`` is the last one by a run as of a day before the departure, None without one."""

    state: EmployeeState
    score: Prediction | None


def departures(
    scope: Scope, *, department: str = "", since: date | None = None, until: date | None = None
) -> QuerySet[EmployeeState]:
    """The people of a scope who have left, the last first; by department, and by the day until which they had left."""
    wanted = {"departement": department or None, "left_by__gte": since, "left_by__lte": until}
    return departed(scope).filter(**{name: value for name, value in wanted.items() if value is not None})


@dataclass(frozen=True, slots=True)
class Months:
    """How many left in each of the twelve months up to a day, which is in the last one."""

    first: date  # the day after the twelve months before
    people: list[int]
    since: int  # of them, after the day asked about
    forecast: int  # of them, those of the kind that is forecast: resignations, and departures for an unknown reason


def year_began(until: date) -> date:
    """The first day of the twelve months up to a day."""
    return months_before(until, MONTHS) + timedelta(days=1)


def by_month(scope: Scope, *, until: date, since: date | None = None) -> Months:
    """Those of a scope who left in the year up to a day, by month, and those after ``since``. One query."""
    last = until.year * 12 + until.month
    first = year_began(until)
    rows = departures(scope, since=first, until=until).annotate(month=TruncMonth("left_by")).order_by()
    later = Count("pk", filter=Q(left_by__gt=since)) if since else Value(0)
    voluntary = Count("pk", filter=Q(left_because__in=VOLUNTARY))
    people, after, forecast = [0] * MONTHS, 0, 0
    counted = rows.values("month").annotate(people=Count("pk"), newer=later, voluntary=voluntary)
    for month, count, newer, resigned in counted.values_list("month", "people", "newer", "voluntary"):
        people[max(month.year * 12 + month.month - last + MONTHS - 1, 0)] += count
        after += newer
        forecast += resigned
    return Months(first, people, after, forecast)


def departments_left(scope: Scope) -> list[str]:
    """The departments of those who have left. One query."""
    return list(departed(scope).order_by("departement").values_list("departement", flat=True).distinct())


def with_scores(states: list[EmployeeState]) -> list[Departed]:
    """Some people who have left with their scores, and what these were made of. Two queries."""
    keys = _last_scores(states)
    scores = Prediction.objects.select_related("features", "run").in_bulk(list(keys.values()))
    return [Departed(state, scores[keys[state.pk]] if state.pk in keys else None) for state in states]


def _last_scores(states: list[EmployeeState]) -> dict[int, int]:
    """The keys of the scores by those of the states.

    Of all scores of each person the right one is chosen here: by its index the database finds them at once, while it
    reads whole runs for each person when asked for the one with the last day.
    """
    employees = [state.employee_id for state in states]
    rows = Prediction.objects.filter(employee__in=employees, mode=Prediction.Mode.SCORING)
    by_employee: dict[int, list[tuple[date, int]]] = {}
    for employee, day, key in rows.order_by().values_list("employee", "run__as_of", "pk"):
        if day:
            by_employee.setdefault(employee, []).append((day, key))
    before = {
        state.pk: [score for score in by_employee.get(state.employee_id, ()) if score[0] < state.left_by]
        for state in states
        if state.left_by
    }
    return {state: max(scores)[1] for state, scores in before.items() if scores}


def in_chunks(states: QuerySet[EmployeeState]) -> Iterator[Departed]:
    """All of them; memory does not grow with their number. Two queries a chunk besides that of the states."""
    rows = states.iterator(chunk_size=CHUNK_SIZE)
    while chunk := list(islice(rows, CHUNK_SIZE)):
        yield from with_scores(chunk)
