"""Open questions about a file: unknown words, and columns that may be in another unit or on another scale."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from math import log
from typing import Any

import numpy as np

from employees.columns import BY_NAME, KEY, Column, ColumnKind, Extract, match_key, readable_in
from employees.extracts.cell_reader import CellReader
from employees.extracts.mapping import AMERICAN_DATES, FRENCH_DATES, FileMapping
from employees.extracts.parsing import IS_PERCENTAGE, IS_UNAMBIGUOUS, read_number
from employees.extracts.values import read_date
from employees.vocabularies import Proposal, Vocabularies

HIGHEST_MARK = 5  # columns with a higher maximum hold no marks
OWN_SCALE = (1, 4)
SCALES = ((1, 5), (0, 5), (1, 6), (1, 7), (1, 10), (0, 10), (0, 20), (0, 100))
BEYOND_SHARE = 0.05  # of the marks that lie beyond the scale, from which on it is another scale
FEWEST_BEYOND = 2
HIGHEST_MEDIAN_PAY = 15_000  # euros a month: a median above it is pay by the year
PAY = "revenu_mensuel"
NUMBERS = (ColumnKind.INTEGER, ColumnKind.NUMBER, ColumnKind.PERCENT)
LAST_LINE = 1_000  # that may be said to be the header
LAST_MONTH = 12  # a day after it is no month
MOST_VALUES = 10  # distinct texts of a column of two values; more are no values
# What companies write for one of two values; the first digit of a French social security number encodes the sex.
USUAL_VALUES = {"genre": {"1": "M", "2": "F"}, "": {"x": "Oui", "ok": "Oui", "-": "Non"}}


class Asked(StrEnum):
    """The subject of a question."""

    WORD = "word"  # an unknown word of an open vocabulary: which value is it?
    VALUE = "value"  # a text of a column of sex or of yes and no, most of which are not known: which value is it?
    FRACTION = "fraction"  # a column of percentages that may be fractions, 0.11 for 11 %: multiplied by?
    SCALE = "scale"  # a column of marks beyond the scale: from what to what?
    UNIT = "unit"  # a column of pay that is none of a month: multiplied by?
    DECIMAL = "decimal"  # numbers such as 1.299: which separator is that of the decimals?
    DATE = "date"  # dates such as 10/31/2026, that are none with the day first: which order?
    HEADER = "header"  # a title that is not known: which column is it?
    COLUMN = "column"  # a title of a file that is like no extract: which column of any is it?
    ROW = "row"  # rows that seem to be no person: skipped?
    SHEET = "sheet"  # a workbook of several sheets: which of them is the extract?
    LINE = "line"  # a table: which of its lines is the header?


CHOICES = {
    Asked.FRACTION: ("100", "1"),
    Asked.UNIT: ("1/12", "1/13", "1"),
    Asked.DECIMAL: (",", "."),
    Asked.DATE: (FRENCH_DATES, AMERICAN_DATES),
}


@dataclass(frozen=True, slots=True)
class Question:
    """An open question about a file; the cells in question are unknown until it is answered."""

    asked: Asked
    file: str
    column: str  # the product's name of the column, and so of the vocabulary
    header: str  # the column as the file has it
    text: str  # as first written; of a title, the first cell below it
    count: int  # rows
    line: int  # of the first of them
    proposal: Proposal
    extract: Extract
    sheets: tuple[str, ...] = ()  # to choose from

    @property
    def is_correction(self) -> bool:
        """Whether it only offers to read another place of the file; it proposes the one that was read."""
        return self.asked == Asked.LINE or (self.asked == Asked.SHEET and not self.count)

    @property
    def is_of_titles(self) -> bool:
        """Whether it asks which column a title is."""
        return self.asked in (Asked.HEADER, Asked.COLUMN)

    @property
    def is_of_words(self) -> bool:
        """Whether it is about words: it can stay open, and the word is then unknown."""
        return self.asked == Asked.WORD

    @property
    def choices(self) -> tuple[str, ...]:
        """The answers that there are; none of them for a word, which may be a new one."""
        match self.asked:
            case Asked.HEADER:
                return ("", *(column.name for column in readable_in(self.extract)))
            case Asked.COLUMN:
                return ("", KEY, *BY_NAME)
            case Asked.VALUE:
                return (*(BY_NAME[self.column].choices or ("Oui", "Non")), "")
            case Asked.SCALE:
                return tuple(f"{first}-{last}" for pair in (*SCALES, OWN_SCALE) for first, last in (pair, pair[::-1]))
            case Asked.ROW:
                return (self.text, "")
            case Asked.SHEET:
                return self.sheets
            case Asked.LINE:
                return tuple(map(str, range(1, LAST_LINE + 1)))
        return CHOICES.get(self.asked, ())

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @classmethod
    def of(cls, document: dict[str, Any]) -> "Question":
        """The question from its document."""
        kinds = {"asked": Asked(document["asked"]), "extract": Extract(document["extract"])}
        proposal, sheets = Proposal(**document["proposal"]), tuple(document.get("sheets", ()))
        return cls(**{**document, **kinds, "proposal": proposal, "sheets": sheets})


@dataclass(frozen=True, slots=True)
class Asking:
    """Asks about the columns of one file."""

    file: str
    extract: Extract
    mapping: FileMapping
    vocabularies: Vocabularies
    is_kept: np.ndarray  # (rows,) whether the row is read: nothing is asked about the others
    lines: np.ndarray  # (rows,)

    def about(self, cells: CellReader) -> Question | None:
        """The question about the whole column, if there is one: then none of its cells is read."""
        column = cells.column
        if column.kind in NUMBERS and (question := self._decimal(cells)):
            return question
        if column.kind == ColumnKind.DATE:
            return self._date(cells)
        if column.kind == ColumnKind.PERCENT:
            return self._fraction(cells)
        if column.name == PAY and PAY not in self.mapping.factors:
            return self._unit(cells)
        is_mark = column.kind in (ColumnKind.NUMBER, ColumnKind.INTEGER) and (column.maximum or 0) <= HIGHEST_MARK
        return self._scale(cells) if is_mark and column.name not in self.mapping.scales else None

    def words(self, cells: CellReader) -> Iterator[Question]:
        """A question for each unknown word, however it is spelt."""
        rows, codes = self._troubles(cells)
        is_word = np.array([problem.rule is None for problem in cells.problems], dtype=bool)[codes]
        for text, found in _spellings(cells, rows[is_word], codes[is_word]):
            yield self._question(Asked.WORD, cells, text, found, self.vocabularies[cells.column.name].propose(text))

    def values(self, cells: CellReader) -> list[Question]:
        """A question for each text of a column of two values, where most cells hold none of the known ones."""
        name = cells.column.name
        is_closed = cells.column.kind == ColumnKind.CHOICE and not self.vocabularies[name].is_open
        if not (is_closed or cells.column.kind == ColumnKind.BOOLEAN):
            return []
        rows, codes = self._troubles(cells)
        texts = list(_spellings(cells, rows, codes))
        if len(rows) <= int((cells.values()[1] & self.is_kept).sum()) or len(texts) > MOST_VALUES:
            return []
        usual = USUAL_VALUES.get(name, USUAL_VALUES[""])
        proposals = [usual.get(match_key(text), "") for text, _rows in texts]
        return [
            self._question(Asked.VALUE, cells, text, found, Proposal(value, is_new=not value))
            for (text, found), value in zip(texts, proposals, strict=True)
        ]

    def _troubles(self, cells: CellReader) -> tuple[np.ndarray, np.ndarray]:
        rows, codes = cells.troubles()
        return rows[self.is_kept[rows]], codes[self.is_kept[rows]]

    def _decimal(self, cells: CellReader) -> Question | None:
        rows, codes = self._troubles(cells)
        is_ambiguous = np.array([problem.rule is IS_UNAMBIGUOUS for problem in cells.problems], dtype=bool)[codes]
        if not is_ambiguous.any():
            return None
        text = cells.problems[codes[is_ambiguous][0]].text.strip()
        values, is_known = cells.values()
        proposal = Proposal(_likelier_decimal(text, values[is_known & self.is_kept]), is_new=False)
        return self._question(Asked.DECIMAL, cells, text, rows[is_ambiguous], proposal)

    def _date(self, cells: CellReader) -> Question | None:
        rows, codes = self._troubles(cells)
        is_american = np.array([_is_date(problem.text) for problem in cells.problems], dtype=bool)[codes]
        values, is_known = cells.values()
        days = values[is_known & self.is_kept].astype("datetime64[D]")
        is_french = (days - days.astype("datetime64[M]")).astype(int) >= LAST_MONTH
        if self.mapping.dates or is_american.sum() <= is_french.sum():
            return None
        text = cells.problems[codes[is_american][0]].text.strip()
        return self._question(Asked.DATE, cells, text, rows[is_american], Proposal(AMERICAN_DATES, is_new=False))

    def _fraction(self, cells: CellReader) -> Question | None:
        rows, codes = self._troubles(cells)
        if not len(rows) or any(cells.problems[code].rule is not IS_PERCENTAGE for code in np.unique(codes)):
            return None
        values, is_known = cells.values()
        if not np.isin(values[is_known & self.is_kept], (0, 1)).all():
            return None
        text = cells.problems[codes[0]].text.strip()
        return self._question(Asked.FRACTION, cells, text, rows, Proposal("100", is_new=False))

    def _unit(self, cells: CellReader) -> Question | None:
        values, is_known = cells.values()
        rows = np.flatnonzero(is_known & self.is_kept)
        if not len(rows) or np.median(values[rows]) <= HIGHEST_MEDIAN_PAY:
            return None
        return self._question(Asked.UNIT, cells, str(values[rows[0]]), rows, Proposal("1/12", is_new=False))

    def _scale(self, cells: CellReader) -> Question | None:
        column: Column = cells.column
        rows, codes = self._troubles(cells)
        marks = np.array([np.nan if problem.value is None else problem.value for problem in cells.problems])[codes]
        is_beyond = marks > (column.maximum or 0)
        values, is_known = cells.values()
        known = values[is_known & self.is_kept]
        if is_beyond.sum() < max(FEWEST_BEYOND, BEYOND_SHARE * (len(known) + len(rows))):
            return None
        lowest, highest = np.nanmin([*known, *marks]), np.nanmax(marks)
        scale = next((f"{low}-{high}" for low, high in SCALES if low <= lowest and highest <= high), None)
        if scale is None:
            return None
        text = cells.problems[codes[is_beyond][0]].text.strip()
        return self._question(Asked.SCALE, cells, text, rows[is_beyond], Proposal(scale, is_new=False))

    def _question(self, asked: Asked, cells: CellReader, text: str, rows: np.ndarray, proposal: Proposal) -> Question:
        line = int(self.lines[rows.min()])
        name = cells.column.name
        return Question(asked, self.file, name, cells.title, text, len(rows), line, proposal, self.extract)


def _spellings(cells: CellReader, rows: np.ndarray, codes: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """The texts of these problems, however they are spelt: as first written, with their rows."""
    spellings: dict[str, list[int]] = {}
    for code in np.unique(codes):
        spellings.setdefault(match_key(cells.problems[code].text), []).append(code)
    for same in spellings.values():
        places = np.flatnonzero(np.isin(codes, same))
        yield cells.problems[codes[places[0]]].text.strip(), rows[places]


def _likelier_decimal(text: str, values: np.ndarray) -> str:
    """By which separator a number such as 1.299 is nearer to the others of its column; the French one without any."""
    if not len(values):
        return ","
    usual = max(1.0, float(np.median(np.abs(values))))
    return min((",", "."), key=lambda mark: abs(log(abs(float(read_number(text, mark) or 1)) / usual)))


def _is_date(text: str) -> bool:
    return read_date(text.strip(), has_month_first=True) is not None
