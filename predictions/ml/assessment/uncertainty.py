"""Coverage of the 90 % interval of a probability, by simulation.

Truths are drawn from the posterior of the coefficients, outcomes from the truths; the model is refitted to them, and
its intervals are compared with the truth. Such truths are as jagged as the data allow; against the smooth fitted curve,
every interval would look better than it is.
"""

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from predictions.ml.scorer import Z_90

FIFTHS = 5


def misses(
    pipeline: Pipeline, frame: pd.DataFrame, *, draws: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Refit on ``draws`` simulated outcomes; returns how many standard errors off each was, and the true probability.

    Both ``(draws, n)``. A draw costs one fit.
    """
    logistic = pipeline["logistic"]
    design = pipeline["basis"].transform(frame)
    with_intercept = np.column_stack([design, np.ones(len(design))])
    fitted = np.r_[logistic.coef_[0], logistic.intercept_[0]]
    factor = np.linalg.cholesky(logistic.covariance_)
    off, truth = np.empty((draws, len(frame))), np.empty((draws, len(frame)))
    for draw in range(draws):
        log_odds = with_intercept @ (fitted + factor @ random.standard_normal(len(fitted)))
        truth[draw] = expit(log_odds)
        outcome = (random.random(len(frame)) < truth[draw]).astype(int)
        refitted = clone(logistic).fit(design, outcome)
        off[draw] = np.abs(refitted.decision_function(design) - log_odds) / refitted.errors(design)
    return off, truth


def interval_scale(off: np.ndarray) -> float:
    """The factor on the intervals with which 90 % of them hold; never below 1, so that luck does not narrow them."""
    return max(1.0, float(np.quantile(off, 0.9)) / Z_90)


def coverage(off: np.ndarray, truth: np.ndarray, scale: float) -> dict:
    """Share of intervals that hold the truth: ``{"overall", "by_risk": [{"low", "high", "coverage"}]}``, by fifths."""
    holds = off <= Z_90 * scale
    edges = np.quantile(truth, np.linspace(0, 1, FIFTHS + 1))
    fifth = np.clip(np.searchsorted(edges, truth, side="right") - 1, 0, FIFTHS - 1)
    return {
        "overall": float(holds.mean()),
        "by_risk": [
            {"low": float(edges[i]), "high": float(edges[i + 1]), "coverage": float(holds[fifth == i].mean())}
            for i in range(FIFTHS)
        ],
    }
