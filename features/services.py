"""Writes: build a row of clean features for each employee and each day on which a value changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from employees.models import ColumnSwitch, Correction, Employee, EmployeeState, WorkforceDay
from employees.workforce import switches
from employees.workforce.known_values import History, among, chunks, numbers_of, of_people
from employees.workforce.listing import why_not_scored
from employees.workforce.numbers import distinct, is_among
from features import schema
from features.models import EmployeeFeatures, FeatureBuild
from features.schema import made_from
from features.selectors import INPUTS, features_from, frame_of
from technova.commands import Progress
from technova.database.bulk import batches, bulk_insert, refresh_statistics
from technova.database.locks import exclusive

CHUNK_SIZE = 10_000  # people at a time
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An employee for whom no features can be built on the newest day, and why."""

    employee_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class BuildResult:
    """The result of a build. ``read`` people of the newest day = ``unchanged`` + ``changed`` + those left out."""

    read: int = 0
    changed: int = 0
    left_out: tuple[LeftOut, ...] = ()
    written: int = 0  # rows, of all days built
    superseded: int = 0
    days: tuple[date, ...] = ()

    @property
    def unchanged(self) -> int:
        return self.read - self.changed - len(self.left_out)

    @property
    def reasons(self) -> Counter:
        """How many employees were left out, by reason."""
        return Counter(employee.reason for employee in self.left_out)


def build_features(*, dry_run: bool = False, progress: Progress | None = None) -> BuildResult:
    """Build the features of the days that changed since the last build, in one transaction.

    A row is added for each employee and day where the values differ from those before, and rows that no longer follow
    from the extracts in force are superseded. An employee without all inputs is left out, with the reason. ``dry_run``
    does the work and rolls back. Memory is bounded by the chunk. Raises ``Busy`` while another writer is at work.
    """
    with exclusive():
        build = _Build()
        build.run(progress)
        if dry_run:
            transaction.set_rollback(True)
    result = build.result()
    if result.written and not dry_run:
        refresh_statistics(EmployeeFeatures)
    return result


class _Build:
    """One build in progress; it starts at the first day whose revision has changed since the last build."""

    def __init__(self) -> None:
        self.history = History.locked()
        self.revisions = dict(WorkforceDay.objects.values_list("as_of", "revision"))
        built = dict(FeatureBuild.objects.values_list("as_of", "revision"))
        days = self.revisions.keys() | built.keys()
        self.since = min((day for day in days if self.revisions.get(day) != built.get(day)), default=None)
        self.days = [day for day in sorted(self.revisions) if self.since and day >= self.since]
        self.read = self.changed = self.written = self.superseded = 0
        self.left_out: list[LeftOut] = []

    def run(self, progress: Progress | None) -> None:
        if self.since is None:
            return
        self.now = timezone.now()
        FeatureBuild.objects.filter(as_of__gte=self.since).delete()
        FeatureBuild.objects.bulk_create(FeatureBuild(as_of=day, revision=self.revisions[day]) for day in self.days)
        everyone = numbers_of(Employee.objects.all(), "employee_id")
        is_touched = np.zeros(len(everyone), dtype=bool)
        for some in self._touched(self.since):
            is_touched |= is_among(everyone, some)
        parts = chunks(everyone, is_touched, CHUNK_SIZE)
        done = 0
        for part in parts:
            self._build_chunk(part.astype(np.int64), self.since)
            done += len(part)
            if progress:
                progress("Building features", done, sum(map(len, parts)))
        if self.days:
            self._count_everyone(self.days[-1])

    def _touched(self, since: date) -> Iterator[np.ndarray]:
        """Sorted numbers, some at a time, of people whose features may change on one of the days.

        Whoever is in the files with the same values as before, and was there before, has the same features.
        """
        standing = EmployeeFeatures.objects.in_force().filter(as_of__gte=since)
        yield numbers_of(EmployeeState.objects.filter(as_of__gte=since))
        yield numbers_of(standing)
        yield numbers_of(Correction.objects.all())  # lifted ones too, whose extracts count again
        for day in self.days:
            for kind, names in INPUTS.items():
                if extract := self.history.on(kind, day):
                    yield self.history.changed(extract, self.history.before(kind, day), names)

    def _build_chunk(self, numbers: np.ndarray, since: date) -> None:
        """Build the days for some people (sorted numbers)."""
        people = Employee.objects.filter(among("employee_id", numbers))
        of_chunk = of_people(numbers)
        before = EmployeeFeatures.objects.newest_of(people, since - ONE_DAY).filter(of_chunk)
        known = frame_of(before).set_index("employee_id")
        in_force = EmployeeFeatures.objects.in_force().filter(of_chunk, as_of__gte=since)
        standing = frame_of(in_force).set_index("employee_id")
        kept: set[int] = set()
        added = []
        for day in self.days:
            built = self._built(day, numbers)
            changed = built[~is_same(built, known)]
            of_day = standing[(standing["as_of"] == pd.Timestamp(day)).to_numpy()]
            is_kept = is_same(changed, of_day)
            kept.update(of_day.loc[changed.index[is_kept], "features_pk"])
            added.append(changed[~is_kept].assign(as_of=day))
            known = pd.concat([known.drop(changed.index, errors="ignore"), changed]) if len(changed) else known
            if day == self.days[-1]:
                self.changed += len(changed)
        self._supersede([key for key in standing["features_pk"] if key not in kept])
        self._add([frame for frame in added if len(frame)])

    def _built(self, day: date, numbers: np.ndarray) -> pd.DataFrame:
        """The features on a day, by number, of the given people who are in its SIRH extract and have all inputs."""
        there = self._there(day).filter(of_people(numbers))
        numbers = np.sort(np.fromiter(there.values_list("employee__employee_id", flat=True), dtype=np.int64))
        if not len(numbers):
            return pd.DataFrame(columns=list(schema.FEATURE_NAMES), index=pd.Index([], name="employee_id"))
        return features_from(self.history, day, numbers)

    def _there(self, day: date) -> QuerySet[EmployeeState]:
        return EmployeeState.objects.on(day).filter(Q(is_listed=True) | Q(is_kept=True))

    def _count_everyone(self, day: date) -> None:
        """Count those present on the newest day, and record which inputs are missing for those without features.

        Whoever had all inputs once has them still: an extract that leaves one out takes nothing back.
        """
        there = self._there(day)
        built = EmployeeFeatures.objects.in_force().filter(employee=OuterRef("employee"))
        without = there.exclude(Exists(built)).order_by("employee__employee_id")
        numbers = np.fromiter(without.values_list("employee__employee_id", flat=True), dtype=np.int64)
        self.read = there.count()
        self.left_out = [LeftOut(*each) for each in why_not_scored(self.history, day, numbers).items()]

    def _supersede(self, keys: Sequence[int]) -> None:
        self.superseded += len(keys)
        for some in batches(keys):
            EmployeeFeatures.objects.filter(pk__in=some).update(superseded_at=self.now)

    def _add(self, frames: Sequence[pd.DataFrame]) -> None:
        if frames:
            rows = pd.concat(frames)
            people = Employee.objects.filter(among("employee_id", distinct(rows.index.to_numpy())))
            keys = dict(people.values_list("employee_id", "pk"))
            rows = rows[["as_of", *schema.FEATURE_NAMES]].assign(
                employee_id=rows.index.map(keys).to_numpy(), created_at=self.now, superseded_at=None
            )
            self.written += bulk_insert(EmployeeFeatures, rows.reset_index(drop=True))

    def result(self) -> BuildResult:
        return BuildResult(
            read=self.read,
            changed=self.changed,
            left_out=tuple(self.left_out),
            written=self.written,
            superseded=self.superseded,
            days=tuple(self.days),
        )


def is_same(rows: pd.DataFrame, others: pd.DataFrame) -> np.ndarray:
    """Whether each person has the same features in another frame, both by number; False for people missing from it."""
    names = list(schema.FEATURE_NAMES)
    these, those = rows[names], others[names].reindex(rows.index)
    is_equal = (these == those).fillna(False).to_numpy(dtype=bool) | (these.isna() & those.isna()).to_numpy()
    return is_equal.all(axis=1) & rows.index.isin(others.index)


def switch_off(*, column: str, reason: str, user: User | None = None) -> ColumnSwitch:
    """Switch a column off and erase its values in the loads and the features. Raises as in ``employees``."""
    with exclusive():
        switch = switches.switch_off(column=column, reason=reason, user=user)
        if made := made_from(column):
            known = Q(*((f"{name}__isnull", False) for name in made), _connector=Q.OR)
            EmployeeFeatures.objects.filter(known).update(**dict.fromkeys(made))
    return switch
