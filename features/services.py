"""Services: build clean features from each employee's newest raw data, one row for each change."""

from collections import Counter
from dataclasses import dataclass

import pandas as pd
from django.db import transaction
from django.utils import timezone

from employees.models import Employee
from employees.selectors import newest_raw_chunks
from features import schema
from features.engineering import engineer
from features.models import EmployeeFeatures
from features.selectors import newest_frame
from technova.commands import Progress
from technova.database.bulk import bulk_insert
from technova.database.locks import exclusive

CHUNK_SIZE = 10_000


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An employee for whom no features can be built, and why."""

    employee_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class BuildResult:
    """The result of a build; ``read`` = ``written`` + ``unchanged`` + the employees left out."""

    read: int
    written: int
    unchanged: int
    left_out: tuple[LeftOut, ...]

    @property
    def reasons(self) -> Counter:
        """How many employees were left out, by reason."""
        return Counter(employee.reason for employee in self.left_out)


def build_features(*, dry_run: bool = False, progress: Progress | None = None) -> BuildResult:
    """Build the features of everyone, in one transaction, and add a row for each employee whose values changed.

    An employee whose inputs are incomplete is left out, with the reason. ``dry_run`` does the work and rolls back.
    Memory is bounded by the chunk. Raises ``Busy`` while another load, build or scoring is at work.
    """
    read = written = 0
    left_out: list[LeftOut] = []
    with exclusive():
        created_at = timezone.now()
        total = Employee.objects.count()
        for raw in newest_raw_chunks(CHUNK_SIZE):
            read += len(raw)
            complete = raw["has_snapshot"] & raw["has_survey"]
            left_out += [LeftOut(*row) for row in _incomplete(raw[~complete])]
            changed = _changed(raw[complete])
            written += bulk_insert(EmployeeFeatures, changed.assign(created_at=created_at))
            if progress:
                progress("Building features", read, total)
        if dry_run:
            transaction.set_rollback(True)
    return BuildResult(read, written, read - written - len(left_out), tuple(left_out))


def _incomplete(raw: pd.DataFrame):
    for row in raw[["employee_id", "has_snapshot", "has_survey"]].itertuples(index=False):
        absent = [
            name
            for name, is_present in (("SIRH extract", row.has_snapshot), ("survey", row.has_survey))
            if not is_present
        ]
        yield row.employee_id, "no row from the " + " and the ".join(absent)


def _changed(raw: pd.DataFrame) -> pd.DataFrame:
    """The rows to insert: the features that differ from the newest built ones, with ``employee_id`` the primary key."""
    if raw.empty:
        return pd.DataFrame(columns=["employee_id", *schema.FEATURE_NAMES, schema.TARGET])
    built = engineer(raw)
    built[schema.TARGET] = raw[schema.TARGET].astype("boolean")
    employees = range(int(raw.index.min()), int(raw.index.max()) + 1)
    known = newest_frame(employees).set_index("employee_pk").astype({schema.TARGET: "boolean"})
    known = known.reindex(built.index)
    names = list(schema.FEATURE_NAMES)
    has_same_features = (built[names] == known[names]).all(axis=1)  # false for a newcomer, whose known row is missing
    outcome, known_outcome = built[schema.TARGET], known[schema.TARGET]
    has_same_outcome = (outcome == known_outcome).fillna(False) | (outcome.isna() & known_outcome.isna())
    changed = built[~(has_same_features & has_same_outcome)]
    return changed.rename_axis("employee_id").reset_index()
