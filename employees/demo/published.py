"""The published extracts as text: what HR exported at the end of the last month."""

from functools import cache
from pathlib import Path

import pandas as pd

from employees.columns import ColumnKind, Extract, columns_of

FOLDER = Path(__file__).resolve().parent
EXTRACTS = (Extract.SIRH, Extract.EVAL, Extract.SONDAGE)

_COLUMNS = [column for extract in EXTRACTS for column in columns_of(extract) if column.kind != ColumnKind.KEY]
_NAMES = {column.source: column.name for column in _COLUMNS}
_COUNTS = [column.name for column in _COLUMNS if column.kind in (ColumnKind.INTEGER, ColumnKind.NUMBER)]


def read() -> pd.DataFrame:
    """A row for each person, in the order of the files: each extract's key under its header, then its columns by name.

    Whole numbers are int64, everything else is the text of the cell.
    """
    tables = [pd.read_csv(_path(extract), dtype=str, keep_default_na=False) for extract in EXTRACTS]
    return pd.concat(tables, axis=1).rename(columns=_NAMES).astype(dict.fromkeys(_COUNTS, int))


def write(people: pd.DataFrame, extract: Extract) -> bytes:
    """The file of one extract, its columns as published, of rows like those of ``read``."""
    headers = _headers(extract)
    return to_csv(people[[_NAMES.get(header, header) for header in headers]].set_axis(headers, axis=1))


def to_csv(table: pd.DataFrame) -> bytes:
    """A table as HR's systems write it: UTF-8, commas, a line feed."""
    return table.to_csv(index=False, lineterminator="\n").encode()


def numbers(people: pd.DataFrame) -> pd.Series:
    """The employee numbers as the SIRH writes them."""
    return people[columns_of(Extract.SIRH)[0].source].astype(int)


@cache
def _headers(extract: Extract) -> list[str]:
    return _path(extract).read_text(encoding="utf-8").partition("\n")[0].split(",")


def _path(extract: Extract) -> Path:
    return FOLDER / f"extrait_{extract}.csv"
