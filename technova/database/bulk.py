"""Bulk inserts by COPY, and reservation of their keys.

What COPY buys: 147,000 people are loaded in 9 s, and scored and logged in 11 s (``benchmarks/pipeline.py``)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
from django.db import connection, models, transaction

from technova.database.fields import NamedFloats

ROWS_AT_A_TIME = 2_000  # that are Python's values, which take several times the memory of a frame's
KEYS_AT_A_TIME = 500  # bounds the parameters of a statement
BLOCK, MARGIN = 2**24, 2**16  # keys, see ``reserve_sparse_keys``


def bulk_insert(
    model: type[models.Model], rows: pd.DataFrame | Iterable[Sequence], columns: Sequence[str] | None = None
) -> int:
    """Insert many rows and return how many: COPY on PostgreSQL, ``executemany`` in chunks elsewhere.

    ``rows`` is a frame, whose missing values (NaN, NaT, NA) become NULL, or an iterable of tuples of ``columns``.
    Columns are attribute names (``employee_id`` for a key to an employee); every column except an automatic key
    is required, since COPY knows neither Python defaults nor ``save()``; signals are not sent.
    Atomic. Memory is bounded by ``rows`` itself, which may be a generator. Raises ``ValueError`` for a column
    that is absent or unknown.
    """
    if isinstance(rows, pd.DataFrame):
        columns = list(rows.columns)
        rows = frame_rows(rows)
    fields = _fields(model, columns or ())
    write = _copy if connection.vendor == "postgresql" else _execute_many
    with transaction.atomic():
        return write(model, fields, rows)


def refresh_statistics(model: type[models.Model]) -> None:
    """Have PostgreSQL sample a table that grew at once: about a second, whatever its size.

    Autovacuum does so minutes later, or never on a large table; until then plans assume the old rows. Outside a
    transaction the new rows are also marked as visible to all, without which an index alone answers nothing.
    """
    if connection.vendor == "postgresql":
        how = "ANALYZE" if connection.in_atomic_block else "VACUUM (ANALYZE)"
        with connection.cursor() as cursor:
            cursor.execute(f"{how} {connection.ops.quote_name(model._meta.db_table)}")


def check_keys_at_once() -> None:
    """Have PostgreSQL check foreign keys with each row until the transaction ends, not all of them in its COMMIT.

    That takes as long, but progress then tells of it.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def reserve_keys(model: type[models.Model], count: int) -> Sequence[int]:
    """Reserve automatic keys for rows to be inserted with them. One query, inside a transaction."""
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
    """Reserve ascending automatic keys, drawn at random from a block far larger than ``count``.

    The block's size does not depend on the count, so that the keys of some rows reveal nothing about the number of the
    others. For one writer at a time, inside a transaction; two queries.
    """
    table, column = model._meta.db_table, model._meta.pk.column
    block = max(BLOCK, 32 * count)  # of up to 20 a key NumPy would make an array of the whole block
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [table, column])
            sequence = cursor.fetchone()[0]
            # Other transactions may take some keys between the two numbers: the margin absorbs them.
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
    """The rows of a frame as tuples of Python values, missing ones as None; not all of them at once."""
    for start in range(0, len(frame), ROWS_AT_A_TIME):
        some = frame.iloc[start : start + ROWS_AT_A_TIME]
        yield from zip(*(_python_values(some[name]) for name in some.columns), strict=True)


def _python_values(series: pd.Series) -> list:
    missing = series.isna()
    if missing.any():
        series = series.astype(object).mask(missing, None)
    return series.tolist()


def batches(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    """Keys as many at a time as one statement takes for parameters."""
    return (keys[start : start + KEYS_AT_A_TIME] for start in range(0, len(keys), KEYS_AT_A_TIME))


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
    encoders = {place: encode for place, field in enumerate(fields) if (encode := _encoder(field))}
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


def _encoder(field: models.Field) -> Callable[[Any], str] | None:
    """The encoder of a document or an array, past the adapters of Django and psycopg, which would each wrap it."""
    if isinstance(field, NamedFloats):
        return partial(field.get_db_prep_value, connection=connection)
    return (field.encoder or json.JSONEncoder)().encode if isinstance(field, models.JSONField) else None


def _execute_many(model: type[models.Model], fields: Sequence[models.Field], rows: Iterable[Sequence]) -> int:
    quote = connection.ops.quote_name
    names = ", ".join(quote(str(field.column)) for field in fields)
    places = ", ".join(["%s"] * len(fields))
    statement = f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES ({places})"  # noqa: S608 - of the model
    prepare = {place: field for place, field in enumerate(fields) if isinstance(_stored(field), _PREPARED)}
    remaining, count = iter(rows), 0
    with connection.cursor() as cursor:
        while chunk := [list(row) for row in islice(remaining, ROWS_AT_A_TIME)]:
            for place, field in prepare.items():
                for row in chunk:
                    row[place] = field.get_db_prep_save(row[place], connection)
            cursor.executemany(statement, chunk)
            count += len(chunk)
    return count


# Whose Python values are no values of a database yet.
_PREPARED = (
    *(models.DateField, models.TimeField, models.JSONField, models.UUIDField, models.BinaryField),
    NamedFloats,
)


def _stored(field: models.Field) -> models.Field:
    """The field itself; of a foreign key the field that it points to."""
    return field.target_field if isinstance(field, models.ForeignKey) else field
