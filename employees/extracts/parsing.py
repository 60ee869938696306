"""Reads the number in a text, or names the rule that it breaks.

Numbers are written in ASCII digits with a decimal point or comma, and thousands grouped by spaces (no-break and
narrow ones included) or by the separator that is not the decimal one. One separator alone before exactly
three digits, as in ``1.234`` or ``1,234``, is ambiguous (a thousand or a fraction): it is rejected. ``0,234``,
``1234,567`` and ``1 234,567`` can only be decimals and are read. A grouped number never starts with a zero: ``0 234``
is rejected.
"""

import re
import unicodedata
from decimal import Decimal
from functools import lru_cache

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
