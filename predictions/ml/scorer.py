"""Scoring: probability, 90 % interval and exact contributions, for one employee in microseconds or for a frame.

``Scorer`` folds the fitted coefficients into the pieces of the curves once, so that one employee costs a lookup and a
few multiplications a feature (``benchmarks/scoring.py`` compares it with the estimator). It needs only
numpy: a server imports neither the estimator nor the libraries that fitted it.
"""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from features.schema import FEATURE_NAMES
from predictions.ml.artifacts.card_format import PublishedCard
from predictions.ml.decay import Decay
from predictions.ml.expectation import Expectation
from predictions.ml.links import CLOGLOG, LOGIT, Link
from predictions.ml.support import UNSCORED, Fault, Support
from predictions.ml.terms import Curve, Levels, ModelTerm

Z_90 = 1.6448536269514722  # 95 % quantile of the normal: a two-sided 90 % interval
BLOCK = 8192  # rows of a frame that are scored at a time: about 20 MB of working memory

UNSEEN = (0.0, -1)  # weight and row of a level that the training data lack: nothing is known, so it moves nothing


class InvalidProfile(ValueError):
    """A feature that the model needs is absent or is not a number; the message names it."""


@dataclass(frozen=True, slots=True)
class Score:
    """The score of one employee; ``base_value + sum(contributions)`` is the probability on the additive scale.

    That is the log cumulative hazard of a forecast, and the log-odds of a classification.
    """

    probability: float
    low: float  # 90 % interval of the probability: what the training data leave uncertain
    high: float
    is_extrapolated: bool  # the training data held nobody comparable: the interval is too narrow
    base_value: float  # the average employee of the training data, to some hundredths
    contributions: dict[str, float]  # by feature, all 32 in the contract's order, 0.0 for one not used


@dataclass(frozen=True, slots=True, eq=False)
class ScoreFrame:
    """The scores of ``n`` employees: the fields of ``Score`` as arrays, rows in the order of the frame."""

    probability: np.ndarray  # (n,)
    low: np.ndarray  # (n,)
    high: np.ndarray  # (n,)
    is_extrapolated: np.ndarray  # (n,) booleans
    base_value: float
    contributions: np.ndarray  # (n, 32), columns in the contract's order
    expectation: Expectation  # of their departures


@dataclass(frozen=True, slots=True, eq=False)
class Parameters:
    """A fitted model as plain arrays."""

    terms: tuple[ModelTerm, ...]
    coefficients: np.ndarray  # (p + 1,), the intercept last
    means: np.ndarray  # (p,) of the design's columns over the training rows
    covariance: np.ndarray  # (p + 1, p + 1)
    interval_scale: float  # factor on the intervals
    widest: float  # the largest standard error in the training data, beyond which a profile counts as extrapolated
    support: Support
    horizon_months: int | None  # None: a classification, without a horizon
    decay: Decay  # of the hazard within the horizon

    @property
    def link(self) -> Link:
        return LOGIT if self.horizon_months is None else CLOGLOG


class Scorer:
    """A fitted model prepared for scoring. Immutable after construction."""

    def __init__(self, parameters: Parameters):
        self.parameters, self.link = parameters, parameters.link
        self._terms, self._slices = parameters.terms, slices(parameters.terms)
        self._coefficients = parameters.coefficients[:-1]
        horizon, decay = parameters.horizon_months, parameters.decay
        # (p + 1, p + 2), the intercept's row and the column of the decay last
        self._factor = decay.widened(np.linalg.cholesky(parameters.covariance), horizon or 1.0)
        self._z = Z_90 * parameters.interval_scale
        self._widest = parameters.widest * (1 + 1e-9)
        self._centres = [
            _centre(term, self._coefficients[columns], parameters.means[columns])
            for term, columns in zip(self._terms, self._slices, strict=True)
        ]
        exposure = math.log(decay.months(horizon)) if horizon else 0.0
        self.base_value = float(parameters.coefficients[-1]) + exposure + math.fsum(self._centres)
        self._columns = [FEATURE_NAMES.index(term.feature) for term in self._terms]
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

    def unseen(self, values: Mapping[str, Any]) -> list[Fault]:
        """The features, each alone, whose word nobody in the training data had."""
        return [(name,) for name, table in self._levels if values.get(name) is not None and values[name] not in table]

    def _prepare_rows(self) -> None:
        """Fold coefficients and covariance into one table row for each level, and two for each piece of a curve.

        ``_rows`` is ``(r, p + 2)``: the standard error of an employee's sum is the length of the sum of the rows
        that the employee touches, each times its weight.
        """
        rows = [self._factor[-1:]]  # the intercept
        self._levels, self._curves = [], []
        offset = 1
        for term, columns, centre in zip(self._terms, self._slices, self._centres, strict=True):
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
                start, scale, level, rise, row = pieces[bisect_right(inner, x)]
                u = (x - start) * scale
                contributions[name] = level + rise * u
                touched += row, row + 1
                weights += 1.0, u
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidProfile(f"{name} is {values.get(name)!r}; the model needs a value") from error
        total = self.base_value + math.fsum(contributions.values())
        if total != total:
            name = next(name for name, weight in contributions.items() if weight != weight)
            raise InvalidProfile(f"{name} is {values[name]!r}; the model needs a number")
        row = np.array(weights) @ self._rows.take(touched, axis=0)
        standard_error = math.sqrt(row @ row)
        margin = self._z * standard_error
        return Score(
            self.link.probability(total),
            self.link.probability(total - margin),
            self.link.probability(total + margin),
            is_extrapolated or standard_error > self._widest or not self.parameters.support.holds(values),
            self.base_value,
            contributions,
        )

    def score_frame(self, frame: Mapping[str, Any]) -> ScoreFrame:
        """Score ``n`` employees: columns of at least the used features, without missing values.

        Holds the ``(n, 32)`` contributions and one block of the design matrix in memory.
        """
        columns = {name: np.asarray(frame[name]) for name in self.features}
        n = len(columns[self.features[0]])
        contributions, errors = np.zeros((n, len(FEATURE_NAMES))), np.empty(n)
        beside = {name: np.asarray(frame[name], dtype=float) for name in UNSCORED if name in frame}
        is_unseen = ~self.parameters.support.hold(beside | columns)
        expectation = Expectation(0.0, 0.0, np.zeros(self._factor.shape[1]))
        for start in range(0, n, BLOCK):
            rows = slice(start, start + BLOCK)
            design = np.ones((len(errors[rows]), len(self._factor)))  # the intercept's column is the last
            parts = zip(self._columns, self._terms, self._slices, self._centres, strict=True)
            for column, term, place, centre in parts:
                design[:, place], is_new = term.evaluated(columns[term.feature][rows])
                weight = design[:, place] @ self._coefficients[place] - centre
                if isinstance(term, Levels):
                    weight[is_new] = UNSEEN[0]
                contributions[rows, column] = weight
                is_unseen[rows] |= is_new
            projected = design @ self._factor
            errors[rows] = np.sqrt(np.einsum("ij,ij->i", projected, projected))
            value = self.base_value + contributions[rows].sum(axis=1)
            expectation += Expectation.of(self.link.probabilities(value), self.link.slopes(value), projected)
        total = self.base_value + contributions.sum(axis=1)
        if np.isnan(total).any():
            bad = FEATURE_NAMES[int(np.isnan(contributions).any(axis=0).argmax())]
            raise InvalidProfile(f"{bad} is missing for some employees; the model needs a number")
        margin = self._z * errors
        return ScoreFrame(
            self.link.probabilities(total),
            self.link.probabilities(total - margin),
            self.link.probabilities(total + margin),
            is_unseen | (errors > self._widest),
            self.base_value,
            contributions,
            expectation,
        )


def slices(terms: Sequence[ModelTerm]) -> tuple[slice, ...]:
    """The columns of each term in a design matrix that has them in order."""
    stops = np.cumsum([term.width for term in terms])
    return tuple(slice(int(stop - term.width), int(stop)) for term, stop in zip(terms, stops, strict=True))


def _centre(term: ModelTerm, weights: np.ndarray, means: np.ndarray) -> float:
    """The contribution of a term for the average employee, such that its first level or knot has whole hundredths.

    The mean is a count divided by the number of employees: from contributions centred on it, with all digits, a reader
    who knows some departments could derive the counts of the others.
    """
    first = float(weights[0] if isinstance(term, Levels) else term.pieces[0, 0] @ weights)
    return first - round(first - float(means @ weights), 2)


def _curve_table(term: Curve, weights: np.ndarray, centre: float, offset: int) -> tuple:
    """A curve as plain numbers: name, limits of what was seen, ends, inner knots and one entry a piece."""
    heights = term.pieces @ weights  # (m, 2): where a piece begins, and its rise
    scales = 1 / np.diff(term.knots)
    pieces = [
        (float(start), float(scale), level - centre, rise, offset + 2 * i)
        for i, (start, scale, (level, rise)) in enumerate(zip(term.knots[:-1], scales, heights.tolist(), strict=True))
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
    last_tied: int | None = None  # as of ``assessment.cutoffs.Cutoff``

    @property
    def horizon_months(self) -> int | None:
        """The horizon of the probability in months; None for a classification."""
        return self.scorer.parameters.horizon_months

    @property
    def link(self) -> Link:
        """The scale on which the contributions add up."""
        return self.scorer.link

    def score_one(self, values: Mapping[str, Any]) -> Score:
        return self.scorer.score_one(values)

    def score_frame(self, frame: Mapping[str, Any]) -> ScoreFrame:
        return self.scorer.score_frame(frame)
