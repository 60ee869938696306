"""The lock and transaction for changes to the workforce's data: one writer at a time."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection, transaction

from technova.database.trouble import Trouble, trouble_of

LOCK_WAIT = 20.0  # seconds a writer waits for another


class Busy(Exception):
    """Another process holds the lock and did not finish within the wait."""


@contextmanager
def exclusive(name: str = "pipeline", *, wait: float = LOCK_WAIT) -> Iterator[None]:
    """A transaction in which this process alone holds the lock ``name``; leaving it commits and releases.

    Loads, builds and scorings share the default name, so that none reads another's partial writes.
    The lock belongs to the transaction: a killed process leaves none. Raises ``Busy`` after ``wait``
    seconds. SQLite has one writer at a time whatever the name, and waits for its own timeout.
    """
    is_ours = False
    try:
        with transaction.atomic():
            if connection.vendor == "postgresql":
                _lock_on_postgresql(name, wait)
            is_ours = True
            yield
    except OperationalError as error:
        if is_ours or trouble_of(error) is not Trouble.BUSY:
            raise
        raise Busy("Another load, build or scoring is running: try again when it is done.") from error


@contextmanager
def one_after_another(name: str) -> Iterator[None]:
    """Serialize work that cannot be one transaction: a second process starts when the first has ended or died.

    Only on PostgreSQL, where several containers may start at once; an SQLite file belongs to one machine.
    """
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_key_of(name)])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_key_of(name)])


def _lock_on_postgresql(name: str, wait: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{max(1, round(wait * 1000))}ms"])
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_key_of(name)])
        cursor.execute("SET LOCAL lock_timeout TO DEFAULT")


def _key_of(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
