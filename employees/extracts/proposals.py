"""Proposes how the files of a company are read, and takes the answers."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from employees.columns import KEY, Extract, match_key, readable_in
from employees.extracts.grids import Source, name_of
from employees.extracts.headers import Header, Likeness, known, open_headers, title_of
from employees.extracts.mapping import PLAIN, Mapping
from employees.extracts.questions import Asked, Question
from employees.extracts.titles import likely_columns, likeness_of
from employees.vocabularies import Proposal

TOTALS = {"total", "totaux", "total général", "sous-total", "somme", "moyenne", "ensemble", "effectif"}
FEWEST_COLUMNS = 2  # beside the number, that make a sheet an extract


def propose_mapping(
    sources: Sequence[Source], *, mapping: Mapping = PLAIN, names: Sequence[str] = ()
) -> tuple[Mapping, list[Question]]:
    """A mapping that reads these files as far as their titles are understood, and what is to be confirmed.

    It adds to the mapping that is given, about whose titles nothing is asked. Each other title is a question: the
    column that it probably is, or none; and so are rows of totals. Words, units and scales are asked when the files
    are read. Raises ``ExtractError`` for a file that is no table.
    """
    questions: list[Question] = []
    for place, source in enumerate(sources):
        name = names[place] if names else name_of(source)
        for header in open_headers(source, name, mapping, _likeness_by(mapping)):
            extract, likeness = _likeliest(header.titles, mapping)
            if likeness < FEWEST_COLUMNS:
                continue
            asked = list(_ask_titles(header, extract, mapping))
            for question in asked:
                mapping = mapping.with_header(extract, question.header, question.proposal.value)
            totals = list(_ask_totals(header, extract, mapping))
            for question in totals:
                mapping = mapping.with_skipped(question.text)
            questions += asked + totals
    return mapping, questions


def answer(mapping: Mapping, question: Question, value: str) -> Mapping:
    """The mapping with the answer to a question.

    ``value`` is what the proposal would be: the name of a column or nothing; the text of the rows to skip or nothing;
    a factor, as "1/12"; a scale, as "1-5"; for a word a value of the vocabulary; for a value Oui, Non, F, M, or nothing
    for a text that says nothing. Raises ``ValueError`` for another.
    """
    match question.asked:
        case Asked.HEADER if question.extract and (
            not value or value in {c.name for c in readable_in(question.extract)}
        ):
            return mapping.with_header(question.extract, question.header, value)
        case Asked.ROW:
            others = tuple(text for text in mapping.skipped if match_key(text) != match_key(question.text))
            return replace(mapping, skipped=(*others, question.text) if value else others)
        case Asked.UNIT | Asked.FRACTION:
            return mapping.with_factor(question.column, value)
        case Asked.SCALE:
            lowest, highest = map(float, value.split("-"))
            return mapping.with_scale(question.column, lowest, highest)
        case Asked.WORD | Asked.VALUE:
            return mapping.with_value(question.column, question.text, value)
    raise ValueError(value)


def _is_column(name: str, extract: Extract) -> bool:
    return not name or name in {column.name for column in readable_in(extract)}


def _likeness_by(mapping: Mapping) -> Likeness:
    return lambda titles: _likeliest(titles, mapping)[1]


def _likeliest(titles: Sequence[str], mapping: Mapping) -> tuple[Extract, float]:
    """The extract that a row of titles is most like, and how many of its columns are named, likeness by likeness."""
    scores = {extract: _score(titles, extract, mapping) for extract in Extract}
    best = max(scores, key=lambda extract: (scores[extract], extract != Extract.ANNUAIRE))
    return best, scores[best]


def _score(titles: Sequence[str], extract: Extract, mapping: Mapping) -> float:
    sure = known(readable_in(extract), titles, mapping, extract)
    taken = {column.name for column in sure.values()}
    likely = likely_columns([_unless(place in sure, title) for place, title in enumerate(titles)], extract, taken)
    own = sum(column.extract == extract and column.name != KEY for column in sure.values())
    return own + sum(
        likeness_of(titles[place], column.name)
        for place, column in likely.items()
        if column.extract == extract and column.name != KEY
    )


def _unless(is_known: bool, title: str) -> str:
    return "" if is_known else title


def _ask_titles(header: Header, extract: Extract, mapping: Mapping) -> Iterator[Question]:
    """A question for each title that is neither known nor answered."""
    sure = known(readable_in(extract), header.titles, mapping, extract)
    said = set(map(match_key, mapping.headers.get(extract, {})))
    open_titles = [
        _unless(place in sure or match_key(title) in said, title.strip()) for place, title in enumerate(header.titles)
    ]
    likely = likely_columns(open_titles, extract, {column.name for column in sure.values()})
    for place, title in enumerate(open_titles):
        if title:
            column = likely[place].name if place in likely else ""
            proposal = Proposal(column, is_new=not column)
            text = title_of(title)
            yield Question(Asked.HEADER, header.name, column, text, text, 0, header.line, proposal, extract)


def _ask_totals(header: Header, extract: Extract, mapping: Mapping) -> Iterator[Question]:
    """A question for each word such as TOTAL that stands where a number should."""
    columns = known(readable_in(extract), header.titles, mapping, extract)
    place = next((place for place, column in columns.items() if column.name == KEY), None)
    if place is None:
        return
    found: dict[str, list[int]] = {}
    for line, row in header.grid.rows():
        text = row[place].strip() if len(row) > place else ""
        if line > header.line and match_key(text) in TOTALS and not mapping.skips(text):
            found.setdefault(text, []).append(line)
    for text, lines in found.items():
        proposal = Proposal(text, is_new=False)
        yield Question(Asked.ROW, header.name, KEY, header.titles[place], text, len(lines), lines[0], proposal, extract)
