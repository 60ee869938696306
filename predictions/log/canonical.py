"""The logs as the seals read them: each row as one line of JSON, and its digest.

A row's digest is the SHA-256 of its plain columns and of a commitment to its personal ones: the SHA-256 of the person's
key and those columns. A row that loses its person keeps its commitment (``ErasedRow``), so the seals still verify, and
without the destroyed key nobody can confirm a guess of what it committed to.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import orjson
from django.db import models
from django.db.models import Case, OuterRef, Subquery, When

from employees.models import Erasure, JournalEntry
from predictions.log.models import ErasedRow, LogBlock, LogName, LogPurge
from predictions.models import Prediction

FORMAT = "technova-log-1"  # of rows and blocks; part of each block's digest
CHUNK_SIZE = 2_000
LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Log:
    """A table that can only grow. ``plain`` and ``personal`` are its columns; a later one is sealed by a new format.

    ``personal`` gives what each column holds once the person is erased.
    """

    name: LogName
    model: type[models.Model]
    time: str
    plain: tuple[str, ...]
    personal: Mapping[str, Any] = field(default_factory=dict)

    def rows(self, after: int, upto: int) -> models.QuerySet:
        """The rows of a range, by id."""
        return self.model._default_manager.filter(pk__gt=after, pk__lte=upto).order_by("pk")


LOGS = (
    Log(
        LogName.PREDICTIONS,
        Prediction,
        "created_at",
        plain=(
            *("request_id", "mode", "run_id", "api_key_id", "user_id"),
            *("probability", "low", "high", "is_extrapolated", "predicted_class", "threshold"),
            *("model_version", "model_sha256", "latency_ms", "horizon_months", "base_value"),
        ),
        personal={
            "employee_id": None,
            "features_id": None,
            "payload": {},
            "contributions": {},
            "main_reason": "",
            "second_reason": "",
        },
    ),
    Log(
        LogName.JOURNAL,
        JournalEntry,
        "at",
        plain=("user_id", "client", "what", "people", "purpose"),
        personal={"employee_id": None},
    ),
    Log(
        LogName.PURGES,
        LogPurge,
        "at",
        plain=("log", "after_id", "last_id", "row_count", "rule", "by_id", "role"),
    ),
    Log(
        LogName.ERASURES,
        Erasure,
        "at",
        plain=("pseudonym", "key_id", "by_id", "reason", "is_repeated", "log_rows"),
    ),
)


@dataclass(slots=True)
class Digest:
    """The digest of some rows, their count, the time of the newest and the id of the last."""

    value: str
    count: int = 0
    newest: datetime = LONG_AGO
    last: int = 0


def digest_of(log: Log, rows: models.QuerySet) -> Digest:
    """Read in chunks, so that memory does not grow with the rows."""
    found, whole = Digest(""), sha256()
    for key, time, digest in _digests(log, rows):
        whole.update(digest)
        found.count, found.last = found.count + 1, key
        found.newest = max(found.newest, time)
    found.value = whole.hexdigest()
    return found


def _digests(log: Log, rows: models.QuerySet) -> Iterator[tuple[int, datetime, bytes]]:
    names = ["pk", log.time, *log.plain, *log.personal]
    if log.personal:
        erased = ErasedRow.objects.filter(log=log.name, row=OuterRef("pk")).values("commitment")
        rows = rows.annotate(erased=Case(When(employee=None, then=Subquery(erased))))
        names += ["employee__seal_key__key", "erased"]
    first, emptied = 2 + len(log.plain), list(log.personal.values())
    for key, time, *values in rows.values_list(*names).iterator(chunk_size=CHUNK_SIZE):
        plain = orjson.dumps([log.name, key, time, *values[: first - 2]])
        committed = b""
        if log.personal:
            *personal, secret, kept = values[first - 2 :]
            # What was kept counts for an emptied row alone: in another one it would hide a change.
            committed = bytes.fromhex(kept) if kept and personal == emptied else commitment(personal, secret)
        yield key, time, sha256(plain + committed).digest()


def commitment(personal: Sequence[Any], secret: bytes | memoryview | None) -> bytes:
    """What a seal holds of a row's personal columns, in the order of ``Log.personal``, under the key of the person."""
    return sha256(bytes(secret or b"") + orjson.dumps(personal, option=orjson.OPT_SORT_KEYS)).digest()


def digest_of_block(block: LogBlock) -> str:
    """The digest that a block's columns give."""
    line = [FORMAT, block.number, block.log, block.after_id, block.last_id, block.row_count]
    line += [block.newest, block.sealed_at, block.rows_digest, block.previous]
    return sha256(orjson.dumps(line)).hexdigest()
