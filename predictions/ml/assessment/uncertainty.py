"""Coverage of the 90 % interval of a probability, by simulation.

Truths are drawn from the posterior of the coefficients, and each is given pairs and jumps that no sum of curves has;
outcomes are drawn from the truths, the model is refitted to them, and its intervals are compared with the truth. Such
truths are as jagged as the data allow; against the smooth fitted curve, every interval would look better than it is,
and a truth that is itself a sum would leave out that the model is none of the truth.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from features import schema
from predictions.ml import fitting
from predictions.ml.additive import AdditiveModel, directions
from predictions.ml.assessment.evaluation import Rows
from predictions.ml.expectation import Expectation
from predictions.ml.links import LINKS
from predictions.ml.scorer import Z_90

FIFTHS = 5
IN_EVERY_FIFTH = 0.9
# Standard deviation of what is no sum of curves, as a share of that of the sum: 0.28 in boosted trees learned from the
# demo's departures (``benchmarks/simulation.py``). What a few hundred departures say of it is mostly noise.
BESIDE_THE_SUM = 0.15
PAIRS = 10


def misses(
    model: AdditiveModel, rows: Rows, *, draws: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Refit on ``draws`` simulated outcomes; returns how many standard errors off each was, and the true probability.

    Both ``(draws, n)``. A draw costs one fit.
    """
    link, signs = LINKS[model.link], directions(model.terms_)
    design, offset = fitting.Design(model.terms_, rows.frame), model.offset(rows.exposure)
    fitted, names = np.r_[model.coef_, model.intercept_], [term.feature for term in model.terms_]
    factor = np.linalg.cholesky(model.covariance_)
    off, truth = np.empty((draws, len(rows))), np.empty((draws, len(rows)))
    for draw in range(draws):
        drawn = fitted + factor @ random.standard_normal(len(fitted))
        drawn[:-1] = np.where(drawn[:-1] * signs < 0, 0.0, drawn[:-1])  # a truth whose levers have the required signs
        value = design.times(drawn)
        value += BESIDE_THE_SUM * value.std() * _pairs(rows.frame, names, random)
        truth[draw] = link.probabilities(value + offset)
        outcome = (random.random(len(rows)) < truth[draw]).astype(int)
        found = fitting.fit(design, outcome, link=link, C=model.C, directions=signs, offset=offset, start=fitted)
        off[draw] = np.abs(design.times(found.coefficients) - value) / design.errors(found.covariance)
    return off, truth


def _pairs(frame: pd.DataFrame, names: Sequence[str], random: np.random.Generator) -> np.ndarray:
    """``(n,)`` sum of jumps in pairs of features, drawn anew: mean 0 and standard deviation 1."""

    def jump(name: str) -> np.ndarray:
        values = np.asarray(frame[name])
        at = values[random.integers(len(values))]
        is_over = values == at if schema.BY_NAME[name].is_open else values >= at
        return is_over - is_over.mean()

    value = np.zeros(len(frame))
    for _ in range(PAIRS):
        first, second = random.choice(len(names), size=2, replace=False)
        value += random.standard_normal() * jump(names[first]) * jump(names[second])
    return (value - value.mean()) / max(value.std(), 1e-9)


def interval_scale(off: np.ndarray, truth: np.ndarray) -> float:
    """The factor on the intervals with which 90 % of them hold, and ``IN_EVERY_FIFTH`` of those of each fifth of risk.

    The penalty shrinks the few who are least at risk towards the others, so their intervals must be wider. Never below
    1: luck does not narrow an interval.
    """
    fifth, _edges = _fifths(truth)
    needed = [np.quantile(off[fifth == i], IN_EVERY_FIFTH) for i in range(FIFTHS)]
    return max(1.0, float(max(np.quantile(off, 0.9), *needed)) / Z_90)


def _fifths(truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    edges = np.quantile(truth, np.linspace(0, 1, FIFTHS + 1))
    return np.clip(np.searchsorted(edges, truth, side="right") - 1, 0, FIFTHS - 1), edges


def coverage(off: np.ndarray, truth: np.ndarray, scale: float) -> dict:
    """Share of intervals that hold the truth: ``{"overall", "by_risk": [{"low", "high", "coverage"}]}``, by fifths."""
    holds = off <= Z_90 * scale
    fifth, edges = _fifths(truth)
    return {
        "overall": float(holds.mean()),
        "by_risk": [
            {"low": float(edges[i]), "high": float(edges[i + 1]), "coverage": float(holds[fifth == i].mean())}
            for i in range(FIFTHS)
        ],
    }


def expected(model: AdditiveModel, rows: Rows) -> Expectation:
    """The departures to expect from the rows of a cohort, all of as many months."""
    design, link, months = fitting.Design(model.terms_, rows.frame), LINKS[model.link], float(rows.exposure[0])
    factor = model.decay_.widened(np.linalg.cholesky(model.covariance_), months)
    coefficients = np.r_[model.coef_, model.intercept_]
    found = Expectation(0.0, 0.0, np.zeros(factor.shape[1]))
    for _part, block in design.blocks():
        value = block @ coefficients + model.offset(months)
        found += Expectation.of(link.probabilities(value), link.slopes(value), block @ factor)
    return found
