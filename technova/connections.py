"""The connections of the PostgreSQL pool."""

import select

import psycopg


class PooledConnection(psycopg.Connection):
    """A connection that is checked before each use without a question to the server.

    The pool checks by running an empty query. A server that ended the connection has left word of it on the socket:
    where there is none, the round trip is spared.
    """

    def execute(self, query, params=None, *, prepare=None, binary=False):
        if query == "" and not self._has_word():
            return self.cursor()
        return super().execute(query, params, prepare=prepare, binary=binary)

    def _has_word(self) -> bool:
        poll = select.poll()
        poll.register(self.fileno(), select.POLLIN)
        return bool(poll.poll(0))
