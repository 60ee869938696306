"""Files that spreadsheets open: text that cannot become a formula, CSV and workbooks sent while they are written."""

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from io import BytesIO, StringIO
from itertools import islice
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

ROWS_AT_A_TIME = 1_000
SHEET = "xl/worksheets/sheet1.xml"
COMPRESSION = 3  # of 9: an eighth larger than with the usual 6, in a third of the time
_FORMULA_SIGNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # XML has no way to say these


def inert(text: str) -> str:
    """The text as it is, or quoted where a spreadsheet would run it: after =, +, -, @ or a control character."""
    starts_formula = text.lstrip().startswith(_FORMULA_SIGNS)
    starts_with_control = bool(text) and unicodedata.category(text[0]) == "Cc"
    return f"'{text}" if starts_formula or starts_with_control else text


def streamed_csv(rows: Iterable[Sequence], delimiter: str = ",") -> Iterator[str]:
    """CSV some lines at a time, after the mark by which Excel knows UTF-8."""
    yield "\N{BYTE ORDER MARK}"
    rows = iter(rows)
    while chunk := list(islice(rows, ROWS_AT_A_TIME)):
        lines = StringIO()
        csv.writer(lines, delimiter=delimiter).writerows(chunk)
        yield lines.getvalue()


def streamed_workbook(frame: bytes, rows: Iterable[Sequence[str | float | None]]) -> Iterator[bytes]:
    """A workbook as it is written: the one of ``frame``, with ``rows`` in the place of its first sheet's second row.

    A library writes the frame, but could send nothing before the last row is known. The second row of the frame is a
    sample with something in every column: the rows have its styles. Memory does not grow with the rows.
    """
    outlet = _Outlet()
    with ZipFile(BytesIO(frame)) as source, ZipFile(outlet, "w", ZIP_DEFLATED, compresslevel=COMPRESSION) as target:
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
    readable = _CONTROL.sub(lambda found: f"_x{ord(found[0]):04X}_", text)
    return f'<is><t xml:space="preserve">{escape(readable)}</t></is>'


class _Outlet:
    """What the archive is written to; whoever sends it takes what has come."""

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
