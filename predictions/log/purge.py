"""The purge of the log, the only way to delete from it."""

from datetime import timedelta

from django.utils import timezone

from predictions.log.protection import deletable
from predictions.models import Prediction, ScoringRun

KEPT = timedelta(days=180)  # European rules: such logs are kept for at least six months


class TooYoung(ValueError):
    """The purge would delete rows that must be kept."""


def purge_predictions(*, older_than: timedelta, is_forced: bool = False) -> int:
    """Delete the log's rows older than ``older_than``, and return how many.

    The newest scoring run stays whatever its age: it is what the pages show. Raises ``TooYoung`` for less than the
    six months that logs are kept, unless ``is_forced``.
    """
    if older_than < KEPT and not is_forced:
        raise TooYoung(f"Predictions are kept {KEPT.days} days at least; {older_than.days} is less.")
    newest_run = ScoringRun.objects.values("pk")[:1]
    with deletable():
        rows = Prediction.objects.filter(created_at__lt=timezone.now() - older_than)
        deleted, _by_model = rows.exclude(run__in=newest_run).delete()
    return deleted
