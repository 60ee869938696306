"""Opens the sheets of a workbook, XLSX or ODS, as grids of text."""

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from employees.extracts.grids import Batch, Row, Source, batched, no_table, opened
from employees.messages import gettext_noop as _

LARGEST = 1 << 30  # bytes of a workbook once unpacked: a million rows of a dozen columns are half of it
MOST_ENTRIES = 10_000  # of its archive; a workbook has one for each sheet, and a dozen more


@dataclass(frozen=True, slots=True)
class SheetGrid:
    """The rows of one sheet."""

    name: str
    sheet: str
    cells: CalamineSheet
    sheets: tuple[str, ...]
    encoding: str = "XLSX"
    delimiter: str = ""

    def rows(self) -> Iterator[Row]:
        for line, row in enumerate(self.cells.iter_rows(), 1):
            texts = [text_of(cell) for cell in row]
            if any(map(str.strip, texts)):
                yield line, texts

    def batches(self) -> Iterator[Batch]:
        return batched(self.rows())


def sheet_grids(name: str, source: Source) -> list[SheetGrid]:
    """The visible sheets of a workbook. Raises ``ExtractError`` when it is none, or too large."""
    with opened(source) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                size = sum(entry.file_size for entry in archive.infolist())
                kind = "ODS" if "mimetype" in archive.namelist() else "XLSX"
                if len(archive.infolist()) > MOST_ENTRIES:
                    raise zipfile.BadZipFile("too many entries")
            if size > LARGEST:
                reason = _("The unpacked workbook is larger than %(most)s MB. Export the sheet as CSV.")
                raise no_table(name, reason, most=LARGEST >> 20)
            file.seek(0)
            workbook = CalamineWorkbook.from_filelike(file)
            seen = [
                sheet.name
                for sheet in workbook.sheets_metadata
                if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible
            ]
            sheets = [workbook.get_sheet_by_name(title) for title in seen]
        except (CalamineError, zipfile.BadZipFile) as error:
            raise no_table(name, _("This workbook cannot be read. Export the sheet as CSV.")) from error
    names = tuple(sheet.name for sheet in sheets)
    return [
        SheetGrid(f"{name} ({sheet.name})" if len(names) > 1 else name, sheet.name, sheet, names, kind)
        for sheet in sheets
    ]


def text_of(cell: Any) -> str:
    """A cell as unambiguous text."""
    match cell:
        case bool():
            return "Oui" if cell else "Non"
        case int():
            return str(cell)
        case float():
            return _number(cell)
        case datetime():
            return cell.isoformat(" ")
        case date() | time():
            return cell.isoformat()
        case timedelta():
            return str(cell)
    return str(cell)


def _number(value: float) -> str:
    """A number without an exponent; 1.299 with a fourth decimal, since three may be thousands in a text."""
    if value.is_integer():
        return str(int(value))
    text = f"{Decimal(repr(value)):f}"
    return text + "0" * (len(text.partition(".")[2]) == 3)
