"""Cells with unknown words: each is a reject whose message explains how to accept the word."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from employees.extracts.rejects import Cost, Reject, visible
from employees.messages import Message
from employees.messages import gettext_noop as _
from employees.vocabularies import NUMBERED, Proposal

_NEW = Message(
    _(
        "a known value: load the file again with --new-values accept, which takes the word as a new value, or import "
        "it and choose a value on the import page"
    )
)
_NUMBERED = Message(
    _("a known value: say in the administration which one the word spells, or import the file and choose a value")
)


def rule_of(vocabulary: str, proposal: Proposal) -> Message:
    """The expected value for an unknown word with this proposal, and how to accept the word."""
    if proposal.is_new:
        return _NUMBERED if vocabulary in NUMBERED else _NEW
    text = _(
        "a known value: load the file again with --new-values accept, which takes the word for %(value)s, or import it "
        "and choose a value on the import page"
    )
    return Message(text, {"value": proposal.value})


@dataclass(frozen=True, slots=True)
class UnknownWords:
    """The cells of one column with unknown words, as rejects made during iteration.

    They may be every cell of the column, so arrays of shape (cells,) are kept instead of the rejects.
    """

    file: str
    title: str  # of the column in the file
    column: str  # the product's name
    texts: Sequence[str]  # distinct
    rules: Sequence[Message]  # of each text
    places: np.ndarray  # of each cell's text
    lines: np.ndarray
    numbers: np.ndarray  # whose row it is

    def __len__(self) -> int:
        return len(self.places)

    def __iter__(self) -> Iterator[Reject]:
        cells = zip(self.places.tolist(), self.lines.tolist(), self.numbers.tolist(), strict=True)
        for place, line, number in cells:
            value, rule = visible(self.texts[place]), self.rules[place]
            yield Reject(self.file, line, self.title, value, rule, Cost.CELL, self.column, number)
