"""Changes by a load: people who come and go, and values of the same people. Filled part by part. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from employees.columns import PRESENCE
from employees.workforce.numbers import NUMBER, distinct, is_among
from employees.workforce.pairs import Pairs
from employees.workforce.presence import ABSENT, LEFT, PRESENT
from technova.files.spool import Spool

LISTED = ("kind", "number", "department", "old", "new")  # the columns of a list of changes


@dataclass(frozen=True, slots=True)
class Moves:
    """Changes by a load in the workforce of its day: people."""

    left: int = 0
    arrived: int = 0
    vanished: int = 0  # present before, in no file now
    returned: int = 0
    moved: int = 0  # present before and after, in another department
    forgotten: int = 0  # in no extract in force any more: corrected or taken back


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """Changes in a column: people with another value, and the medians of those compared."""

    name: str
    changed: int
    old: float | None = None  # the medians; None where they would mean little
    new: float | None = None


class Comparison:
    """Collects, chunk by chunk, the changed values, the people changed and, of those ``present`` (sorted numbers), the
    ``paired`` values.

    ``narrow`` leaves the changes of those present after the load; entries, exits and their reasons are of everyone.
    """

    def __init__(self, paired: Collection[str], present: np.ndarray) -> None:
        self._paired = paired
        self._present = present
        self._values: dict[str, Spool[pd.DataFrame]] = {}
        self._changed: dict[str, list[np.ndarray]] = {}
        self._shown: np.ndarray | None = None
        self.pairs: dict[str, Pairs] = {}

    def add(self, known: pd.DataFrame, new: pd.DataFrame) -> None:
        """Compare what is known of some people with what an extract holds of them, both indexed by number."""
        both = new.index.intersection(known.index)
        for name in new.columns:
            self._add_column(name, known.loc[both, name], new.loc[both, name])

    def narrow(self, present: np.ndarray) -> None:
        self._shown = present

    def add_unchanged(self, rows: pd.DataFrame) -> None:
        """Count people whose values are those of the extract before."""
        present = rows[self._is_present(rows.index)]
        for name in self._paired:
            if name in rows:
                values = present[name].dropna().to_numpy(dtype=float)
                self._pairs(name).add(values, values)

    def _add_column(self, name: str, known: pd.Series, new: pd.Series) -> None:
        is_given = new.notna().to_numpy()
        old, given = known[is_given], _with_dates(new[is_given])
        is_changed = given.astype(object).to_numpy() != old.astype(object).to_numpy()
        numbers = given.index[is_changed].to_numpy()
        if len(numbers):
            values = {"number": numbers, "old": _plain(old[is_changed]), "new": _plain(given[is_changed])}
            self._values.setdefault(name, Spool()).append(pd.DataFrame(values, dtype=object))
            self._changed.setdefault(name, []).append(numbers.astype(NUMBER))
        if name in self._paired:
            is_known = old.notna().to_numpy() & self._is_present(old.index)
            self._pairs(name).add(*(values[is_known].to_numpy(dtype=float) for values in (old, given)))

    def _pairs(self, name: str) -> Pairs:
        return self.pairs.setdefault(name, Pairs())

    def _is_present(self, numbers: pd.Index) -> np.ndarray:
        return is_among(numbers.to_numpy(), self._present)

    def changed(self) -> np.ndarray:
        """The numbers of the people with a changed value, in order."""
        return distinct(*(some[self._is_shown(name, some)] for name, parts in self._changed.items() for some in parts))

    def _is_shown(self, name: str, numbers: np.ndarray) -> np.ndarray:
        if self._shown is None or name in PRESENCE:
            return np.ones(len(numbers), dtype=bool)
        return is_among(numbers, self._shown)

    def values(self) -> Iterator[tuple[str, pd.DataFrame]]:
        """Every value that changes, a column at a time: ``number``, ``old`` (None for nothing known) and ``new``.

        By employee number; numbers by how many times they grow or shrink, the largest change first.
        """
        for name, parts in self._values.items():
            values = pd.concat(parts)
            is_shown = self._is_shown(name, values["number"].to_numpy(dtype=NUMBER))
            if is_shown.any():
                yield name, _largest_first(values[is_shown])

    def columns(self, medians: Iterable[str]) -> list[ColumnChange]:
        """Changes by column: those whose medians are shown, then the others, the most changed first."""
        counts = {
            name: sum(int(self._is_shown(name, some).sum()) for some in parts) for name, parts in self._changed.items()
        }
        compared = [
            ColumnChange(name, counts.pop(name, 0), pairs.old.median, pairs.new.median)
            for name, pairs in ((name, self.pairs[name]) for name in medians if name in self.pairs)
            if pairs.count
        ]
        others = sorted(counts.items(), key=lambda item: -item[1])
        return [*compared, *(ColumnChange(name, count) for name, count in others if count)]


class Changes:
    """Everything that changes, a frame of ``LISTED`` at a time: a row for each move and for each value.

    Every list stands in its order. ``old`` and ``new`` of who left are the days between which that was, of who moved
    the departments.
    """

    def __init__(self, comparison: Comparison | None = None) -> None:
        self._comparison = comparison = comparison or Comparison((), np.empty(0))
        self._numbers = comparison.changed()
        self._departments = np.full(len(self._numbers), "", dtype=object)  # of each
        self._moves: dict[str, Spool[pd.DataFrame]] = {name: Spool() for name in Moves.__slots__}
        self._counts: Counter[str] = Counter()

    def add(self, before: pd.DataFrame, after: pd.DataFrame) -> None:
        """Take the states of some people, by number, before the change and after it."""
        for kind, numbers in moves_between(before, after).items():
            if len(numbers):
                self._moves[kind].append(_moved(kind, numbers, before, after))
                self._counts[kind] += len(numbers)
        everyone = before.index.union(after.index)
        if len(everyone):
            first, last = np.searchsorted(self._numbers, [everyone[0], everyone[-1] + 1])
            self._departments[first:last] = _departments(self._numbers[first:last], before, after)

    @property
    def moves(self) -> Moves:
        return Moves(**self._counts)

    def __iter__(self) -> Iterator[pd.DataFrame]:
        for frames in self._moves.values():
            yield from frames
        for name, values in self._comparison.values():
            places = np.searchsorted(self._numbers, values["number"].to_numpy(dtype=np.int64))
            yield _listed(values.assign(kind=name, department=self._departments[places]))


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


def moves_between(before: pd.DataFrame, after: pd.DataFrame) -> Mapping[str, np.ndarray]:
    """The numbers of those who came, went and moved between two states, by the names of ``Moves``."""
    everyone = before.index.union(after.index)
    was, is_ = (states["presence"].reindex(everyone, fill_value="") for states in (before, after))
    was_in, is_in = (states["departement"].reindex(everyone) for states in (before, after))
    found = {
        "left": (was != LEFT) & (is_ == LEFT),
        "arrived": (was == "") & (is_ == PRESENT),
        "vanished": (was == PRESENT) & (is_ == ABSENT),
        "returned": was.isin([LEFT, ABSENT]) & (is_ == PRESENT),
        "moved": (was == PRESENT) & (is_ == PRESENT) & (was_in != is_in),
        "forgotten": (was != "") & (is_ == ""),
    }
    return {name: everyone[condition.to_numpy()].to_numpy() for name, condition in found.items()}


def _listed(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[list(LISTED)].astype(dict.fromkeys(LISTED, object) | {"number": np.int64})


def _moved(kind: str, numbers: np.ndarray, before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    departments = _departments(numbers, before, after)
    columns = {"kind": kind, "number": numbers, "department": departments, "old": None, "new": None}
    rows = _listed(pd.DataFrame(columns, dtype=object))
    if kind == "left":
        dates = after.reindex(numbers)[["left_after", "left_by"]]
        return rows.assign(old=_plain(dates["left_after"]), new=_plain(dates["left_by"]))
    if kind == "moved":
        return rows.assign(old=_departments(numbers, before), new=departments)
    return rows


def _departments(numbers: np.ndarray, *states: pd.DataFrame) -> list[str]:
    """The department of each person in the last of the states that has one; empty if none has."""
    known = pd.Series("", index=numbers)
    for state in states:
        found = state["departement"].reindex(known.index)
        known = known.mask(found.notna() & (found != ""), found)
    return known.tolist()
