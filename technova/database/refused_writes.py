"""Whether the database refused the last write that a request needed, and why; all processes of the server know."""

import mmap
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, InterfaceError

from technova.database.trouble import Trouble, trouble_of

# One byte in memory that the processes of the server share, since it is made before they are forked: nothing, or the
# place in the list of why a row was refused.
_noted = mmap.mmap(-1, 1)
_TROUBLES = list(Trouble)


@contextmanager
def noting() -> Iterator[None]:
    """Around a write without which a request fails: note what keeps the database from it."""
    try:
        yield
    except (DatabaseError, InterfaceError) as error:
        if trouble := trouble_of(error):
            _noted[0] = 1 + _TROUBLES.index(trouble)
        raise


def noted() -> Trouble | None:
    return _TROUBLES[_noted[0] - 1] if _noted[0] else None


def forget() -> None:
    """The database has taken a write."""
    _noted[0] = 0
