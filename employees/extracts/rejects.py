"""Rejects (a row that breaks a rule) and refusals (a file set that cannot be loaded)."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from employees.messages import Message
from employees.messages import gettext_noop as _

MOST_REJECTS = 500_000  # of a file
_INVISIBLE = {"Cc", "Cf", "Co", "Cn", "Zl", "Zp"}
LONGEST_SHOWN = 60  # characters of a value in a sentence


class Refusal(StrEnum):
    """Why a whole file set is refused."""

    UNREADABLE = "unreadable"
    EMPTY = "empty"
    NUL = "nul"
    UNDECODABLE = "undecodable"
    NOT_A_TABLE = "not_a_table"
    UNRECOGNISED = "unrecognised"  # no row names columns of an extract
    WRONG_EXTRACT = "wrong_extract"
    MISSING_COLUMN = "missing_column"
    DUPLICATE_COLUMN = "duplicate_column"
    NO_ROWS = "no_rows"
    ALL_REJECTED = "all_rejected"
    TOO_MANY_REJECTS = "too_many_rejects"


class Cost(StrEnum):
    """The loss by a reject: the cell alone, which is then unknown, or the whole row."""

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


@dataclass(frozen=True, slots=True)
class Cause:
    """The rejects of one column, or of rows, that broke one rule."""

    count: int
    rule: Message
    column: str  # its title; empty where whole rows break the rule
    first: Reject

    @property
    def sentence(self) -> Message:
        """The refused values and the expected ones, in a sentence."""
        shown = repr(self.first.value[:LONGEST_SHOWN])
        params = {"count": self.count, "file": self.first.file, "line": self.first.line, "value": shown}
        if self.first.costs == Cost.CELL:
            text = _(
                "%(file)s, column %(column)s. Refused cells: %(count)s; the first is on line %(line)s: %(value)s."
                " Expected: %(rule)s."
            )
            return Message(text, {**params, "column": self.column, "rule": self.rule})
        text = _("%(file)s. Lost rows: %(count)s; the first is on line %(line)s: %(value)s. Expected: %(rule)s.")
        return Message(text, {**params, "rule": self.rule})


def causes(rejects: Iterable[Reject]) -> list[Cause]:
    """The rejects by file, column, cost and rule, whatever lines a rule names; the most frequent ones first."""
    found: dict[tuple[str, ...], list[Reject]] = {}
    for reject in rejects:
        found.setdefault((reject.file, reject.column, reject.costs, reject.rule.text), []).append(reject)
    groups = sorted(found.values(), key=lambda group: -len(group))
    return [Cause(len(group), group[0].rule, group[0].column, group[0]) for group in groups]


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
    """The rejects found so far; more than ``MOST_REJECTS`` refuse the file."""

    def add(self, found: Iterable[Reject]) -> None:
        """Add rejects, consuming at most one more than the limit. Raises ``ExtractError``."""
        self.extend(islice(found, MOST_REJECTS + 1 - len(self)))
        if len(self) > MOST_REJECTS:
            raise too_many(self[0])


def too_many(first: Reject) -> ExtractError:
    """The refusal of a file with more than ``MOST_REJECTS``, with the first reject as an example."""
    reason = _(
        "More than %(most)s values are rejected; the first found: %(file)s, line %(line)s, %(column)s: %(value)s"
        " (expected: %(rule)s). Correct the file, or choose the right one."
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
