"""Services: load the extracts as history, one row for each change."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import TextIO

import numpy as np
import pandas as pd
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from employees.columns import Extract
from employees.extracts import ExtractError, Extracts, FileReport, Refusal, Reject, Source, read_extracts
from employees.messages import Message, gettext_noop
from employees.models import Departure, Employee, EmployeeSnapshot, ExtractRow, Survey
from employees.selectors import employee_numbers, employee_ranges, newest_frame, raw_columns
from technova.commands import Progress
from technova.database.bulk import bulk_insert, frame_rows
from technova.database.locks import exclusive
from technova.files.spreadsheets import streamed_csv

CHUNK_SIZE = 20_000  # employees compared at a time
PREVIEW_SIZE = 100  # changes kept to be shown
_HISTORIES = (EmployeeSnapshot, Survey, Departure)


@dataclass(frozen=True, slots=True)
class Change:
    """A changed value of a known employee; ``old`` is None if it was unknown."""

    employee_id: int
    column: str
    old: object
    new: object


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What a load did, or would do. ``read`` = ``new`` + ``changed`` + ``unchanged`` + ``rejected`` employees."""

    read: int
    new: int
    changed: int
    unchanged: int
    rejected: int
    unnumbered: int  # rejected rows of which nobody can be sure whose they are: they count as no employee
    absent: int  # known employees of whom the files say nothing acceptable: they stay as they are
    rows: Mapping[str, int]  # rows added to each table, by its name in English
    changes: tuple[Change, ...]  # the first ones of known employees, in order of employee number
    new_employees: tuple[int, ...]  # the first numbers never seen before
    rejects: tuple[Reject, ...]
    reports: Mapping[Extract, FileReport]
    is_dry_run: bool

    @property
    def loaded(self) -> int:
        """Employees with new rows."""
        return self.new + self.changed


def load_extracts(
    *,
    sirh: Source,
    eval: Source,
    sondage: Source,
    strict: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
    tell: Callable[[LoadResult], None] | None = None,
) -> LoadResult:
    """Load a set of extracts, all or nothing, adding a row to each table wherever an employee's values changed.

    1. Read, check and join the files, before the database is touched.
    2. In one transaction, alone: add the unknown employees, compare everyone's newest rows, add what changed.

    The same files twice change nothing. An unknown outcome never erases a known one. ``dry_run`` does all of it and
    rolls back; ``strict`` refuses the set if any row is rejected. ``tell`` gets the result before the commit; an
    exception from it rolls the load back. Raises ``ExtractError`` for files that cannot be loaded and ``Busy`` while
    another load, build or scoring is at work.
    """
    extracts = read_extracts(sirh, eval, sondage)
    if strict and extracts.rejects:
        reason = Message(gettext_noop("%(count)s rejects, and none is allowed"), {"count": len(extracts.rejects)})
        raise ExtractError("", Refusal.HAS_REJECTS, reason, extracts.rejects)
    with exclusive():
        load = _Load(extracts, timezone.now())
        for done in load.run():
            if progress:
                progress("Loading employees", done, len(extracts.frame))
        if dry_run:
            transaction.set_rollback(True)
        result = load.result(is_dry_run=dry_run)
        if tell:
            tell(result)
    return result


class _Load:
    """One load in progress: the frame, keyed by the employees' primary keys, and what was found different."""

    def __init__(self, extracts: Extracts, now: datetime):
        self.extracts = extracts
        self.now = now
        self.rows: Counter[type[models.Model]] = Counter()
        self.changes: list[Change] = []
        self.changed = 0

    def run(self) -> Iterable[int]:
        """Do the work, yielding how many employees are done."""
        self._add_employees()
        frame = self.frame
        for employees in employee_ranges(CHUNK_SIZE):
            first, end = np.searchsorted(frame.index, [employees.start, employees.stop])
            if first < end:
                self._load_chunk(frame.iloc[first:end], employees)
                yield int(end)
        self._keep_departures()

    def _add_employees(self) -> None:
        """Make sure that everyone in the files is an employee of the database, and key the frame by primary key."""
        frame = self.extracts.frame
        known = employee_numbers()
        self.known_before = len(known)
        self.new = frame.index.difference(known["employee_id"])
        added = frame.loc[self.new, ["departement"]].reset_index().assign(created_at=self.now, left_recorded_at=None)
        self.rows[Employee] = bulk_insert(Employee, added)
        if len(added):
            known = employee_numbers()
        known = known[known["employee_id"].isin(frame.index)]
        self.frame = frame.loc[known["employee_id"]].reset_index().set_index(known.index)
        self._move(known["departement"])

    def _move(self, known: pd.Series) -> None:
        """Update each employee's current department, which decides who may see them."""
        current = self.frame["departement"].astype(object)
        moved = current[current.to_numpy() != known.to_numpy()]
        for departement, members in moved.groupby(moved):
            for start in range(0, len(members), 500):  # bounds the parameters of a statement
                pks = members.index[start : start + 500].tolist()
                Employee.objects.filter(pk__in=pks).update(departement=departement)

    def _keep_departures(self) -> None:
        """Update whether each employee has left, for the lists and filters."""
        said = Departure.objects.filter(recorded_at=self.now)
        for has_left, left_recorded_at in ((True, self.now), (False, None)):
            employees = said.filter(a_quitte_l_entreprise=has_left).values("employee")
            changed = Employee.objects.filter(pk__in=employees, left_recorded_at__isnull=has_left)
            changed.update(left_recorded_at=left_recorded_at)

    def _load_chunk(self, chunk: pd.DataFrame, employees: range) -> None:
        is_changed = np.zeros(len(chunk), dtype=bool)
        changes = []
        for model in _HISTORIES:
            is_added, differences = self._load_history(model, chunk, employees)
            is_changed |= is_added
            changes += differences
        is_changed &= ~chunk["employee_id"].isin(self.new).to_numpy()
        self.changed += int(is_changed.sum())
        self.changes += changes

    def _load_history(
        self, model: type[ExtractRow], chunk: pd.DataFrame, employees: range
    ) -> tuple[np.ndarray, list[Change]]:
        """Add the rows of one table that differ from the newest ones."""
        names = raw_columns(model)
        newest = newest_frame(model, employees).reindex(chunk.index)
        is_different = {name: _differs(chunk[name], newest[name]) for name in names}
        is_added = np.logical_or.reduce(list(is_different.values()))
        added = chunk.loc[is_added, names].rename_axis("employee_id").reset_index()
        self.rows[model] += bulk_insert(model, added.assign(recorded_at=self.now))
        return is_added, list(self._preview(names, is_different, chunk, newest))

    def _preview(self, names, is_different, chunk, newest) -> Iterable[Change]:
        is_known = ~chunk["employee_id"].isin(self.new).to_numpy()
        for name in names:
            places = np.flatnonzero(is_different[name] & is_known)[:PREVIEW_SIZE]
            rows = pd.DataFrame({"old": newest[name].iloc[places], "new": chunk[name].iloc[places]})
            numbers = chunk["employee_id"].iloc[places]
            for number, (old, new) in zip(numbers.tolist(), frame_rows(rows), strict=True):
                yield Change(number, name, old, new)

    def result(self, *, is_dry_run: bool) -> LoadResult:
        extracts = self.extracts
        order = {name: place for place, name in enumerate(extracts.frame.columns)}
        changes = sorted(self.changes, key=lambda change: (change.employee_id, order[change.column]))
        return LoadResult(
            read=extracts.read,
            new=len(self.new),
            changed=self.changed,
            unchanged=len(extracts.frame) - len(self.new) - self.changed,
            rejected=extracts.rejected,
            unnumbered=extracts.unnumbered,
            absent=self.known_before - (len(extracts.frame) - len(self.new)),
            rows={str(model._meta.model_name): count for model, count in self.rows.items()},
            changes=tuple(changes[:PREVIEW_SIZE]),
            new_employees=tuple(self.new[:PREVIEW_SIZE].tolist()),
            rejects=extracts.rejects,
            reports=extracts.reports,
            is_dry_run=is_dry_run,
        )


def _differs(new: pd.Series, known: pd.Series) -> np.ndarray:
    """Where the files differ from the known values; unknown values never do."""
    said = new.notna().to_numpy()
    is_different = np.zeros(len(new), dtype=bool)
    is_different[said] = new[said].astype(object).to_numpy() != known[said].astype(object).to_numpy()
    return is_different


def write_rejects(rejects: Iterable[Reject], file: TextIO) -> None:
    """Write the rejects as CSV in the active language."""
    file.writelines(streamed_csv(reject_rows(rejects)))


def reject_rows(rejects: Iterable[Reject]) -> Iterator[list]:
    """The lines of the report, header first, in the language active now, even if they are read later."""
    language = get_language()

    def cells(reject: Reject) -> list:
        with override(language):
            rule = reject.rule.said(_)
            column = reject.column or _("(the whole row)")
        return [reject.file, reject.line, column, reject.value, rule]

    return chain([[_("file"), _("line"), _("column"), _("value"), _("rule")]], map(cells, rejects))
