"""Finds the header of a grid, and from it the extract and the positions of its columns."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile

from employees.columns import COLUMNS, KEY, Column, Extract, columns_of, readable_in
from employees.extracts.grids import HEAD, WORKBOOK, Grid, Row, Source, beginning_of, empty, no_table, text_grids
from employees.extracts.mapping import PLAIN, FileMapping
from employees.extracts.parsing import fold
from employees.extracts.rejects import ExtractError, Refusal
from employees.extracts.workbooks import sheet_grids
from employees.messages import Message
from employees.messages import gettext_noop as _

KEY_TITLES = {column.source for column in COLUMNS if column.name == KEY} | {KEY}  # any of them names the key
LONGEST_TITLE = 200  # characters of a header that are kept: each reject of its column repeats them
_OTHER_DELIMITER = _("Its cells are separated by |. Export the file with a comma, a semicolon or a tab between them.")

# The columns that are looked for in a file of an extract.
Wanted = Callable[[Extract], tuple[Column, ...]]
# How closely a row resembles an extract's header: how many columns it names.
Likeness = Callable[[Sequence[str], Extract], float]
FEWEST_COLUMNS = 2  # beside the number, that make a row the header of an extract


@dataclass(frozen=True, slots=True)
class Header:
    """The row of a grid that names its columns."""

    grid: Grid
    line: int
    titles: tuple[str, ...]  # without the empty ones at its end
    width: int  # cells of the row
    first: tuple[str, ...]  # of the grid's first row, whether it is the header or not

    @property
    def name(self) -> str:
        return self.grid.name


@dataclass(frozen=True, slots=True)
class Layout:
    """The extract in a grid, and its columns by position."""

    header: Header
    extract: Extract
    columns: dict[int, Column]

    def title(self, name: str) -> str:
        """The title of a column in the file, as messages call it."""
        return next(title_of(self.header.titles[place]) for place, found in self.columns.items() if found.name == name)

    @property
    def ignored(self) -> tuple[str, ...]:
        """The titles of the other columns; an unnamed column is "#4"."""
        titles = enumerate(self.header.titles)
        return tuple(title_of(title) or f"#{place + 1}" for place, title in titles if place not in self.columns)


def open_headers(
    source: Source, name: str, mapping: FileMapping = PLAIN, likeness: Likeness | None = None
) -> list[Header]:
    """The headers of a file: one of a CSV file, read with its likeliest delimiter; one of each sheet of a workbook that
    has rows.

    The header is the row given by the mapping if it names columns of that extract; else the row that names the most
    columns, or the one most like a header; if no row names any, the row that the mapping gives for any extract. Raises
    ``ExtractError`` if the file is neither CSV nor a workbook, or is empty.
    """
    score = likeness or (lambda titles, extract: _count_known(titles, mapping, extract))
    if beginning_of(name, source).startswith(WORKBOOK):
        headers = [header for grid in sheet_grids(name, source) if (header := _find_header(grid, mapping, score))]
        if not headers:
            raise empty(name)
        return headers
    failures, headers = [], []
    for grid in text_grids(name, source):
        try:
            headers += [header for header in [_find_header(grid, mapping, score)] if header]
        except ExtractError as error:  # another delimiter may split it
            failures.append(error)
    best = max(headers, key=lambda header: (_most(header.titles, score), len(header.titles)), default=None)
    if best is None or (failures and len(best.titles) < 2):
        raise failures[0]
    return [best]


def _find_header(grid: Grid, mapping: FileMapping, score: Likeness) -> Header | None:
    """The likeliest row among the first; the first one where none is. None for a grid without rows."""

    def is_said(row: Row) -> bool:
        said = (Extract(extract) for extract, line in mapping.header_lines.items() if line == row[0])
        return any(score(row[1], extract) >= FEWEST_COLUMNS for extract in said)

    def rank(row: Row) -> tuple[float, ...]:
        likeness = _most(row[1], score)
        is_like_one = likeness >= FEWEST_COLUMNS
        return is_said(row), likeness if is_like_one else 0, row[0] in mapping.header_lines.values(), likeness

    rows = list(_head(grid, set(mapping.header_lines.values())))
    if not rows:
        return None
    line, row = max(rows, key=rank)
    titles = list(row)
    while titles and not titles[-1].strip():  # trailing delimiters
        titles.pop()
    return Header(grid, line, tuple(titles), len(row), tuple(rows[0][1]))


def _head(grid: Grid, lines: Collection[int]) -> Iterator[Row]:
    """The first readable rows and those of the given lines; the full read reports faults further down."""
    rows = grid.rows()
    yield from islice(rows, 1)
    try:
        yield from islice(rows, HEAD - 1)
        for row in takewhile(lambda row: row[0] <= max(lines, default=0), rows):
            if row[0] in lines:
                yield row
    except ExtractError:
        return


def _most(titles: Sequence[str], score: Likeness) -> float:
    return max(score(titles, extract) for extract in Extract)


def _count_known(titles: Sequence[str], mapping: FileMapping, extract: Extract) -> int:
    return len(known(columns_of(extract), titles, mapping, extract))


def known(
    columns: Sequence[Column], titles: Sequence[str], mapping: FileMapping, extract: Extract
) -> dict[int, Column]:
    """The columns found among titles, by place, under the product's name, the source's or the company's."""
    by_name = {column.name: column for column in columns}
    by_title = {fold(title): column for column in columns for title in (column.name, column.source)}
    if KEY in by_name:
        by_title |= {fold(title): by_name[KEY] for title in KEY_TITLES}
    said = {fold(title): by_name.get(name) for title, name in mapping.headers.get(extract, {}).items()}
    found = {place: (by_title | said).get(fold(title)) for place, title in enumerate(titles)}
    return {place: column for place, column in found.items() if column}


def recognised(header: Header, mapping: FileMapping = PLAIN) -> Extract | None:
    """The extract to which most of the titles belong; a file of the SIRH may hold the directory's too."""
    counts = {
        extract: sum(
            column.name != KEY for column in known(columns_of(extract), header.titles, mapping, extract).values()
        )
        for extract in Extract
    }
    likeliest = max(counts, key=lambda each: (counts[each] and each != Extract.ANNUAIRE, counts[each]))
    return likeliest if counts[likeliest] and not is_elsewhere(header, likeliest, mapping) else None


def is_elsewhere(header: Header, extract: Extract, mapping: FileMapping) -> bool:
    """Whether the mapping names another sheet of the workbook as the extract."""
    said = mapping.sheets.get(extract)
    return said in header.grid.sheets and said != header.grid.sheet


def has_key(header: Header, mapping: FileMapping = PLAIN) -> bool:
    """Whether one of the titles names the number of the employees."""
    found = recognised(header, mapping)
    columns = known(columns_of(found), header.titles, mapping, found) if found else {}
    return any(column.name == KEY for column in columns.values())


def layout_of(
    header: Header, extract: Extract | None = None, mapping: FileMapping = PLAIN, wanted: Wanted = readable_in
) -> Layout:
    """The positions of an extract's columns; the titles identify the extract unless it is given.

    Raises ``ExtractError`` when it is another extract or none, or if a column is missing or double.
    """
    found = recognised(header, mapping)
    if not found:
        raise _unrecognised(header, extract, mapping)
    if extract and found != extract:
        reason = _("This is the %(other)s extract, not %(extract)s. Choose the %(extract)s file in its place.")
        params = {"other": found, "extract": extract}
        raise ExtractError(header.name, Refusal.WRONG_EXTRACT, Message(reason, params))
    columns = known(wanted(found), header.titles, mapping, found)
    missing = [column.source for column in wanted(found) if column.is_required and column not in columns.values()]
    if missing:
        reason = _(
            "The file lacks columns that a score needs: %(columns)s. Export it again with them, or say on the import "
            "page which of its titles stand for them."
        )
        raise ExtractError(header.name, Refusal.MISSING_COLUMN, Message(reason, {"columns": ", ".join(missing)}))
    if len(set(columns.values())) < len(columns):
        twins = [place for place, column in columns.items() if list(columns.values()).count(column) > 1]
        titles = ", ".join(title_of(header.titles[place]) for place in twins)
        reason = _("Several columns of the file hold the same data: %(columns)s. Keep one of each in the file.")
        raise ExtractError(header.name, Refusal.DUPLICATE_COLUMN, Message(reason, {"columns": titles}))
    return Layout(header, found, columns)


def _unrecognised(header: Header, extract: Extract | None, mapping: FileMapping) -> ExtractError:
    if any(_count_known(",".join(header.first).split("|"), mapping, each) for each in Extract):
        return no_table(header.name, _OTHER_DELIMITER)
    reason = _(
        "Its line %(line)s names no column of any extract. Name the columns there, say on the import page which they "
        "are, or choose another file."
    )
    if extract:
        reason = _(
            "Its line %(line)s names no column of the %(extract)s extract. Name the columns there, say on the import "
            "page which they are, or choose another file."
        )
    params = {"line": header.line} | ({"extract": extract} if extract else {})
    return ExtractError(header.name, Refusal.UNRECOGNISED, Message(reason, params))


def title_of(cell: str) -> str:
    """The name of a column in messages."""
    return cell.strip()[:LONGEST_TITLE]
