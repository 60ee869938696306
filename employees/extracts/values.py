"""Reads the text of a cell into a value of its column, by the rule of its kind. An empty cell is None: unknown."""

import math
import re
import unicodedata
from collections.abc import Callable
from datetime import date
from fractions import Fraction
from typing import Any

from employees.columns import Column, ColumnKind, Rounding, match_key
from employees.extracts.mapping import AMERICAN_DATES, FileMapping
from employees.extracts.parsing import BOOLEANS, IS_PERCENTAGE, Unreadable, read_number
from employees.messages import Message
from employees.messages import gettext_noop as _
from employees.vocabularies import Vocabularies, Vocabulary

EARLIEST, LATEST = date(1900, 1, 1), date(2199, 12, 31)
LONGEST_INTEGER = 18  # digits that fit into 64 bits
IS_WHOLE = Message(_("a whole number: these decimals cannot be rounded away"))

_KEY_DECORATION = re.compile(r"\A[eE][-_ ]?(?=[0-9])")
_MIDNIGHT = r"(?:[ T]00:00(?::00(?:\.0+)?)?)?"
_ISO = re.compile(rf"([0-9]{{4}})-([0-9]{{1,2}})-([0-9]{{1,2}}){_MIDNIGHT}")
_DAY_OR_MONTH_FIRST = re.compile(rf"([0-9]{{1,2}})[/.-]([0-9]{{1,2}})[/.-]([0-9]{{4}}){_MIDNIGHT}")

Reader = Callable[[str], Any]


class UnknownWord(ValueError):
    """A word missing from its open vocabulary."""


class OutOfBounds(Unreadable):
    """A number that the bounds of its column do not admit."""

    def __init__(self, rule: Message, value: float):
        super().__init__(rule)
        self.value = value


def reader_of(column: Column, vocabularies: Vocabularies, mapping: FileMapping) -> Reader:
    """The function that reads a cell of a column.

    It gives an int, a float, a bool, a date, a canonical word, a text, or None for an empty cell, and raises
    ``Unreadable`` for a text that breaks the rule of the column and ``UnknownWord`` for a word to be asked.
    """
    read = _reader(column, vocabularies, mapping)
    said = {match_key(text): value for text, value in mapping.values.get(column.name, {}).items()}

    def read_cell(text: str) -> Any:
        text = text.strip()
        if said:
            text = said.get(match_key(text), text)
        if not text:
            return None
        value = read(text)
        if value is None:
            raise Unreadable(column.rule)
        if isinstance(value, int | float) and not column.admits(value):
            raise OutOfBounds(column.rule, value)
        return value

    return read_cell


def is_plain(column: Column, mapping: FileMapping) -> bool:
    """Whether plain digits in a column are its whole numbers, as they stand."""
    is_whole = column.kind in (ColumnKind.KEY, ColumnKind.INTEGER)
    return is_whole and not any(column.name in said for said in (mapping.values, mapping.factors, mapping.scales))


def _reader(column: Column, vocabularies: Vocabularies, mapping: FileMapping) -> Reader:
    match column.kind:
        case ColumnKind.KEY:
            return read_key
        case ColumnKind.BOOLEAN:
            return _read_boolean
        case ColumnKind.CHOICE:
            vocabulary = vocabularies[column.name]
            return lambda text: _read_word(text, vocabulary)
        case ColumnKind.DATE:
            return lambda text: read_date(text, mapping.dates == AMERICAN_DATES)
        case ColumnKind.TEXT:
            return lambda text: _read_text(text, int(column.maximum or 0))
    return _Numbers(column, mapping).read


class _Numbers:
    """Reads the numbers of a column: the company's factor and scale first, then the rounding of the column."""

    def __init__(self, column: Column, mapping: FileMapping):
        self.column = column
        self.decimal = mapping.decimal
        self.factor = Fraction(mapping.factors.get(column.name, "1"))
        self.is_factor_known = column.name in mapping.factors
        self.scale = mapping.scales.get(column.name)
        self.is_plain = self.factor == 1 and not self.scale
        self.is_whole = column.kind == ColumnKind.INTEGER
        self.rounding = column.rounding
        if self.is_whole and not self.is_plain and self.rounding == Rounding.REFUSED:
            self.rounding = Rounding.NEAREST  # a mark of another scale is hardly ever whole on this one

    def read(self, text: str) -> int | float | None:
        if self.is_whole and self.is_plain and len(text) <= LONGEST_INTEGER and text.isascii() and text.isdigit():
            return int(text)  # what nearly every cell is
        has_sign = self.column.kind == ColumnKind.PERCENT and text.endswith("%")
        number = read_number(text.removesuffix("%").rstrip() if has_sign else text, self.decimal)
        if number is None:
            return None
        if self.column.kind == ColumnKind.PERCENT and not (has_sign or self.is_factor_known) and 0 < abs(number) < 1:
            raise Unreadable(IS_PERCENTAGE)
        value = Fraction(number) if has_sign else self._scaled(Fraction(number) * self.factor)
        return self._rounded(value) if self.is_whole else float(value)

    def _scaled(self, value: Fraction) -> Fraction:
        if not self.scale:
            return value
        lowest, highest = map(Fraction, self.scale)
        least, most = Fraction(self.column.minimum or 0), Fraction(self.column.maximum or 0)
        return least + (value - lowest) * (most - least) / (highest - lowest)

    def _rounded(self, value: Fraction) -> int:
        match self.rounding:
            case Rounding.NEAREST:
                return math.floor(value + Fraction(1, 2))
            case Rounding.FLOOR:
                return math.floor(value)
        if value.denominator != 1:
            raise Unreadable(IS_WHOLE)
        return int(value)


def undecorated(text: str) -> str:
    """An employee number without the prefix of an export."""
    return text if text.isdigit() else _KEY_DECORATION.sub("", text)


def read_key(text: str) -> int | None:
    """The employee number without an export's prefix: E_1, 000001."""
    text = undecorated(text)
    if len(text) <= LONGEST_INTEGER and text.isascii() and text.isdigit():
        return int(text)
    number = read_number(text)
    if number is not None and number != number.to_integral_value():
        raise Unreadable(IS_WHOLE)
    return None if number is None else int(number)


def _read_boolean(text: str) -> bool | None:
    known = BOOLEANS.get(unicodedata.normalize("NFC", text.casefold()))
    if known is not None:
        return known
    number = read_number(text)
    return bool(number) if number in (0, 1) else None


def _read_word(text: str, vocabulary: Vocabulary) -> str | None:
    word = vocabulary.match(text)
    if word is None and vocabulary.is_open:
        raise UnknownWord(text)
    return word


def read_date(text: str, has_month_first: bool) -> date | None:
    """The day in a text, or None where there is none of 1900 to 2199."""
    if match := _ISO.fullmatch(text):
        year, month, day = match.groups()
    elif match := _DAY_OR_MONTH_FIRST.fullmatch(text):
        day, month, year = match.groups()
        if has_month_first:
            day, month = month, day
    else:
        return None
    try:
        found = date(int(year), int(month), int(day))
    except ValueError:
        return None
    return found if EARLIEST <= found <= LATEST else None


def _read_text(text: str, longest: int) -> str | None:
    words = " ".join(unicodedata.normalize("NFC", text).split())
    return words if len(words) <= longest else None
