"""Reads a file into a table of text: encoding, delimiter, header, cells and their line numbers."""

import codecs
import csv
import io
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd

from employees.columns import COLUMNS, KEY, Column, Extract, columns_of, readable_in
from employees.extracts.parsing import fold
from employees.extracts.rejects import MOST_REJECTS, ExtractError, Refusal, Reject, too_many
from employees.messages import Message
from employees.messages import gettext_noop as _

# A path, the bytes themselves, or an open or uploaded file in binary mode.
Source = str | os.PathLike | bytes | BinaryIO

KEY_TITLES = {column.source for column in COLUMNS if column.name == KEY} | {KEY}  # any of them names the key
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}
RAGGED_SHARE = 0.5  # above this share of rows without the header's number of cells, the file is no table
MOST_COLUMNS = 16_384  # as many as a sheet of Excel has
LONGEST_TITLE = 200  # characters of a header that are kept: each reject of its column repeats them

_FOREIGN = {
    b"PK\x03\x04": "Excel or ZIP",
    b"\xd0\xcf\x11\xe0": "Excel 97",
    b"%PDF": "PDF",
    b"\x1f\x8b": "gzip",
    b"<": "HTML or XML",
}
_BOMS = {
    codecs.BOM_UTF8: ("utf-8-sig", "UTF-8 with BOM"),
    codecs.BOM_UTF16_LE: ("utf-16", "UTF-16"),
    codecs.BOM_UTF16_BE: ("utf-16", "UTF-16"),
}
# A line of empty cells, and the ``sep=;`` line that names the delimiter for Excel, which pads it with empty cells.
# Lines are matched one at a time: one pattern for all of them would backtrack over every one.
_BLANK = r"[ \t\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE},;]*"
_EMPTY = rf'{_BLANK}(?:""{_BLANK}){{0,{MOST_COLUMNS}}}(?:\r\n|\r|\n)'
_EMPTY_LINE = re.compile(_EMPTY)
_DELIMITER_LINE = re.compile(rf'"?sep=[^\r\n]"?{_EMPTY}', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FileReport:
    """How a file was read."""

    name: str
    rows: int
    encoding: str
    delimiter: str  # its name: comma, semicolon or tab
    ignored: tuple[str, ...]  # unknown headers; an unnamed column is "#4"


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


def name_of(extract: Extract | None, source: Source) -> str:
    """The name of a source in messages: the last part of its path, or the extract's usual file name."""
    path = source if isinstance(source, str | os.PathLike) else getattr(source, "name", "")
    return Path(path or (f"extrait_{extract}.csv" if extract else "extrait.csv")).name


# The columns that are looked for in a file of an extract.
Wanted = Callable[[Extract], tuple[Column, ...]]


def read_table(extract: Extract | None, source: Source, name: str = "", wanted: Wanted = readable_in) -> TextTable:
    """Read one file, called ``name`` in messages; which extract it is, is seen by its columns where it is not given.

    Raises ``ExtractError`` when it is not the expected table.
    """
    name = name or name_of(extract, source)
    text, encoding = _decode(name, _read(source))
    start, first_line = _start(text)
    text = text[start:]
    if not text.strip():
        raise ExtractError(name, Refusal.EMPTY, Message(_("the file is empty")))
    delimiter, header = max(
        ((delimiter, _header(name, text, delimiter)) for delimiter in DELIMITERS),
        key=lambda candidate: max(len(_known(wanted(each), candidate[1])) for each in Extract),
    )
    width = len(header)
    while header and not header[-1].strip():  # trailing delimiters
        header.pop()
    extract = _recognised(name, extract, header)
    columns = _columns(name, extract, wanted(extract), header)

    numbered = _rows(name, text, delimiter, first_line)
    rows, lines, ragged = _sort_out(numbered, itemgetter(*columns), header, width, name, delimiter)
    count = len(rows) + len(ragged)
    if not count:
        raise ExtractError(name, Refusal.NO_ROWS, Message(_("the file has a header and no rows")))
    if len(ragged) > RAGGED_SHARE * count:
        raise _no_table(name, _("most rows do not have as many cells as the header"), rejects=ragged)

    cells = {}
    for (place, column), texts in zip(columns.items(), zip(*rows, strict=True), strict=True):
        codes, distinct = pd.factorize(np.array(texts, dtype=object))
        cells[column.name] = Cells(_title(header[place]), codes.astype(np.int32), distinct)
    ignored = tuple(_title(cell) or f"#{place + 1}" for place, cell in enumerate(header) if place not in columns)
    report = FileReport(name, count, encoding, DELIMITERS[delimiter], ignored)
    return TextTable(extract, report, np.array(lines), cells, tuple(ragged))


def _read(source: Source) -> bytes:
    if isinstance(source, bytes):
        return source
    if not isinstance(source, str | os.PathLike):
        source.seek(0)
        return source.read()
    try:
        return Path(source).read_bytes()
    except (OSError, ValueError) as error:
        reason = Message(_("the file cannot be read: %(error)s"), {"error": getattr(error, "strerror", "") or error})
        raise ExtractError(str(source), Refusal.UNREADABLE, reason) from error


def _decode(name: str, content: bytes) -> tuple[str, str]:
    """The text of a file and the name of its encoding."""
    for magic, kind in _FOREIGN.items():
        if content[:512].lstrip().startswith(magic):
            raise _no_table(name, _("it is a file of kind %(kind)s, not CSV text: export it as CSV"), kind=kind)
    encoding, label = _encoding(content)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        reason = _("byte %(position)s is neither UTF-8, UTF-16 nor Windows-1252: export the file as UTF-8")
        raise ExtractError(name, Refusal.UNDECODABLE, Message(reason, {"position": error.start})) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise ExtractError(name, Refusal.NUL, Message(_("line %(line)s holds a NUL byte"), {"line": line}))
    return text, label


def _encoding(content: bytes) -> tuple[str, str]:
    for bom, encoding in _BOMS.items():
        if content.startswith(bom):
            return encoding
    # UTF-16 without a mark: the header is plain letters, so every other byte of it is zero.
    beginning = np.frombuffer(content[:64], dtype=np.uint8)
    if len(beginning) >= 4 and not beginning[1::2].any() and beginning[::2].all():
        return "utf-16-le", "UTF-16"
    if len(beginning) >= 4 and not beginning[::2].any() and beginning[1::2].all():
        return "utf-16-be", "UTF-16"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252", "Windows-1252"
    return "utf-8", "UTF-8"


def _start(text: str) -> tuple[int, int]:
    """The offset at which the header starts, and its line number."""
    start, line = 0, 1
    while found := _EMPTY_LINE.match(text, start) or _DELIMITER_LINE.match(text, start):
        start, line = found.end(), line + 1
    return start, line


def _header(name: str, text: str, delimiter: str) -> list[str]:
    """The first row; empty where this delimiter cannot split it."""
    try:
        header = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        return []
    if len(header) > MOST_COLUMNS:
        raise _no_table(name, _("its first line has more than %(most)s cells"), most=MOST_COLUMNS)
    return header


def _known(columns: Sequence[Column], header: list[str]) -> list[tuple[int, Column]]:
    """The columns found in a header, by index, under the product's name or the source's."""
    by_title = {fold(title): column for column in columns for title in (column.name, column.source)}
    by_title |= {fold(title): columns[0] for title in KEY_TITLES}
    return [(place, by_title[fold(title)]) for place, title in enumerate(header) if fold(title) in by_title]


def _recognised(name: str, extract: Extract | None, header: list[str]) -> Extract:
    """The extract to which most columns of a header belong. Raises ``ExtractError`` if another one is expected."""
    counts = {
        each: len([column for _place, column in _known(columns_of(each), header) if column.name != KEY])
        for each in Extract
    }
    likeliest = max(counts, key=lambda each: (counts[each] and each != Extract.ANNUAIRE, counts[each]))
    if counts[likeliest] == 0:
        if any(_known(columns_of(each), ",".join(header).split("|")) for each in Extract):
            raise _no_table(name, _("its cells are separated by |, not by a comma, a semicolon or a tab"))
        if extract:
            raise _no_table(name, _("its first line names no column of the %(extract)s extract"), extract=extract)
        raise _no_table(name, _("its first line names no column of any extract"))
    if extract and likeliest != extract:
        reason = Message(_("this is the %(other)s extract, not %(extract)s"), {"other": likeliest, "extract": extract})
        raise ExtractError(name, Refusal.WRONG_EXTRACT, reason)
    return likeliest


def _columns(name: str, extract: Extract, wanted: Sequence[Column], header: list[str]) -> dict[int, Column]:
    """The columns of the extract by their index in the file. Raises ``ExtractError`` if one is missing or double."""
    known = _known(wanted, header)
    missing = [column for column in wanted if column.is_required and column not in dict(known).values()]
    if missing:
        reason = Message(_("missing columns: %(columns)s"), {"columns": ", ".join(column.source for column in missing)})
        raise ExtractError(name, Refusal.MISSING_COLUMN, reason)
    columns = dict(known)
    if len(set(columns.values())) < len(columns):
        titles = [_title(header[place]) for place, column in known if list(columns.values()).count(column) > 1]
        reason = Message(_("these columns are duplicates: %(columns)s"), {"columns": ", ".join(titles)})
        raise ExtractError(name, Refusal.DUPLICATE_COLUMN, reason)
    return columns


def _title(cell: str) -> str:
    """The name of a column in messages."""
    return cell.strip()[:LONGEST_TITLE]


def _rows(name: str, text: str, delimiter: str, first_line: int) -> Iterator[tuple[int, list[str]]]:
    """The rows after the header with the line on which each starts, without blank rows."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        next(reader)
        line = first_line + reader.line_num
        for row in reader:
            if any(map(str.strip, row)):
                yield line, row
            line = first_line + reader.line_num
    except csv.Error as error:
        raise _no_table(name, _("line %(line)s: %(error)s"), line=line, error=error) from error


def _is_padded(row: list[str], header: list[str]) -> bool:
    """Whether a row is the header's cells followed by empty ones only."""
    return len(row) >= len(header) and not any(map(str.strip, row[len(header) :]))


def _sort_out(
    numbered: Iterator[tuple[int, list[str]]],
    cells_of_interest: itemgetter,
    header: list[str],
    width: int,
    name: str,
    delimiter: str,
) -> tuple[list[tuple[str, ...]], list[int], list[Reject]]:
    """Split the rows into those as wide as the header, with their lines, and ragged ones.

    Rows that all end with the same number of surplus or missing delimiters count as padded, and are kept. A single such
    row is ragged, and so is any longer row of a comma-separated file: an unquoted decimal comma shifts the cells after
    it to the right.
    """
    rows, lines, odd = [], [], []
    are_padded = True
    for line, row in numbered:
        if len(row) == width and _is_padded(row, header):
            rows.append(cells_of_interest(row))
            lines.append(line)
        else:
            odd.append((line, row))
            is_short_enough = delimiter != "," or len(row) <= width
            are_padded &= len(row) == len(odd[0][1]) and is_short_enough and _is_padded(row, header)
        if len(odd) > MOST_REJECTS and (rows or not are_padded):
            raise too_many(_ragged(name, *odd[0], delimiter, len(header)))
    if are_padded and not rows:
        return [cells_of_interest(row) for _line, row in odd], [line for line, _row in odd], []
    return rows, lines, [_ragged(name, line, row, delimiter, len(header)) for line, row in odd]


def _ragged(name: str, line: int, row: list[str], delimiter: str, expected: int) -> Reject:
    rule = Message(
        _("as many cells as the header: %(expected)s, not %(found)s"), {"expected": expected, "found": len(row)}
    )
    return Reject(name, line, "", delimiter.join(row)[:200], rule)


def _no_table(name: str, reason: str, rejects: Sequence[Reject] = (), **params: object) -> ExtractError:
    return ExtractError(name, Refusal.NOT_A_TABLE, Message(reason, params), tuple(rejects))
