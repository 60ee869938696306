"""Lists of many rows: a paginated table, and the whole list as a file."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Any, TypedDict

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils.formats import date_format, get_format
from django.utils.translation import get_language, override

from predictions import formats
from technova.files.spreadsheets import streamed_csv

Cell = str | int | float | date | None


class ShownRow(TypedDict, total=False):
    """A row of a list on a page: the number of the person if it links to their page, their name where it is known,
    and the cells with their titles; ``href`` where it leads elsewhere."""

    number: Cell
    name: str
    href: str
    cells: list[tuple[str, str]]


def shown_row(columns: Sequence[str], cells: Sequence[Cell], *, has_page: bool, name: str = "") -> ShownRow:
    """A row whose first cell names the person and links to their page, if there is one."""
    first, *others = cells
    shown = zip(columns, [str(first), *map(shown_cell, others)], strict=True)
    return ShownRow(number=first if has_page else None, name=name, cells=list(shown))


@dataclass(frozen=True, slots=True)
class Listing:
    """A list: its title, its columns' titles, its rows, and the cells of a row; those of a person start with the
    number."""

    title: str
    columns: Sequence[str]
    rows: QuerySet | Sequence
    cells: Callable[[Any], Sequence[Cell]]

    def count(self) -> int:
        """How many rows it has. One query at most."""
        return self.rows.count() if isinstance(self.rows, QuerySet) else len(self.rows)

    def shown(self, rows: Sequence) -> list[ShownRow]:
        """Rows as a page shows them; files have no names."""
        return [
            shown_row(
                self.columns, self.cells(row), has_page=getattr(row, "has_page", False), name=getattr(row, "name", "")
            )
            for row in rows
        ]

    def lines(self) -> Iterator[list]:
        """The lines of a file, titles first, in the language active now, even if they are read later."""
        language, mark = get_language(), get_format("DECIMAL_SEPARATOR")

        def plain(row: Any) -> list:
            with override(language):
                return [_plain(cell, mark) for cell in self.cells(row)]

        rows = self.rows.iterator() if isinstance(self.rows, QuerySet) else self.rows
        return chain([list(self.columns)], map(plain, rows))


def csv_of(listing: Listing, file: str) -> StreamingHttpResponse:
    """A whole list as a file of this name."""
    return StreamingHttpResponse(
        streamed_csv(listing.lines(), delimiter=formats.csv_delimiter()),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{file}"'},
    )


def shown_cell(cell: Cell) -> str:
    match cell:
        case None:
            return "–"
        case date():
            return date_format(cell, "SHORT_DATE_FORMAT")
        case str():
            return cell
        case _:
            return formats.grouped(cell, 0 if cell == int(cell) else 1)


def _plain(cell: Cell, mark: str) -> str | int:
    """A cell of a file: ISO dates, numbers with the language's decimal mark."""
    match cell:
        case None:
            return ""
        case float():
            return f"{cell:g}".replace(".", mark)
        case date():
            return cell.isoformat()
        case _:
            return cell
