"""Reporting lines: the tree of who reports to whom, by the last manager known of each person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from django.db.models import Max

from employees.columns import Extract
from employees.models import Employee, ReportingLine
from employees.workforce.known_values import History, numbers_of
from technova.database.bulk import bulk_insert, refresh_statistics
from technova.database.locks import exclusive

COLUMN = "responsable"
LINE = np.dtype([(name, np.int64) for name in ("employee_id", "position", "last")])


def nested_set(manager_of: Mapping[int, int | None]) -> Iterator[tuple[int, int, int]]:
    """Each person with their position in the tree, from 0, and the last position of those who report to them.

    Whose manager is unknown stands at the top, and so does whoever reports to themselves through others: nobody in a
    circle is the manager of another in it.
    """
    circular = _circular(manager_of)
    reports: dict[int | None, list[int]] = {}
    for person, manager in manager_of.items():
        is_known = manager in manager_of and person not in circular
        reports.setdefault(manager if is_known else None, []).append(person)
    order, waiting = [], list(reports.get(None, ()))
    while waiting:
        person = waiting.pop()
        order.append(person)
        waiting.extend(reports.get(person, ()))
    people = dict.fromkeys(order, 1)  # in each one's tree, with themselves
    for person in reversed(order):
        manager = manager_of[person]
        if manager in people and person not in circular:
            people[manager] += people[person]
    for position, person in enumerate(order):
        yield person, position, position + people[person] - 1


def _circular(manager_of: Mapping[int, int | None]) -> set[int]:
    """The people who report to themselves, directly or through others."""
    found: set[int] = set()
    walked: dict[int, int] = {}  # from whom each person was reached first
    for start in manager_of:
        person: int | None = start
        while person is not None and person in manager_of and person not in walked:
            walked[person] = start
            person = manager_of[person]
        if person is not None and walked.get(person) == start:
            while person is not None and person not in found:
                found.add(person)
                person = manager_of[person]
    return found


def rebuild(history: History) -> None:
    """Number the tree anew, at positions that nobody had before; inside ``exclusive``.

    A scope that was read before then finds nobody, rather than another's team. Where nobody was ever known to report to
    somebody there is no tree.
    """
    newest = ReportingLine.objects.aggregate(last=Max("last"))["last"]
    managers = _managers(history)
    if newest is None and not managers:
        return
    people = dict(Employee.objects.order_by("employee_id").values_list("employee_id", "pk"))
    start = 0 if newest is None else newest + 1
    tree = (
        (people[number], start + position, start + last)
        for number, position, last in nested_set(dict.fromkeys(people) | managers)
    )
    lines = pd.DataFrame(np.fromiter(tree, dtype=LINE))
    ReportingLine.objects.all()._raw_delete(ReportingLine.objects.db)
    bulk_insert(ReportingLine, lines)
    refresh_statistics(ReportingLine)


def ensure() -> None:
    """Build the tree where the workforce was last derived before there was one."""
    if not ReportingLine.objects.exists():
        with exclusive():
            rebuild(History.locked())


def _managers(history: History) -> dict[int, int | None]:
    """The number of each one's last known manager, by number."""
    directories = history.extracts[Extract.ANNUAIRE]
    if not directories:
        return {}
    numbers = numbers_of(Employee.objects.all(), "employee_id")
    known = history.values(Extract.ANNUAIRE, directories[0].as_of, numbers, [COLUMN])[COLUMN]
    return {
        number: history.merged.get(manager, manager)
        for number, manager in zip(known.index.tolist(), known.tolist(), strict=True)
        if not pd.isna(manager)
    }
