"""Refused cells of the extracts: since when, and how they are read once their words are known."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, QuerySet, Window

from employees import terms
from employees.access import Readable, Scope
from employees.columns import Extract
from employees.models import Employee, LoadedExtract, Presence, RefusedValue, Term
from employees.selectors import is_number_of
from employees.workforce.known_values import History
from employees.workforce.naming import with_names
from employees.workforce.replay import replay


@dataclass(frozen=True, slots=True)
class Refused:
    """A refused value of a person, and the first day since which every extract repeats it."""

    value: RefusedValue
    employee: Employee
    name: str
    since: date


def refused(scope: Scope, history: History) -> QuerySet[RefusedValue]:
    """Refused values in the newest extracts, of people of a scope who have not left; ``total`` counts them all."""
    newest = [extracts[0].pk for extracts in history.extracts.values() if extracts]
    rows = _refused_in(newest, scope).select_related("extract")
    return rows.annotate(total=Window(Count("number"))).order_by("number", "extract", "column")


def refused_by(load: int, scope: Scope) -> QuerySet[RefusedValue]:
    """Refused values in those extracts of a load that are in force, of people of a scope who have not left."""
    return _refused_in(LoadedExtract.objects.in_force().filter(load=load).order_by().values("pk"), scope)


def _refused_in(extracts: Collection[int] | QuerySet, scope: Scope) -> QuerySet[RefusedValue]:
    people = Employee.objects.within(scope).filter(presence__in=(Presence.PRESENT, Presence.ABSENT))
    return RefusedValue.objects.filter(is_number_of(people, "number"), extract__in=extracts)


def with_days(history: History, rows: Sequence[RefusedValue], readable: Readable) -> list[Refused]:
    """The rows of a page with their people, their names where they are ``readable``, and days. Two queries."""
    numbers = {row.number for row in rows}
    known = {history.merged.get(number, number) for number in numbers}
    named = with_names(Employee.objects.filter(employee_id__in=known), "employee_id", readable)
    people = {person.employee_id: person for person in named}
    places = set(RefusedValue.objects.filter(number__in=numbers).values_list("extract", "number", "column"))
    of_rows = ((row, people[history.merged.get(row.number, row.number)]) for row in rows)
    return [Refused(row, person, person.name, _since(row, history, places)) for row, person in of_rows]


def _since(row: RefusedValue, history: History, places: Collection[tuple[int, int, str]]) -> date:
    day = row.extract.as_of
    for extract in history.extracts[Extract(row.extract.kind)]:
        if (extract.pk, row.number, row.column) not in places:
            break
        day = extract.as_of
    return day


def of_words() -> QuerySet[RefusedValue]:
    """The refused cells of all extracts whose columns hold words."""
    return RefusedValue.objects.filter(column__in=Term.VocabularyName.values)


def read_known_words() -> None:
    """Read the refused cells whose words have become known, as if their extracts were loaded now.

    Extracts that are not in force are included: they may be in force again. Inside ``exclusive``.
    """
    vocabularies = terms.refreshed().vocabularies
    days: set[date] = set()
    for column, word in set(of_words().values_list("column", "value")):
        value = vocabularies[column].match(word)
        if value is None:
            continue
        cells = RefusedValue.objects.filter(column=column, value=word)
        for extract in LoadedExtract.objects.filter(pk__in=cells.values("extract")):
            numbers = cells.filter(extract=extract).values("number")
            extract.table.objects.filter(extract=extract, number__in=numbers).update(**{column: value})
            days.add(extract.as_of)
        cells.delete()
    if days:
        replay(since=min(days))
