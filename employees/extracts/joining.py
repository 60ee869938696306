"""Joins the three tables of text by employee number into one clean frame."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from employees.columns import BY_NAME, JOINED, KEY, ORDERED, Column, ColumnKind, Extract, columns_of
from employees.extracts.files import Cells, FileReport, TextTable, read_table
from employees.extracts.grids import Source, name_of
from employees.extracts.parsing import Unreadable, parser_of
from employees.extracts.rejects import ExtractError, Refusal, Reject, Rejects
from employees.messages import Message
from employees.messages import gettext_noop as _

Values: TypeAlias = np.ndarray | pd.api.extensions.ExtensionArray
IS_ONCE = Message(_("an employee number that stands once in the file"))


@dataclass(frozen=True, slots=True)
class Extracts:
    """The content of the three files.

    ``frame`` has a row for each accepted employee, indexed and sorted by employee number, and the columns of
    ``columns.BY_NAME``: int64, float64, bool, categories in the order of the choices, and nullable booleans.
    """

    frame: pd.DataFrame
    rejects: tuple[Reject, ...]
    reports: Mapping[Extract, FileReport]
    read: int  # employees met: distinct numbers
    unnumbered: int  # rejected rows without a readable number: they count as no employee

    @property
    def rejected(self) -> int:
        """Employees met and not accepted."""
        return self.read - len(self.frame)


@dataclass(frozen=True, slots=True)
class _Part:
    """One table with its values parsed."""

    table: TextTable
    values: pd.DataFrame
    keys: np.ndarray  # (rows,) employee number, 0 where it cannot be read
    is_valid: np.ndarray  # (rows,) whether every cell obeys its rule and the number stands once


def read_extracts(sirh: Source, eval: Source, sondage: Source) -> Extracts:
    """Read, check and join the three extracts.

    Each source is a path, the bytes, or an open binary file whose ``name`` is used in messages. The order of rows
    and columns has no effect on the frame. Raises ``ExtractError`` when a file is not the extract it should be, when
    more is rejected than ``MOST_REJECTS``, or when no employee is left.
    """
    sources = {Extract.SIRH: sirh, Extract.EVAL: eval, Extract.SONDAGE: sondage}
    names = _names(sources)
    rejects = Rejects()
    parts = {
        extract: _read_part(read_table(extract, sources[extract], names[extract], _wanted), rejects)
        for extract in sources
    }
    for part in parts.values():
        rejects.add(_orphans(part, parts.values()))

    in_all = set.intersection(*(set(part.keys[part.is_valid].tolist()) for part in parts.values()))
    accepted = np.array(sorted(in_all), dtype=np.int64)
    rows = {extract: _rows_of(accepted, part) for extract, part in parts.items()}
    frame = pd.concat(
        [part.values.iloc[rows[extract]].reset_index(drop=True) for extract, part in parts.items()], axis=1
    )
    frame = frame[[name for name, column in BY_NAME.items() if column.extract in JOINED]].set_index(
        pd.Index(accepted, name=KEY)
    )
    is_ordered = np.ones(len(frame), dtype=bool)
    for smaller, larger in ORDERED:
        breaks = (frame[smaller] > frame[larger]).to_numpy()
        is_ordered &= ~breaks
        extract = BY_NAME[smaller].extract
        part = parts[extract]
        rule = Message(_("at most %(larger)s"), {"larger": larger})
        rejects.add(_rejects(part.table, smaller, rows[extract][breaks], rule))

    order = {names[extract]: place for place, extract in enumerate(sources)}
    extracts = Extracts(
        frame=frame[is_ordered],
        rejects=tuple(sorted(rejects, key=lambda reject: (order[reject.file], reject.line, reject.column))),
        reports={extract: part.table.report for extract, part in parts.items()},
        read=len(set().union(*(set(part.keys[part.keys > 0].tolist()) for part in parts.values()))),
        # In a ragged row the cell at the key's index may belong to another column.
        unnumbered=sum(int((part.keys == 0).sum()) + len(part.table.ragged) for part in parts.values()),
    )
    if extracts.frame.empty:
        reason = Message(_("every row is rejected: nothing can be loaded"))
        raise ExtractError("", Refusal.ALL_REJECTED, reason, extracts.rejects)
    return extracts


def _wanted(extract: Extract) -> tuple[Column, ...]:
    """The columns of an extract, of which one alone may be absent."""
    return tuple(replace(column, is_required=not column.is_nullable) for column in columns_of(extract))


def _names(sources: Mapping[Extract, Source]) -> dict[Extract, str]:
    """The name of each source in messages; the extract is added where two share a file name."""
    names = {extract: name_of(source, extract) for extract, source in sources.items()}
    count = Counter(names.values())
    return {extract: f"{name} ({extract})" if count[name] > 1 else name for extract, name in names.items()}


def _read_part(table: TextTable, rejects: Rejects) -> _Part:
    """The parsed values of a table; rejected cells are added to ``rejects``."""
    is_valid = np.ones(len(table.lines), dtype=bool)
    rejects.add(table.ragged)
    values: dict[str, Any] = {}
    for column in columns_of(table.extract):
        if column.name in table.cells:
            values[column.name], broken = _read_cells(column, table.cells[column.name])
        else:
            values[column.name], broken = pd.array([pd.NA] * len(is_valid), dtype="boolean"), {}
        if broken:
            codes = table.cells[column.name].codes
            rows = np.flatnonzero(np.isin(codes, list(broken)))
            is_valid[rows] = False
            rejects.add(_reject(table, column.name, row, broken[codes[row]]) for row in rows.tolist())
    keys = values.pop(KEY)
    is_double = pd.Series(keys).duplicated(keep=False).to_numpy() & (keys > 0)
    rejects.add(_rejects(table, KEY, np.flatnonzero(is_double), IS_ONCE))
    return _Part(table, pd.DataFrame(values), keys, is_valid & ~is_double)


def _read_cells(column: Column, cells: Cells) -> tuple[Values, dict[int, Message]]:
    """The values of a column, and the rule that each unreadable text (by its code) breaks. Each text is read once."""
    parse = parser_of(column)
    values, broken = [], {}
    for code, text in enumerate(cells.texts):
        try:
            values.append(parse(text))
        except Unreadable as error:
            values.append(None)
            broken[code] = error.rule
    match column.kind:
        case ColumnKind.CHOICE:
            places = np.array([-1 if value is None else value for value in values], dtype=np.int8)
            return pd.Categorical.from_codes(places[cells.codes], categories=list(column.choices)), broken
        case ColumnKind.BOOLEAN if column.is_nullable:
            return pd.array(values, dtype="boolean").take(cells.codes), broken
        case kind:
            dtype = {ColumnKind.BOOLEAN: bool, ColumnKind.PERCENT: np.float64}.get(kind, np.int64)
            return np.array([value or 0 for value in values], dtype=dtype)[cells.codes], broken


def _orphans(part: _Part, parts: Iterable[_Part]) -> Iterator[Reject]:
    """Rejects for rows whose employee is absent from another file."""
    for other in parts:
        if other is not part:
            is_orphan = ~np.isin(part.keys, other.keys) & (part.keys > 0)
            rule = Message(_("an employee number that is also in %(file)s"), {"file": other.table.report.name})
            yield from _rejects(part.table, KEY, np.flatnonzero(is_orphan), rule)


def _rows_of(keys: np.ndarray, part: _Part) -> np.ndarray:
    """The row index in a table of each accepted employee."""
    places = np.flatnonzero(part.is_valid)
    order = np.argsort(part.keys[places], kind="stable")
    return places[order][np.searchsorted(part.keys[places], keys, sorter=order)]


def _rejects(table: TextTable, column: str, rows: Iterable[int], rule: Message) -> Iterator[Reject]:
    return (_reject(table, column, row, rule) for row in rows)


def _reject(table: TextTable, column: str, row: int, rule: Message) -> Reject:
    cells = table.cells[column]
    return Reject(table.report.name, int(table.lines[row]), cells.header, cells[row], rule)
