"""Proposes how the files of a company are read, and takes the answers."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from employees.columns import KEY, Column, Extract, match_key, readable_in
from employees.extracts.grids import HEAD, WORKBOOK, File, Row, beginning_of, first_lines
from employees.extracts.headers import (
    FEWEST_COLUMNS,
    Header,
    Likeness,
    Wanted,
    is_elsewhere,
    known,
    open_headers,
    title_of,
)
from employees.extracts.mapping import PLAIN, FileMapping
from employees.extracts.questions import Asked, Question
from employees.extracts.reading import ReadExtract, read_files
from employees.extracts.rejects import LONGEST_SHOWN, ExtractError, Refusal
from employees.extracts.titles import likely_columns, likeness_of
from employees.vocabularies import CONTRACT, Proposal, Vocabularies

# The refusals of a file whose header was not found, or that was read under the wrong titles.
MISTAKEN_TITLES = {
    Refusal.UNRECOGNISED,
    Refusal.MISSING_COLUMN,
    Refusal.DUPLICATE_COLUMN,
    Refusal.ALL_REJECTED,
    Refusal.TOO_MANY_REJECTS,
}


# What stands between the cells of a line, whether it can be read so or not: columns may be filled up with blanks.
DELIMITERS_SEEN = tuple(map(re.compile, (",", ";", "\t", r"\|", " {2,}")))


@dataclass(frozen=True, slots=True)
class ReadSet:
    """The files of a day, read as far as what they leave open allows."""

    extracts: Mapping[Extract, ReadExtract]
    questions: tuple[Question, ...]
    error: ExtractError | None = None  # why nothing can be read before the questions are answered

    @property
    def stands_still(self) -> bool:
        """Whether a question other than a word is open: until it is answered, the values may be wrong."""
        return not all(question.is_of_words for question in self.questions)


def read_set(
    files: Sequence[File],
    *,
    vocabularies: Vocabularies = CONTRACT,
    mapping: FileMapping = PLAIN,
    answers: FileMapping = PLAIN,
    wanted: Wanted = readable_in,
) -> ReadSet:
    """Read every extract in these files, with open titles as proposed, and collect the questions.

    A column whose title is open is asked about by its title alone. ``answers`` are those given about these files,
    beside the ``mapping``: if the files cannot be read with them, the titles are asked about again, as are those of a
    table that resembles no extract. If anything but words is asked about, the sheet and the line that were read may be
    corrected. Raises ``ExtractError``, as ``read_files`` does, for a fault that no answer can correct.
    """
    known, titles = propose_mapping(files, mapping=mapping.updated(answers), wanted=wanted)
    try:
        extracts = read_files(files, vocabularies=vocabularies, mapping=known, wanted=wanted)
    except ExtractError as error:
        if error.refusal not in MISTAKEN_TITLES:
            raise
        places = mapping.updated(replace(answers, headers={}))
        again = propose_mapping(files, mapping=places, wanted=wanted)[1]
        asked = titles or [_as_answered(question, answers) for question in again]
        asked += [_as_answered(question, answers) for question in _ask_columns(files, places)]
        if not asked and error.refusal != Refusal.UNRECOGNISED:
            raise
        return ReadSet({}, (*asked, *_corrections(files, known, asked)), error)
    found = ReadSet({each.extract: each for each in extracts}, (*titles, *_once(_sure(extracts, titles))))
    if not found.stands_still:
        return found
    return replace(found, questions=(*found.questions, *_corrections(files, known, titles)))


def _as_answered(question: Question, answers: FileMapping) -> Question:
    extracts = Extract if question.asked == Asked.COLUMN else (question.extract,)
    said = [answers.headers.get(extract, {}).get(question.header) for extract in extracts]
    name = next(filter(None, said), question.proposal.value if None in said else "")
    return replace(question, proposal=Proposal(name, is_new=not name))


def _sure(extracts: Iterable[ReadExtract], titles: Iterable[Question]) -> Iterator[Question]:
    """The questions about known columns; a column that is only proposed may turn out to be another one.

    Rows of totals are always asked about: the column with their name is unlikely to be another one.
    """
    asked = {(title.extract, title.header) for title in titles}
    for extract in extracts:
        for each in extract.questions:
            if each.asked == Asked.ROW or (each.extract, each.header) not in asked:
                yield each


def _once(questions: Iterable[Question]) -> Iterator[Question]:
    """The questions, without those settled by the answer to an earlier one."""
    asked = set()
    for question in questions:
        if question.asked not in asked:
            yield question
        if question.asked in (Asked.DECIMAL, Asked.DATE):  # of the whole mapping
            asked.add(question.asked)


def propose_mapping(
    files: Sequence[File], *, mapping: FileMapping = PLAIN, wanted: Wanted = readable_in
) -> tuple[FileMapping, list[Question]]:
    """A mapping for these files as far as their titles are understood, and the questions that would confirm it.

    It extends the given mapping, whose titles are not asked about. Each other title is a question that proposes a
    column or none; so are several sheets that may be the same extract. Words, units, scales and rows of totals are
    asked about when the files are read. Raises ``ExtractError`` for a file that is not a table.
    """
    questions: list[Question] = []
    for file in files:
        found = _tables(file, mapping)
        for question in _ask_sheets(found, mapping):
            questions.append(question)
            mapping = answer(mapping, question, question.proposal.value)
        for header, extract in found:
            if is_elsewhere(header, extract, mapping):
                continue
            asked = list(_ask_titles(header, extract, mapping, wanted))
            for question in asked:
                mapping = mapping.with_header(extract, question.header, question.proposal.value)
            questions += asked
    return mapping, questions


def answer(mapping: FileMapping, question: Question, value: str) -> FileMapping:
    """The mapping with the answer to a question.

    ``value`` has the form of a proposal: the name of a column or nothing; the text of the rows to skip or nothing; a
    factor, as "1/12"; a scale, as "1-5"; a decimal separator; an order of dates; for a word a value of the vocabulary;
    for a value Oui, Non, F, M, or nothing for a text without meaning; a sheet; a line. A correction that repeats what
    was read changes nothing. Raises ``ValueError`` for any other value.
    """
    if not (question.is_of_words or value in question.choices):
        raise ValueError(value)
    match question.asked:
        case Asked.SHEET | Asked.LINE:
            return _read_from(mapping, question, value)
        case Asked.HEADER | Asked.COLUMN:
            return _with_title(mapping, question, value)
        case Asked.ROW:
            return mapping.with_skipped(question.text, bool(value))
        case Asked.UNIT | Asked.FRACTION:
            return mapping.with_factor(question.column, value)
        case Asked.SCALE:
            lowest, highest = map(float, value.split("-"))
            return mapping.with_scale(question.column, lowest, highest)
        case Asked.DECIMAL:
            return replace(mapping, decimal=value)
        case Asked.DATE:
            return replace(mapping, dates=value)
        case Asked.WORD | Asked.VALUE:
            return mapping.with_value(question.column, question.text, value)


def _with_title(mapping: FileMapping, question: Question, name: str) -> FileMapping:
    """In the extract or, if it is not known which one it is, in each that has the column."""
    for extract in Extract if question.asked == Asked.COLUMN else (question.extract,):
        is_of_extract = any(column.name == name for column in readable_in(extract))
        mapping = mapping.with_header(extract, question.header, name if is_of_extract else "")
    return mapping


def _read_from(mapping: FileMapping, question: Question, place: str) -> FileMapping:
    if question.is_correction and place == question.proposal.value:
        return mapping
    if question.asked == Asked.SHEET:
        return replace(mapping, sheets={**mapping.sheets, question.extract.value: place})
    return replace(mapping, header_lines={**mapping.header_lines, question.extract.value: int(place)})


def _likeness_by(mapping: FileMapping) -> Likeness:
    return lambda titles, extract: _score(titles, extract, mapping)


def _tables(file: File, mapping: FileMapping) -> list[tuple[Header, Extract]]:
    """The headers of a file that seem to be those of an extract, with the extract."""
    headers = open_headers(file.source, file.name, mapping, _likeness_by(mapping))
    found = []
    for header in headers:
        extract, likeness = _likeliest(header.titles, mapping, file.kind)
        if likeness >= FEWEST_COLUMNS and (len(headers) == 1 or _may_have_key(header, extract, mapping)):
            found.append((header, extract))
    return found


def is_prose(file: File, mapping: FileMapping = PLAIN) -> bool:
    """Whether a file is a text without a table, such as a note beside the extracts.

    An extract that is damaged, or has unknown titles or another delimiter, is none: half of its first lines have the
    same number of cells, or one of them names columns.
    """
    try:
        if beginning_of(file.name, file.source).startswith(WORKBOOK):
            return False
        lines = first_lines(file.name, file.source)
    except ExtractError:
        return False
    for delimiter in DELIMITERS_SEEN:
        widths = Counter(len(delimiter.split(line.strip())) for line in lines)
        if any(width > FEWEST_COLUMNS and 2 * count >= len(lines) for width, count in widths.items()):
            return False
    try:
        return not _tables(file, mapping)
    except ExtractError:  # quotation marks, as a note has them
        return True


def _unlike_any(file: File, mapping: FileMapping) -> Header:
    """For a file that resembles no extract: the header of the sheet named by the mapping, else of the first sheet."""
    headers = open_headers(file.source, file.name, mapping, _likeness_by(mapping))
    return next((header for header in headers if header.grid.sheet in mapping.sheets.values()), headers[0])


def _ask_columns(files: Sequence[File], mapping: FileMapping) -> Iterator[Question]:
    """A question for each title of the tables that resemble no extract; a line with a single title is not a header."""
    for file in files:
        if _tables(file, mapping):
            continue
        header = _unlike_any(file, mapping)
        titles = {place: title for place, title in enumerate(header.titles) if title.strip()}
        if len(titles) >= FEWEST_COLUMNS:
            extract, _likeness = _likeliest(header.titles, mapping, file.kind)
            likely = likely_columns(header.titles, extract)
            yield from _about_titles(Asked.COLUMN, header, extract, titles, likely)


def _ask_sheets(tables: Sequence[tuple[Header, Extract]], mapping: FileMapping) -> Iterator[Question]:
    """A question for each extract that several sheets of a workbook may be."""
    for extract in Extract:
        likely = [header for header, found in tables if found == extract]
        if len(likely) > 1 and not any(is_elsewhere(header, extract, mapping) for header in likely):
            names = tuple(header.grid.sheet for header in likely)
            yield _about_place(Asked.SHEET, likely[0], extract, names[0], names, len(names))


def _corrections(files: Sequence[File], mapping: FileMapping, asked: Iterable[Question]) -> Iterator[Question]:
    """For each table, a correction of the line and of the sheet that were read, unless the sheet is asked about
    already."""
    sheets_asked = {question.extract for question in asked if question.asked == Asked.SHEET}
    for file in files:
        tables = _tables(file, mapping)
        if not tables:
            header = _unlike_any(file, mapping)
            tables = [(header, _likeliest(header.titles, mapping, file.kind)[0])]
        for header, extract in tables:
            if is_elsewhere(header, extract, mapping):
                continue
            if len(header.grid.sheets) > 1 and extract not in sheets_asked:
                yield _about_place(Asked.SHEET, header, extract, header.grid.sheet, header.grid.sheets)
            yield _about_place(Asked.LINE, header, extract, str(header.line))


def _about_place(
    asked: Asked, header: Header, extract: Extract, place: str, sheets: tuple[str, ...] = (), count: int = 0
) -> Question:
    text = ", ".join(title_of(title) for title in header.titles if title.strip())[:LONGEST_SHOWN]
    proposal = Proposal(place, is_new=False)
    return Question(asked, header.name, "", "", text, count, header.line, proposal, extract, sheets)


def _likeliest(titles: Sequence[str], mapping: FileMapping, kind: Extract | None = None) -> tuple[Extract, float]:
    """The extract that a row of titles is most like, and how many of its columns are named, likeness by likeness."""
    scores = {extract: _score(titles, extract, mapping) for extract in ([kind] if kind else Extract)}
    best = max(scores, key=lambda extract: (scores[extract], extract != Extract.ANNUAIRE))
    return best, scores[best]


def _score(titles: Sequence[str], extract: Extract, mapping: FileMapping) -> float:
    sure = known(readable_in(extract), titles, mapping, extract)
    taken = {column.name for column in sure.values()}
    likely = likely_columns([_unless(place in sure, title) for place, title in enumerate(titles)], extract, taken)
    own = sum(column.extract == extract and column.name != KEY for column in sure.values())
    return own + sum(
        likeness_of(titles[place], column.name)
        for place, column in likely.items()
        if column.extract == extract and column.name != KEY
    )


def _may_have_key(header: Header, extract: Extract, mapping: FileMapping) -> bool:
    """Whether one of the titles is or may be the number of the employees."""
    sure = known(readable_in(extract), header.titles, mapping, extract)
    likely = likely_columns(header.titles, extract)
    return any(column.name == KEY for column in (*sure.values(), *likely.values()))


def _unless(is_known: bool, title: str) -> str:
    return "" if is_known else title


def _ask_titles(header: Header, extract: Extract, mapping: FileMapping, wanted: Wanted) -> Iterator[Question]:
    """A question for each title that is neither known nor answered."""
    sure = known(readable_in(extract), header.titles, mapping, extract)
    said = set(map(match_key, mapping.headers.get(extract, {})))
    open_titles = [
        _unless(place in sure or match_key(title) in said, title.strip()) for place, title in enumerate(header.titles)
    ]
    taken = {*sure.values()} | (set(readable_in(extract)) - set(wanted(extract)))
    likely = likely_columns(open_titles, extract, {column.name for column in taken})
    asked = {place: title for place, title in enumerate(open_titles) if title}
    yield from _about_titles(Asked.HEADER, header, extract, asked, likely)


def _about_titles(
    asked: Asked, header: Header, extract: Extract, titles: Mapping[int, str], likely: Mapping[int, Column]
) -> Iterator[Question]:
    """A question for each title by position, with its likely column and the first cell below it."""
    below = list(islice(_below(header), HEAD)) if titles else []
    for place, title in titles.items():
        column = likely[place].name if place in likely else ""
        text = next((row[place].strip() for _line, row in below if len(row) > place and row[place].strip()), "")
        proposal = Proposal(column, is_new=not column)
        yield Question(asked, header.name, column, title_of(title), text, 0, header.line, proposal, extract)


def _below(header: Header) -> Iterator[Row]:
    """The rows below the header."""
    return (row for row in header.grid.rows() if row[0] > header.line)
