"""Writes: load the extracts of a day, withdraw a load, and replay the workforce from the extracts in force."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain

import numpy as np
import pandas as pd
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from employees import terms
from employees.columns import Extract, fold
from employees.erased import erased_among
from employees.extracts import FileReport, Question, ReadExtract, Reject, RowCounts
from employees.models import (
    ROWS,
    AnnuaireRow,
    Employee,
    EmployeeState,
    Load,
    LoadedExtract,
    Presence,
    RefusedValue,
    WorkforceDay,
)
from employees.terms.changes import unlearn
from employees.workforce.comparison import LISTED, Changes, ColumnChange, Comparison, Moves
from employees.workforce.known_values import FEW, History, by_number, chunks, numbers_of, of_range
from employees.workforce.numbers import NUMBER, distinct, is_among
from employees.workforce.plausibility import COMPARED, MEDIANS, Alarm, Evidence, alarms_of
from employees.workforce.replay import replay
from technova.commands import Progress
from technova.database.bulk import Block, bulk_insert, insert_blocks, refresh_statistics
from technova.database.locks import exclusive
from technova.files.spool import Spool

CHUNK_SIZE = FEW  # people compared at a time
PART_SIZE = 4 * FEW  # whose presence is read at a time
_REFUSED_COLUMNS = ("extract_id", "number", "column", "value", "rule")


class Implausible(Exception):
    """A load with implausible content: ``alarms`` are the sentences."""

    def __init__(self, alarms: Sequence[Alarm]):
        self.alarms = alarms
        super().__init__("; ".join(map(str, alarms)))


class NoSuchLoad(LookupError):
    """No load in force has this number."""


@dataclass(frozen=True, slots=True)
class LoadResult:
    """The result of a load or of its dry run."""

    load: int | None  # its number; None when every extract was loaded before, or nothing was kept
    as_of: date
    counts: Mapping[Extract, RowCounts]
    stored: Mapping[Extract, int]  # people; also of a directory that the SIRH file holds
    known_already: tuple[Extract, ...]  # the same content is in force for the day: nothing to do
    replaced: tuple[Extract, ...]  # corrected: another one was in force for the day
    changed: int  # known people with at least one changed value
    columns: tuple[ColumnChange, ...]  # of what
    moves: Moves
    changes: Iterable[pd.DataFrame]  # a row for each move and changed value, as ``comparison.LISTED``
    present_before: int
    present: int
    rejects: tuple[Reject, ...]
    questions: tuple[Question, ...]
    reports: Mapping[Extract, FileReport]
    alarms: tuple[Alarm, ...]  # overridden ones, or those that a dry run found
    is_dry_run: bool


def load_extracts(
    *,
    as_of: date,
    extracts: Mapping[Extract, ReadExtract],
    user: User | None = None,
    accept_implausible: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
    tell: Callable[[LoadResult], None] | None = None,
) -> LoadResult:
    """Load what was read of one day's extracts, all or nothing, in one transaction.

    An extract that is in force for its day with the same content is left out; another one for the day replaces it.
    ``dry_run`` does all of it and rolls back. ``tell`` is called with the result before the commit: an exception rolls
    the load back. Raises ``Implausible`` unless ``accept_implausible``, and ``Busy`` while another load, build or
    scoring is at work.
    """
    with exclusive():
        load = _Loading(as_of, extracts, user)
        load.run(progress)
        if load.alarms and not (accept_implausible or dry_run):
            raise Implausible(load.alarms)
        if dry_run:
            transaction.set_rollback(True)
        result = load.result(is_dry_run=dry_run)
        if tell:
            tell(result)
    if not dry_run:
        _refresh_statistics()
    return result


def withdraw_load(*, load: int, reason: str, user: User | None = None, progress: Progress | None = None) -> Load:
    """Withdraw a load: from its day on, the workforce follows from the other extracts in force.

    Predictions that were given stay in the log; words that were learned for it are unknown again. Raises
    ``NoSuchLoad`` and ``Busy``.
    """
    with exclusive():
        found = Load.objects.in_force().filter(pk=load).first()
        if found is None:
            raise NoSuchLoad(f"No load {load} is in force: list_loads lists those that can be taken back")
        found.withdrawn_at, found.withdrawn_by, found.withdrawal_reason = timezone.now(), user, reason
        found.save()
        replay(since=found.as_of, progress=progress)
        unlearn(load=found)
    _refresh_statistics()
    return found


def _refresh_statistics() -> None:
    """Have PostgreSQL answer from indexes alone what pages ask next; a transaction cannot do that itself."""
    for table in (Employee, EmployeeState):
        refresh_statistics(table)


def withdrawal_changes(*, load: int) -> pd.DataFrame:
    """People who would come, go or move on the newest day if a load were withdrawn, as ``LISTED``; writes nothing.

    Takes as long as the withdrawal. The result stays the same until the ``revision`` changes. Raises as
    ``withdraw_load``.
    """
    with exclusive():
        standing = _Standing(WorkforceDay.objects.latest().as_of)
        withdraw_load(load=load, reason="")
        changes = Changes()
        standing.compare(changes)
        transaction.set_rollback(True)
    return pd.concat([pd.DataFrame(columns=list(LISTED)), *changes])


def revision() -> str:
    """A text that changes with every load, withdrawal, answer (each replays a day) and new word. Two queries."""
    revisions = [*WorkforceDay.objects.values_list("revision", flat=True), terms.refreshed().revision]
    return " ".join(map(str, revisions))


class _Loading:
    """One load in progress."""

    def __init__(self, as_of: date, extracts: Mapping[Extract, ReadExtract], user: User | None):
        self.as_of = as_of
        self.user = user
        self.given = extracts
        self.history = History.locked()
        self.by_kind = with_directory(extracts)
        self.digests = {kind: digest(extract) for kind, extract in self.by_kind.items()}
        self.known_already = tuple(kind for kind in self.by_kind if self._is_known(kind))
        self.extracts = {kind: extract for kind, extract in self.by_kind.items() if kind not in self.known_already}
        self.numbers = np.empty(0, dtype=NUMBER)  # of everyone in the extracts
        self.load: Load | None = None
        self.alarms: list[Alarm] = []
        self.erased = 0  # numbers

    def _is_known(self, kind: Extract) -> bool:
        in_force = self.history.on(kind, self.as_of)
        return in_force is not None and in_force.content_sha256 == self.digests[kind]

    def run(self, progress: Progress | None) -> None:
        if self.extracts:
            self.load = Load.objects.create(as_of=self.as_of, recorded_by=self.user)
            stored = {kind: self._store(self.load, kind, extract) for kind, extract in self.extracts.items()}
            known = numbers_of(Employee.objects.all(), "employee_id")
            self.erased = len(erased_among(self.numbers[~is_among(self.numbers, known)].tolist()))
        self.standing = _Standing(self.as_of, self.numbers)
        self.comparison = Comparison(COMPARED, self.standing.present)
        if self.load:
            for kind, extract in self.extracts.items():
                self._compare(kind, stored[kind], extract)
            replay(since=self.as_of, numbers=self.numbers, progress=progress)
        self.changes = Changes(self.comparison)
        self.present = self.standing.compare(self.changes)
        self.comparison.narrow(self.present)
        if self.load:
            self.alarms = alarms_of(self._evidence())
            self.load.overridden = [alarm.message.document() for alarm in self.alarms]
            self.load.save(update_fields=["overridden"])

    def _compare(self, kind: Extract, stored: LoadedExtract, extract: ReadExtract) -> None:
        """Compare the extract with what was known for its day."""
        before = next(iter(self.history.until(kind, self.as_of)), None)
        if before is None:
            return
        changed = self.history.changed(stored, before, stored.table.value_names())
        for frame in extract.frames():
            is_changed = is_among(frame.index.to_numpy(), changed)
            self.comparison.add_unchanged(frame[~is_changed])
            for start in range(0, is_changed.sum(), CHUNK_SIZE):
                some = frame[is_changed].iloc[start : start + CHUNK_SIZE]
                self.comparison.add(self.history.values(kind, self.as_of, some.index.to_numpy()), some)

    def _store(self, load: Load, kind: Extract, extract: ReadExtract) -> LoadedExtract:
        stored = LoadedExtract.objects.create(
            load=load,
            kind=kind,
            as_of=self.as_of,
            name=_printable(extract.report.name)[-255:],
            content_sha256=self.digests[kind],
            given=list(extract.given),
            row_count=extract.accepted,
            reject_count=extract.refused_count,
        )
        folded = [AnnuaireRow.FOLDED[name] for name in extract.columns if name in AnnuaireRow.FOLDED]
        insert_blocks(ROWS[kind], self._blocks(stored, extract), ["extract_id", "number", *extract.columns, *folded])
        refused = _refused_values(extract)
        bulk_insert(RefusedValue, ((stored.pk, *row) for row in refused), _REFUSED_COLUMNS)
        return stored

    def _blocks(self, stored: LoadedExtract, extract: ReadExtract) -> Iterator[Block]:
        """The content of an extract by columns of its table; the numbers are remembered."""
        unknown = []
        for frame in extract.frames():
            numbers = frame.index.to_numpy(dtype=NUMBER)
            unknown.append(numbers[~is_among(numbers, self.numbers)])
            folded = {
                AnnuaireRow.FOLDED[name]: [None if pd.isna(text) else fold(text) for text in frame[name]]
                for name in extract.columns
                if name in AnnuaireRow.FOLDED
            }
            values = {name: frame[name] for name in extract.columns}
            yield {"extract_id": stored.pk, "number": numbers} | values | folded
        self.numbers = distinct(self.numbers, *unknown)

    def _evidence(self) -> Evidence:
        moves = self.changes.moves
        return Evidence(
            rows={extract.report.name: _refused(extract) for extract in self.extracts.values()},
            present=len(self.standing.present),
            missing=moves.vanished + self.standing.forgotten,
            unknown=moves.arrived,
            had_left=self.standing.had_left,
            returned=moves.returned,
            erased=self.erased,
            pairs=self.comparison.pairs,
        )

    def result(self, *, is_dry_run: bool) -> LoadResult:
        return LoadResult(
            load=self.load.pk if self.load and not is_dry_run else None,
            as_of=self.as_of,
            counts={kind: extract.counts for kind, extract in self.given.items()},
            stored={kind: extract.accepted for kind, extract in self.by_kind.items()},
            known_already=self.known_already,
            replaced=tuple(kind for kind in self.extracts if self.history.on(kind, self.as_of)),
            changed=len(self.comparison.changed()),
            columns=tuple(self.comparison.columns(MEDIANS)),
            moves=self.changes.moves,
            changes=self.changes,
            present_before=len(self.standing.present),
            present=len(self.present),
            rejects=tuple(reject for extract in self.given.values() for reject in extract.rejects),
            questions=tuple(question for extract in self.given.values() for question in extract.questions),
            reports={kind: extract.report for kind, extract in self.given.items()},
            alarms=tuple(self.alarms),
            is_dry_run=is_dry_run,
        )


def with_directory(extracts: Mapping[Extract, ReadExtract]) -> dict[Extract, ReadExtract]:
    """The extracts, with the directory's columns of a SIRH file as an extract of their own, unless one was given."""
    parts = dict(extracts)
    sirh = parts.get(Extract.SIRH)
    names = [name for name in ROWS[Extract.ANNUAIRE].value_names() if sirh and name in sirh.given]
    if sirh and names:
        parts[Extract.SIRH] = replace(sirh, columns=tuple(name for name in sirh.columns if name not in names))
        columns = tuple(ROWS[Extract.ANNUAIRE].value_names())
        directory = replace(sirh, columns=columns, given=tuple(names), rejects=(), unknown_words=())
        parts.setdefault(Extract.ANNUAIRE, directory)
    return parts


class _Standing:
    """Presence and department on a day, at its creation; everyone in parts, by ranges of their numbers.

    ``newcomers`` are numbers that may become people until it is compared.
    """

    def __init__(self, day: date, newcomers: np.ndarray | None = None):
        self.day = day
        everyone = numbers_of(Employee.objects.all(), "employee_id")
        everyone = everyone if newcomers is None else distinct(everyone, newcomers)
        self.ranges = [(int(part[0]), int(part[-1])) for part in chunks(everyone, everyone > 0, PART_SIZE)]
        self.before: Spool[pd.DataFrame] = Spool()
        self.had_left = 0
        self.forgotten = 0
        present = [np.empty(0, dtype=NUMBER)]
        for range_ in self.ranges:
            states = _presence_on(day, range_)
            self.before.append(states)
            self.had_left += int((states["presence"] == Presence.LEFT).sum())
            present.append(_present(states))
        self.present = np.concatenate(present)  # their numbers

    def compare(self, changes: Changes) -> np.ndarray:
        """Take what has changed since; return the numbers of those present now."""
        present = [np.empty(0, dtype=NUMBER)]
        for range_, before in zip(self.ranges, self.before, strict=True):
            after = _presence_on(self.day, range_)
            changes.add(before, after)
            # Present by an extract of this day alone, which another one replaces.
            self.forgotten += int((~is_among(_present(before), after.index.to_numpy(dtype=NUMBER))).sum())
            present.append(_present(after))
        return np.concatenate(present)


def _present(states: pd.DataFrame) -> np.ndarray:
    return states.index[states["presence"] == Presence.PRESENT].to_numpy(dtype=NUMBER)


def _presence_on(day: date, numbers: tuple[int, int]) -> pd.DataFrame:
    """Presence, department and departure on a day of those with a number in a range, by number. Two queries."""
    states = EmployeeState.objects.on(day).exclude(presence="").filter(of_range(*numbers))
    names = ["presence", "departement", "left_after", "left_by"]
    return by_number(states.order_by("employee__employee_id"), "employee__employee_id", *names)


def _printable(name: str) -> str:
    """A file's name, which may be invalid text, as text that a database accepts."""
    return name.encode("utf-8", "backslashreplace").decode()


def _refused_values(extract: ReadExtract) -> Iterator[tuple]:
    """The refused cells of rows with a readable number: the first for each person and column."""
    found: dict[tuple[int, str], tuple[str, dict]] = {}
    for reject in extract.rejects:
        if reject.employee_id:
            found.setdefault((reject.employee_id, reject.name), (reject.value, reject.rule.document()))
    yield from ((*place, *refused) for place, refused in found.items())
    for word in chain(*extract.unknown_words):  # at most one a person and column, never beside a reject
        yield word.employee_id, word.name, word.value, word.rule.document()


def _refused(extract: ReadExtract) -> tuple[int, int]:
    """How many rows a file has, and how many of them hold a refused value or a word that stays unknown."""
    return extract.read, len({reject.line for reject in extract.refused})


def digest(extract: ReadExtract) -> str:
    """The SHA-256 of an extract's content, regardless of the order and the spelling in its file."""
    found = hashlib.sha256()
    for frame in extract.frames():
        rows = frame.astype(object)
        hashed = pd.util.hash_pandas_object(rows.where(rows.notna(), None), index=True)
        found.update(hashed.to_numpy().tobytes())
    found.update(",".join(extract.columns).encode())
    return found.hexdigest()
