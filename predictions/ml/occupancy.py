"""Which values of two features never occur together: the joint occupancy of every pair in the training data.

Numbers are cut into cells at quantiles of the people, few numbers and words into their values. A *corner* of the table
of two features is what lies at a cell or beyond it in both directions ("level 4 or more, and at most 3 years of
experience"); a word has its own row alone. It is *void* if nobody is there and many would be if the features had
nothing to do with each other, by the product of their shares. A profile there is refused, except in the outermost of
many cells: the next person may go a little further than everybody before.

In a small company little is more than chance, so little is refused. Cells begin at rounded quantiles, and what is void
begins a cell beyond the people: it tells nobody's values.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, product
from typing import Any

import numpy as np

from employees.disclosure import SMALLEST_GROUP

CELLS = 20  # of a number, with as many people in each,
PEOPLE = 70  # and so many at least: in smaller ones the next person is often a cell beyond everybody before
FEW = 10  # values up to which each has a cell of its own, unlike the next one
EXPECTED = 6.0  # people in a corner where there is not one: chance alone leaves it empty in 0.2 % (e⁻⁶)
EXPECTED_WORDS = 15.0  # people with two words where there are fewer than five: by chance in 0.1 %
ROUNDED = {"revenu_mensuel": 100}  # no cell begins at somebody's pay
UNKNOWN = -1

Names = tuple[str, ...]


@dataclass(frozen=True)
class Axis:
    """The cells of a feature, or of what one has more than another."""

    features: Names  # one, or two: the first less the second
    starts: tuple[float, ...] = ()  # of a number: where each cell but the first begins
    words: tuple[str, ...] = ()  # in place of them, a cell each
    is_fine: bool = False  # whether a cell is much like the next: of a number with many values

    @classmethod
    def of(cls, features: Names, values: np.ndarray, weight: np.ndarray) -> "Axis":
        """The cells of ``(n,)`` values, in rows of so much ``weight``."""
        if values.dtype.kind not in "biuf":
            return cls(features, words=tuple(sorted(set(values.tolist()))))
        is_known = ~np.isnan(values)
        distinct, place = np.unique(values[is_known], return_inverse=True)
        if len(distinct) <= FEW:
            return cls(features, tuple(distinct[1:].tolist()))
        share = np.cumsum(np.bincount(place, weight[is_known])) / weight[is_known].sum()
        cells = max(1, min(CELLS, int(weight[is_known].sum() / PEOPLE)))
        step = ROUNDED.get(features[0], 1e-6)
        starts = np.round(distinct[np.searchsorted(share, np.arange(1, cells) / cells)] / step) * step
        return cls(features, tuple(np.unique(starts[starts > distinct[0]]).tolist()), is_fine=True)

    @property
    def size(self) -> int:
        return len(self.words) or len(self.starts) + 1

    @property
    def is_ordered(self) -> bool:
        return not self.words

    def read(self, values: Mapping[str, Any]) -> Any:
        """Its value in a profile, None if unknown; of ``(n,)`` columns, NaN where unknown."""
        first, *other = (values.get(name) for name in self.features)
        return first if not other or first is None or other[0] is None else first - other[0]

    def cell(self, value: Any) -> int:
        """The cell of a value; ``UNKNOWN`` if it is unknown or a new word."""
        if self.words:
            return self._places.get(value, UNKNOWN)
        return UNKNOWN if value is None or value != value else bisect_right(self.starts, value)

    def cells(self, values: np.ndarray) -> np.ndarray:
        """``(n,)`` cells of ``(n,)`` values."""
        if self.words:
            places = self._places
            return np.array([places.get(value, UNKNOWN) for value in values.tolist()], dtype=int)
        return np.where(np.isnan(values), UNKNOWN, np.searchsorted(self.starts, values, side="right"))

    @cached_property
    def _places(self) -> dict[str, int]:
        return {word: place for place, word in enumerate(self.words)}


@dataclass(frozen=True, eq=False)
class Occupancy:
    """The cells of each axis, and which two are void."""

    axes: tuple[Axis, ...]
    void: np.ndarray  # (t, t) booleans, symmetric: the t cells of all axes, in their order

    @classmethod
    def of(cls, columns: Mapping[str, np.ndarray], person: np.ndarray, axes: Sequence[Names]) -> "Occupancy":
        """The occupancy of training rows, ``(n,)`` a column: floats and text, NaN unknown.

        ``person``: ``(n,)``, who each row is of; the rows of a person count as one together.
        """
        _who, place, rows = np.unique(person, return_inverse=True, return_counts=True)
        weight = 1 / rows[place]
        read = [np.asarray(Axis(names).read(columns)) for names in axes]
        found = tuple(Axis.of(names, values, weight) for names, values in zip(axes, read, strict=True))
        cells = [axis.cells(values) for axis, values in zip(found, read, strict=True)]
        places = _places(found)
        void = np.zeros((places[-1].stop, places[-1].stop), dtype=bool)
        for one, other in combinations(range(len(found)), 2):
            counts = _counts(cells[one], cells[other], (found[one].size, found[other].size), weight)
            void[places[one], places[other]] = _void(counts, found[one], found[other])
        return cls(found, void | void.T)

    @cached_property
    def _marks(self) -> list[tuple[Axis, list[tuple[int, int]]]]:
        """By axis, of each cell its bit and those of the cells that it is void with; no axis that limits nothing."""
        clashes = [sum(1 << int(other) for other in np.flatnonzero(row)) for row in self.void]
        return [
            (axis, [(1 << cell, clashes[cell]) for cell in range(place.start, place.stop)])
            for axis, place in zip(self.axes, _places(self.axes), strict=True)
            if any(clashes[place])
        ]

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Whether no two values of a profile are void. A word never seen limits nothing, nor does what is unknown."""
        so_far = 0
        for axis, marks in self._marks:
            cell = axis.cell(axis.read(values))
            if cell != UNKNOWN:
                bit, clashes = marks[cell]
                if so_far & clashes:
                    return False
                so_far |= bit
        return True

    def hold(self, frame: Mapping[str, np.ndarray]) -> np.ndarray:
        """``holds`` of ``n`` profiles: ``(n,)`` booleans."""
        is_held = np.ones(len(next(iter(frame.values()))), dtype=bool)
        void = np.pad(self.void, (0, 1))  # the last is the cell of what is unknown
        known = [
            (place, np.where(cells == UNKNOWN, len(self.void), place.start + cells))
            for axis, place in zip(self.axes, _places(self.axes), strict=True)
            if self.void[place].any() and all(name in frame for name in axis.features)
            for cells in [axis.cells(axis.read(frame))]
        ]
        for (one, cells), (other, others) in combinations(known, 2):
            if self.void[one, other].any():
                is_held &= ~void[cells, others]
        return is_held

    def faults(self, values: Mapping[str, Any]) -> list[Names]:
        """The features of each two values of a profile that are void."""
        found = [(axis, axis.cell(axis.read(values)), marks) for axis, marks in self._marks]
        return [
            tuple(dict.fromkeys((*one.features, *other.features)))
            for (one, cell, marks), (other, with_cell, with_marks) in combinations(found, 2)
            if UNKNOWN not in (cell, with_cell) and marks[cell][1] & with_marks[with_cell][0]
        ]


def _places(axes: Sequence[Axis]) -> list[slice]:
    """Where the cells of each axis are among those of all."""
    stops = np.cumsum([axis.size for axis in axes], dtype=int).tolist()
    return [slice(stop - axis.size, stop) for axis, stop in zip(axes, stops, strict=True)]


def _counts(cells: np.ndarray, others: np.ndarray, shape: tuple[int, int], weight: np.ndarray) -> np.ndarray:
    """The people in each two cells, of those of whom both are known."""
    is_known = (cells != UNKNOWN) & (others != UNKNOWN)
    flat = cells[is_known] * shape[1] + others[is_known]
    return np.bincount(flat, weight[is_known], minlength=shape[0] * shape[1]).reshape(shape)


def _void(counts: np.ndarray, one: Axis, other: Axis) -> np.ndarray:
    """Which cells of the table of two axes lie in a void corner, for every direction of the corners."""
    if one.words and other.words:
        by_chance = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / max(counts.sum(), 1)
        return (counts < SMALLEST_GROUP) & (by_chance >= EXPECTED_WORDS)
    found = np.zeros(counts.shape, dtype=bool)
    for steps in product((1, -1) if one.is_ordered else (1,), (1, -1) if other.is_ordered else (1,)):
        turn = np.s_[:: steps[0], :: steps[1]]
        found[turn] |= _in_first_corners(counts[turn], (one, other))
    return found


def _in_first_corners(counts: np.ndarray, axes: tuple[Axis, Axis]) -> np.ndarray:
    """Which cells lie in a void corner that begins at the first cells of both axes."""
    people = counts
    shares = [counts.sum(axis=1), counts.sum(axis=0)]
    for side, axis in enumerate(axes):
        if axis.is_ordered:
            people, shares[side] = people.cumsum(axis=side), shares[side].cumsum()
    by_chance = np.outer(*shares) / max(counts.sum(), 1)
    # (a, b): whether the corner that ends at these cells is void; then, whether one that ends further does.
    is_void = (people < 1) & (by_chance >= EXPECTED)
    for side, axis in enumerate(axes):
        if axis.is_ordered:
            is_void = np.flip(np.logical_or.accumulate(np.flip(is_void, side), axis=side), side)
        if axis.is_fine:
            is_void = np.delete(np.insert(is_void, is_void.shape[side], False, axis=side), 0, axis=side)
    return is_void
