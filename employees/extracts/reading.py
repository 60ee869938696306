"""Reads one extract, alone: a bad cell costs the cell, and a row is lost only with its employee's number."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd

from employees.columns import BY_NAME, KEY, ORDERED, Column, ColumnKind, Extract, columns_of, match_key, readable_in
from employees.extracts.files import Cells, FileReport, Source, TextTable, read_table
from employees.extracts.parsing import IS_GIVEN, IS_PERCENTAGE, Unreadable
from employees.extracts.rejects import Cost, ExtractError, Refusal, Reject, Rejects
from employees.extracts.values import UnknownWord, reader_of
from employees.messages import Message
from employees.messages import gettext_noop as _
from employees.vocabularies import CONTRACT, Proposal, Vocabularies

_DTYPES = {
    ColumnKind.KEY: "Int64",
    ColumnKind.INTEGER: "Int64",
    ColumnKind.NUMBER: "Float64",
    ColumnKind.PERCENT: "Float64",
    ColumnKind.BOOLEAN: "boolean",
    ColumnKind.CHOICE: "object",
    ColumnKind.DATE: "datetime64[s]",
    ColumnKind.TEXT: "object",
}


class Asked(StrEnum):
    """What a question is about."""

    WORD = "word"  # an unknown word of an open vocabulary
    FRACTION = "fraction"  # a whole column of percentages that may be fractions: 0.11 for 11 %?


@dataclass(frozen=True, slots=True)
class Question:
    """What a file leaves open; its cells are unknown until it is answered."""

    asked: Asked
    file: str
    column: str  # the product's name of the column, and so of the vocabulary
    header: str  # the column as the file has it
    text: str  # as first written
    count: int  # rows
    line: int  # of the first of them
    proposal: Proposal  # of a fraction: the factor, as text


@dataclass(frozen=True, slots=True)
class ReadExtract:
    """The content of one file.

    ``frame`` has a row for each accepted employee, indexed by ``employee_id`` (int64), sorted and unique. Its columns
    are those of the extract in the order of ``columns.COLUMNS``, whether the file has them or not, then for the SIRH
    those of the directory that the file has. Types: Int64, Float64, boolean, datetime64[s], and objects (text or None).
    A value is missing where the cell is empty, refused or asked, or where the file lacks the column.

    ``read`` = ``len(frame)`` + ``rejected`` + ``repeated`` rows.
    """

    extract: Extract
    frame: pd.DataFrame
    given: tuple[str, ...]  # the columns of the frame that the file has
    rejects: tuple[Reject, ...]
    questions: tuple[Question, ...]
    report: FileReport
    read: int
    rejected: int  # rows lost: without a readable number, with a number of several rows that differ, or ragged
    repeated: int  # exact repetitions of another row


def read_extract(
    source: Source, *, extract: Extract | None = None, vocabularies: Vocabularies = CONTRACT, name: str = ""
) -> ReadExtract:
    """Read one extract, recognised by its columns unless it is given; ``name`` is the file's in messages.

    1. A row is lost if its number cannot be read, or if other rows with the number say something else. Rows that say
       the same count once.
    2. Each other cell is read by the rule of its column. One that is empty is unknown; one that breaks the rule is
       unknown and rejected; a word that its vocabulary lacks is unknown and asked, and so is a whole column of
       percentages that may be fractions.
    3. Of two durations in the wrong order (``columns.ORDERED``) within the extract, the one that should be smaller is
       rejected, in the order of the list. Durations of two extracts cannot be compared here.

    ``source`` is a path, the bytes, or an open binary file. Raises ``ExtractError`` when it is not a table or not the
    extract, when a column lacks that a score needs, when no row is left or more is rejected than ``MOST_REJECTS``.
    """
    table = read_table(extract, source, name)
    return _Reading(table, vocabularies).result()


class _Reading:
    """A table of text that is being read."""

    def __init__(self, table: TextTable, vocabularies: Vocabularies):
        self.table = table
        self.vocabularies = vocabularies
        self.rejects = Rejects()
        self.questions: list[Question] = []

    def result(self) -> ReadExtract:
        table = self.table
        self.rejects.add(table.ragged)
        self.keys, repeated = self._read_keys()
        self.rows = np.flatnonzero(self.keys)
        self.rows = self.rows[np.argsort(self.keys[self.rows], kind="stable")]
        if not len(self.rows):
            reason = Message(_("every row is rejected: nothing can be loaded"))
            raise ExtractError(table.report.name, Refusal.ALL_REJECTED, reason, tuple(self.rejects))
        frame = pd.DataFrame(dict(self._columns())).set_index(pd.Index(self.keys[self.rows], name=KEY))
        self._order(frame)
        return ReadExtract(
            extract=table.extract,
            frame=frame,
            given=tuple(name for name in frame if name in table.cells),
            rejects=tuple(sorted(self.rejects, key=lambda reject: (reject.line, reject.column))),
            questions=tuple(sorted(self.questions, key=lambda question: (question.column, question.line))),
            report=table.report,
            read=table.report.rows,
            rejected=table.report.rows - len(frame) - repeated,
            repeated=repeated,
        )

    def _read_keys(self) -> tuple[np.ndarray, int]:
        """The number of each row, 0 for a row that is lost or repeated; and how many are repeated."""
        (column,) = (column for column in columns_of(self.table.extract) if column.name == KEY)
        cells = self.table.cells[KEY]
        values, broken, _unknown = self._texts(column, cells)
        broken |= {code: IS_GIVEN for code, value in enumerate(values) if value is None and code not in broken}
        numbers = np.array([value or 0 for value in values], dtype=np.int64)[cells.codes]
        self._reject_texts(column, broken, np.arange(len(numbers)), Cost.ROW)
        is_conflicting, is_repeated, first = self._compare(numbers)
        rows = np.flatnonzero(is_conflicting)
        lines = self.table.lines
        self.rejects.add(
            self._reject(column, row, _is_once(lines[first[row]]), Cost.ROW, numbers[row]) for row in rows.tolist()
        )
        return np.where(is_conflicting | is_repeated, 0, numbers), int(is_repeated.sum())

    def _compare(self, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Which rows conflict with another of their number, which repeat one, and an other row of each number."""
        is_double = pd.Series(numbers).duplicated(keep=False).to_numpy() & (numbers > 0)
        rows = np.flatnonzero(is_double)
        groups = pd.Series(rows).groupby(numbers[rows])
        first = groups.transform("first").to_numpy()
        is_other = np.zeros(len(rows), dtype=bool)
        for name, cells in self.table.cells.items():
            if name != KEY:
                is_other |= cells.codes[rows] != cells.codes[first]
        conflicts = pd.Series(is_other).groupby(numbers[rows]).transform("any").to_numpy()
        is_conflicting, is_repeated = np.zeros((2, len(numbers)), dtype=bool)
        is_conflicting[rows[conflicts]] = True
        is_repeated[rows[~conflicts & (rows != first)]] = True
        other = np.zeros(len(numbers), dtype=np.int64)
        other[rows] = np.where(rows == first, groups.transform("last").to_numpy(), first)
        return is_conflicting, is_repeated, other

    def _columns(self) -> Iterator[tuple[str, Any]]:
        for column in readable_in(self.table.extract):
            if column.name in self.table.cells and column.name != KEY:
                yield column.name, self._read_column(column)
            elif column.extract == self.table.extract and column.name != KEY:
                yield column.name, _series(column, [None], np.zeros(len(self.rows), dtype=np.intp))

    def _read_column(self, column: Column) -> Any:
        cells = self.table.cells[column.name]
        values, broken, unknown = self._texts(column, cells)
        if column.kind == ColumnKind.PERCENT and self._is_asked_as_fractions(column, cells, broken):
            values, broken = [None] * len(values), {}
        self._reject_texts(column, broken, self.rows, Cost.CELL)
        self._ask_words(column, cells, unknown)
        return _series(column, values, cells.codes[self.rows])

    def _texts(self, column: Column, cells: Cells) -> tuple[list[Any], dict[int, Message], list[int]]:
        """The value of each distinct text of a column, the rule that a text (by its code) breaks, the unknown words."""
        read = reader_of(column, self.vocabularies)
        values: list[Any] = []
        broken: dict[int, Message] = {}
        unknown: list[int] = []
        for code, text in enumerate(cells.texts):
            value = None
            try:
                value = read(text)
            except Unreadable as error:
                broken[code] = error.rule
            except UnknownWord:
                unknown.append(code)
            values.append(value)
        return values, broken, unknown

    def _is_asked_as_fractions(self, column: Column, cells: Cells, broken: dict[int, Message]) -> bool:
        """Ask whether a column of percentages holds fractions, if every number in it may be one."""
        fractions = [code for code, rule in broken.items() if rule is IS_PERCENTAGE]
        others = [
            text
            for code, text in enumerate(cells.texts)
            if code not in fractions and text.strip() not in ("", "0", "1")
        ]
        if not fractions or others:
            return False
        self._ask(Asked.FRACTION, column, cells, fractions, Proposal("100", is_new=False))
        return True

    def _ask_words(self, column: Column, cells: Cells, unknown: list[int]) -> None:
        """Ask for each unknown word once, however it is spelt."""
        spellings: dict[str, list[int]] = {}
        for code in unknown:
            spellings.setdefault(match_key(cells.texts[code]), []).append(code)
        for codes in spellings.values():
            proposal = self.vocabularies[column.name].propose(cells.texts[codes[0]])
            self._ask(Asked.WORD, column, cells, codes, proposal)

    def _ask(self, asked: Asked, column: Column, cells: Cells, codes: list[int], proposal: Proposal) -> None:
        rows = self.rows[np.isin(cells.codes[self.rows], codes)]
        if not len(rows):  # they stand in lost rows alone
            return
        text, line = cells.texts[codes[0]].strip(), int(self.table.lines[rows.min()])
        name = self.table.report.name
        self.questions.append(Question(asked, name, column.name, cells.header, text, len(rows), line, proposal))

    def _order(self, frame: pd.DataFrame) -> None:
        """Make the longer of two durations in the wrong order unknown, where it should be the shorter one."""
        for smaller, larger in ORDERED:
            if smaller in frame and larger in frame:
                places = np.flatnonzero((frame[smaller] > frame[larger]).fillna(False).to_numpy(dtype=bool))
                rule = Message(_("at most %(larger)s"), {"larger": larger})
                column = BY_NAME[smaller]
                self.rejects.add(
                    self._reject(column, row, rule, Cost.CELL, self.keys[row]) for row in self.rows[places].tolist()
                )
                frame.iloc[places, frame.columns.get_loc(smaller)] = pd.NA

    def _reject_texts(self, column: Column, broken: dict[int, Message], rows: np.ndarray, costs: Cost) -> None:
        codes = self.table.cells[column.name].codes
        places = rows[np.isin(codes[rows], list(broken))]
        keys = self.keys if costs == Cost.CELL else np.zeros(len(codes), dtype=np.int64)
        self.rejects.add(self._reject(column, row, broken[codes[row]], costs, keys[row]) for row in places.tolist())

    def _reject(self, column: Column, row: int, rule: Message, costs: Cost, number: int) -> Reject:
        cells, table = self.table.cells[column.name], self.table
        line = int(table.lines[row])
        return Reject(table.report.name, line, cells.header, cells[row], rule, costs, column.name, int(number) or None)


def _is_once(line: int) -> Message:
    return Message(_("an employee number of one row: line %(line)s has it too, with other values"), {"line": int(line)})


def _series(column: Column, values: Sequence[Any], codes: np.ndarray) -> pd.Series:
    """The values at these places, None where unknown, in the type of their column."""
    return pd.Series(values, dtype=_DTYPES[column.kind]).take(codes).reset_index(drop=True)
