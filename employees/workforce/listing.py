"""The state of the workforce on a day, person by person."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from django.db.models import QuerySet

from employees.columns import KEY, Extract, columns_of
from employees.models import EmployeeState, Presence, WorkforceDay
from employees.workforce.values import RAW_KINDS, History

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
    """Somebody on a day; ``why_not_scored`` is empty for who is not present or has all that a score needs."""

    number: int
    presence: str
    since: date | None
    department: str
    job: str
    why_not_scored: str


def people_on(day: date | None = None, view: str | None = None) -> Iterator[Person]:
    """Everyone of the workforce as of a day (the newest one by default), by number; or one of ``VIEWS`` of them.

    Whoever has a known date of exit by then has left, also where no extract since describes it. Four queries or more
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
    names = ["employee__employee_id", "presence", "since", "departement", "date_sortie", "returned_on"]
    rows = states.order_by("employee__employee_id").values_list(*names)
    last = 0
    while found := list(rows.filter(employee__employee_id__gt=last)[:CHUNK_SIZE]):
        last = found[-1][0]
        chunk = pd.DataFrame.from_records(found, columns=["number", *names[1:]], index="number")
        yield _with_exits(chunk, day)


def _with_exits(chunk: pd.DataFrame, day: date) -> pd.DataFrame:
    """Those whose announced date of exit has come since the last extract have left."""
    exits = pd.to_datetime(chunk["date_sortie"])
    has_come = (exits <= pd.Timestamp(day)) & (chunk["presence"] == Presence.PRESENT)
    has_come &= ~(exits <= pd.to_datetime(chunk["returned_on"]))
    chunk.loc[has_come, "presence"] = Presence.LEFT
    chunk.loc[has_come, "since"] = chunk.loc[has_come, "date_sortie"]
    return chunk


def _people(chunk: pd.DataFrame, history: History, day: date) -> Iterator[Person]:
    numbers = chunk.index.to_numpy()
    jobs = history.values(Extract.SIRH, day, numbers, ["poste"])["poste"].reindex(numbers)
    why = why_not_scored(history, day, numbers[(chunk["presence"] == Presence.PRESENT).to_numpy()])
    for number, row, job in zip(numbers.tolist(), chunk.itertuples(index=False), jobs, strict=True):
        since = None if pd.isna(row.since) else row.since
        yield Person(number, row.presence, since, row.departement, job or "", why.get(number, ""))


def why_not_scored(history: History, day: date, numbers: np.ndarray) -> dict[int, str]:
    """What keeps people from a score, by number; those who lack nothing are left out."""
    lacking: dict[int, list[str]] = {}
    for kind, names in REQUIRED.items():
        known = history.values(kind, day, numbers, names) if len(numbers) else pd.DataFrame(columns=names)
        for number in np.setdiff1d(numbers, known.index).tolist():
            lacking.setdefault(number, []).append(f"no {_NAMES[kind]}")
        for number, row in known[known.isna().any(axis=1)].iterrows():
            names_lacking = ", ".join(str(name) for name in row.index[row.isna()])
            lacking.setdefault(int(number), []).append(f"unknown {names_lacking}")
    return {number: "; ".join(reasons) for number, reasons in lacking.items()}
