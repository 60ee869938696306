"""The terms of the additive model: how one feature becomes columns of the design matrix.

A term is learned from one feature and then frozen. Training, batch scoring and the single-row tables all evaluate
the same pieces, so they cannot drift apart. Serving needs this module, so it imports nothing heavier than numpy.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from sys import intern

import numpy as np

KNOTS = 6  # of a broken line
LINE_VALUES = 4  # distinct values up to which a number is a straight line
FLATNESS = 0.25  # how much of a broken line's penalty is on its heights and not on its steps


@dataclass(frozen=True, eq=False)
class Levels:
    """One-hot columns of a categorical feature, one a level seen in training; an unseen level gives zeros."""

    feature: str
    levels: np.ndarray  # (k,) fixed-width unicode, sorted
    direction = 0

    @property
    def width(self) -> int:
        return len(self.levels)

    def columns(self, values: Sequence | np.ndarray) -> np.ndarray:
        """``(n, k)`` design columns of ``n`` values."""
        return self.evaluated(values)[0]

    def evaluated(self, values: Sequence | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """``columns``, and ``(n,)`` booleans: the training data had no such level."""
        positions = self._positions(values)
        # One row more than there are levels: position -1, an unseen level, reads the zeros.
        one_hot = np.vstack([np.eye(self.width), np.zeros(self.width)])
        return one_hot[positions], positions < 0

    def _positions(self, values: Sequence | np.ndarray) -> np.ndarray:
        places = {level: place for place, level in enumerate(self.levels.tolist())}
        return np.array([places.get(value, -1) for value in values], dtype=int)


@dataclass(frozen=True, eq=False)
class Curve:
    """Columns of a numeric feature, straight between knots and constant outside the range seen in training.

    Between ``knots[i]`` and ``knots[i + 1]``, with ``u`` the position in that piece from 0 to 1, the columns are
    ``pieces[i, 0] + pieces[i, 1] * u``. With a ``direction`` every column rises, and coefficients of that sign alone
    keep the curve monotone.
    """

    feature: str
    knots: np.ndarray  # (m + 1,) increasing
    pieces: np.ndarray  # (m, 2, k)
    direction: int = 0  # 1: the risk may only rise with the feature; -1: only fall; 0: free

    @property
    def width(self) -> int:
        return self.pieces.shape[2]

    def columns(self, values: Sequence | np.ndarray) -> np.ndarray:
        """``(n, k)`` design columns of ``n`` values."""
        x = np.clip(np.asarray(values, dtype=float), self.knots[0], self.knots[-1])
        piece = np.searchsorted(self.knots[1:-1], x, side="right")
        position = ((x - self.knots[piece]) / np.diff(self.knots)[piece])[:, None]
        return self.pieces[piece, 0] + self.pieces[piece, 1] * position

    def evaluated(self, values: Sequence | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """``columns``, and ``(n,)`` booleans: outside the range of the training data."""
        x = np.asarray(values, dtype=float)
        return self.columns(x), ~((x >= self.low) & (x <= self.high))

    @property
    def low(self) -> float:
        """Least value that counts as seen; the margin is for values that went through decimal text."""
        return float(self.knots[0] - 1e-6 * (self.knots[-1] - self.knots[0]))

    @property
    def high(self) -> float:
        return float(self.knots[-1] + 1e-6 * (self.knots[-1] - self.knots[0]))


ModelTerm = Levels | Curve


def learn(feature: str, values: np.ndarray, *, direction: int = 0) -> ModelTerm | None:
    """The term of one feature: levels for text, a line for few distinct numbers, otherwise a broken line.

    Returns None for a number that never varies.
    """
    # Interned and fixed-width strings, so that equal models are equal bytes whatever their data came through.
    feature = intern(str(feature))
    if values.dtype.kind not in "biuf":
        return Levels(feature, np.array(sorted(set(values)), dtype=str))
    values = values.astype(float)
    distinct = np.unique(values)
    if len(distinct) < 2:
        return None
    if len(distinct) <= LINE_VALUES:
        return _line(feature, values, direction)
    # Quantiles of the distinct values: the savings plan's formula is zero for many employees, and quantiles of the
    # rows would put all its knots there.
    knots = np.unique(np.quantile(distinct, np.linspace(0, 1, KNOTS)))
    return _steps(feature, knots, direction) if direction else _broken_line(feature, knots)


def _line(feature: str, x: np.ndarray, direction: int) -> Curve:
    """The standardised value."""
    low, high = x.min(), x.max()
    start = (low - x.mean()) / x.std()
    return Curve(feature, np.array([low, high]), np.array([[[start], [(high - low) / x.std()]]]), direction)


def _hats(k: int) -> np.ndarray:
    """``(k - 1, 2, k)`` pieces of the hat functions at ``k`` knots: in piece i, hat i is 1 - u and hat i + 1 is u."""
    hats = np.zeros((k - 1, 2, k))
    piece = np.arange(k - 1)
    hats[piece, 0, piece] = 1.0
    hats[piece, 1, piece] = -1.0
    hats[piece, 1, piece + 1] = 1.0
    return hats


def _broken_line(feature: str, knots: np.ndarray) -> Curve:
    """Straight between its heights at the knots, in columns for which ridge means smoothness.

    The P-spline of Eilers and Marx (1996) with hat functions and differences of the first order: its penalty on the
    ``(k,)`` heights ``h`` is ``sum(diff(h) ** 2) + FLATNESS * sum(h ** 2)``, by half. The columns are the hats times
    the inverse of that penalty's Cholesky factor, so that the sum of their squared coefficients is the penalty.
    """
    k = len(knots)
    differences = np.diff(np.eye(k), axis=0)
    penalty = (differences.T @ differences + FLATNESS * np.eye(k)) / 2
    return Curve(feature, knots, _hats(k) @ np.linalg.inv(np.linalg.cholesky(penalty)).T)


def _steps(feature: str, knots: np.ndarray, direction: int) -> Curve:
    """A broken line through its heights at the knots, in columns that are its steps: monotone if all steps have one
    sign.

    The first height is 0, and the penalty half of ``sum(diff(h) ** 2)``, as that of ``_broken_line`` is on the steps
    (monotone splines: Ramsay 1988).
    """
    k = len(knots)
    heights_of_steps = np.tril(np.ones((k, k)), -1)[:, :-1]
    return Curve(feature, knots, _hats(k) @ (np.sqrt(2) * heights_of_steps), direction)
