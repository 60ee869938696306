"""Why the database does not do its work, by the error that it raised."""

from enum import Enum

from django.db import DatabaseError, InterfaceError, OperationalError


def sqlstate_of(error: BaseException) -> str | None:
    """PostgreSQL's code of what went wrong, where Django's error has it from there."""
    return getattr(error.__cause__, "sqlstate", None)


class Trouble(Enum):
    """Why a database does not do its work, where it may do it again later: in words safe to show publicly."""

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
    """What keeps the database from its work, by its error; None for an error that is not the database's own state."""
    if not isinstance(error, (DatabaseError, InterfaceError)):
        return None
    extended = getattr(error.__cause__, "sqlite_errorname", "")  # SQLITE_BUSY_SNAPSHOT is a kind of SQLITE_BUSY
    plain = "_".join(extended.split("_")[:2])
    known = _OF_SQLSTATE.get(sqlstate_of(error) or "") or _OF_SQLITE.get(extended) or _OF_SQLITE.get(plain)
    return known or (Trouble.AWAY if isinstance(error, (OperationalError, InterfaceError)) else None)
