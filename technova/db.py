"""Bulk writing, and the transaction in which one writer at a time changes the workforce's data."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from itertools import islice

import numpy as np
import pandas as pd
from django.db import DatabaseError, InterfaceError, OperationalError, connection, models, transaction

INSTANCES_AT_A_TIME = 2_000  # bounds the memory of the databases that have no COPY
LOCK_WAIT = 20.0  # seconds a writer waits for another
BLOCK, MARGIN = 2**24, 2**16  # keys, see ``reserve_sparse_keys``


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


class Busy(Exception):
    """Another process holds the lock and did not finish within the wait."""


@contextmanager
def exclusive(name: str = "pipeline", *, wait: float = LOCK_WAIT) -> Iterator[None]:
    """A transaction in which this process alone holds the lock ``name``; leaving it commits and releases.

    Loads, builds and scorings share the default name, so that none reads what another has half written.
    The lock belongs to the transaction: a killed process leaves none behind. Raises ``Busy`` after ``wait``
    seconds. SQLite has one writer at a time whatever the name, and waits as long as its own timeout says.
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
    """Work that cannot be one transaction, which a second process begins when the first has ended, or died.

    On PostgreSQL, where several containers start at once; an SQLite file belongs to one machine.
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


def bulk_insert(
    model: type[models.Model], rows: pd.DataFrame | Iterable[Sequence], columns: Sequence[str] | None = None
) -> int:
    """Insert many rows and return how many: COPY on PostgreSQL, ``bulk_create`` in chunks elsewhere.

    ``rows`` is a frame, whose missing values (NaN, NaT, NA) become NULL, or an iterable of tuples of ``columns``.
    Columns are attribute names (``employee_id`` for a key to an employee); every column of the table must be
    given but an automatic key, since COPY knows neither Python defaults nor ``save()``; signals are not sent.
    Atomic. Memory is bounded by ``rows`` itself, which may be a generator. Raises ``ValueError`` for a column
    that is absent or unknown.
    """
    if isinstance(rows, pd.DataFrame):
        columns = list(rows.columns)
        rows = frame_rows(rows)
    fields = _fields(model, columns or ())
    write = _copy if connection.vendor == "postgresql" else _bulk_create
    with transaction.atomic():
        return write(model, fields, rows)


def refresh_statistics(model: type[models.Model]) -> None:
    """Have PostgreSQL sample a table that grew at once: about a second, whatever its size.

    Until it does so by itself, minutes later or in a large table not at all, it plans for the rows that were there
    before.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {connection.ops.quote_name(model._meta.db_table)}")


def reserve_keys(model: type[models.Model], count: int) -> Sequence[int]:
    """Automatic keys that nobody else gets, for rows that are inserted with them. One query, inside a transaction."""
    table, column = model._meta.db_table, model._meta.pk.column
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            sequence = "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)"
            cursor.execute(sequence, [table, column, count])
            return [key for (key,) in cursor.fetchall()]
        cursor.execute("SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = %s", [table])
        last = cursor.fetchone()[0]
        return range(last + 1, last + 1 + count)


def reserve_sparse_keys(model: type[models.Model], count: int) -> np.ndarray:
    """Automatic keys that nobody else gets, ascending, drawn at random from a block far larger than ``count``.

    The block's size does not depend on the count, so that whoever sees the keys of some rows learns nothing of how many
    others were written with them. For one writer at a time, inside a transaction; two queries.
    """
    table, column = model._meta.db_table, model._meta.pk.column
    block = max(BLOCK, 16 * count)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [table, column])
            sequence = cursor.fetchone()[0]
            # Rows of other transactions may take some keys between the two numbers: they fall into the margin.
            cursor.execute(
                f"SELECT setval(%s, last_value + {MARGIN + block}) FROM {sequence}",  # noqa: S608 - a catalogue's name
                [sequence],
            )
            first = cursor.fetchone()[0] - block + 1
        else:
            cursor.execute("SELECT COALESCE(MAX(seq), 0) + 1 FROM sqlite_sequence WHERE name = %s", [table])
            first = cursor.fetchone()[0]
    return first + np.sort(np.random.default_rng().choice(block, count, replace=False, shuffle=False))


def frame_rows(frame: pd.DataFrame) -> Iterator[tuple]:
    """The rows of a frame as tuples of Python values, missing ones as None."""
    return zip(*(_python_values(frame[name]) for name in frame.columns), strict=True)


def _python_values(series: pd.Series) -> list:
    missing = series.isna()
    if missing.any():
        series = series.astype(object).mask(missing, None)
    return series.tolist()


def _fields(model: type[models.Model], columns: Sequence[str]) -> list[models.Field]:
    known = {field.attname: field for field in model._meta.concrete_fields}
    required = {name for name, field in known.items() if not isinstance(field, models.AutoField)}
    wrong = sorted((required - set(columns)) | (set(columns) - known.keys()))
    if wrong:
        raise ValueError(f"{model.__name__}: these columns are absent or unknown: {', '.join(wrong)}")
    return [known[name] for name in columns]


def _copy(model: type[models.Model], fields: Sequence[models.Field], rows: Iterable[Sequence]) -> int:
    quote = connection.ops.quote_name
    names = ", ".join(quote(str(field.column)) for field in fields)
    # A document goes as its text: the adapters of Django and psycopg would each wrap it first.
    encoders = {
        place: (field.encoder or json.JSONEncoder)().encode
        for place, field in enumerate(fields)
        if isinstance(field, models.JSONField)
    }
    count = 0
    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,
        cursor.copy(f"COPY {quote(model._meta.db_table)} ({names}) FROM STDIN") as copy,
    ):
        for row in rows:
            if encoders:
                row = list(row)
                for place, encode in encoders.items():
                    row[place] = None if row[place] is None else encode(row[place])
            copy.write_row(row)
            count += 1
    return count


def _bulk_create(model: type[models.Model], fields: Sequence[models.Field], rows: Iterable[Sequence]) -> int:
    names = [field.attname for field in fields]
    remaining, count = iter(rows), 0
    while chunk := list(islice(remaining, INSTANCES_AT_A_TIME)):
        model._base_manager.bulk_create(model(**dict(zip(names, row, strict=True))) for row in chunk)
        count += len(chunk)
    return count
