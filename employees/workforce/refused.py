"""What the newest extracts said of known people and was refused, and since when."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q, QuerySet, Window

from employees.access import Scope
from employees.columns import Extract
from employees.models import Employee, NumberMerge, Presence, RefusedValue
from employees.workforce.known_values import History


@dataclass(frozen=True, slots=True)
class Refused:
    """A refused value of somebody, and the first of the days on which it was refused each time until now."""

    value: RefusedValue
    employee: Employee
    since: date


def refused(scope: Scope, history: History) -> QuerySet[RefusedValue]:
    """What the newest extract of each kind said of people of a scope who have not left; ``total`` counts it all."""
    newest = [extracts[0].pk for extracts in history.extracts.values() if extracts]
    people = Employee.objects.within(scope).filter(presence__in=(Presence.PRESENT, Presence.ABSENT))
    others = NumberMerge.objects.in_force().filter(employee__in=people).values("number")
    rows = RefusedValue.objects.filter(Q(number__in=people.values("employee_id")) | Q(number__in=others))
    rows = rows.filter(extract__in=newest).select_related("extract")
    return rows.annotate(total=Window(Count("number"))).order_by("number", "extract", "column")


def with_days(history: History, rows: Sequence[RefusedValue]) -> list[Refused]:
    """The rows of a page with their people and days. Two queries."""
    numbers = {row.number for row in rows}
    known = {history.merged.get(number, number) for number in numbers}
    people = {person.employee_id: person for person in Employee.objects.filter(employee_id__in=known)}
    places = set(RefusedValue.objects.filter(number__in=numbers).values_list("extract", "number", "column"))
    return [
        Refused(row, people[history.merged.get(row.number, row.number)], _since(row, history, places)) for row in rows
    ]


def _since(row: RefusedValue, history: History, places: Collection[tuple[int, int, str]]) -> date:
    day = row.extract.as_of
    for extract in history.extracts[Extract(row.extract.kind)]:
        if (extract.pk, row.number, row.column) not in places:
            break
        day = extract.as_of
    return day
