"""The terms of the additive model: how one feature becomes columns of the design matrix.

A term is learned from one feature and then frozen. Training, batch scoring and the single-row tables all evaluate
the same polynomial pieces, so they cannot drift apart.
"""

from dataclasses import dataclass
from sys import intern

import numpy as np
import pandas as pd

FLATNESS = 0.25  # how much of a broken line's penalty is on its heights and not on its steps


@dataclass(frozen=True, eq=False)
class Levels:
    """One-hot columns of a categorical feature, one a level seen in training; an unseen level gives zeros."""

    feature: str
    levels: np.ndarray  # (k,) fixed-width unicode, sorted

    @property
    def width(self) -> int:
        return len(self.levels)

    def columns(self, values: pd.Series) -> np.ndarray:
        """``(n, k)`` design columns of ``n`` values."""
        # One row more than there are levels: position -1, an unseen level, reads the zeros.
        one_hot = np.vstack([np.eye(self.width), np.zeros(self.width)])
        return one_hot[self._positions(values)]

    def is_unseen(self, values: pd.Series) -> np.ndarray:
        """``(n,)`` booleans: the training data had no such level."""
        return self._positions(values) < 0

    def _positions(self, values: pd.Series) -> np.ndarray:
        return pd.Index(self.levels.astype(object)).get_indexer(np.asarray(values, dtype=object))


@dataclass(frozen=True, eq=False)
class Curve:
    """Piecewise polynomial columns of a numeric feature, constant outside the range seen in training.

    Between ``knots[i]`` and ``knots[i + 1]``, with ``u`` the position in that piece from 0 to 1, the columns are
    ``sum(pieces[i, m] * u**m)``. A straight line is the case of one piece of degree 1.
    """

    feature: str
    knots: np.ndarray  # (m + 1,) increasing
    pieces: np.ndarray  # (m, degree + 1, k)

    @property
    def width(self) -> int:
        return self.pieces.shape[2]

    def columns(self, values: pd.Series) -> np.ndarray:
        """``(n, k)`` design columns of ``n`` values."""
        x = np.clip(np.asarray(values, dtype=float), self.knots[0], self.knots[-1])
        piece = np.searchsorted(self.knots[1:-1], x, side="right")
        position = ((x - self.knots[piece]) / np.diff(self.knots)[piece])[:, None]
        coefficients = self.pieces[piece]
        columns = coefficients[:, -1]
        for power in range(self.pieces.shape[1] - 2, -1, -1):
            columns = columns * position + coefficients[:, power]
        return columns

    def is_unseen(self, values: pd.Series) -> np.ndarray:
        """``(n,)`` booleans: outside the range of the training data."""
        x = np.asarray(values, dtype=float)
        return ~((x >= self.low) & (x <= self.high))

    @property
    def low(self) -> float:
        """Least value that counts as seen; the margin is for values that went through decimal text."""
        return float(self.knots[0] - 1e-9 * (self.knots[-1] - self.knots[0]))

    @property
    def high(self) -> float:
        return float(self.knots[-1] + 1e-9 * (self.knots[-1] - self.knots[0]))


Term = Levels | Curve


def learn(values: pd.Series, *, n_knots: int, max_line_values: int) -> Term | None:
    """The term of one feature: levels for text, a line for few distinct numbers, otherwise a broken line.

    Returns None for a number that never varies.
    """
    # Interned and fixed-width strings, so that equal models are equal bytes whatever their data came through.
    feature = intern(str(values.name))
    if not pd.api.types.is_numeric_dtype(values):
        return Levels(feature, np.unique(np.asarray(values, dtype=str)))
    distinct = np.unique(np.asarray(values, dtype=float))
    if len(distinct) < 2:
        return None
    if len(distinct) <= max_line_values:
        return _line(feature, np.asarray(values, dtype=float))
    # Quantiles of the distinct values: half of the engineered features are zero for most employees, and
    # quantiles of the rows would put all their knots there.
    return _broken_line(feature, np.unique(np.quantile(distinct, np.linspace(0, 1, n_knots))))


def _line(feature: str, x: np.ndarray) -> Curve:
    """The standardised value."""
    low, high = x.min(), x.max()
    start = (low - x.mean()) / x.std()
    return Curve(feature, np.array([low, high]), np.array([[[start], [(high - low) / x.std()]]]))


def _broken_line(feature: str, knots: np.ndarray) -> Curve:
    """Straight between its heights at the knots, in columns for which ridge means smoothness.

    The P-spline of Eilers and Marx (1996) with hat functions and differences of the first order: its penalty on the
    ``(k,)`` heights ``h`` is ``sum(diff(h) ** 2) + FLATNESS * sum(h ** 2)``, by half. The columns are the hats times
    the inverse of that penalty's Cholesky factor, so that the sum of their squared coefficients is the penalty.
    """
    k = len(knots)
    hats = np.zeros((k - 1, 2, k))  # in piece i, u from 0 to 1: hat i is 1 - u, hat i + 1 is u
    piece = np.arange(k - 1)
    hats[piece, 0, piece] = 1.0
    hats[piece, 1, piece] = -1.0
    hats[piece, 1, piece + 1] = 1.0
    differences = np.diff(np.eye(k), axis=0)
    penalty = (differences.T @ differences + FLATNESS * np.eye(k)) / 2
    return Curve(feature, knots, hats @ np.linalg.inv(np.linalg.cholesky(penalty)).T)
