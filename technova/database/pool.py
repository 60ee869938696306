"""The connections of the PostgreSQL pool."""

import select
from typing import Any

import psycopg
from psycopg_pool import ConnectionPool


class PooledConnection(psycopg.Connection):
    """A connection that is checked before each use without a question to the server, and that keeps some cursors.

    The pool checks by running an empty query. A server that ended the connection has left word of it on the socket:
    where there is none, the round trip is spared.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._cursors: dict[str, psycopg.Cursor[Any]] = {}

    def cursor_of(self, sql: str) -> psycopg.Cursor:
        """The cursor of one statement, which knows from its last run how to convert parameters and columns."""
        if sql not in self._cursors:
            from django.db.backends.postgresql.base import ServerBindingCursor  # the settings import this module

            cursor: Any = ServerBindingCursor  # the stubs know neither its base nor its arguments
            self._cursors[sql] = cursor(self)
        return self._cursors[sql]

    def execute(self, query, params=None, *, prepare=None, binary=False):
        if query != "":
            return super().execute(query, params, prepare=prepare, binary=binary)
        if self._has_word():
            self._ask()
        return self.cursor()

    def _ask(self) -> None:
        """Ask the server after all. Where it ended this connection, it ended those that wait in the pool: replace them,
        since the pool pauses after each that it finds, twice as long as before, until the time of the request is up.
        """
        try:
            super().execute("")
        except psycopg.OperationalError:
            if isinstance(self._pool, ConnectionPool):
                self._pool.drain()
            raise

    def _has_word(self) -> bool:
        poll = select.poll()
        poll.register(self.fileno(), select.POLLIN)
        return bool(poll.poll(0))
