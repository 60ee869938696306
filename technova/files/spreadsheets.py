"""CSV and workbooks as streams, with text that cannot become a formula.

What streaming the workbook buys: the first byte of 147,000 rows after 35 ms (``benchmarks/pages.py``)."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from io import BytesIO, StringIO
from itertools import islice
from typing import Any
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ROWS_AT_A_TIME = 1_000
SHEET = "xl/worksheets/sheet1.xml"
COMPRESSION = 3  # of 9: an eighth larger than the default 6, in a third of the time
_BREAK = r"[,;\t\n\r\v\f\x1c-\x1e\x85\u2028\u2029]"  # after which a cell may begin
_FORMULA = rf'(?:(?!{_BREAK})[\s"])*[=+\-@＝＋－＠﹦﹢﹣﹫\x00-\x09\x0b-\x1f\x7f-\x9f]'  # as which it may not
_AT_START = re.compile(_FORMULA)
_AFTER_BREAK = re.compile(rf"{_BREAK}(?={_FORMULA}|\Z)")
_NEGATIVE_NUMBER = re.compile(r"-\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # not representable in XML
_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")  # and a workbook says them like this


@lru_cache(maxsize=50_000)
def inert(text: str) -> str:
    """The text with an apostrophe wherever a spreadsheet would read a formula; a negative number stays a number.

    That is at its start, and after each comma, semicolon, tab and line break, where cells start if the file is opened
    with another separator. Spaces and quotes before the sign do not hide it, and no text ends in a separator, or the
    next cell would start with the end of the line.
    """
    if _NEGATIVE_NUMBER.fullmatch(text):
        return text
    mark = "'" if _AT_START.match(text) else ""
    return mark + _AFTER_BREAK.sub(r"\g<0>'", text)


def streamed_csv(rows: Iterable[Sequence], delimiter: str = ",", mark: str = "\N{BYTE ORDER MARK}") -> Iterator[str]:
    """CSV in chunks of lines, after the byte order mark that Excel needs. Each field is quoted, each text inert."""
    yield mark
    rows = iter(rows)
    while chunk := list(islice(rows, ROWS_AT_A_TIME)):
        lines = StringIO()
        csv.writer(lines, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(map(_cells, chunk))
        yield lines.getvalue()


def _cells(row: Sequence) -> list:
    return [cell if cell is None or isinstance(cell, int | float) else inert(str(cell)) for cell in row]


def streamed_workbook(frame: bytes, rows: Iterable[Sequence[str | float | None]]) -> Iterator[bytes]:
    """Stream the workbook ``frame``, with ``rows`` instead of the second row of its first sheet.

    xlsxwriter writes the frame; it could send nothing before the last row. The second row of the frame is a sample
    with a value in every column, whose styles the rows get. Memory does not grow with the rows. Texts are inert here
    too, since a workbook may be saved as CSV.
    """
    outlet = _Outlet()
    file: Any = outlet  # it has what ZipFile uses of a file
    with ZipFile(BytesIO(frame)) as source, ZipFile(file, "w", ZIP_DEFLATED, compresslevel=COMPRESSION) as target:
        for name in source.namelist():
            if name != SHEET:
                target.writestr(name, source.read(name))
        yield outlet.take()
        head, sample, tail = re.split('(<row r="2".*?</row>)', source.read(SHEET).decode(), maxsplit=1)
        columns = re.findall(r'<c r="([A-Z]+)2"( s="\d+")?', sample)
        with target.open(SHEET, "w") as sheet:
            sheet.write(re.sub("<dimension .*?/>", "", head).encode())  # it is of the frame, and need not be there
            for line, row in enumerate(rows, start=2):
                sheet.write(_row(line, columns, row))
                if line % ROWS_AT_A_TIME == 0:
                    yield outlet.take()
            sheet.write(tail.encode())
    yield outlet.take()


def _row(line: int, columns: Sequence[tuple[str, str]], row: Sequence[str | float | None]) -> bytes:
    cells = [
        f'<c r="{column}{line}"{style} t="inlineStr">{_text(value)}</c>'
        if isinstance(value, str)
        else f'<c r="{column}{line}"{style}><v>{value!r}</v></c>'
        for (column, style), value in zip(columns, row, strict=True)
        if value is not None
    ]
    return f'<row r="{line}">{"".join(cells)}</row>'.encode()


@lru_cache(maxsize=50_000)
def _text(text: str) -> str:
    readable = _CONTROL.sub(lambda found: f"_x{ord(found[0]):04X}_", _ESCAPE.sub("_x005F_", inert(text)))
    return f'<is><t xml:space="preserve">{escape(readable)}</t></is>'


class _Outlet:
    """A buffer for the archive, emptied as it is sent."""

    def __init__(self):
        self._parts: list[bytes] = []

    def write(self, part: bytes) -> int:
        self._parts.append(bytes(part))
        return len(part)

    def flush(self) -> None:
        """Nothing waits elsewhere."""

    def take(self) -> bytes:
        whole = b"".join(self._parts)
        self._parts.clear()
        return whole
