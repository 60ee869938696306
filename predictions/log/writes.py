"""Writes of the log by requests, and whether one would succeed now.

A prediction that cannot be logged is not returned, so the readiness probe must report it.
"""

import time
from collections.abc import Sequence
from typing import Any

from django.db import DatabaseError, InterfaceError, transaction

from features.schema import FEATURE_NAMES
from predictions.keys import limits
from predictions.log.row_builder import COLUMNS, LogRows
from predictions.models import Prediction
from technova.database import refused_writes
from technova.database.bulk import insert_blocks, reserve_keys
from technova.database.prepared_statements import insert
from technova.database.trouble import Trouble, trouble_of


def store(prediction: Prediction) -> None:
    """Insert one row and set its key."""
    with refused_writes.noting():
        insert(prediction)
    refused_writes.forget()


def store_many(rows: LogRows) -> Sequence[int]:
    """Insert the rows, and return their keys."""
    with refused_writes.noting(), transaction.atomic():
        keys = reserve_keys(Prediction, len(rows))
        insert_blocks(Prediction, [rows.block(keys)] if keys else [], ["id", *COLUMNS])
    refused_writes.forget()
    return keys


def trouble_now() -> Trouble | None:
    """Why no prediction can be logged, if the last one could not be and a retry fails too.

    No query while writes succeed. After a failure, each call writes what a prediction writes: a count, committed since
    SQLite detects a full disk only then, and a row that is rolled back.
    """
    known = refused_writes.noted()
    if known is None:
        return None
    try:
        limits.count("probe", "ready", limit=0, now=time.time())
        with transaction.atomic():
            insert(Prediction(**_TRIAL))
            transaction.set_rollback(True)
    except (DatabaseError, InterfaceError) as error:
        return trouble_of(error) or known
    refused_writes.forget()
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
