"""Reads one column of a file, a chunk of rows after the other, and remembers what could not be read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from employees.columns import KEY, Column, ColumnKind
from employees.extracts.parsing import Unreadable
from employees.extracts.rejects import ExtractError, Refusal
from employees.extracts.values import LONGEST_INTEGER, OutOfBounds, Reader, UnknownWord, undecorated
from employees.messages import Message
from employees.messages import gettext_noop as _
from technova.files.spool import Spool

MOST_REMEMBERED = 20_000  # distinct texts of a column whose values are kept from one chunk to the next
# Accents of another encoding: é in UTF-8 read as Windows-1252, é in Mac OS Roman read so, and a character lost.
_BROKEN_ACCENT = re.compile(
    r"[ÃÂ][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]"
    r"|[a-z]Ž|[A-Z]Ž[a-z]|[A-Za-z][\u0080-\u009fˆ]|\ufffd"
)
_STORED = {ColumnKind.KEY: np.int32, ColumnKind.INTEGER: np.int32, ColumnKind.BOOLEAN: np.bool_}


@dataclass(frozen=True, slots=True)
class Problem:
    """A text that could not be read: the rule that it breaks, or None for an unknown word."""

    text: str
    rule: Message | None
    value: float | None = None  # of a number out of bounds


class CellReader:
    """The cells of one column that were read so far: values, whether they are known, and the problems by row.

    The values lie on the disk, chunk by chunk as they were added.
    """

    def __init__(self, column: Column, title: str, read: Reader, is_plain: bool = False):
        self.column = column
        self.title = title
        self.is_plain = is_plain  # digits are the number
        self.problems: list[Problem] = []
        self._read = read
        self._outcomes: dict[str, tuple[Any, int]] = {}
        self._chunks: Spool[tuple[np.ndarray, np.ndarray]] = Spool()
        self._starts: list[int] = []  # the first row of each
        self._rows: list[np.ndarray] = []
        self._codes: list[np.ndarray] = []
        self._disputed = np.empty(0, dtype=np.int32)
        self._count = 0

    def add(self, texts: Sequence[str]) -> None:
        """Read the cells of the next rows; each distinct text once."""
        if self.is_plain and self._add_digits(list(map(undecorated, texts)) if self.column.name == KEY else texts):
            return
        codes, distinct = pd.factorize(np.array(texts, dtype=object))
        outcomes = [self._outcome(text) for text in distinct]
        values = np.empty(len(outcomes), dtype=object)
        values[:] = [value for value, _code in outcomes]
        is_known = np.array([value is not None for value, _code in outcomes], dtype=bool)
        self._remember_problems(np.array([code for _value, code in outcomes], dtype=np.int32)[codes])
        self._keep(self._stored(values, is_known)[codes], is_known[codes])

    def _add_digits(self, texts: Sequence[str]) -> bool:
        """Read cells that all are plain numbers within the bounds, a tenth of the work; return whether they are."""
        joined = "".join(texts)
        if not (joined.isascii() and joined.isdigit() and all(texts) and max(map(len, texts)) <= LONGEST_INTEGER):
            return False
        values = np.array(list(map(int, texts)))
        if not (self.column.admits(values.min()) and self.column.admits(values.max())):
            return False
        self._keep(values.astype(np.int32), np.ones(len(values), dtype=bool))
        return True

    def _keep(self, values: np.ndarray, is_known: np.ndarray) -> None:
        self._starts.append(self._count)
        self._chunks.append((values, is_known))
        self._count += len(values)

    def _outcome(self, text: str) -> tuple[Any, int]:
        """The value of a text, and the place of its problem in the list; -1 where there is none."""
        outcome = self._outcomes.get(text)
        if outcome is None:
            outcome = self._parse(text)
            if len(self._outcomes) < MOST_REMEMBERED:
                self._outcomes[text] = outcome
        return outcome

    def _parse(self, text: str) -> tuple[Any, int]:
        try:
            value = self._read(text)
            if not isinstance(value, str) or not _BROKEN_ACCENT.search(text):
                return value, -1
            problem = Problem(text, None)
        except OutOfBounds as error:
            problem = Problem(text, error.rule, error.value)
        except Unreadable as error:
            problem = Problem(text, error.rule)
        except UnknownWord:
            problem = Problem(text, None)
        self.problems.append(problem)
        return None, len(self.problems) - 1

    def _stored(self, values: np.ndarray, is_known: np.ndarray) -> np.ndarray:
        """The distinct values in the smallest type that holds them; an unknown one is 0."""
        match self.column.kind:
            case ColumnKind.DATE:
                return values.astype("datetime64[D]")
            case ColumnKind.CHOICE | ColumnKind.TEXT:
                return values
        stored = _STORED.get(self.column.kind, np.float64)
        return np.where(is_known, values, 0).astype(stored)

    def _remember_problems(self, codes: np.ndarray) -> None:
        rows = np.flatnonzero(codes >= 0)
        if len(rows):
            self._rows.append((rows + self._count).astype(np.int32))
            self._codes.append(codes[rows])

    def dispute(self, rows: np.ndarray) -> None:
        """Make the cells of some rows unknown and without a problem: other rows of the employee say otherwise."""
        self._disputed = rows

    def values(self) -> tuple[np.ndarray, np.ndarray]:
        """The value of each row, and whether it is known."""
        values, known = zip(*self._chunks, strict=True)
        is_known = np.concatenate(known)
        is_known[self._disputed] = False
        return np.concatenate(values), is_known

    def take(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The values of some rows, and whether each is known."""
        chunks = np.searchsorted(self._starts, rows, side="right") - 1
        found, is_known = np.empty(len(rows), dtype=object), np.zeros(len(rows), dtype=bool)
        for chunk in np.unique(chunks).tolist():
            values, known = self._chunks[chunk]
            if values.dtype != found.dtype:
                found = np.zeros(len(rows), dtype=values.dtype)
            places = np.flatnonzero(chunks == chunk)
            found[places] = values[rows[places] - self._starts[chunk]]
            is_known[places] = known[rows[places] - self._starts[chunk]]
        return found, is_known & ~np.isin(rows, self._disputed)

    def said(self, rows: np.ndarray) -> np.ndarray:
        """The values of some rows: None for an empty cell, the text itself for an unreadable one."""
        values, is_known = self.take(rows)
        said = values.astype(object)
        said[~is_known] = None
        places, codes = self.troubles()
        found = np.searchsorted(places, rows)
        is_trouble = np.isin(rows, places)
        said[is_trouble] = [self.problems[code].text for code in codes[found[is_trouble]].tolist()]
        return said

    def troubles(self) -> tuple[np.ndarray, np.ndarray]:
        """The rows with a problem, and the index of each problem."""
        rows, codes = _joined(self._rows, np.int32), _joined(self._codes, np.int32)
        is_disputed = np.isin(rows, self._disputed)
        return rows[~is_disputed], codes[~is_disputed]


def _joined(parts: list[np.ndarray], dtype: Any) -> np.ndarray:
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.empty(0, dtype=dtype)


def refuse_broken_accents(name: str, line: int, text: str) -> None:
    """Raise ``ExtractError`` for a text whose accents are those of another encoding."""
    if _BROKEN_ACCENT.search(text):
        reason = _("On line %(line)s the accents are broken (%(text)s). Export the file again as CSV UTF-8.")
        raise ExtractError(name, Refusal.UNDECODABLE, Message(reason, {"line": line, "text": text[:60]}))
