"""The purge of the logs, the only way to delete from them: whole sealed blocks, each purge a row of its own."""

from collections.abc import Iterator
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from predictions.log.canonical import LOGS, Log
from predictions.log.models import LogBlock, LogName, LogPurge
from predictions.models import LegalHold, Prediction, ScoringRun
from technova.database.bulk import refresh_statistics

KEPT = timedelta(days=180)  # European rules: such logs are kept for at least six months


class TooYoung(ValueError):
    """The purge would delete rows that must be kept."""


def purge_predictions(*, older_than: timedelta, is_forced: bool = False, user: User | None = None) -> int:
    """Delete the blocks of the prediction log whose newest row is older than ``older_than``; return how many rows.

    The newest scoring run stays whatever its age: it is what the pages show. Raises ``TooYoung`` for less than the
    six months that logs are kept, unless ``is_forced``.
    """
    if older_than < KEPT and not is_forced:
        raise TooYoung(f"Predictions are kept {KEPT.days} days at least; {older_than.days} is less.")
    rule = f"predictions older than {older_than.days} days" + (", by force" if is_forced else "")
    deleted = _purge(LogName.PREDICTIONS, older_than, rule, user)
    if deleted:
        refresh_statistics(Prediction)  # or the next run waits until the rows deleted are cleared away
    return deleted


def purge_journal(*, older_than: timedelta, user: User | None = None) -> int:
    """Delete the blocks of the access journal whose newest entry is older; return how many entries."""
    return _purge(LogName.JOURNAL, older_than, f"entries older than {older_than.days} days", user)


@transaction.atomic
def _purge(name: LogName, older_than: timedelta, rule: str, user: User | None) -> int:
    log = next(log for log in LOGS if log.name == name)
    with connection.cursor() as cursor:
        role = ""
        if connection.vendor == "postgresql":
            cursor.execute("SELECT current_user")
            role = cursor.fetchone()[0]
    deleted = 0
    for after, last in _ranges(log, older_than):
        rows = log.rows(after, last)
        count = rows.count()
        LogPurge.objects.create(log=name, after_id=after, last_id=last, row_count=count, rule=rule, by=user, role=role)
        rows.order_by()._raw_delete("default")
        deleted += count
    return deleted


def _ranges(log: Log, older_than: timedelta) -> Iterator[tuple[int, int]]:
    """The ranges of ids of blocks that may go, neighbouring ones as one: none with a row of somebody held."""
    gone = LogPurge.objects.filter(log=log.name, after_id__lte=OuterRef("after_id"), last_id__gte=OuterRef("last_id"))
    blocks = LogBlock.objects.filter(~Exists(gone), log=log.name, newest__lt=timezone.now() - older_than)
    held = LegalHold.objects.people()
    of_held = log.model._default_manager.filter(
        employee__in=held, pk__gt=OuterRef("after_id"), pk__lte=OuterRef("last_id")
    )
    blocks = blocks.filter(~Exists(of_held))
    if log.name == LogName.PREDICTIONS:
        newest_run = ScoringRun.objects.values("pk")[:1]
        of_run = Prediction.objects.filter(run__in=newest_run, pk__gt=OuterRef("after_id"), pk__lte=OuterRef("last_id"))
        blocks = blocks.filter(~Exists(of_run))
    start = end = None
    for after, last in list(blocks.order_by("after_id").values_list("after_id", "last_id")):
        if after == end:
            end = last
            continue
        if start is not None and end is not None:
            yield start, end
        start, end = after, last
    if start is not None and end is not None:
        yield start, end
