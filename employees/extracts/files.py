"""Reads a file into a table of text, for the joining of three files."""

from dataclasses import dataclass
from operator import itemgetter

import numpy as np
import pandas as pd

from employees.columns import Extract, readable_in
from employees.extracts.grids import DELIMITERS, Source, name_of
from employees.extracts.headers import Layout, Wanted, layout_of, open_headers
from employees.extracts.rejects import Reject
from employees.extracts.rows import Rows


@dataclass(frozen=True, slots=True)
class FileReport:
    """How a file was read."""

    name: str
    rows: int
    encoding: str  # or the kind of a workbook
    delimiter: str  # its name: comma, semicolon or tab; empty for a workbook
    ignored: tuple[str, ...]  # unknown headers; an unnamed column is "#4"
    skipped: int = 0  # rows that are no person by the mapping


@dataclass(frozen=True, slots=True)
class Cells:
    """A column of text, each distinct text once: the cell of row ``i`` is ``texts[codes[i]]``."""

    header: str
    codes: np.ndarray
    texts: np.ndarray

    def __getitem__(self, row: int) -> str:
        return self.texts[self.codes[row]]


@dataclass(frozen=True, slots=True)
class TextTable:
    """One extract as text. An optional column that the file lacks is absent from ``cells``."""

    extract: Extract
    report: FileReport
    lines: np.ndarray  # (rows,) the physical line on which each row starts
    cells: dict[str, Cells]
    ragged: tuple[Reject, ...]  # rows without the header's number of cells; they are in no column


def report_of(layout: Layout, rows: int, skipped: int = 0) -> FileReport:
    """How a file was read, of which so many rows were met."""
    grid = layout.header.grid
    return FileReport(grid.name, rows, grid.encoding, DELIMITERS.get(grid.delimiter, ""), layout.ignored, skipped)


def read_table(extract: Extract | None, source: Source, name: str = "", wanted: Wanted = readable_in) -> TextTable:
    """Read one file, called ``name`` in messages; which extract it is, is seen by its columns where it is not given.

    Raises ``ExtractError`` when it is not the expected table.
    """
    (header,) = open_headers(source, name or name_of(source, extract))
    layout = layout_of(header, extract, wanted=wanted)
    rows = Rows(header)
    cells_of = itemgetter(*layout.columns)
    numbered = [(line, cells_of(row)) for line, row in rows]
    cells = {}
    texts_of = zip(*(cells for _line, cells in numbered), strict=True)
    for column, texts in zip(layout.columns.values(), texts_of, strict=True):
        codes, distinct = pd.factorize(np.array(texts, dtype=object))
        cells[column.name] = Cells(layout.title(column.name), codes.astype(np.int32), distinct)
    lines = np.array([line for line, _cells in numbered])
    return TextTable(layout.extract, report_of(layout, rows.count), lines, cells, tuple(rows.ragged))
