"""Counts that are exact across processes: how often something happened in the current window of time."""

import math
from dataclasses import dataclass

from django.db import connection
from django.db.models import F

from predictions.models import RequestCount

MINUTE = 60  # seconds; a window is one minute or several

# A request that read the clock just before the window turned counts in the new one, and a clock that was set back by
# more starts afresh: no window ever admits more than the limit, and no subject stays locked out.
COUNT = """
INSERT INTO predictions_requestcount AS c (subject, minute, requests) {source}
ON CONFLICT (subject) DO UPDATE SET
  requests = CASE WHEN c.minute IN (excluded.minute, excluded.minute + {minutes}) THEN c.requests + 1 ELSE 1 END,
  minute = CASE WHEN c.minute = excluded.minute + {minutes} THEN c.minute ELSE excluded.minute END
RETURNING requests
"""


@dataclass(frozen=True, slots=True)
class Quota:
    """How many requests a subject may make in a window, and how many it has made."""

    policy: str  # what kind of subject
    limit: int
    requests: int
    reset: int  # seconds until the window ends

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.requests)

    @property
    def is_exceeded(self) -> bool:
        return self.requests > self.limit


def window_at(now: float, minutes: int = 1) -> int:
    """The minute since 1970 in which the window of this moment began."""
    return int(now // MINUTE) // minutes * minutes


def rest_of_window(now: float, minutes: int = 1) -> int:
    """Seconds until it ends."""
    return max(1, math.ceil(minutes * MINUTE - now % (minutes * MINUTE)))


def count(policy: str, name: str, *, limit: int, now: float, minutes: int = 1, is_kept: bool = False) -> Quota:
    """Count a request of a subject, in one statement.

    Unless the subjects of the policy are kept, the first request of one in a window clears those of earlier windows:
    anybody can make up addresses and names.
    """
    window = window_at(now, minutes)
    with connection.cursor() as cursor:
        sql = COUNT.format(source="VALUES (%s, %s, 1)", minutes=minutes)
        cursor.execute(sql, [f"{policy} {name}", window])
        requests = cursor.fetchone()[0]
    if requests == 1 and not is_kept:
        RequestCount.objects.filter(subject__startswith=f"{policy} ", minute__lt=window - minutes).delete()
    return Quota(policy, limit, requests, rest_of_window(now, minutes))


def take_back(policy: str, name: str, *, now: float, minutes: int = 1) -> None:
    """Uncount a request that was counted at ``now``, if its window still is the latest."""
    counted = RequestCount.objects.filter(subject=f"{policy} {name}", minute=window_at(now, minutes), requests__gt=0)
    counted.update(requests=F("requests") - 1)


def forget(policy: str, name: str) -> None:
    """Begin anew with a subject."""
    RequestCount.objects.filter(subject=f"{policy} {name}").delete()
