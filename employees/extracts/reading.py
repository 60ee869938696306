"""Reads one extract, alone: a bad cell costs the cell, and a row is lost only with its employee's number."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import pandas as pd

from employees.columns import KEY, ORDERED, Column, ColumnKind, Extract, match_key, readable_in
from employees.extracts.cell_reader import CellReader, refuse_broken_accents
from employees.extracts.grids import Batch, File, Source, name_of, no_table
from employees.extracts.headers import Header, Layout, Wanted, has_key, layout_of, open_headers, recognised
from employees.extracts.mapping import PLAIN, FileMapping
from employees.extracts.parsing import IS_GIVEN
from employees.extracts.questions import Asked, Asking, Question
from employees.extracts.rejects import Cost, ExtractError, Refusal, Reject, Rejects, visible
from employees.extracts.reports import FileReport, report_of
from employees.extracts.rows import BodyRows
from employees.extracts.values import is_plain, reader_of
from employees.extracts.words import UnknownWords, rule_of
from employees.messages import Message
from employees.messages import gettext_noop as _
from employees.vocabularies import CONTRACT, Proposal, Vocabularies
from technova.files.spool import Spool

PART_SIZE = 20_000  # people whose values are a frame
TOTALS = {"total", "totaux", "total général", "sous-total", "somme", "moyenne", "ensemble", "effectif"}


@dataclass(frozen=True, slots=True)
class RowCounts:
    """What became of the rows of a file: ``rows`` = ``people`` + ``repeated`` + ``lost``."""

    rows: int
    people: int
    repeated: int  # further rows of an employee number
    lost: int
    cells: int  # refused ones of the people
    words: int  # their cells with an unknown word


@dataclass(frozen=True, slots=True)
class ReadExtract:
    """The content of one file, which lies on the disk: memory holds a part of the people at a time.

    ``parts`` are frames with a row for each accepted employee, indexed by ``employee_id`` (int64), sorted and unique
    from the first part to the last. Types: Int64, Float64, boolean, datetime64[s], and objects (text or None). A value
    is missing where the cell is empty, refused or asked, or where the column is missing from the file.

    ``counts`` says what became of the rows.
    """

    extract: Extract
    parts: Iterable[pd.DataFrame]
    # Of the parts: those of the extract in the order of ``columns.COLUMNS``, whether the file has them or not, then for
    # the SIRH those of the directory that the file has.
    columns: tuple[str, ...]
    given: tuple[str, ...]  # the columns that the file has
    rejects: tuple[Reject, ...]
    questions: tuple[Question, ...]
    report: FileReport
    read: int  # rows
    rejected: int  # rows lost: without a readable number, or ragged
    repeated: int  # further rows of an employee number
    unknown_words: tuple[UnknownWords, ...] = ()  # of each column that has some: the cells that the questions are about

    def frames(self) -> Iterator[pd.DataFrame]:
        """The parts, with the columns that are named."""
        return (part.reindex(columns=list(self.columns)) for part in self.parts)

    @property
    def frame(self) -> pd.DataFrame:
        """All parts as one, for as few people as memory holds."""
        return pd.concat(self.frames())

    @property
    def accepted(self) -> int:
        return self.read - self.rejected - self.repeated

    @property
    def counts(self) -> RowCounts:
        cells = sum(reject.costs == Cost.CELL for reject in self.rejects)
        words = sum(map(len, self.unknown_words))
        return RowCounts(self.read, self.accepted, self.repeated, self.rejected, cells, words)

    @property
    def refused_count(self) -> int:
        """The number of cells and rows without a usable value: rejects and unknown words."""
        return len(self.rejects) + sum(map(len, self.unknown_words))

    @property
    def refused(self) -> Iterator[Reject]:
        """The rejects, then the cells with unknown words."""
        return chain(self.rejects, *self.unknown_words)


def read_extract(
    source: Source,
    *,
    extract: Extract | None = None,
    vocabularies: Vocabularies = CONTRACT,
    mapping: FileMapping = PLAIN,
    name: str = "",
    wanted: Wanted = readable_in,
) -> ReadExtract:
    """Read one extract, recognised by its columns unless it is given; ``name`` is the file's in messages.

    Only ``wanted`` columns are read; the others are ignored, as unknown ones are.

    1. A row is lost if its number cannot be read. Rows of one number count once; a cell in which they differ is
       unknown and rejected.
    2. Each other cell is read by the mapping and by the rule of its column. One that is empty is unknown; one that
       breaks the rule is unknown and rejected; a word missing from its vocabulary is unknown and asked, as is a column
       that may be in another unit or on another scale.
    3. Of two durations in the wrong order (``columns.ORDERED``) within the extract, the one that should be smaller is
       rejected, in the order of the list. Durations of two extracts cannot be compared here.

    ``source`` is a path, the bytes, or an open binary file: CSV, or a workbook of which one sheet is the extract.
    Raises ``ExtractError`` when it is not a table or not the extract, when a column needed for a score is missing, when
    no row is left, or when more than ``MOST_REJECTS`` are rejected.
    """
    name = name or name_of(source, extract)
    headers = open_headers(source, name, mapping)
    layout = layout_of(_chosen(name, headers, extract, mapping), extract, mapping, wanted)
    return _Reading(layout, vocabularies, mapping).result()


def read_files(
    files: Sequence[File],
    *,
    vocabularies: Vocabularies = CONTRACT,
    mapping: FileMapping = PLAIN,
    wanted: Wanted = readable_in,
) -> list[ReadExtract]:
    """Read every extract in these files: each file, and each sheet of a workbook, is recognised by its columns.

    Sheets that are no extract are left out; of a file whose kind is given, that extract alone is read. In the order of
    ``Extract``. Raises ``ExtractError`` as ``read_extract`` does, and when two are the same extract or a file holds
    none.
    """
    layouts: dict[Extract, Layout] = {}
    for file in files:
        headers = open_headers(file.source, file.name, mapping)
        some = [_chosen(file.name, headers, file.kind, mapping)] if file.kind else _extracts(headers, mapping)
        for layout in (layout_of(header, file.kind, mapping, wanted) for header in some):
            if layout.extract in layouts:
                params = {"extract": layout.extract, "other": layouts[layout.extract].header.name}
                reason = Message(
                    _("This is the %(extract)s extract, and so is %(other)s. Leave one of them out."), params
                )
                raise ExtractError(layout.header.name, Refusal.WRONG_EXTRACT, reason)
            layouts[layout.extract] = layout
    return [_Reading(layouts[extract], vocabularies, mapping).result() for extract in Extract if extract in layouts]


def _extracts(headers: list[Header], mapping: FileMapping) -> list[Header]:
    """The sheets that are extracts: those with a column for the employee number, if there are any."""
    found = [header for header in headers if recognised(header, mapping)]
    return [header for header in found if has_key(header, mapping)] or found or headers[:1]


def _chosen(name: str, headers: list[Header], extract: Extract | None, mapping: FileMapping) -> Header:
    """The sheet that is the extract. Raises ``ExtractError`` if several sheets match and none is chosen."""
    found = [header for header in headers if recognised(header, mapping) in ([extract] if extract else list(Extract))]
    if len(found) > 1:
        sheets = ", ".join(header.grid.sheet for header in found)
        reason = _("Several sheets may be meant: %(sheets)s. Choose one on the import page, or delete the others.")
        raise no_table(name, reason, sheets=sheets)
    return found[0] if found else headers[0]


class _Reading:
    """A file that is being read: the text of a chunk of rows at a time, and the values of all."""

    def __init__(self, layout: Layout, vocabularies: Vocabularies, mapping: FileMapping):
        self.layout = layout
        self.vocabularies = vocabularies
        self.mapping = mapping
        self.name = layout.header.name
        self.rejects = Rejects()
        self.questions: list[Question] = []
        self.unknown_words: list[UnknownWords] = []
        self.skipped = 0  # rows that are not people

    def result(self) -> ReadExtract:
        rows = self._read()
        self.rejects.add(rows.ragged)
        repeated = self._identify()
        if not len(self.order):
            reason = _(
                "Every row is rejected, so that nothing can be loaded. Give each employee one row with their number, "
                "and load the file again."
            )
            raise ExtractError(self.name, Refusal.ALL_REJECTED, Message(reason), tuple(self.rejects))
        columns = list(self._columns())
        asked = self._look_at(columns)
        parts = Spool(self._part(columns, asked, start) for start in range(0, len(self.order), PART_SIZE))
        read = rows.count - self.skipped
        return ReadExtract(
            extract=self.layout.extract,
            parts=parts,
            columns=tuple(column.name for column in columns),
            given=tuple(column.name for column in columns if column.name in self.cells),
            rejects=tuple(sorted(self.rejects, key=lambda reject: (reject.line, reject.column))),
            questions=tuple(sorted(self.questions, key=lambda question: (question.column, question.line))),
            report=report_of(self.layout, read, self.skipped),
            read=read,
            rejected=read - len(self.order) - repeated,
            repeated=repeated,
            unknown_words=tuple(self.unknown_words),
        )

    def _read(self) -> BodyRows:
        """Read every cell."""
        for title in self.layout.header.titles:
            refuse_broken_accents(self.name, self.layout.header.line, title)
        rows, lines = BodyRows(self.layout.header), array("i")
        places = sorted(self.layout.columns, key=lambda place: self.layout.columns[place].name != KEY)
        readers = [self._reader(place) for place in places]
        skips = self.mapping.skipped_keys
        for numbers, chunk in rows.batches():
            if skips:
                numbers, chunk = self._without(skips, places[0], numbers, chunk)
            lines.extend(numbers)
            texts = list(zip(*chunk, strict=True))
            for reader, place in zip(readers, places if chunk else (), strict=bool(chunk)):
                reader.add(texts[place])
        self.lines = np.frombuffer(lines, dtype=np.int32)
        self.key, self.cells = readers[0], {reader.column.name: reader for reader in readers[1:]}
        return rows

    def _without(self, skips: Collection[str], place: int, numbers: Sequence[int], chunk: list[list[str]]) -> Batch:
        """The rows that are not to be skipped, by the text of their employee number."""
        kept = [(line, row) for line, row in zip(numbers, chunk, strict=True) if match_key(row[place]) not in skips]
        self.skipped += len(chunk) - len(kept)
        return [line for line, _row in kept], [row for _line, row in kept]

    def _reader(self, place: int) -> CellReader:
        column, mapping = self.layout.columns[place], self.mapping
        read = reader_of(column, self.vocabularies, mapping)
        return CellReader(column, self.layout.title(column.name), read, is_plain(column, mapping))

    def _identify(self) -> int:
        """Find the rows to keep, in the order of their numbers; return how many others repeat one of them."""
        self.numbers, is_known = self.key.values()
        self.is_kept = is_known.copy()
        self._reject_keys(is_known)
        order = np.flatnonzero(is_known).astype(np.int32)
        order = order[np.argsort(self.numbers[order], kind="stable")]
        repeated = self._settle_doubles(order)
        self.order = order[self.is_kept[order]]
        return repeated

    def _settle_doubles(self, order: np.ndarray) -> int:
        """Keep the first of a number's rows, without the cells in which they differ; return how many others it has."""
        numbers = self.numbers[order]
        is_double = np.zeros(len(order), dtype=bool)
        is_double[1:] = numbers[1:] == numbers[:-1]
        is_double[:-1] |= is_double[1:]
        rows, numbers = order[is_double], numbers[is_double]
        first = np.searchsorted(numbers, numbers)  # the place of the first row with the number of each
        is_repeated = first != np.arange(len(rows))
        self.is_kept[rows[is_repeated]] = False
        for cells in self.cells.values() if len(rows) else ():
            said = cells.said(rows)
            differ = np.flatnonzero(said != said[first])
            others = differ[np.unique(first[differ], return_index=True)[1]]  # of each number, the first that differs
            pairs = zip(first[others].tolist(), others.tolist(), strict=True)
            self.rejects.add(self._conflict(cells, rows[[one, other]], said[[one, other]]) for one, other in pairs)
            cells.dispute(rows[first[others]])
        return int(is_repeated.sum())

    def _reject_keys(self, is_known: np.ndarray) -> None:
        """Reject the rows without a number; those of a total are skipped, and asked about."""
        problems = dict(zip(*(part.tolist() for part in self.key.troubles()), strict=True))
        totals: dict[str, list[int]] = {}
        for row in np.flatnonzero(~is_known).tolist():
            problem = self.key.problems[problems[row]] if row in problems else None
            text, rule = (problem.text, problem.rule or IS_GIVEN) if problem else ("", IS_GIVEN)
            if match_key(text) in TOTALS and not self.mapping.knows_row(text):
                totals.setdefault(text.strip(), []).append(row)
            else:
                self.rejects.add([self._reject(self.key, row, text, rule, Cost.ROW)])
        self.skipped += sum(map(len, totals.values()))
        for text, rows in totals.items():
            line, proposal = int(self.lines[rows[0]]), Proposal(text, is_new=False)
            title, extract = self.key.title, self.layout.extract
            self.questions.append(Question(Asked.ROW, self.name, KEY, title, text, len(rows), line, proposal, extract))

    def _conflict(self, cells: CellReader, rows: np.ndarray, said: np.ndarray) -> Reject:
        """A cell in which two rows of an employee differ, with what they say."""
        text, other = map(_said, said)
        rule = _("the same in every row of the employee number: line %(line)s has “%(value)s”")
        empty = _("the same in every row of the employee number: it is empty on line %(line)s")
        message = Message(rule if other else empty, {"line": int(self.lines[rows[1]]), "value": visible(other)})
        return self._reject(cells, int(rows[0]), text, message, Cost.CELL)

    def _part(self, columns: Sequence[Column], asked: Collection[str], start: int) -> pd.DataFrame:
        """The next people in the order of their numbers; a column about which something is asked is unknown."""
        rows = self.order[start : start + PART_SIZE]
        index = pd.Index(self.numbers[rows].astype(np.int64), name=KEY)
        frame = pd.DataFrame({column.name: self._values(column, asked, rows, index) for column in columns}, copy=False)
        self._compare_durations(frame, rows)
        return frame

    def _values(self, column: Column, asked: Collection[str], rows: np.ndarray, index: pd.Index) -> pd.Series:
        if column.name in self.cells and column.name not in asked:
            return _series(column, *self.cells[column.name].take(rows), index)
        nothing = np.zeros(len(index), dtype=bool)
        return _series(column, nothing, nothing, index)

    def _columns(self) -> Iterator[Column]:
        """The columns of the frame: those of the extract, and those of the directory that the file has."""
        for column in readable_in(self.layout.extract):
            if column.name in self.cells or (column.extract == self.layout.extract and column.name != KEY):
                yield column

    def _look_at(self, columns: Sequence[Column]) -> set[str]:
        """Ask and reject what is to be asked and rejected of each column; return those that are asked about whole."""
        asking = Asking(self.name, self.layout.extract, self.mapping, self.vocabularies, self.is_kept, self.lines)
        asked: set[str] = set()
        for cells in (self.cells[column.name] for column in columns if column.name in self.cells):
            question = asking.about(cells)
            if question:
                self.questions.append(question)
                asked.add(cells.column.name)
                continue
            self._refuse_broken_accents(cells)
            words = list(asking.words(cells))
            self.questions.extend(words)
            self.unknown_words.extend([self._unknown_words(cells, words)] if words else [])
            values = asking.values(cells)
            self.questions.extend(values)
            self.rejects.add([] if values else self._bad_cells(cells))
        return asked

    def _refuse_broken_accents(self, cells: CellReader) -> None:
        rows, codes = cells.troubles()
        for code in np.unique(codes):
            problem = cells.problems[code]
            if problem.rule is None or cells.column.kind == ColumnKind.CHOICE:
                refuse_broken_accents(self.name, int(self.lines[rows[codes == code][0]]), problem.text)

    def _bad_cells(self, cells: CellReader) -> Iterator[Reject]:
        for row, code in zip(*(part.tolist() for part in cells.troubles()), strict=True):
            problem = cells.problems[code]
            if problem.rule and self.is_kept[row]:
                yield self._reject(cells, row, problem.text, problem.rule, Cost.CELL)

    def _unknown_words(self, cells: CellReader, asked: list[Question]) -> UnknownWords:
        rows, codes = cells.troubles()
        rows, codes = rows[self.is_kept[rows]], codes[self.is_kept[rows]]
        places, texts = pd.factorize(np.array([cells.problems[code].text for code in codes.tolist()], dtype=object))
        name = cells.column.name
        rules = {match_key(question.text): rule_of(name, question.proposal) for question in asked}
        rules_of = [rules[match_key(text)] for text in texts]
        lines, numbers = self.lines[rows], self.numbers[rows]
        return UnknownWords(self.name, cells.title, name, texts, rules_of, places, lines, numbers)

    def _compare_durations(self, frame: pd.DataFrame, of_file: np.ndarray) -> None:
        """Make the longer of two durations in the wrong order unknown, where it should be the shorter one.

        ``of_file`` are the rows of the file that the frame holds.
        """
        for smaller, larger in ORDERED:
            if smaller in self.cells and larger in self.cells:
                places = np.flatnonzero((frame[smaller] > frame[larger]).fillna(False).to_numpy(dtype=bool))
                rule = Message(_("at most %(larger)s"), {"larger": larger})
                texts = frame[smaller].iloc[places].astype(str).tolist()
                rows = of_file[places].tolist()
                self.rejects.add(
                    self._reject(self.cells[smaller], row, text, rule, Cost.CELL)
                    for row, text in zip(rows, texts, strict=True)
                )
                frame.iloc[places, frame.columns.get_loc(smaller)] = pd.NA

    def _reject(self, cells: CellReader, row: int, text: str, rule: Message, costs: Cost) -> Reject:
        line, number = int(self.lines[row]), int(self.numbers[row]) or None
        return Reject(self.name, line, cells.title, visible(text), rule, costs, cells.column.name, number)


def _said(value: object) -> str:
    """The value of a cell as a file may have it."""
    if isinstance(value, bool):
        return "Oui" if value else "Non"
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _series(column: Column, values: np.ndarray, is_known: np.ndarray, index: pd.Index) -> pd.Series:
    """Values of a column in the type of the frame."""
    match column.kind:
        case ColumnKind.KEY | ColumnKind.INTEGER:
            found = pd.arrays.IntegerArray(values.astype(np.int64), ~is_known)
        case ColumnKind.NUMBER | ColumnKind.PERCENT:
            found = pd.arrays.FloatingArray(values.astype(np.float64), ~is_known)
        case ColumnKind.BOOLEAN:
            found = pd.arrays.BooleanArray(values.astype(np.bool_), ~is_known)
        case ColumnKind.DATE:
            found = np.where(is_known, values.astype("datetime64[s]"), np.datetime64("NaT", "s"))
        case _:
            found = values.astype(object)
            found[~is_known] = None
            return pd.Series(found, index=index, dtype=object, copy=False)
    return pd.Series(found, index=index, copy=False)
