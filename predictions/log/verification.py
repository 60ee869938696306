"""Compare the logs with their seals."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from django.db.models import Exists, Max, OuterRef, Sum
from django.utils import timezone

from employees.models import Erasure
from predictions.log.canonical import LOGS, Log, digest_of, digest_of_block
from predictions.log.models import ErasedRow, LogBlock, LogPurge
from predictions.log.seals import GENESIS
from technova.commands import Progress

UNSEALED = timedelta(minutes=10)  # after which a row should long be in a block


@dataclass(frozen=True, slots=True)
class Fault:
    """What does not fit, in words; ``block`` is its number, None for rows in no block."""

    block: int | None
    text: str


@dataclass(slots=True)
class Verified:
    """What was compared, and what does not fit."""

    blocks: int = 0
    rows: int = 0
    purged: int = 0
    faults: list[Fault] = field(default_factory=list)


def verify(*, heads: Path | None = None, progress: Progress | None = None) -> Verified:
    """Read every row of the logs, a block at a time; memory does not grow with them."""
    found = Verified()
    known = _heads(heads) if heads else {}
    ends: dict[str, int] = {log.name: 0 for log in LOGS}
    logs: dict[str, Log] = {log.name: log for log in LOGS}
    previous, number = GENESIS, 0
    of_block = LogPurge.objects.filter(log=OuterRef("log"), after_id__lte=OuterRef("after_id"))
    is_purged = Exists(of_block.filter(last_id__gte=OuterRef("last_id")))
    blocks = LogBlock.objects.annotate(is_purged=is_purged).order_by("number")
    total = blocks.count()
    for block in blocks.iterator(chunk_size=500):
        faults = list(_faults(block, number + 1, previous, ends[block.log], known))
        if not faults:
            faults = list(_faults_of_rows(logs[block.log], block))
        found.faults += [Fault(block.number, text) for text in faults]
        found.blocks, number, previous = found.blocks + 1, block.number, block.digest
        found.rows, found.purged = found.rows + block.row_count * (not block.is_purged), found.purged + block.is_purged
        ends[block.log] = block.last_id
        if progress:
            progress("Verifying", found.blocks, total)
    found.faults += [Fault(None, text) for text in _loose(ends, known, number)]
    return found


def _faults(block: LogBlock, number: int, previous: str, end: int, heads: Mapping[int, str]) -> Iterator[str]:
    if block.number != number:
        yield f"the block before it is missing (expected {number})"
    if block.previous != previous:
        yield "it does not continue the block before it"
    if block.digest != digest_of_block(block):
        yield "its own columns were changed"
    if block.after_id != end:
        yield f"its rows do not begin after row {end}"
    if block.digest != heads.get(block.number, block.digest):
        yield "it is not the block whose head was written elsewhere"


def _faults_of_rows(log: Log, block: LogBlock) -> Iterator[str]:
    rows = log.rows(block.after_id, block.last_id)
    if block.is_purged:  # type: ignore[attr-defined]  # annotated
        if rows.exists():
            yield f"{rows.count()} rows stand where all were purged"
        return
    found = digest_of(log, rows)
    if found.count != block.row_count:
        way = "inserted" if found.count > block.row_count else "removed"
        yield f"a row was {way}: {found.count} instead of {block.row_count}"
    elif found.value != block.rows_digest:
        yield "a row was changed"


def _loose(ends: Mapping[str, int], heads: Mapping[int, str], number: int) -> Iterator[str]:
    """Old rows in no block, heads of blocks that are no longer there, and rows emptied without a recorded erasure."""
    recorded = Erasure.objects.aggregate(rows=Sum("log_rows"))["rows"] or 0
    if (emptied := ErasedRow.objects.count()) != recorded:
        yield f"{emptied} rows lost their person, and {recorded} by a recorded erasure"
    long_ago = timezone.now() - UNSEALED
    for log in LOGS:
        rows = log.model._default_manager.filter(pk__gt=ends[log.name])
        oldest: datetime | None = rows.filter(**{f"{log.time}__lt": long_ago}).aggregate(t=Max(log.time))["t"]
        if oldest:
            yield f"rows of the {log.name} since {ends[log.name]} are in no block: run seal_log"
    if missing := [each for each in heads if each > number]:
        yield f"block {max(missing)}, whose head was written elsewhere, is missing"


def _heads(path: Path) -> dict[int, str]:
    """The heads of a file of ``SEAL_HEADS``."""
    lines = (line.split() for line in path.read_text(encoding="ascii").splitlines())
    return {int(line[1]): line[2] for line in lines if len(line) == 3}
