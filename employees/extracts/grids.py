"""Opens a file as grids of text: one for a CSV file, one for each sheet of a workbook.

A grid gives its rows with their line numbers as often as it is asked, without holding them.
"""

import codecs
import csv
import io
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np

from employees.columns import Extract
from employees.extracts.rejects import ExtractError, Refusal
from employees.messages import Message
from employees.messages import gettext_noop as _

# A path, the bytes themselves, or an open or uploaded file in binary mode.
Source = str | os.PathLike | bytes | BinaryIO
Row = tuple[int, list[str]]  # the physical line on which it starts, and its cells
Batch = tuple[Sequence[int], list[list[str]]]  # the lines of some rows, and their cells

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}
MOST_COLUMNS = 16_384  # as many as a sheet of Excel has
HEAD = 20  # rows among which the header is looked for
CHUNK = 1 << 20  # bytes decoded at a time
BATCH_SIZE = 4_000  # rows whose text is held at a time; more leave the processor's cache

ENDINGS = (".csv", ".txt", ".xlsx", ".ods")  # of names of files that may be extracts
WORKBOOK = b"PK\x03\x04"
_FOREIGN = {
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
_BLANK = r"[ \t\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE},;]*"
_EMPTY = rf'{_BLANK}(?:""{_BLANK}){{0,{MOST_COLUMNS}}}(?:\r\n|\r|\n)?'
_EMPTY_LINE = re.compile(_EMPTY)
_DELIMITER_LINE = re.compile(rf'"?sep=[^\r\n]"?{_EMPTY}', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class File:
    """A file to be read."""

    source: Source
    title: str = ""  # its name in messages, where that of the source does not serve
    kind: Extract | None = None  # the extract that it is to be, where it is not recognised by its columns

    @property
    def name(self) -> str:
        return self.title or name_of(self.source, self.kind)


class Grid(Protocol):
    """A sheet of text."""

    @property
    def name(self) -> str:
        """Of the file in messages, with the sheet where it has several."""

    @property
    def sheet(self) -> str:
        """Empty for a CSV file."""

    @property
    def sheets(self) -> tuple[str, ...]:
        """All those of the workbook."""

    @property
    def encoding(self) -> str:
        """The encoding, as shown to people; of a workbook, its kind."""

    @property
    def delimiter(self) -> str:
        """The character; empty in a workbook."""

    def rows(self) -> Iterator[Row]:
        """The rows that are not blank. Raises ``ExtractError`` where they cannot be read."""

    def batches(self) -> Iterator[Batch]:
        """The same, at most ``BATCH_SIZE`` at a time."""


def batched(rows: Iterator[Row]) -> Iterator[Batch]:
    """Rows some at a time; those before an error too."""
    while True:
        numbers: list[int] = []
        cells: list[list[str]] = []
        try:
            for number, row in islice(rows, BATCH_SIZE):
                numbers.append(number)
                cells.append(row)
        finally:
            if cells:
                yield numbers, cells
        if not cells:
            return


def name_of(source: Source, extract: Extract | None = None) -> str:
    """The name of a source in messages: the last part of its path, or the extract's usual file name."""
    path = source if isinstance(source, str | os.PathLike) else getattr(source, "name", "")
    return Path(path or (f"extrait_{extract}.csv" if extract else "extrait.csv")).name


@contextmanager
def opened(source: Source) -> Iterator[BinaryIO]:
    """A source as a binary file at its start. Raises ``ExtractError`` when it cannot be opened."""
    if isinstance(source, bytes):
        yield io.BytesIO(source)
    elif isinstance(source, str | os.PathLike):
        with _open(source) as file:
            yield file
    else:
        source.seek(0)
        yield source


def _open(path: str | os.PathLike) -> BinaryIO:
    try:
        return open(path, "rb")
    except (OSError, ValueError) as error:
        params = {"error": getattr(error, "strerror", "") or error}
        reason = Message(_("The file cannot be read (%(error)s). Check its name and that it may be opened."), params)
        raise ExtractError(str(path), Refusal.UNREADABLE, reason) from error


def beginning_of(name: str, source: Source) -> bytes:
    """The first bytes of a file. Raises ``ExtractError`` for a file of another kind than text or a workbook."""
    with opened(source) as file:
        beginning = file.read(512)
    for magic, kind in _FOREIGN.items():
        if beginning.lstrip().startswith(magic):
            raise no_table(name, _("This is a file of kind %(kind)s. Export it as CSV, XLSX or ODS."), kind=kind)
    return beginning


def empty(name: str) -> ExtractError:
    """The error for an empty file."""
    reason = _("The file is empty. Export it again, with the names of its columns and a row for each employee.")
    return ExtractError(name, Refusal.EMPTY, Message(reason))


def no_table(name: str, reason: str, **params: object) -> ExtractError:
    """The refusal of a file that is not the table it should be."""
    return ExtractError(name, Refusal.NOT_A_TABLE, Message(reason, params))


@dataclass(frozen=True, slots=True)
class TextGrid:
    """The rows of a CSV file, for one delimiter."""

    source: Source
    name: str
    codec: str
    encoding: str  # the codec's name for people
    delimiter: str
    start: int  # lines before the first that is neither blank nor names the delimiter
    sheet: str = ""
    sheets: tuple[str, ...] = ()

    def rows(self) -> Iterator[Row]:
        for numbers, rows in self.batches():
            yield from zip(numbers, rows, strict=True)

    def batches(self) -> Iterator[Batch]:
        with opened(self.source) as file:
            text = io.TextIOWrapper(file, self.codec, newline="")
            try:
                yield from self._batches(text)
            finally:
                text.detach()

    def _batches(self, text: io.TextIOWrapper) -> Iterator[Batch]:
        """Many rows at a time as long as no cell is quoted: then each line is one. The first are few: a header."""
        below, line, size = islice(text, self.start, None), self.start + 1, HEAD
        while lines := list(islice(below, size)):
            rows = self._of_plain_lines(lines)
            if rows is None:
                yield from batched(self._one_by_one(chain(lines, below), line))
                return
            numbers = range(line, line + len(lines))
            if all(rows) and all(map(itemgetter(0), rows)):
                yield numbers, rows
            else:
                yield from batched(pair for pair in zip(numbers, rows, strict=True) if _has_cell(pair[1]))
            line, size = line + len(lines), BATCH_SIZE

    def _of_plain_lines(self, lines: list[str]) -> list[list[str]] | None:
        """The rows of lines without quotation marks; None for others, and where something is wrong with them."""
        if any('"' in line for line in lines):
            return None
        try:
            rows = list(csv.reader(lines, delimiter=self.delimiter, strict=True))
        except csv.Error:
            return None
        return rows if len(rows) == len(lines) and max(map(len, rows)) <= MOST_COLUMNS else None

    def _one_by_one(self, lines: Iterable[str], line: int) -> Iterator[Row]:
        """The rows of lines that start with the one of this number."""
        reader, start = csv.reader(lines, delimiter=self.delimiter, strict=True), line
        try:
            for row in reader:
                if len(row) > MOST_COLUMNS:
                    reason = _(
                        "Line %(line)s has more than %(most)s cells. Export the file again with the columns of one "
                        "extract."
                    )
                    raise no_table(self.name, reason, line=line, most=MOST_COLUMNS)
                if _has_cell(row):
                    yield line, row
                line = start + reader.line_num
        except csv.Error as error:
            raise self._unreadable(line, str(error)) from error

    def _unreadable(self, line: int, error: str) -> ExtractError:
        if "end of data" in error:
            reason = _(
                "On line %(line)s a quotation mark opens a cell and is never closed. Close it or delete it, and load "
                "the file again."
            )
            return no_table(self.name, reason, line=line)
        if "field limit" in error:
            reason = _(
                "On line %(line)s a cell is longer than %(most)s characters. Check that its quotation marks are "
                "closed, and load the file again."
            )
            return no_table(self.name, reason, line=line, most=csv.field_size_limit())
        reason = _(
            "On line %(line)s a quotation mark stands within a quoted cell. Double it or delete it, and load the "
            "file again."
        )
        return no_table(self.name, reason, line=line)


def _has_cell(row: list[str]) -> bool:
    return bool(row and (row[0] or any(map(str.strip, row))))


def text_grids(name: str, source: Source) -> list[TextGrid]:
    """A CSV file split at each delimiter that can split its first row. Raises ``ExtractError`` if it is no text."""
    with opened(source) as file:
        codec, encoding = _encoding(file)
        file.seek(0)
        _check(name, file, codec)
    with opened(source) as file:
        start = _start(name, file, codec)
    return [TextGrid(source, name, codec, encoding, delimiter, start) for delimiter in DELIMITERS]


def first_lines(name: str, source: Source) -> list[str]:
    """The first lines of a text file that are not blank. Raises ``ExtractError`` if it is no text."""
    grid = text_grids(name, source)[0]
    with opened(source) as file:
        text = io.TextIOWrapper(file, grid.codec, newline="")
        try:
            return [line for line in islice(text, grid.start, grid.start + HEAD) if line.strip()]
        finally:
            text.detach()


def _encoding(file: BinaryIO) -> tuple[str, str]:
    """The codec of a file and its name for people."""
    beginning = file.read(64)
    for bom, encoding in _BOMS.items():
        if beginning.startswith(bom):
            return encoding
    # UTF-16 without a mark: the header is plain letters, so every other byte of it is zero.
    octets = np.frombuffer(beginning, dtype=np.uint8)
    if len(octets) >= 4 and not octets[1::2].any() and octets[::2].all():
        return "utf-16-le", "UTF-16"
    if len(octets) >= 4 and not octets[::2].any() and octets[1::2].all():
        return "utf-16-be", "UTF-16"
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for piece in chain([beginning], iter(lambda: file.read(CHUNK), b"")):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252", "Windows-1252"
    return "utf-8", "UTF-8"


def _check(name: str, file: BinaryIO, codec: str) -> None:
    """Decode a file once, in pieces. Raises ``ExtractError`` when it cannot be decoded, or holds a NUL byte."""
    decoder = codecs.getincrementaldecoder(codec)()
    lines, position = 1, 0
    try:
        for octets in chain(iter(lambda: file.read(CHUNK), b""), [b""]):
            text = decoder.decode(octets, final=not octets)
            if "\0" in text:
                line = lines + text.count("\n", 0, text.index("\0"))
                reason = _("Line %(line)s holds a NUL byte: the file is damaged. Export it again.")
                raise ExtractError(name, Refusal.NUL, Message(reason, {"line": line}))
            lines += text.count("\n")
            position += len(octets)
    except UnicodeDecodeError as error:
        reason = _("Byte %(position)s is neither UTF-8, UTF-16 nor Windows-1252. Save the file as CSV UTF-8.")
        params = {"position": position + error.start}
        raise ExtractError(name, Refusal.UNDECODABLE, Message(reason, params)) from error


def _start(name: str, file: BinaryIO, codec: str) -> int:
    """How many lines stand before the first that has a cell."""
    text = io.TextIOWrapper(file, codec, newline="")
    try:
        for place, line in enumerate(text):
            if not (_EMPTY_LINE.fullmatch(line) or _DELIMITER_LINE.fullmatch(line)):
                return place
    finally:
        text.detach()
    raise empty(name)
