"""What the extracts change of what is known of the same people. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

PREVIEW_SIZE = 100  # changes kept to be shown


@dataclass(frozen=True, slots=True)
class Change:
    """A value that the files change of someone who is known; ``old`` is None where nothing was known."""

    employee_id: int
    column: str
    old: object
    new: object


class Comparison:
    """Filled chunk by chunk: the first changes, who changes, and the numbers before and after."""

    def __init__(self) -> None:
        self._changes: list[Change] = []
        self._changed: set[int] = set()
        self._pairs: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}

    def add(self, known: pd.DataFrame, new: pd.DataFrame) -> None:
        """Compare what is known of some people with what an extract holds of them, both indexed by number."""
        both = new.index.intersection(known.index)
        for name in new.columns:
            self._add_column(name, known.loc[both, name], new.loc[both, name])

    def _add_column(self, name: str, known: pd.Series, new: pd.Series) -> None:
        is_given = new.notna().to_numpy()
        old, given = known[is_given], new[is_given]
        is_changed = given.astype(object).to_numpy() != old.astype(object).to_numpy()
        self._changed.update(given.index[is_changed].tolist())
        for number in given.index[is_changed][:PREVIEW_SIZE]:
            self._changes.append(Change(int(number), name, _plain(old[number]), _plain(given[number])))
        if pd.api.types.is_numeric_dtype(new.dtype) and not pd.api.types.is_bool_dtype(new.dtype):
            is_known = old.notna().to_numpy()
            pair = tuple(values[is_known].to_numpy(dtype=np.float32) for values in (old, given))
            self._pairs.setdefault(name, []).append(pair)

    @property
    def changed(self) -> int:
        """People of whom some value changes."""
        return len(self._changed)

    def changes(self) -> list[Change]:
        """The first changes, by employee number."""
        return sorted(self._changes, key=lambda change: change.employee_id)[:PREVIEW_SIZE]

    def pairs(self) -> Mapping[str, tuple[np.ndarray, np.ndarray]]:
        """The known and the new values of the same people, by numeric column."""
        return {name: _joined(pairs) for name, pairs in self._pairs.items()}


def _joined(pairs: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    old, new = (np.concatenate(values) for values in zip(*pairs, strict=True))
    return old, new


def _plain(value: object) -> object:
    return None if pd.isna(value) else getattr(value, "item", lambda: value)()
