"""Coverage of the 90 % interval of a probability, by simulation.

Truths are drawn from the posterior of the coefficients, outcomes from
the truths; the model is refitted to them, and its intervals are compared with the truth. Such truths are as jagged as
the data allow; against the smooth fitted curve, every interval would look better than it is.
"""

import numpy as np

from predictions.ml import fitting
from predictions.ml.additive import AdditiveModel, directions
from predictions.ml.assessment.evaluation import Rows
from predictions.ml.expectation import Expectation
from predictions.ml.links import LINKS
from predictions.ml.scorer import Z_90

FIFTHS = 5
IN_EVERY_FIFTH = 0.88


def misses(
    model: AdditiveModel, rows: Rows, *, draws: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Refit on ``draws`` simulated outcomes; returns how many standard errors off each was, and the true probability.

    Both ``(draws, n)``. A draw costs one fit.
    """
    link, signs = LINKS[model.link], directions(model.terms_)
    design, offset = fitting.Design(model.terms_, rows.frame), model.offset(rows.exposure)
    fitted = np.r_[model.coef_, model.intercept_]
    factor = np.linalg.cholesky(model.covariance_)
    off, truth = np.empty((draws, len(rows))), np.empty((draws, len(rows)))
    for draw in range(draws):
        drawn = fitted + factor @ random.standard_normal(len(fitted))
        drawn[:-1] = np.where(drawn[:-1] * signs < 0, 0.0, drawn[:-1])  # a truth whose levers have the required signs
        value = design.times(drawn)
        truth[draw] = link.probabilities(value + offset)
        outcome = (random.random(len(rows)) < truth[draw]).astype(int)
        found = fitting.fit(design, outcome, link=link, C=model.C, directions=signs, offset=offset, start=fitted)
        off[draw] = np.abs(design.times(found.coefficients) - value) / design.errors(found.covariance)
    return off, truth


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
    """The departures to expect from some rows."""
    design, link = fitting.Design(model.terms_, rows.frame), LINKS[model.link]
    factor, offset = np.linalg.cholesky(model.covariance_), model.offset(rows.exposure)
    coefficients = np.r_[model.coef_, model.intercept_]
    found = Expectation(0.0, 0.0, np.zeros(design.width))
    for part, block in design.blocks():
        value = block @ coefficients + np.broadcast_to(offset, len(rows))[part]
        found += Expectation.of(link.probabilities(value), link.slopes(value), block @ factor)
    return found
