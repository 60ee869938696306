"""The logs without their protection, for tests that play the owner of the database."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from predictions.log.protection import protect


@contextmanager
def unprotected() -> Iterator[None]:
    """A transaction in which no trigger keeps a row; on PostgreSQL for a superuser, whom nothing stops."""
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL session_replication_role = replica")
        else:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            for (name,) in cursor.fetchall():
                cursor.execute(f'DROP TRIGGER "{name}"')
        yield
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL session_replication_role = origin")
    if connection.vendor != "postgresql":
        protect(using="default")
