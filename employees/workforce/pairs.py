"""The old and the new value of the same people, counted part by part instead of kept. Pure."""

import numpy as np

JUMP = 2.0  # times, up or down


class Distribution:
    """How often each value occurs: as large as there are different values."""

    def __init__(self) -> None:
        self.values = np.empty(0)
        self.counts = np.empty(0, dtype=np.int64)

    def add(self, values: np.ndarray) -> None:
        found, counts = np.unique(values, return_counts=True)
        self.values, places = np.unique(np.concatenate([self.values, found]), return_inverse=True)
        self.counts = np.bincount(places, np.concatenate([self.counts, counts])).astype(np.int64)

    @property
    def median(self) -> float:
        """Exact; of no value NaN."""
        below = np.cumsum(self.counts)
        if not len(below):
            return float("nan")
        middle = np.searchsorted(below, [(below[-1] + 1) // 2, below[-1] // 2 + 1])
        return float(self.values[middle].mean())


class Pairs:
    """Of one column: both distributions, for how many people the value falls or jumps, and the correlation."""

    def __init__(self) -> None:
        self.old, self.new = Distribution(), Distribution()
        self.count = self.falling = self.jumping = 0
        self._moments = np.zeros(5)

    @classmethod
    def of(cls, old: np.ndarray, new: np.ndarray) -> "Pairs":
        pairs = cls()
        pairs.add(old, new)
        return pairs

    def add(self, old: np.ndarray, new: np.ndarray) -> None:
        """Count some people's values, ``(n,)`` each, as floats."""
        self.old.add(old)
        self.new.add(new)
        self.count += len(old)
        self.falling += int((new < old).sum())
        self.jumping += int(((new > JUMP * old) | (JUMP * new < old)).sum())
        self._moments += [old.sum(), new.sum(), old @ old, new @ new, old @ new]

    @property
    def correlation(self) -> float:
        """Of the old with the new values; NaN where one of the two is the same for everybody."""
        if min(len(self.old.values), len(self.new.values)) < 2:
            return float("nan")
        old, new, old_old, new_new, old_new = self._moments / self.count
        return float((old_new - old * new) / np.sqrt((old_old - old**2) * (new_new - new**2)))
