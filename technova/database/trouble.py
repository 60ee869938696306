"""Why the database is unusable, from the error that it raised."""

from enum import Enum

from django.db import DatabaseError, InterfaceError, OperationalError


def sqlstate_of(error: BaseException) -> str | None:
    """PostgreSQL's error code, if Django's error has one."""
    return getattr(error.__cause__, "sqlstate", None)


class Trouble(Enum):
    """Temporary reasons why a database is unusable, safe to show publicly."""

    FULL = "has no room left on its disk"
    BUSY = "is locked by other work"
    READ_ONLY = "takes no writes"
    AWAY = "does not answer"


_OF_SQLSTATE = {
    "53100": Trouble.FULL,
    "55P03": Trouble.BUSY,  # lock_timeout
    "57014": Trouble.BUSY,  # statement_timeout
    "40P01": Trouble.BUSY,  # a deadlock
    "25006": Trouble.READ_ONLY,  # of a standby until it is promoted
}
_OF_SQLITE = {
    "SQLITE_FULL": Trouble.FULL,
    "SQLITE_IOERR_SHMSIZE": Trouble.FULL,  # the file beside the write-ahead log cannot grow
    "SQLITE_BUSY": Trouble.BUSY,
    "SQLITE_LOCKED": Trouble.BUSY,
    "SQLITE_READONLY": Trouble.READ_ONLY,
}


def trouble_of(error: BaseException | None) -> Trouble | None:
    """The reason behind an error; None if it is not the database's own state."""
    if not isinstance(error, (DatabaseError, InterfaceError)):
        return None
    extended = getattr(error.__cause__, "sqlite_errorname", "")  # SQLITE_BUSY_SNAPSHOT is a kind of SQLITE_BUSY
    plain = "_".join(extended.split("_")[:2])
    known = _OF_SQLSTATE.get(sqlstate_of(error) or "") or _OF_SQLITE.get(extended) or _OF_SQLITE.get(plain)
    return known or (Trouble.AWAY if isinstance(error, (OperationalError, InterfaceError)) else None)
