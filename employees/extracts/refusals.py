"""What is said of a file or a row that is refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from employees.messages import Message


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


@dataclass(frozen=True, slots=True)
class Reject:
    """A value that broke a rule. ``line`` counts the physical lines of the file from 1, the header included."""

    file: str
    line: int
    column: str  # the header as the file has it; empty where the whole row breaks the rule
    value: str
    rule: Message


class ExtractError(Exception):
    """A refused file set: ``file`` says which one (empty when it is the set), ``rejects`` what was found until then."""

    def __init__(self, file: str, refusal: Refusal, reason: Message, rejects: Sequence[Reject] = ()):
        self.file = file
        self.refusal = refusal
        self.reason = reason
        self.rejects = rejects
        super().__init__(f"{file}: {reason}" if file else str(reason))
