"""Person-periods from the database: who was present, with features as known then, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from operator import attrgetter

import numpy as np
import pandas as pd

from employees.columns import RESIGNATION, Extract
from employees.models import EmployeeState, LoadedExtract, Presence
from employees.workforce.spells import End, ends
from features.selectors import feature_chunks_as_known
from predictions.ml.periods import Event, PersonPeriods, compact, joined, nobody, outcomes, quarters
from technova.commands import Progress
from technova.database.locks import exclusive

CHUNK_SIZE = 10_000  # people at a time
VOLUNTARY = ("", RESIGNATION)  # reasons; of unknown ones, most are resignations
_STATE_NAMES = ("employee__employee_id", "as_of", "presence", "left_after", "left_by", "left_because")


def days_seen() -> list[date]:
    """The days of SIRH extracts in force, for which presence is known. One query."""
    extracts = LoadedExtract.objects.in_force().filter(kind=Extract.SIRH)
    return list(extracts.order_by("as_of").values_list("as_of", flat=True))


def person_periods(
    periods: Sequence[tuple[date, date]] | None = None, *, progress: Progress | None = None
) -> PersonPeriods:
    """Everyone who was present and had features at the start of each period, and what became of them within it.

    ``periods`` are (start, end), by default the quarters of the whole history. Features are those known at the start
    (``employees.workforce.knowledge``); outcomes and presence are those known now. People now known to have left by the
    start are left out, though the files still held them. Ordered by start and number: the same data give the same rows
    in any order of loads. Memory grows by about 120 bytes a row. Raises ``Busy``.
    """
    with exclusive():
        periods = quarters(days_seen()) if periods is None else periods
        known_ends, parts = ends_of_spells(), [nobody()]
        for done, (start, end) in enumerate(periods, 1):
            first_end = known_ends[known_ends["since"] > np.datetime64(start)].drop_duplicates("person")
            parts += [
                _part(chunk, first_end.set_index("person"), start, end)
                for chunk in feature_chunks_as_known(CHUNK_SIZE, start)
            ]
            if progress:
                progress("Reading the history", done, len(periods))
    return joined(parts)


def ends_of_spells() -> pd.DataFrame:
    """The ends of everyone's spells, oldest first: ``person``, ``since``, ``day`` and ``event``. One query."""
    not_there = EmployeeState.objects.exclude(presence=Presence.PRESENT)
    states = EmployeeState.objects.filter(employee__in=not_there.values("employee")).order_by("employee_id", "as_of")
    rows = states.values_list(*_STATE_NAMES, named=True).iterator(chunk_size=CHUNK_SIZE)
    found = (
        (number, end.since, end.day, _event(end))
        for number, of_one in groupby(rows, key=attrgetter("employee__employee_id"))
        for end in ends(of_one)
    )
    frame = pd.DataFrame(found, columns=["person", "since", "day", "event"])
    return frame.astype({"person": np.int64, "since": "datetime64[s]", "day": "datetime64[s]", "event": np.int8})


def _event(end: End) -> Event:
    if end.because is None:
        return Event.VANISHED
    return Event.LEFT if end.because in VOLUNTARY else Event.NONE


def _part(features: pd.DataFrame, ends: pd.DataFrame, start: date, end: date) -> PersonPeriods:
    """Some people with features at the start of a period; ``ends`` holds the end of each one's spell, by number."""
    person = features["employee_id"].to_numpy(np.int64)
    found = ends.reindex(person)
    gone = found["day"].to_numpy("datetime64[D]")
    exposure, event = outcomes(start, end, gone, found["event"].fillna(Event.NONE).to_numpy(np.int8))
    starts = np.full(len(person), np.datetime64(start, "D"))
    is_there = ~(gone <= np.datetime64(start, "D"))
    return PersonPeriods(compact(features), person, starts, exposure, event).where(is_there)
