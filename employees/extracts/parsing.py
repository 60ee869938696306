"""Parses the text of a cell into its value, or names the rule that it breaks.

Numbers are written in ASCII digits with a decimal point or comma, and thousands grouped by spaces (no-break and
narrow ones included) or by the separator that is not the decimal one. One separator alone before exactly
three digits, as in ``1.234`` or ``1,234``, is ambiguous (a thousand or a fraction): it is rejected. ``0,234``,
``1234,567`` and ``1 234,567`` can only be decimals and are read. A grouped number never starts with a zero: ``0 234``
is rejected.
"""

import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any

from employees.columns import Column, ColumnKind
from employees.messages import Message
from employees.messages import gettext_noop as _

LONGEST_NUMBER = 40  # characters; longer texts are not parsed as numbers

_NUMBERS = [
    re.compile(rf"([-+−]?)({whole})(?:{separator}([0-9]+))?")
    for whole, separator in (
        (r"[0-9]+", r"[.,]"),
        (r"[1-9][0-9]{0,2}(?: [0-9]{3})+", r"[.,]"),
        (r"[1-9][0-9]{0,2}(?:,[0-9]{3})+", r"\."),
        (r"[1-9][0-9]{0,2}(?:\.[0-9]{3})+", r","),
    )
]
_SPACES = re.compile("[\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}\N{FIGURE SPACE}]")  # and no line break
_AMBIGUOUS = re.compile(r"[-+−]?[1-9][0-9]{0,2}[.,][0-9]{3}")
_KEY_DECORATION = re.compile(r"\A[eE][-_ ]?(?=[0-9])")

BOOLEANS = {
    **dict.fromkeys(("oui", "o", "yes", "y", "true", "vrai", "1"), True),
    **dict.fromkeys(("non", "n", "no", "false", "faux", "0"), False),
}

IS_GIVEN = Message(_("a value: the cell is empty"))
IS_UNAMBIGUOUS = Message(_("a number that reads one way only: 1234 or 1 234 or 1.23, not 1.234 or 1,234"))
IS_PERCENTAGE = Message(_("a percentage: 11 %% or 11 for eleven percent, 0.5 %% for half a percent, no fraction"))


class Unreadable(ValueError):
    """A cell that breaks ``rule``."""

    def __init__(self, rule: Message):
        self.rule = rule
        super().__init__(str(rule))


@lru_cache(maxsize=4_096)  # the same titles are compared with each of the first rows of a file
def fold(text: str) -> str:
    """The text without case, accents, spaces and punctuation: the key by which names are compared."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if character.isalnum())


def parser_of(column: Column) -> Callable[[str], object]:
    """The function that reads a cell of a column, raising ``Unreadable``.

    It returns an int for a key or an integer, a float for a percentage, a bool, the index of a choice in
    ``column.choices``, or None for an empty cell of a nullable column.
    """
    places = {fold(choice): place for place, choice in enumerate(column.choices)}
    readers: dict[ColumnKind, Callable[[str], Any]] = {
        ColumnKind.KEY: _read_key,
        ColumnKind.INTEGER: _read_integer,
        ColumnKind.NUMBER: _read_integer,
        ColumnKind.PERCENT: _read_percent,
        ColumnKind.BOOLEAN: lambda text: BOOLEANS.get(text.casefold()),
        ColumnKind.CHOICE: lambda text: places.get(fold(text)),
    }
    read = readers[column.kind]

    def parse(text: str) -> object:
        text = text.strip()
        if not text and column.is_nullable:
            return None
        if not text:
            raise Unreadable(IS_GIVEN)
        value = read(text)
        if value is None or not column.admits(value):
            raise Unreadable(column.rule)
        return value

    return parse


def read_number(text: str, decimal: str = "") -> Decimal | None:
    """The exact number in a text, or None where there is none.

    Raises ``Unreadable`` if it is ambiguous, unless the ``decimal`` separator is given.
    """
    if len(text) > LONGEST_NUMBER:
        return None
    text = _SPACES.sub(" ", text)
    if _AMBIGUOUS.fullmatch(text):
        if not decimal:
            raise Unreadable(IS_UNAMBIGUOUS)
        text = re.sub(r"[.,]", lambda mark: "." if mark[0] == decimal else "", text)
    for number in _NUMBERS:
        if match := number.fullmatch(text):
            sign, whole, decimals = match.groups(default="")
            return Decimal(f"{sign.replace('−', '-')}{re.sub('[ ,.]', '', whole)}.{decimals}")
    return None


def _read_integer(text: str) -> int | None:
    number = read_number(text)
    return None if number is None or number != number.to_integral_value() else int(number)


def _read_key(text: str) -> int | None:
    return _read_integer(_KEY_DECORATION.sub("", text))


def _read_percent(text: str) -> float | None:
    has_sign = text.endswith("%")
    number = read_number(text.removesuffix("%").rstrip())
    if number is not None and not has_sign and 0 < number < 1:
        raise Unreadable(IS_PERCENTAGE)
    return None if number is None else float(number)
