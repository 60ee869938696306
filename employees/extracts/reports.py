"""Reports how a file was read."""

from dataclasses import dataclass

from employees.extracts.grids import DELIMITERS
from employees.extracts.headers import Layout


@dataclass(frozen=True, slots=True)
class FileReport:
    """How a file was read."""

    name: str
    rows: int
    encoding: str  # or the kind of a workbook
    delimiter: str  # its name: comma, semicolon or tab; empty for a workbook
    ignored: tuple[str, ...]  # unknown headers; an unnamed column is "#4"
    skipped: int = 0  # rows that are no person by the mapping


def report_of(layout: Layout, rows: int, skipped: int = 0) -> FileReport:
    """The report on a file, given the number of rows found in it."""
    grid = layout.header.grid
    return FileReport(grid.name, rows, grid.encoding, DELIMITERS.get(grid.delimiter, ""), layout.ignored, skipped)
