"""Seal what the logs have got since, each minute: blocks chained by their digests, which ``verify_log`` compares."""

import secrets
import time
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.models import Max
from django.utils import timezone

from predictions.log.canonical import LOGS, Log, digest_of, digest_of_block
from predictions.log.models import LogBlock, PersonKey
from technova import jobs
from technova.commands import Progress
from technova.database.locks import exclusive

BLOCK = 10_000  # rows at most
GENESIS = "0" * 64  # what the first block has for the digest of the one before
SETTLED_WITHIN = 20.0  # seconds that the sealing waits for transactions that are writing
KEYS_AT_A_TIME = 2_000


@jobs.task
def seal_logs(*, progress: Progress | None = None) -> None:
    """Seal every row that is committed and write the head where ``SEAL_HEADS`` says."""
    seal(progress=progress)


def seal(*, progress: Progress | None = None) -> int:
    """Seal every log; return how many blocks were made. Raises ``Busy`` while another process seals."""
    made = 0
    for log in LOGS:
        upto = _settled(log)
        while block := _next_block(log, upto):
            made += 1
            if progress:
                progress(f"Sealing the {log.name}", block.last_id, upto)
    if made:
        _publish(LogBlock.objects.latest())
    return made


def _next_block(log: Log, upto: int) -> LogBlock | None:
    """Seal the next rows, in a transaction of their own; None when nothing is left."""
    with exclusive("seals"):
        mine = LogBlock.objects.filter(log=log.name).order_by("-last_id").first()
        after = mine.last_id if mine else 0
        ids = list(log.rows(after, upto).values_list("pk", flat=True)[:BLOCK])
        if not ids:
            return None
        rows = log.rows(after, ids[-1])
        _give_keys(log, rows)
        found = digest_of(log, rows)
        before = LogBlock.objects.order_by("-number").first()
        block = LogBlock(
            number=before.number + 1 if before else 1,
            log=log.name,
            after_id=after,
            last_id=ids[-1] if len(ids) == BLOCK else upto,
            row_count=found.count,
            newest=found.newest,
            sealed_at=timezone.now(),
            rows_digest=found.value,
            previous=before.digest if before else GENESIS,
        )
        block.digest = digest_of_block(block)
        block.save(force_insert=True)
        return block


def _give_keys(log: Log, rows) -> None:
    """Make the keys of people whom no sealed row was about yet."""
    if not log.personal:
        return
    without = rows.filter(employee__isnull=False, employee__seal_key=None).order_by()
    numbers = list(without.values_list("employee_id", flat=True).distinct())
    for few in _batches(numbers):
        keys = [PersonKey(employee_id=number, key=secrets.token_bytes(32)) for number in few]
        PersonKey.objects.bulk_create(keys)


def _batches(numbers: list[int]) -> Iterator[list[int]]:
    return (numbers[start : start + KEYS_AT_A_TIME] for start in range(0, len(numbers), KEYS_AT_A_TIME))


def _settled(log: Log) -> int:
    """An id up to which no row will be added any more: every transaction that could hold one has ended.

    A writer takes the lock of the table before its keys. So whoever drew a key below the newest that is visible now
    has ended, or holds that lock; the sealing waits for those, and tries again a minute later if they take long.
    SQLite has one writer at a time.
    """
    newest = log.model._default_manager.aggregate(newest=Max("pk"))["newest"] or 0
    if connection.vendor != "postgresql":
        return newest
    deadline = time.monotonic() + SETTLED_WITHIN
    waited_for = _writers(log)
    while waited_for and time.monotonic() < deadline:
        time.sleep(0.1)
        waited_for &= _writers(log)
    return 0 if waited_for else newest


def _writers(log: Log) -> set[str]:
    """The transactions that are writing to a table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'relation' AND mode = 'RowExclusiveLock' "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
            "AND relation = %s::regclass AND pid <> pg_backend_pid()",
            [log.model._meta.db_table],
        )
        return {transaction for (transaction,) in cursor.fetchall()}


def _publish(head: LogBlock) -> None:
    """Append the head to a file outside of the database: a chain that was rewritten as a whole does not match it."""
    if settings.SEAL_HEADS:
        line = f"{head.sealed_at.isoformat()} {head.number} {head.digest}\n"
        with Path(settings.SEAL_HEADS).open("a", encoding="ascii") as file:
            file.write(line)
