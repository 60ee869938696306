"""Bulk inserts by COPY, and reservation of their keys.

Rows are given by column where there are many (``insert_blocks``): on PostgreSQL no cell becomes a Python object.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import islice, repeat
from typing import Any

import numpy as np
import pandas as pd
from django.db import DataError, connection, models, transaction

from technova.database import binary_copy
from technova.database.fields import NamedFloats

ROWS_AT_A_TIME = 2_000  # that are Python's values, which take several times the memory of a frame's
BLOCK_SIZE = 5_000  # rows of a frame that are encoded at a time

# Rows by column: attribute names, and an array, a list or a series of as many values each, or one value for all rows.
Block = Mapping[str, Any]
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
        return insert_blocks(model, _slices(rows), list(rows.columns))
    fields = _fields(model, columns or ())
    write = _copy if connection.vendor == "postgresql" else _execute_many
    with transaction.atomic():
        return write(model, fields, rows)


def insert_blocks(model: type[models.Model], blocks: Iterable[Block], columns: Sequence[str]) -> int:
    """Insert rows given by column, some at a time, and return how many; otherwise as ``bulk_insert``.

    An array of ``NamedFloats`` is ``(n, k)``, in the order of their names, zeros left out.
    """
    with inserting(model, blocks, columns) as count:
        return count


@contextmanager
def inserting(model: type[models.Model], blocks: Iterable[Block], columns: Sequence[str]) -> Iterator[int]:
    """Insert as ``insert_blocks`` while a ``with`` block computes: PostgreSQL takes the rows in meanwhile.

    Gives their number. Where the block fails, nothing is inserted. It may not use the database, which is busy with the
    rows: a query raises ``RuntimeError``.
    """
    fields = _fields(model, columns)
    with transaction.atomic():
        if connection.vendor == "postgresql" and all(binary_copy.is_encodable(_type(field)) for field in fields):
            with _copying_binary(model, fields, blocks) as count:
                yield count
        else:
            count = bulk_insert(model, (row for block in blocks for row in _rows_of(block, fields)), columns)
            with connection.execute_wrapper(_refuse):
                yield count


def _refuse(*_query: Any) -> None:
    raise RuntimeError("The database is taking in rows: ask it before or after")


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


# Before the keys, as an INSERT does: whoever has to know that no lower key will follow waits for the table's writers.
_WRITES = 'LOCK TABLE "{}" IN ROW EXCLUSIVE MODE'


def reserve_keys(model: type[models.Model], count: int) -> Sequence[int]:
    """Reserve automatic keys for rows to be inserted with them, inside a transaction. Two queries."""
    table, column = model._meta.db_table, model._meta.pk.column
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_WRITES.format(table))
            # The name in a query of its own: PostgreSQL would look it up for each key.
            sequence = "SELECT nextval((SELECT pg_get_serial_sequence(%s, %s))::regclass) FROM generate_series(1, %s)"
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
            cursor.execute(_WRITES.format(table))
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


def _slices(frame: pd.DataFrame) -> Iterator[Block]:
    for start in range(0, len(frame), BLOCK_SIZE):
        yield dict(frame.iloc[start : start + BLOCK_SIZE].items())


def _count(block: Block) -> int:
    return next(len(values) for values in block.values() if is_column(values))


def is_column(values: Any) -> bool:
    """Whether a block has a value for each row, and not one for all."""
    return isinstance(values, list | np.ndarray | pd.Series | pd.api.extensions.ExtensionArray)


def _rows_of(block: Block, fields: Sequence[models.Field]) -> Iterator[tuple]:
    """The rows of a block as tuples of Python values, missing ones as None; not all of them at once."""
    for start in range(0, _count(block), ROWS_AT_A_TIME):
        rows = slice(start, start + ROWS_AT_A_TIME)
        values = (block[field.attname] for field in fields)
        some = [each[rows] if is_column(each) else each for each in values]
        yield from zip(*map(_python_values, fields, some), strict=False)  # a value for all rows never ends


def _python_values(field: models.Field, values: Any) -> Iterable:
    if not is_column(values):
        return repeat(values)
    if isinstance(field, NamedFloats):
        return map(field.named, values.tolist())
    return python_values(values)


def python_values(values: Any) -> list:
    """The values of a column as Python's, missing ones as None."""
    missing = np.asarray(pd.isna(values), dtype=bool)
    if missing.any():
        values = pd.Series(values).astype(object).mask(missing, None)
    return values if isinstance(values, list) else values.tolist()


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


@contextmanager
def _copying_binary(
    model: type[models.Model], fields: Sequence[models.Field], blocks: Iterable[Block]
) -> Iterator[int]:
    """COPY, sent by a thread: the next block is encoded while PostgreSQL takes in the one before."""
    quote = connection.ops.quote_name
    names = ", ".join(quote(str(field.column)) for field in fields)
    count = 0
    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,
        cursor.copy(f"COPY {quote(model._meta.db_table)} ({names}) FROM STDIN (FORMAT BINARY)") as copy,
        ThreadPoolExecutor(max_workers=1) as sender,
    ):
        sent = sender.submit(copy.write, binary_copy.HEADER)
        for block in blocks:
            of_block = _count(block)
            try:
                columns = [(_type(field), _texts_of(field, block[field.attname])) for field in fields]
                octets = binary_copy.encoded(columns, of_block)
            except (ValueError, OverflowError, TypeError) as error:
                raise DataError(f"{model.__name__}: {error}") from error
            sent.result()
            sent = sender.submit(copy.write, octets)
            count += of_block
        with connection.execute_wrapper(_refuse):
            yield count
        sent.result()
        copy.write(binary_copy.TRAILER)


def _type(field: models.Field) -> str:
    return field.db_type(connection) or ""


def _texts_of(field: models.Field, values: Any) -> Any:
    """Documents as text; other values as they are."""
    if not isinstance(field, models.JSONField) or values is None:
        return values
    encode = (field.encoder or json.JSONEncoder)().encode
    return [None if value is None else encode(value) for value in values] if is_column(values) else encode(values)


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
