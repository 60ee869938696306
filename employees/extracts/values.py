"""Reads the text of a cell into a value of its column, by the rule of its kind. An empty cell is None: unknown."""

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any

from employees.columns import Column, ColumnKind, Rounding
from employees.extracts.parsing import BOOLEANS, IS_PERCENTAGE, Unreadable, read_number
from employees.messages import Message
from employees.messages import gettext_noop as _
from employees.vocabularies import Vocabularies, Vocabulary

EARLIEST, LATEST = date(1900, 1, 1), date(2199, 12, 31)
LONGEST_INTEGER = 18  # digits that fit into 64 bits
IS_WHOLE = Message(_("a whole number: these decimals cannot be rounded away"))

_ROUNDINGS = {Rounding.NEAREST: ROUND_HALF_UP, Rounding.FLOOR: ROUND_FLOOR}
_KEY_DECORATION = re.compile(r"\A[eE][-_ ]?(?=[0-9])")
_MIDNIGHT = r"(?:[ T]00:00(?::00(?:\.0+)?)?)?"
_ISO = re.compile(rf"([0-9]{{4}})-([0-9]{{1,2}})-([0-9]{{1,2}}){_MIDNIGHT}")
_FRENCH = re.compile(rf"([0-9]{{1,2}})[/.-]([0-9]{{1,2}})[/.-]([0-9]{{4}}){_MIDNIGHT}")

Reader = Callable[[str], Any]


class UnknownWord(ValueError):
    """A word that its open vocabulary lacks."""


def reader_of(column: Column, vocabularies: Vocabularies) -> Reader:
    """The function that reads a cell of a column.

    It gives an int, a float, a bool, a date, a canonical word, a text, or None for an empty cell, and raises
    ``Unreadable`` for a text that breaks the rule of the column and ``UnknownWord`` for a word to be asked.
    """
    read = _readers(column, vocabularies)[column.kind]

    def read_cell(text: str) -> Any:
        text = text.strip()
        if not text:
            return None
        value = read(text)
        if value is None or (isinstance(value, int | float) and not column.admits(value)):
            raise Unreadable(column.rule)
        return value

    return read_cell


def _readers(column: Column, vocabularies: Vocabularies) -> dict[ColumnKind, Reader]:
    return {
        ColumnKind.KEY: read_key,
        ColumnKind.INTEGER: lambda text: read_integer(text, column.rounding),
        ColumnKind.NUMBER: _read_float,
        ColumnKind.PERCENT: _read_percent,
        ColumnKind.BOOLEAN: _read_boolean,
        ColumnKind.CHOICE: lambda text: _read_word(text, vocabularies[column.name]),
        ColumnKind.DATE: _read_date,
        ColumnKind.TEXT: lambda text: _read_text(text, int(column.maximum or 0)),
    }


def read_integer(text: str, rounding: Rounding = Rounding.REFUSED) -> int | None:
    """The whole number in a text, rounded where its column allows it; None where there is none."""
    if len(text) <= LONGEST_INTEGER and text.isascii() and text.isdigit():
        return int(text)  # what nearly every cell is: no pattern, no decimal
    number = read_number(text)
    if number is None:
        return None
    if rounding == Rounding.REFUSED:
        if number != number.to_integral_value():
            raise Unreadable(IS_WHOLE)
        return int(number)
    return int(number.to_integral_value(_ROUNDINGS[rounding]))


def read_key(text: str) -> int | None:
    """The number of an employee without what an export puts before it: E_1, 000001."""
    return read_integer(_KEY_DECORATION.sub("", text))


def _read_float(text: str) -> float | None:
    number = read_number(text)
    return None if number is None else float(number)


def is_bare_fraction(text: str) -> bool:
    """Whether a percentage is written without its sign, between 0 and 1: eleven percent as 0.11, or a ninth of one."""
    number = None if text.endswith("%") else read_number(text)
    return number is not None and Decimal(0) < abs(number) < 1


def _read_percent(text: str) -> float | None:
    if is_bare_fraction(text):
        raise Unreadable(IS_PERCENTAGE)
    return _read_float(text.removesuffix("%").rstrip())


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


def _read_date(text: str) -> date | None:
    if match := _ISO.fullmatch(text):
        year, month, day = match.groups()
    elif match := _FRENCH.fullmatch(text):
        day, month, year = match.groups()
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
