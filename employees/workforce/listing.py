"""The state of the workforce on a day, person by person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from django.db.models import Count, Max, QuerySet, Value

from employees.columns import KEY, Extract, columns_of
from employees.models import ROWS, Employee, EmployeeState, Presence, WorkforceDay
from employees.workforce.known_values import RAW_KINDS, History, among
from employees.workforce.presence import DATE, EXIT, has_exited

UNSCORED = "unscored"
VIEWS = (*Presence.values, UNSCORED)
CHUNK_SIZE = 10_000

REQUIRED = {
    kind: [column.name for column in columns_of(kind) if column.is_required and column.name != KEY]
    for kind in RAW_KINDS
}
_NAMES = {Extract.SIRH: "SIRH extract", Extract.EVAL: "evaluation", Extract.SONDAGE: "survey"}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on a day; ``why_not_scored`` is empty for people who are not present or have all inputs."""

    number: int
    presence: str
    since: date | None
    department: str
    job: str
    why_not_scored: str


def people_on(day: date | None = None, view: str | None = None) -> Iterator[Person]:
    """Everyone of the workforce as of a day (the newest one by default), by number; or one of ``VIEWS`` of them.

    A person with a known date of exit by then has left, even if no extract since describes it. Four queries or more
    for each 10,000 people.
    """
    if day is None:
        day = WorkforceDay.objects.values_list("as_of", flat=True).last()
    if day is None:
        return
    states, history = EmployeeState.objects.on(day).exclude(presence=""), History.now()
    for chunk in _chunks(states, day):
        for person in _people(chunk, history, day):
            if view in (None, person.presence) or (view == UNSCORED and person.why_not_scored):
                yield person


def _chunks(states: QuerySet[EmployeeState], day: date) -> Iterator[pd.DataFrame]:
    names = ["employee__employee_id", "presence", "since", "departement", *EXIT]
    rows = states.order_by("employee__employee_id").values_list(*names)
    last = 0
    while found := list(rows.filter(employee__employee_id__gt=last)[:CHUNK_SIZE]):
        last = found[-1][0]
        chunk = pd.DataFrame.from_records(found, columns=["number", *names[1:]], index="number")
        yield _with_exits(chunk, day)


def _with_exits(chunk: pd.DataFrame, day: date) -> pd.DataFrame:
    """Those whose announced date of exit has come since the last extract have left."""
    dates = chunk[list(EXIT)].astype(DATE)
    has_come = (chunk["presence"] == Presence.PRESENT) & has_exited(dates, day)
    chunk.loc[has_come, "presence"] = Presence.LEFT
    chunk.loc[has_come, "since"] = chunk.loc[has_come, "date_sortie"]
    return chunk


def _people(chunk: pd.DataFrame, history: History, day: date) -> Iterator[Person]:
    numbers = chunk.index.to_numpy()
    jobs = history.values(Extract.SIRH, day, numbers, ["poste"])["poste"].reindex(numbers)
    present = numbers[(chunk["presence"] == Presence.PRESENT).to_numpy()]
    why = why_not_scored(history, day, present) | _objections(present)
    for number, row, job in zip(numbers.tolist(), chunk.itertuples(index=False), jobs, strict=True):
        since = None if pd.isna(row.since) else row.since
        yield Person(number, row.presence, since, row.departement, "" if pd.isna(job) else job, why.get(number, ""))


def _objections(numbers: np.ndarray) -> dict[int, str]:
    """Those of some people who are not scored because they object to it. One query."""
    people = Employee.objects.exclude(objected_on=None).filter(among("employee_id", numbers)) if len(numbers) else ()
    return {person.employee_id: f"objects since {person.objected_on}" for person in people}


@dataclass(frozen=True, slots=True)
class Lack:
    """Inputs of a score found in no extract of a kind: ``columns``, empty if the person is in none of them.

    ``last_held`` is the day of the newest extract that does, if it was asked for.
    """

    kind: Extract
    columns: tuple[str, ...] = ()
    last_held: date | None = None

    def __str__(self) -> str:
        return f"unknown {', '.join(self.columns)}" if self.columns else f"no {_NAMES[self.kind]}"


def why_not_scored(history: History, day: date, numbers: np.ndarray) -> dict[int, str]:
    """Why people are not scored, by number; people with all inputs are left out."""
    lacking: dict[int, list[Lack]] = {}
    for kind, names in REQUIRED.items():
        known = history.values(kind, day, numbers, names) if len(numbers) else pd.DataFrame(columns=names)
        for number in np.setdiff1d(numbers, known.index).tolist():
            lacking.setdefault(number, []).append(Lack(kind))
        for number, row in known[known.isna().any(axis=1)].iterrows():
            names_lacking = tuple(str(name) for name in row.index[row.isna()])
            lacking.setdefault(int(number), []).append(Lack(kind, names_lacking))
    return {number: "; ".join(map(str, lacks)) for number, lacks in lacking.items()}


def lacks_of_few(history: History, numbers: Sequence[int]) -> dict[int, list[Lack]]:
    """The same as of the newest day, for the people of a page. One query a kind, however many extracts are in force."""
    lacking: dict[int, list[Lack]] = {number: [] for number in numbers}
    for kind, names in REQUIRED.items():
        known = _known_columns(history, kind, names, numbers)
        for number, lacks in lacking.items():
            given, last_held = known.get(number, ((), None))
            unknown = tuple(name for name in names if name not in given)
            if unknown:
                lacks.append(Lack(kind, unknown if number in known else (), last_held))
    return {number: lacks for number, lacks in lacking.items() if lacks}


def _known_columns(
    history: History, kind: Extract, names: Sequence[str], numbers: Sequence[int]
) -> dict[int, tuple[set[str], date]]:
    """By number, for each person in an extract: which columns any of them has, and the day of the newest."""
    found = _rows(history, kind, numbers).order_by().values("number")
    known: dict[int, tuple[set[str], date]] = {}
    for row in found.annotate(day=Max("extract__as_of"), **{f"count_{name}": Count(name) for name in names}):
        number, day = history.merged.get(row["number"], row["number"]), row["day"]
        given, last_held = known.get(number, (set(), day))
        known[number] = given | {name for name in names if row[f"count_{name}"]}, max(last_held, day)
    return known


def last_held(history: History, kinds: Sequence[Extract], numbers: Sequence[int]) -> dict[tuple[Extract, int], date]:
    """The day of the newest extract of each kind that holds each of the people of a page. One query."""
    first, *others = (
        _rows(history, kind, numbers)
        .order_by()
        .values("number", kind=Value(kind.value))
        .annotate(day=Max("extract__as_of"))
        .values_list("kind", "number", "day")
        for kind in kinds
    )
    held: dict[tuple[Extract, int], date] = {}
    for kind, number, day in first.union(*others):
        person = Extract(kind), history.merged.get(number, number)
        held[person] = max(held.get(person, day), day)
    return held


def last_jobs(history: History, numbers: Sequence[int]) -> dict[int, str]:
    """The last job known of each of the people of a page. One query."""
    days = {extract.pk: extract.as_of for extract in history.extracts[Extract.SIRH]}
    rows = _rows(history, Extract.SIRH, numbers).exclude(poste=None).values_list("extract", "number", "poste")
    in_order = sorted(rows, key=lambda row: days[row[0]])
    return {history.merged.get(number, number): job for _extract, number, job in in_order}


def _rows(history: History, kind: Extract, numbers: Sequence[int]) -> QuerySet:
    """All rows of some people in the extracts in force of a kind, also under their other numbers."""
    others = [number for number, into in history.merged.items() if into in set(numbers)]
    extracts = [extract.pk for extract in history.extracts[kind]]
    return ROWS[kind].objects.filter(extract__in=extracts, number__in=[*numbers, *others])
