"""Rejects (a row that breaks a rule) and refusals (a file set that cannot be loaded)."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from employees.messages import Message
from employees.messages import gettext_noop as _

MOST_REJECTS = 500_000  # of a set; numbers that one file misspells are rejects of all three: 441,000 for 147,000 people
_INVISIBLE = {"Cc", "Cf", "Co", "Cn", "Zl", "Zp"}
LONGEST_SHOWN = 60  # characters of a value in a sentence


class Refusal(StrEnum):
    """Why a whole file set is refused."""

    UNREADABLE = "unreadable"
    EMPTY = "empty"
    NUL = "nul"
    UNDECODABLE = "undecodable"
    NOT_A_TABLE = "not_a_table"
    WRONG_EXTRACT = "wrong_extract"
    MISSING_COLUMN = "missing_column"
    DUPLICATE_COLUMN = "duplicate_column"
    NO_ROWS = "no_rows"
    ALL_REJECTED = "all_rejected"
    HAS_REJECTS = "has_rejects"  # of a strict load
    TOO_MANY_REJECTS = "too_many_rejects"


class Cost(StrEnum):
    """What a reject costs: the cell alone, which is then unknown, or the whole row."""

    CELL = "cell"
    ROW = "row"


@dataclass(frozen=True, slots=True)
class Reject:
    """A value that broke a rule. ``line`` counts the physical lines of the file from 1, the header included."""

    file: str
    line: int
    column: str  # the header as the file has it; empty where the whole row breaks the rule
    value: str
    rule: Message
    costs: Cost = Cost.ROW
    name: str = ""  # the product's name of the column
    employee_id: int | None = None  # whose row it is, where the number can be read


class ExtractError(Exception):
    """A refused file set: ``file`` is the one at fault (empty for the set), ``rejects`` those found before it."""

    def __init__(self, file: str, refusal: Refusal, reason: Message, rejects: Sequence[Reject] = ()):
        self.file = file
        self.refusal = refusal
        self.reason = reason
        self.rejects = rejects
        super().__init__(f"{file}: {reason}" if file else str(reason))


def visible(text: str) -> str:
    """A text with its invisible characters named, as ``1⟨U+200B⟩``."""
    if text.isprintable():
        return text
    return "".join(
        f"⟨U+{ord(character):04X}⟩" if unicodedata.category(character) in _INVISIBLE else character
        for character in text
    )


class Rejects(list[Reject]):
    """The rejects found so far; more than ``MOST_REJECTS`` refuse the set."""

    def add(self, found: Iterable[Reject]) -> None:
        """Add rejects, consuming at most one more than the limit. Raises ``ExtractError``."""
        self.extend(islice(found, MOST_REJECTS + 1 - len(self)))
        if len(self) > MOST_REJECTS:
            raise too_many(self[0])


def too_many(first: Reject) -> ExtractError:
    """The refusal of a set with more than ``MOST_REJECTS``, for which the first one found stands."""
    reason = _(
        "more than %(most)s rejects; the first found: %(file)s, line %(line)s, %(column)s: %(value)s"
        " (expected: %(rule)s)"
    )
    params = {
        "most": MOST_REJECTS,
        "file": first.file,
        "line": first.line,
        "column": " ".join(first.column.split()) or Message(_("(the whole row)")),
        "value": repr(first.value[:LONGEST_SHOWN]),
        "rule": first.rule,
    }
    return ExtractError("", Refusal.TOO_MANY_REJECTS, Message(reason, params))
