"""Rows as PostgreSQL's binary COPY reads them, encoded by column: no Python object and no text for a cell.

https://www.postgresql.org/docs/current/sql-copy.html has the format. A number is its octets, the first one first; what
comes before each value is its length. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
_NULL = b"\xff\xff\xff\xff"  # a length of -1
_NOTHING = np.frombuffer(_NULL, np.uint8).reshape(1, -1)  # the same in every row
_EPOCH = np.datetime64("2000-01-01")
_FLOAT_OID = 701


# Of a column: octets ``(n, w)`` where its values have one length, ``(1, w)`` for one of all rows; else an item a row.
_Column = np.ndarray | list[bytes]


def is_encodable(db_type: str) -> bool:
    """Whether values of a column of this type can be encoded."""
    return _kind(db_type) in _ENCODERS


def encoded(columns: Sequence[tuple[str, Any]], count: int) -> bytes:
    """``count`` rows, from the database's type of each column and its values.

    Values are an array, a list or a series of as many, missing ones None or NaN; an ``(n, k)`` array for an array of
    floats, of which a zero is left out; or a single one for all rows. Raises ``ValueError`` for what the type has no
    room for.
    """
    cells: list[_Column] = [_octets(np.array([len(columns)]), ">i2")]
    cells += (_column(db_type, values) for db_type, values in columns)
    parts: list[list[bytes]] = []
    even: list[np.ndarray] = []  # adjacent columns of one length each, which are cut into items together
    for cell in [*cells, []]:
        if isinstance(cell, np.ndarray):
            even.append(np.broadcast_to(cell, (count, cell.shape[1])))
            continue
        parts += [_items(np.hstack(even))] if even else []
        even = []
        parts += [cell] if cell else []
    return b"".join(chain.from_iterable(zip(*parts, strict=True)))


def _column(db_type: str, values: Any) -> _Column:
    if values is None:
        return _NOTHING
    encode = _ENCODERS[_kind(db_type)]
    if isinstance(values, list | np.ndarray | pd.Series | pd.api.extensions.ExtensionArray):
        return encode(values, db_type)
    cell = encode([values], db_type)
    return np.frombuffer(cell[0], np.uint8).reshape(1, -1) if isinstance(cell, list) else cell


def _kind(db_type: str) -> str:
    """A type without its length."""
    return re.sub(r"\(\d+\)", "", db_type)


def _octets(numbers: np.ndarray, code: str) -> np.ndarray:
    """Numbers ``(n,)`` as octets ``(n, w)``."""
    return np.ascontiguousarray(numbers, dtype=code).view(np.uint8).reshape(len(numbers), -1)


def _items(octets: np.ndarray) -> list[bytes]:
    """Octets ``(n, w)`` as one item a row."""
    return np.ascontiguousarray(octets).view(f"V{octets.shape[1]}").ravel().tolist()


def _after_length(octets: np.ndarray) -> np.ndarray:
    return np.hstack([np.broadcast_to(_octets(np.array([octets.shape[1]]), ">i4"), (len(octets), 4)), octets])


def _with_nulls(octets: np.ndarray, is_null: np.ndarray) -> _Column:
    """Values of one length, each after that length; NULL for some of them."""
    if is_null.all():
        return _NOTHING
    cells = _after_length(octets)
    if not is_null.any():
        return cells
    return [_NULL if is_missing else cell for cell, is_missing in zip(_items(cells), is_null.tolist(), strict=True)]


def _known(values: Any, missing: Any) -> tuple[np.ndarray, np.ndarray]:
    """Values with another in place of missing ones, and which these are."""
    column = pd.Series(values, copy=False)
    is_null = column.isna().to_numpy()
    if plain := getattr(column.dtype, "numpy_dtype", None):  # of pandas' nullable integers, floats and booleans
        return column.to_numpy(dtype=plain, na_value=missing), is_null
    if is_null.any():
        column = column.astype(object).mask(is_null, missing)
    return column.to_numpy(), is_null


def _integers(code: str) -> Callable[[Any, str], _Column]:
    def encode(values: Any, db_type: str) -> _Column:
        given, is_null = _known(values, 0)
        numbers, room = given.astype(np.int64), np.iinfo(code)
        if (numbers != given).any() or (len(numbers) and not room.min <= numbers.min() <= numbers.max() <= room.max):
            raise ValueError(f"{db_type} has no room for a value between {given.min()} and {given.max()}")
        return _with_nulls(_octets(numbers, code), is_null)

    return encode


def _floats(values: Any, db_type: str) -> _Column:
    numbers, is_null = _known(values, 0.0)
    return _with_nulls(_octets(numbers.astype(float), ">f8"), is_null)


def _booleans(values: Any, db_type: str) -> _Column:
    given, is_null = _known(values, False)
    return _with_nulls(_octets(given.astype(bool), "u1"), is_null)


def _texts(values: Any, db_type: str, mark: bytes = b"") -> _Column:
    codes, distinct = pd.factorize(np.asarray(values, dtype=object))
    if not len(distinct):
        return _NOTHING
    if (limit := re.search(r"\d+", db_type)) and any(len(text) > int(limit[0]) for text in distinct):
        raise ValueError(f"{db_type} has no room for {max(distinct, key=len)!r}")
    octets = [mark + text.encode() for text in distinct]
    cells = np.array([*(len(text).to_bytes(4) + text for text in octets), _NULL], dtype=object)
    return cells[codes].tolist()  # of a missing one the place is -1


def _documents(values: Any, db_type: str) -> _Column:
    """JSON given as text; the first octet is the version of the format."""
    return _texts(values, db_type, b"\1")


def _dates(values: Any, db_type: str) -> _Column:
    days = pd.Series(values, copy=False).astype("datetime64[s]").to_numpy().astype("datetime64[D]")
    is_null = np.isnat(days)
    return _with_nulls(_octets(np.where(is_null, 0, (days - _EPOCH).astype(np.int64)), ">i4"), is_null)


def _moments(values: Any, db_type: str) -> _Column:
    moments = pd.to_datetime(pd.Series(values, copy=False), utc=True).dt.tz_localize(None).to_numpy("datetime64[us]")
    is_null = np.isnat(moments)
    return _with_nulls(_octets(np.where(is_null, 0, (moments - _EPOCH).astype(np.int64)), ">i8"), is_null)


def _uuids(values: Any, db_type: str) -> _Column:
    given, is_null = _known(values, UUID(int=0))
    octets = np.frombuffer(b"".join(each.bytes for each in given), np.uint8)
    return _with_nulls(octets.reshape(len(given), 16), is_null)


def _float_arrays(values: Any, db_type: str) -> _Column:
    """Arrays whose zeros are NULL. Those with the same ones are of one length, and most are."""
    numbers = np.atleast_2d(np.asarray(values, dtype=float))
    is_known = numbers != 0
    codes, patterns = pd.factorize(np.array(_items(np.packbits(is_known, axis=1)), dtype=object))
    if len(patterns) <= 1:
        return _of_pattern(numbers, is_known)
    cells = np.empty(len(numbers), dtype=object)
    for code in range(len(patterns)):
        rows = codes == code
        cells[rows] = _items(_of_pattern(numbers[rows], is_known[rows]))
    return cells.tolist()


def _of_pattern(numbers: np.ndarray, is_known: np.ndarray) -> np.ndarray:
    """Arrays of floats ``(n, k)`` of which the same are known in every row."""
    is_given = np.asarray(is_known.all(axis=0))
    of_array = [1, int(not is_given.all()), _FLOAT_OID, len(is_given), 1]  # dimensions, any NULL, type, length, first
    parts = [np.array(of_array, dtype=">i4").view(np.uint8)]
    columns = iter(_octets(numbers.ravel(), ">f8").reshape(len(numbers), -1, 8).transpose(1, 0, 2))
    length = np.array([8], dtype=">i4").view(np.uint8)
    for is_there, octets in zip(is_given, columns, strict=True):
        parts += [length, octets] if is_there else [np.frombuffer(_NULL, np.uint8)]
    octets = np.hstack([np.broadcast_to(part, (len(numbers), part.shape[-1])) for part in parts])
    return _after_length(octets)


_ENCODERS: dict[str, Callable[[Any, str], _Column]] = {
    "smallint": _integers(">i2"),
    "integer": _integers(">i4"),
    "bigint": _integers(">i8"),
    "double precision": _floats,
    "boolean": _booleans,
    "varchar": _texts,
    "text": _texts,
    "jsonb": _documents,
    "date": _dates,
    "timestamp with time zone": _moments,
    "uuid": _uuids,
    "double precision[]": _float_arrays,
}
