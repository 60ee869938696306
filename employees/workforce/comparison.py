"""What a load changes: who comes and goes, and the values of the same people. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from employees.workforce.presence import ABSENT, LEFT, PRESENT

LISTED = ("kind", "number", "department", "old", "new")  # the columns of a list of changes


@dataclass(frozen=True, slots=True)
class Moves:
    """What a load changed in the workforce of the day that it describes: employee numbers, in order."""

    left: tuple[int, ...] = ()
    arrived: tuple[int, ...] = ()
    vanished: tuple[int, ...] = ()  # present before, in no file now
    returned: tuple[int, ...] = ()
    moved: tuple[int, ...] = ()  # present before and after, in another department
    forgotten: tuple[int, ...] = ()  # in no extract in force any more: corrected or taken back


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """What the files change in a column: people with another value, and the medians of those compared."""

    name: str
    changed: int
    old: float | None = None  # the medians; None where they would mean little
    new: float | None = None


class Comparison:
    """Collects, chunk by chunk, the changed values, the people changed and, of those ``present``, the ``paired``
    values."""

    def __init__(self, paired: Collection[str], present: pd.Index) -> None:
        self._paired = paired
        self._present = present
        self._values: dict[str, list[pd.DataFrame]] = {}
        self._changed: set[int] = set()
        self._pairs: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}

    def add(self, known: pd.DataFrame, new: pd.DataFrame) -> None:
        """Compare what is known of some people with what an extract holds of them, both indexed by number."""
        both = new.index.intersection(known.index)
        for name in new.columns:
            self._add_column(name, known.loc[both, name], new.loc[both, name])

    def add_unchanged(self, rows: pd.DataFrame) -> None:
        """Count people whose values are those of the extract before."""
        present = rows[rows.index.isin(self._present)]
        for name in self._paired:
            if name in rows:
                values = present[name].dropna().to_numpy(dtype=np.float32)
                self._pairs.setdefault(name, []).append((values, values))

    def _add_column(self, name: str, known: pd.Series, new: pd.Series) -> None:
        is_given = new.notna().to_numpy()
        old, given = known[is_given], _with_dates(new[is_given])
        is_changed = given.astype(object).to_numpy() != old.astype(object).to_numpy()
        numbers = given.index[is_changed]
        self._changed.update(numbers.tolist())
        if len(numbers):
            values = {"number": numbers, "old": _plain(old[is_changed]), "new": _plain(given[is_changed])}
            self._values.setdefault(name, []).append(pd.DataFrame(values, dtype=object))
        if name in self._paired:
            is_known = old.notna().to_numpy() & old.index.isin(self._present)
            pair = tuple(values[is_known].to_numpy(dtype=np.float32) for values in (old, given))
            self._pairs.setdefault(name, []).append(pair)

    @property
    def changed(self) -> int:
        """People of whom some value changes."""
        return len(self._changed)

    def values(self) -> dict[str, pd.DataFrame]:
        """Every value that changes, by column: ``number``, ``old`` (None where nothing was known) and ``new``.

        By employee number; numbers by how many times they grow or shrink, the largest change first.
        """
        return {name: _largest_first(pd.concat(parts)) for name, parts in self._values.items()}

    def pairs(self) -> Mapping[str, tuple[np.ndarray, np.ndarray]]:
        """The known and the new values of the same people present, by column."""
        self._pairs = {name: [_joined(pairs)] for name, pairs in self._pairs.items()}
        return {name: pair for name, (pair,) in self._pairs.items()}

    def columns(self, medians: Iterable[str]) -> list[ColumnChange]:
        """What changes by column: those of which the medians are wanted, then the others, the most changed first."""
        counts = {name: sum(map(len, parts)) for name, parts in self._values.items()}
        pairs = self.pairs()
        compared = [
            ColumnChange(name, counts.pop(name, 0), float(np.median(old)), float(np.median(new)))
            for name, (old, new) in ((name, pairs[name]) for name in medians if name in pairs)
            if len(old)
        ]
        others = sorted(counts.items(), key=lambda item: -item[1])
        return [*compared, *(ColumnChange(name, count) for name, count in others)]


def _joined(pairs: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    if len(pairs) == 1:
        return pairs[0]
    old, new = (np.concatenate(values) for values in zip(*pairs, strict=True))
    return old, new


def _with_dates(values: pd.Series) -> pd.Series:
    """With dates as Python's, as the database has them."""
    return values.dt.date if pd.api.types.is_datetime64_dtype(values.dtype) else values


def _plain(values: pd.Series) -> list:
    """Values that JSON holds: None for missing ones, dates as texts."""
    return [
        None if pd.isna(value) else value if isinstance(value, str | int | float) else str(value)
        for value in values.astype(object)
    ]


def _largest_first(values: pd.DataFrame) -> pd.DataFrame:
    old, new = (pd.to_numeric(values[name], errors="coerce").to_numpy(float) for name in ("old", "new"))
    with np.errstate(divide="ignore", invalid="ignore"):
        times = np.abs(np.log(new / old))
    return values.assign(times=np.nan_to_num(times, nan=0)).sort_values(["times", "number"], ascending=[False, True])


def moves_between(before: pd.DataFrame, after: pd.DataFrame) -> Moves:
    """Who came, went and moved between two states, each with ``presence`` and ``departement`` by number."""
    everyone = before.index.union(after.index)
    was, is_ = (states["presence"].reindex(everyone, fill_value="") for states in (before, after))
    there = before.index[before["presence"] == PRESENT].intersection(after.index[after["presence"] == PRESENT])
    is_moved = before.loc[there, "departement"] != after.loc[there, "departement"]

    def numbers(condition: pd.Series) -> tuple[int, ...]:
        return tuple(condition.index[condition].tolist())

    return Moves(
        arrived=numbers((was == "") & (is_ == PRESENT)),
        left=numbers((was != LEFT) & (is_ == LEFT)),
        vanished=numbers((was == PRESENT) & (is_ == ABSENT)),
        returned=numbers(was.isin([LEFT, ABSENT]) & (is_ == PRESENT)),
        moved=numbers(is_moved),
        forgotten=numbers((was != "") & (is_ == "")),
    )


def listed(before: pd.DataFrame, after: pd.DataFrame, moves: Moves, values: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Everything that changes, as ``LISTED``: a row for each move and for each value, in the order of its list.

    ``old`` and ``new`` of who left are the days between which that was, of who moved the departments.
    """
    moved = (_moved(move.name, getattr(moves, move.name), before, after) for move in fields(moves))
    changed = (_changed(name, frame, before, after) for name, frame in values.items())
    rows = pd.concat([pd.DataFrame(columns=list(LISTED)), *moved, *changed], ignore_index=True)
    return rows.astype(dict.fromkeys(LISTED, object) | {"number": np.int64})


def _changed(name: str, values: pd.DataFrame, before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    departments = _departments(values["number"], before, after)
    return values.assign(kind=name, department=departments)[list(LISTED)].astype(object)


def _moved(kind: str, numbers: tuple[int, ...], before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    departments = _departments(numbers, before, after)
    columns = {"kind": kind, "number": numbers, "department": departments, "old": None, "new": None}
    rows = pd.DataFrame(columns, dtype=object)
    if kind == "left":
        dates = after.reindex(numbers)[["left_after", "left_by"]]
        return rows.assign(old=_plain(dates["left_after"]), new=_plain(dates["left_by"]))
    if kind == "moved":
        return rows.assign(old=_departments(numbers, before), new=departments)
    return rows


def _departments(numbers: Iterable[int], *states: pd.DataFrame) -> list[str]:
    """Where people are in the last of some states that knows it, empty for nowhere."""
    known = pd.Series("", index=list(numbers))
    for state in states:
        found = state["departement"].reindex(known.index)
        known = known.mask(found.notna() & (found != ""), found)
    return known.tolist()
