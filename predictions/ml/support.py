"""Which profiles the training data support: a model has learned nothing about values that never occur together.

A technical director at the first level, or the first level at a director's pay, is in the range of every single
feature. So the range of what goes with each job and level is kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from employees.disclosure import is_small

PAIRS = (
    ("poste", "niveau_hierarchique_poste"),
    ("poste", "revenu_mensuel"),
    ("niveau_hierarchique_poste", "revenu_mensuel"),
)
ROOM = {"revenu_mensuel": 0.1}  # the range is rounded and widened by this share, since its ends are somebody's pay
ROUNDED = {"revenu_mensuel": 100}

Ranges = dict[Any, tuple[float, float]]  # by the value of the first feature of a pair


@dataclass(frozen=True, slots=True)
class Support:
    """For each pair of features, the range of the second by the value of the first."""

    ranges: dict[tuple[str, str], Ranges]

    @classmethod
    def of(cls, frame: Mapping[str, Any]) -> "Support":
        """The ranges in a frame of training rows, ``(n,)`` a column."""
        return cls({pair: _ranges(*pair, np.asarray(frame[pair[0]]), np.asarray(frame[pair[1]])) for pair in PAIRS})

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Whether a profile lies within all ranges; a value without a range sets no limit."""
        for (given, name), ranges in self.ranges.items():
            found = ranges.get(values[given])
            if found is not None and not found[0] <= values[name] <= found[1]:
                return False
        return True

    def hold(self, frame: Mapping[str, np.ndarray]) -> np.ndarray:
        """``holds`` of ``n`` profiles: ``(n,)`` booleans."""
        is_held = np.ones(len(frame[PAIRS[0][0]]), dtype=bool)
        for (given, name), ranges in self.ranges.items():
            for value, (low, high) in ranges.items():
                is_given = frame[given] == value
                is_held[is_given] &= (frame[name][is_given] >= low) & (frame[name][is_given] <= high)
        return is_held


def _ranges(given: str, name: str, groups: np.ndarray, values: np.ndarray) -> Ranges:
    values = values.astype(float)
    room, step = ROOM.get(name, 0.0), ROUNDED.get(name, 1)
    found: Ranges = {}
    for group in sorted(set(groups.tolist())):
        of_group = values[groups == group]
        if not is_small(len(of_group)):  # the range would reveal their values
            low, high = of_group.min() * (1 - room), of_group.max() * (1 + room)
            found[group] = (float(np.floor(low / step) * step), float(np.ceil(high / step) * step))
    return found
