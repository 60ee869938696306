"""Services: create and rotate API keys, and admit their requests."""

import re
import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, connection, transaction
from django.db.models import Q
from django.utils import timezone

from employees.access import Scope, departments_of_key, scope_of_key
from predictions.keys import limits
from predictions.keys.models import APIKey
from predictions.keys.quota import Quota, rest_of_window, window_at
from technova.database import refused_writes
from technova.database.prepared_statements import run
from technova.web.clients import network_of

SECRET_FORMAT = re.compile(r"([A-Za-z0-9]{8})\.[A-Za-z0-9]{32}")
LAST_USED_PRECISION = timedelta(minutes=15)  # last_used_at is written at most once in this time


LIFETIME = timedelta(days=365)
LONGEST_LIFETIME = timedelta(days=3650)
LONGEST_OVERLAP = timedelta(days=90)


class RefusedKey(ValueError):
    """The key cannot be created; the message is for the person who asked."""


def create_api_key(
    *,
    name: str,
    owner: str,
    scope: Scope,
    can_predict: bool = True,
    can_read: bool = True,
    can_load: bool = False,
    can_follow: bool = False,
    lifetime: timedelta = LIFETIME,
) -> tuple[APIKey, str]:
    """Create a key limited to ``scope``; return it with its secret, which is not stored.

    Raises ``RefusedKey``.
    """
    if not timedelta(0) < lifetime <= LONGEST_LIFETIME:
        raise RefusedKey(f"A key lives 1 to {LONGEST_LIFETIME.days} days, not {lifetime.days}.")
    if scope.is_empty:
        raise RefusedKey("A key of no department sees nobody: name one, or none at all for everyone.")
    key = APIKey(
        name=name,
        owner=owner,
        can_predict=can_predict,
        can_read=can_read,
        can_load=can_load,
        can_follow=can_follow,
        departments=departments_of_key(scope),
        expiry_date=timezone.now() + lifetime,
    )
    secret = key.assign_secret()
    try:
        key.full_clean()
    except ValidationError as error:
        raise RefusedKey(
            "; ".join(f"{field}: {' '.join(texts)}" for field, texts in error.message_dict.items())
        ) from error
    key.save(force_insert=True)
    return key, secret


@transaction.atomic
def rotate_api_key(
    *, key: APIKey, overlap: timedelta, name: str | None = None, lifetime: timedelta = LIFETIME
) -> tuple[APIKey, str]:
    """Replace a key by a new one with its owner, scopes and departments; the old one stays valid for ``overlap``.

    Raises ``RefusedKey`` for a key that is no longer usable.
    """
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise RefusedKey(f"The old key lives on for 0 to {LONGEST_OVERLAP.days} days, not {overlap.days}.")
    key = APIKey.objects.select_for_update().get(pk=key.pk)
    if not key.is_usable:
        raise RefusedKey(f"The key {key.prefix} is revoked or has expired: make a new one.")
    new = create_api_key(
        name=name or key.name,
        owner=key.owner,
        can_predict=key.can_predict,
        can_read=key.can_read,
        can_load=key.can_load,
        can_follow=key.can_follow,
        scope=scope_of_key(key),
        lifetime=lifetime,
    )
    end = timezone.now() + overlap
    key.expiry_date = min(end, key.expiry_date or end)
    key.save(update_fields=["expiry_date"])
    return new


class InvalidKey(Exception):
    """No key that may be used: absent, malformed, unknown, expired or revoked. All get the same answer.

    ``quota`` is that of the address; None for a missing key, which is not counted.
    """

    def __init__(self, quota: Quota | None = None):
        super().__init__(quota)
        self.quota = quota


class TooManyRequests(Exception):
    """The key, or the address of bad keys, has used up the minute of its ``quota``."""

    def __init__(self, quota: Quota):
        super().__init__(quota)
        self.quota = quota


def admit(*, secret: str, address: str) -> APIKey:
    """The key of a secret, with this request counted in its ``quota``. One round trip on PostgreSQL.

    Records the use. Only requests with the right secret count against a key, so that its prefix is not enough to
    exhaust it; the others count against their address. Raises ``InvalidKey`` and ``TooManyRequests``.
    """
    now = time.time()
    match = SECRET_FORMAT.fullmatch(secret)
    with refused_writes.noting():
        key = _find_and_count(match[1], secret, now) if match else None
    if key is None or not key.matches(secret):
        quota = limits.count("address", network_of(address), limit=settings.BAD_KEY_RATE, now=now)
        raise TooManyRequests(quota) if quota.is_exceeded else InvalidKey(quota)
    if key.quota.is_exceeded:
        raise TooManyRequests(key.quota)
    return key


# Leaves out times that no request needs and that take 3 µs each to parse.
_KEY_FIELDS = [
    field.attname for field in APIKey._meta.concrete_fields if field.attname not in ("created", "last_used_at")
]
_ADMIT = f"""
WITH known AS (
  SELECT * FROM predictions_apikey
  WHERE prefix = %(prefix)s AND hashed_key = %(hash)s
    AND NOT revoked AND (expiry_date IS NULL OR expiry_date > %(now)s)
), counted AS ({limits.COUNT.format(source="SELECT %(subject)s, %(minute)s, 1 FROM known", minutes=1)}
), used AS (
  UPDATE predictions_apikey SET last_used_at = %(now)s
  WHERE prefix = %(prefix)s AND EXISTS (SELECT FROM known)
    AND (last_used_at IS NULL OR last_used_at < %(stale)s)
)
SELECT {", ".join(f"known.{name}" for name in _KEY_FIELDS)}, counted.requests FROM known CROSS JOIN counted
"""  # noqa: S608 - built from constants


def _find_and_count(prefix: str, secret: str, now: float) -> APIKey | None:
    """The usable key of a secret, with its ``quota`` of this minute and ``last_used_at`` brought up to date.

    SQL compares hashes, which reveals nothing about the secret; the final check takes constant time.
    """
    hashed = APIKey.hash(secret)
    at = timezone.now()
    if connection.vendor == "postgresql":
        parameters = {
            "prefix": prefix,
            "hash": hashed,
            "subject": f"key {prefix}",
            "minute": window_at(now),
            "now": at,
            "stale": at - LAST_USED_PRECISION,
        }
        return _admitted(parameters, now)
    key = APIKey.objects.usable().filter(prefix=prefix, hashed_key=hashed).first()
    if key is not None:
        key.quota = limits.count("key", prefix, limit=settings.API_KEY_RATE, now=now, is_kept=True)
        if key.last_used_at is None or key.last_used_at < at - LAST_USED_PRECISION:
            is_stale = Q(last_used_at=None) | Q(last_used_at__lt=at - LAST_USED_PRECISION)
            APIKey.objects.filter(is_stale, pk=key.pk).update(last_used_at=at)
    return key


def _admitted(parameters: dict[str, object], now: float) -> APIKey | None:
    rows = run(_ADMIT, parameters)
    if not rows:
        return None
    *values, requests = rows[0]
    key = APIKey.from_db(DEFAULT_DB_ALIAS, _KEY_FIELDS, values)
    departments: Any = APIKey._meta.get_field("departments")  # a JSONField, which needs no expression
    key.departments = departments.from_db_value(key.departments, None, connection)
    key.quota = Quota("key", settings.API_KEY_RATE, requests, rest_of_window(now))
    return key
