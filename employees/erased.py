"""Pseudonyms of erased people: whether a number was erased, for whoever has the key, which is not in the database."""

import hmac
from collections.abc import Iterable, Mapping
from hashlib import sha256

from django.conf import settings

from employees.models import Erasure


def pseudonym(number: int) -> str:
    """The digest of a number under ``ERASURE_KEY``, or ``SECRET_KEY`` without one."""
    return hmac.new(_key(), str(number).encode(), sha256).hexdigest()


def key_id() -> str:
    """Tells one key from another, and nothing about it."""
    return sha256(b"id of " + _key()).hexdigest()[:8]


def erased_among(numbers: Iterable[int]) -> Mapping[int, Erasure]:
    """The numbers that were erased, with the newest record of each. One query; a few microseconds a number."""
    known = {row.pseudonym: row for row in Erasure.objects.order_by("pk")}
    if not known:
        return {}
    found = ((number, known.get(pseudonym(number))) for number in numbers)
    return {number: row for number, row in found if row is not None}


def _key() -> bytes:
    return sha256(b"erasure of people: " + (settings.ERASURE_KEY or settings.SECRET_KEY).encode()).digest()
