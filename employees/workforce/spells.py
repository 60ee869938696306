"""The presence history of one person: when somebody came, left, was missing, came back and moved.

No Django here: one person's states (``employees.models.EmployeeState``), oldest first, are folded into events.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import groupby, pairwise
from typing import Protocol

from employees.workforce.presence import ABSENT, LEFT, PRESENT


class Departure(Protocol):
    """When somebody left, as far as it is known, and why."""

    @property
    def left_after(self) -> date | None: ...
    @property
    def left_by(self) -> date | None: ...
    @property
    def left_because(self) -> str: ...


class KnownPresence(Departure, Protocol):
    """The columns of a state about somebody's presence."""

    @property
    def as_of(self) -> date: ...
    @property
    def presence(self) -> str: ...


class KnownState(KnownPresence, Protocol):
    """The columns of a state that a history is derived from."""

    @property
    def departement(self) -> str: ...
    @property
    def date_entree(self) -> date | None: ...
    @property
    def date_sortie(self) -> date | None: ...
    @property
    def motif_sortie(self) -> str: ...


class EventKind(StrEnum):
    ENTERED = "entered"  # before a departure that was known at the first extract
    CAME = "came"
    LEFT = "left"
    MISSING = "missing"
    BACK = "back"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Exit:
    """A departure on the directory's day of exit."""

    left_by: date
    left_because: str

    @property
    def left_after(self) -> date:
        return self.left_by


@dataclass(frozen=True, slots=True)
class SpellEvent:
    """An event of a presence history; ``day`` is that of the first extract that shows it, or of the departure."""

    kind: EventKind
    day: date
    state: KnownState
    entered: date | None = None  # the day of entry that the directory gives for a spell
    department_before: str = ""
    exit: Exit | None = None  # the departure, where no state has it

    @property
    def departure(self) -> Departure:
        return self.exit or self.state


def events(states: Iterable[KnownState]) -> list[SpellEvent]:
    """The history of a person from their states, oldest first; absences that turn out to be departures left out."""
    known = [state for state in states if state.presence]
    return sorted([*_turns(known), *_earlier_spells(known), *_moves(known)], key=lambda event: event.day)


def _turns(known: Sequence[KnownState]) -> Iterable[SpellEvent]:
    """Each change of presence."""
    runs = [list(run) for _presence, run in groupby(known, key=lambda state: state.presence)]
    for before, run, after in zip([[], *runs], runs, [*runs[1:], []], strict=False):
        first, last = run[0], run[-1]
        if first.presence == PRESENT:
            yield SpellEvent(
                EventKind.BACK if before else EventKind.CAME, first.as_of, last, _entry([*run, *after], before)
            )
        elif first.presence == LEFT:
            if not before and (entered := _entry(run, before)):
                yield SpellEvent(EventKind.ENTERED, entered, last, entered)
            yield SpellEvent(EventKind.LEFT, last.left_by or last.as_of, last)
        elif first.presence == ABSENT and not (after and after[0].presence == LEFT):
            yield SpellEvent(EventKind.MISSING, first.as_of, last)


def _earlier_spells(known: Sequence[KnownState]) -> Iterator[SpellEvent]:
    """The ends of spells before the day of entry that only the directory tells."""
    states = {
        state.date_sortie: state
        for state in known
        if state.date_sortie and state.date_entree and state.date_sortie < state.date_entree
    }
    departures = [(state.left_after or date.min, state.left_by) for state in known if state.left_by]
    for day, state in states.items():
        if not any(after <= day <= by for after, by in departures):
            yield SpellEvent(EventKind.LEFT, day, state, exit=Exit(day, state.motif_sortie))


def _entry(spell: Sequence[KnownState], before: Sequence[KnownState]) -> date | None:
    """The newest day of entry known of a spell: not after its first extract, nor by the departure before it."""
    ended = (before[-1].left_by or date.max) if before else date.min
    days = [state.date_entree for state in spell if state.date_entree]
    return next((day for day in reversed(days) if ended < day <= spell[0].as_of), None)


def _moves(known: Sequence[KnownState]) -> Iterable[SpellEvent]:
    """Each change of department."""
    for before, after in pairwise(known):
        if before.departement and after.departement and before.departement != after.departement:
            yield SpellEvent(EventKind.MOVED, after.as_of, after, department_before=before.departement)


@dataclass(frozen=True, slots=True)
class End:
    """The end of a spell. For a departure within an interval, ``day`` is its middle, and not after ``since``."""

    day: date
    since: date  # the first day on which the states have the person no longer present
    because: str | None  # empty for an unknown reason; None for whoever vanished, with no departure known


def ends(states: Iterable[KnownPresence]) -> Iterator[End]:
    """The ends of a person's spells, from their states, oldest first.

    Whoever is back after an absence was there all the time. Whoever was missing from the files before they left, as
    during a notice that is not worked, counts as gone since they were missing.
    """
    known = [state for state in states if state.presence]
    stretches = [list(run) for _is_there, run in groupby(known, key=lambda state: state.presence == PRESENT)]
    for place, stretch in enumerate(stretches):
        first, last = stretch[0], stretch[-1]
        if last.presence == PRESENT or place == 0:
            continue
        if last.presence == LEFT:
            yield End(min(_middle(last), first.as_of), first.as_of, last.left_because)
        elif place == len(stretches) - 1:
            yield End(first.as_of, first.as_of, None)


def _middle(departure: KnownPresence) -> date:
    """The middle of the days on which somebody may have left, the earlier of two."""
    left_by = departure.left_by or departure.as_of
    days = (left_by - (departure.left_after or left_by)).days
    return left_by - timedelta(days=days // 2)
