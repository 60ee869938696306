"""Counts that are exact across processes: how often something happened in the current window of time."""

from django.db import connection, transaction
from django.db.models import F

from predictions.keys.models import RequestCount
from predictions.keys.quota import MINUTE, Quota, rest_of_window, window_at

# A request that read the clock just before the window turned counts in the new one, and a clock that was set back by
# more starts afresh: no window ever admits more than the limit, and no subject stays locked out.
COUNT = """
INSERT INTO predictions_requestcount AS c (subject, minute, requests) {source}
ON CONFLICT (subject) DO UPDATE SET
  requests = CASE WHEN c.minute IN (excluded.minute, excluded.minute + {minutes}) THEN c.requests + 1 ELSE 1 END,
  minute = CASE WHEN c.minute = excluded.minute + {minutes} THEN c.minute ELSE excluded.minute END
RETURNING requests
"""


def count(policy: str, name: str, *, limit: int, now: float, minutes: int = 1, is_kept: bool = False) -> Quota:
    """Count a request of a subject, in one statement.

    The first request of a subject in a window clears earlier windows, unless the policy's subjects are kept.
    """
    window = window_at(now, minutes)
    with connection.cursor() as cursor:
        sql = COUNT.format(source="VALUES (%s, %s, 1)", minutes=minutes)
        cursor.execute(sql, [f"{policy} {name}", window])
        requests = cursor.fetchone()[0]
    if requests == 1 and not is_kept:
        clear(policy, now=now, minutes=minutes)
    return Quota(policy, limit, requests, rest_of_window(now, minutes), minutes * MINUTE)


def clear(policy: str, *, now: float, minutes: int = 1) -> None:
    """Delete the subjects of earlier windows, since anybody can invent addresses and names.

    Skips locked rows: waiting for one that is being counted could deadlock.
    """
    over = RequestCount.objects.filter(subject__startswith=f"{policy} ", minute__lt=window_at(now, minutes) - minutes)
    with transaction.atomic():
        RequestCount.objects.filter(pk__in=over.select_for_update(skip_locked=True).values("pk")).delete()


def take_back(policy: str, name: str, *, now: float, minutes: int = 1) -> None:
    """Undo the count of a request at ``now``, if its window is still the latest."""
    counted = RequestCount.objects.filter(subject=f"{policy} {name}", minute=window_at(now, minutes), requests__gt=0)
    counted.update(requests=F("requests") - 1)


def forget(policy: str, name: str) -> None:
    """Delete the count of a subject."""
    RequestCount.objects.filter(subject=f"{policy} {name}").delete()
