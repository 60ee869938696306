"""Scoring: probability, 90 % interval and exact contributions, for one employee in microseconds or for a frame.

``Scorer`` folds the fitted coefficients into the polynomial pieces once, so that one employee costs a lookup and a few
multiplications a feature: 0.016 ms, where scikit-learn's pipeline takes 1.051 (``benchmarks/scoring.py``).
"""

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import expit

from features.schema import FEATURE_NAMES
from predictions.ml.artifacts.card_format import PublishedCard
from predictions.ml.terms import Curve, Levels, Term

if TYPE_CHECKING:  # a fitted one brings its library along; who only explains a score does without
    from sklearn.pipeline import Pipeline

Z_90 = 1.6448536269514722  # 95 % quantile of the normal: a two-sided 90 % interval
BLOCK = 8192  # rows of a frame that are scored at a time: about 20 MB of working memory

UNSEEN = (0.0, -1)  # weight and row of a level that the training data lack: nothing is known, so it moves nothing


class InvalidProfile(ValueError):
    """A feature that the model needs is absent or is not a number; the message names it."""


@dataclass(frozen=True, slots=True)
class Score:
    """The score of one employee; ``base_value + sum(contributions) = logit(probability)``."""

    probability: float
    low: float  # 90 % interval of the probability: what the training data leave uncertain
    high: float
    is_extrapolated: bool  # the training data held nobody comparable: the interval is too narrow
    base_value: float  # log-odds of the average employee of the training data, to some hundredths
    contributions: dict[str, float]  # log-odds by feature, all 32 in the contract's order, 0.0 for one not used


@dataclass(frozen=True, slots=True, eq=False)
class ScoreFrame:
    """The scores of ``n`` employees: the fields of ``Score`` as arrays, rows in the order of the frame."""

    probability: np.ndarray  # (n,)
    low: np.ndarray  # (n,)
    high: np.ndarray  # (n,)
    is_extrapolated: np.ndarray  # (n,) booleans
    base_value: float
    contributions: np.ndarray  # (n, 32) log-odds, columns in the contract's order


def sigmoid(log_odds: float) -> float:
    if log_odds >= 0:
        return 1 / (1 + math.exp(-log_odds))
    odds = math.exp(log_odds)  # keeps the precision of a small probability
    return odds / (1 + odds)


class Scorer:
    """A fitted pipeline (see ``pipeline.build_pipeline``) prepared for scoring. Immutable after construction.

    ``interval_scale`` widens the intervals; ``widest`` is the largest standard error of the log-odds in the training
    data, beyond which a profile counts as extrapolated.
    """

    def __init__(self, pipeline: "Pipeline", *, interval_scale: float, widest: float):
        basis, logistic = pipeline["basis"], pipeline["logistic"]
        self.pipeline = pipeline
        self._basis = basis
        self._coefficients = logistic.coef_[0]
        self._factor = np.linalg.cholesky(logistic.covariance_)  # (p + 1, p + 1), the intercept's row last
        self._z = Z_90 * interval_scale
        self._widest = widest * (1 + 1e-9)
        self._centres = [
            _centre(term, self._coefficients[columns], basis.means_[columns])
            for term, columns in zip(basis.terms_, basis.slices_, strict=True)
        ]
        self.base_value = float(logistic.intercept_[0]) + math.fsum(self._centres)
        self._columns = [FEATURE_NAMES.index(term.feature) for term in basis.terms_]
        self._zeros = dict.fromkeys(FEATURE_NAMES, 0.0)
        self._prepare_rows()

    @cached_property
    def features(self) -> tuple[str, ...]:
        """The features that move the score, in the contract's order."""
        return tuple(FEATURE_NAMES[column] for column in sorted(self._columns))

    @cached_property
    def ranges(self) -> dict[str, tuple[float, float]]:
        """The lowest and the highest value of each numeric feature in the training data, where the score knows most."""
        return {name: (first, last) for name, _low, _high, first, last, *_pieces in self._curves}

    def _prepare_rows(self) -> None:
        """Fold coefficients and covariance into one table row a level, and one a power of each polynomial piece.

        ``_rows`` is ``(r, p + 1)``: the standard error of an employee's log-odds is the length of the sum of the rows
        that the employee touches, each times its weight.
        """
        rows = [self._factor[-1:]]  # the intercept
        self._levels, self._curves = [], []
        offset = 1
        for term, columns, centre in zip(self._basis.terms_, self._basis.slices_, self._centres, strict=True):
            weights, factor = self._coefficients[columns], self._factor[columns]
            if isinstance(term, Levels):
                table = {
                    level: (float(weight) - centre, offset + i)
                    for i, (level, weight) in enumerate(zip(term.levels.tolist(), weights, strict=True))
                }
                self._levels.append((term.feature, table))
                rows.append(factor)
                offset += term.width
            else:
                self._curves.append(_curve_table(term, weights, centre, offset))
                flat = term.pieces.reshape(-1, term.width)
                rows.append(flat @ factor)
                offset += len(flat)
        self._rows = np.concatenate(rows)

    def score_one(self, values: Mapping[str, Any]) -> Score:
        """Score one employee, given the 32 features by name; a protected one may be absent when it is not used.

        Raises ``InvalidProfile`` when a needed feature is absent or not a number.
        """
        contributions = self._zeros.copy()
        touched, weights = [0], [1.0]
        is_extrapolated = False
        name = ""
        try:
            for name, table in self._levels:
                contribution, row = table.get(values[name], UNSEEN)
                contributions[name] = contribution
                if row >= 0:
                    touched.append(row)
                    weights.append(1.0)
                else:
                    is_extrapolated = True
            for name, low, high, first, last, inner, pieces in self._curves:
                x = values[name]
                if not low <= x <= high:
                    is_extrapolated = True
                x = first if x < first else last if x > last else float(x)
                start, scale, polynomial, row = pieces[bisect_right(inner, x)]
                u = (x - start) * scale
                contribution, power = 0.0, 1.0
                for coefficient in polynomial:
                    contribution += coefficient * power
                    touched.append(row)
                    weights.append(power)
                    row += 1
                    power *= u
                contributions[name] = contribution
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidProfile(f"{name} is {values.get(name)!r}; the model needs a value") from error
        log_odds = self.base_value + math.fsum(contributions.values())
        if log_odds != log_odds:
            name = next(name for name, weight in contributions.items() if weight != weight)
            raise InvalidProfile(f"{name} is {values[name]!r}; the model needs a number")
        row = np.array(weights) @ self._rows.take(touched, axis=0)
        standard_error = math.sqrt(row @ row)
        margin = self._z * standard_error
        return Score(
            sigmoid(log_odds),
            sigmoid(log_odds - margin),
            sigmoid(log_odds + margin),
            is_extrapolated or standard_error > self._widest,
            self.base_value,
            contributions,
        )

    def score_frame(self, frame: pd.DataFrame) -> ScoreFrame:
        """Score ``n`` employees: a frame with at least the columns of the used features, without missing values.

        Holds the ``(n, 32)`` contributions and one block of the design matrix in memory.
        """
        n = len(frame)
        contributions = np.zeros((n, len(FEATURE_NAMES)))
        log_odds, errors = np.empty(n), np.empty(n)
        is_unseen = np.zeros(n, dtype=bool)
        for start in range(0, n, BLOCK):
            rows = slice(start, start + BLOCK)
            block = frame.iloc[rows]
            design = self._basis.transform(block)
            parts = zip(self._columns, self._basis.terms_, self._basis.slices_, self._centres, strict=True)
            for column, term, columns, centre in parts:
                weight = design[:, columns] @ self._coefficients[columns] - centre
                if isinstance(term, Levels):
                    weight[~design[:, columns].any(axis=1)] = UNSEEN[0]
                contributions[rows, column] = weight
            projected = design @ self._factor[:-1] + self._factor[-1]
            errors[rows] = np.sqrt(np.einsum("ij,ij->i", projected, projected))
            is_unseen[rows] = self._basis.is_unseen(block)
        log_odds = self.base_value + contributions.sum(axis=1)
        if np.isnan(log_odds).any():
            bad = FEATURE_NAMES[int(np.isnan(contributions).any(axis=0).argmax())]
            raise InvalidProfile(f"{bad} is missing for some employees; the model needs a number")
        margin = self._z * errors
        return ScoreFrame(
            expit(log_odds),
            expit(log_odds - margin),
            expit(log_odds + margin),
            is_unseen | (errors > self._widest),
            self.base_value,
            contributions,
        )


def _centre(term: Term, weights: np.ndarray, means: np.ndarray) -> float:
    """What a term weighs for the average employee, so that its first level or knot weighs whole hundredths.

    The mean is a count divided by the number of employees: from contributions centred on it, with all digits, a reader
    who knows some departments could derive the counts of the others.
    """
    first = float(weights[0] if isinstance(term, Levels) else term.pieces[0, 0] @ weights)
    return first - round(first - float(means @ weights), 2)


def _curve_table(term: Curve, weights: np.ndarray, centre: float, offset: int) -> tuple:
    """A curve as plain numbers: name, limits of what was seen, ends, inner knots and one entry a piece."""
    polynomials = term.pieces @ weights  # (m, degree + 1)
    polynomials[:, 0] -= centre
    scales = 1 / np.diff(term.knots)
    powers = polynomials.shape[1]
    pieces = [
        (float(start), float(scale), tuple(polynomial), offset + i * powers)
        for i, (start, scale, polynomial) in enumerate(zip(term.knots[:-1], scales, polynomials.tolist(), strict=True))
    ]
    inner = term.knots[1:-1].tolist()
    return term.feature, term.low, term.high, float(term.knots[0]), float(term.knots[-1]), inner, pieces


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A verified version of the model: name, threshold, card and scorer."""

    version: str
    sha256: str  # of the model's file
    threshold: float  # will_leave is probability >= threshold
    card: PublishedCard
    scorer: Scorer

    def score_one(self, values: Mapping[str, Any]) -> Score:
        return self.scorer.score_one(values)

    def score_frame(self, frame: pd.DataFrame) -> ScoreFrame:
        return self.scorer.score_frame(frame)
