"""The presence history of one person: when somebody came, left, was missing, came back and moved.

No Django here: one person's states (``employees.models.EmployeeState``), oldest first, are folded into events.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import groupby, pairwise
from typing import Protocol

from employees.workforce.presence import ABSENT, LEFT, PRESENT


class KnownState(Protocol):
    """The columns of a state that a history is made of."""

    @property
    def as_of(self) -> date: ...
    @property
    def presence(self) -> str: ...
    @property
    def departement(self) -> str: ...
    @property
    def date_entree(self) -> date | None: ...
    @property
    def left_after(self) -> date | None: ...
    @property
    def left_by(self) -> date | None: ...
    @property
    def left_because(self) -> str: ...


class EventKind(StrEnum):
    ENTERED = "entered"  # before a departure that was known at the first extract
    CAME = "came"
    LEFT = "left"
    MISSING = "missing"
    BACK = "back"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Event:
    """What a state changed; ``day`` is that of the first extract that shows it, or of the departure by then."""

    kind: EventKind
    day: date
    state: KnownState
    entered: date | None = None  # the day of entry that the directory gives for a spell
    department_before: str = ""


def events(states: Iterable[KnownState]) -> list[Event]:
    """The history of a person from their states, oldest first; an absence that turns out a departure is none."""
    known = [state for state in states if state.presence]
    return sorted([*_turns(known), *_moves(known)], key=lambda event: event.day)


def _turns(known: Sequence[KnownState]) -> Iterable[Event]:
    """Each change of presence."""
    runs = [list(run) for _presence, run in groupby(known, key=lambda state: state.presence)]
    for before, run, after in zip([[], *runs], runs, [*runs[1:], []], strict=False):
        first, last = run[0], run[-1]
        if first.presence == PRESENT:
            yield Event(EventKind.BACK if before else EventKind.CAME, first.as_of, last, _entry([*run, *after], before))
        elif first.presence == LEFT:
            if not before and (entered := _entry(run, before)):
                yield Event(EventKind.ENTERED, entered, last, entered)
            yield Event(EventKind.LEFT, last.left_by or last.as_of, last)
        elif first.presence == ABSENT and not (after and after[0].presence == LEFT):
            yield Event(EventKind.MISSING, first.as_of, last)


def _entry(spell: Sequence[KnownState], before: Sequence[KnownState]) -> date | None:
    """The newest day of entry known of a spell: not after its first extract, nor by the departure before it."""
    ended = (before[-1].left_by or date.max) if before else date.min
    days = [state.date_entree for state in spell if state.date_entree]
    return next((day for day in reversed(days) if ended < day <= spell[0].as_of), None)


def _moves(known: Sequence[KnownState]) -> Iterable[Event]:
    """Each change of department."""
    for before, after in pairwise(known):
        if before.departement and after.departement and before.departement != after.departement:
            yield Event(EventKind.MOVED, after.as_of, after, department_before=before.departement)
