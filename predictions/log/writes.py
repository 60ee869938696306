"""The writes of the log by requests, and whether the last one was refused, which all processes of the server know.

A prediction that cannot be logged is not given, so that the probe has to say it.
"""

import mmap
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import DatabaseError, InterfaceError, transaction

from features.schema import FEATURE_NAMES
from predictions.keys import limits
from predictions.models import Prediction
from technova.database.bulk import bulk_insert, reserve_keys
from technova.database.prepared_statements import insert
from technova.database.trouble import Trouble, trouble_of

# One byte in memory that the processes of the server share, since it is made before they are forked: nothing, or the
# place in the list of why a row was refused.
_refusal = mmap.mmap(-1, 1)
_TROUBLES = list(Trouble)


def store(prediction: Prediction) -> None:
    """Write one row, which gets its key."""
    with noting_refusals():
        insert(prediction)
    forget_refusal()


def store_many(rows: Sequence[Sequence], columns: Sequence[str]) -> Sequence[int]:
    """Write rows of values for ``columns``, and return their keys."""
    with noting_refusals(), transaction.atomic():
        keys = reserve_keys(Prediction, len(rows))
        bulk_insert(Prediction, ((key, *row) for key, row in zip(keys, rows, strict=True)), ["id", *columns])
    forget_refusal()
    return keys


@contextmanager
def noting_refusals() -> Iterator[None]:
    """Around a write without which there is no prediction: note what keeps the database from it."""
    try:
        yield
    except (DatabaseError, InterfaceError) as error:
        if trouble := trouble_of(error):
            _refusal[0] = 1 + _TROUBLES.index(trouble)
        raise


def forget_refusal() -> None:
    _refusal[0] = 0


def trouble_now() -> Trouble | None:
    """Why no prediction can be logged, if the last one could not and it would be no better now.

    Asks nothing of the database while rows are taken. After one was refused, each call tries to write what a prediction
    writes: a count, which is committed since SQLite meets a full disk only then, and a row that is rolled back.
    """
    if not _refusal[0]:
        return None
    try:
        limits.count("probe", "ready", limit=0, now=time.time())
        with transaction.atomic():
            insert(Prediction(**_TRIAL))
            transaction.set_rollback(True)
    except (DatabaseError, InterfaceError) as error:
        return trouble_of(error) or _TROUBLES[_refusal[0] - 1]
    forget_refusal()
    return None


_TRIAL: dict[str, Any] = {
    "mode": Prediction.Mode.BY_FEATURES,
    "payload": dict.fromkeys(FEATURE_NAMES, 0),
    "probability": 0.5,
    "predicted_class": True,
    "threshold": 0.5,
    "latency_ms": 0,
    "base_value": 0,
    "contributions": dict.fromkeys(FEATURE_NAMES, 0.123456789012345),
}
