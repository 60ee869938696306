"""Quality figures of probabilities and decisions, for one set of people."""

import math

import numpy as np
from scipy.special import logit
from scipy.stats import t
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, precision_recall_curve, roc_auc_score

from predictions.ml.artifacts.card_format import Figure

SURE = 1e-12  # a probability of 0 or 1 has no log-odds


def figures(target: np.ndarray, probability: np.ndarray) -> dict[str, float]:
    """Quality of ``(n,)`` probabilities against ``(n,)`` outcomes of 0 and 1, both outcomes present.

    ``best_f2`` is the best over all thresholds on these very people: optimistic, but alike for every model compared.
    """
    order = np.argsort(-probability, kind="stable")
    tenth, fifth = round(0.1 * len(target)), round(0.2 * len(target))
    precision, recall, _ = precision_recall_curve(target, probability)
    slope, intercept = calibration_line(target, probability)
    return {
        "roc_auc": float(roc_auc_score(target, probability)),
        "average_precision": float(average_precision_score(target, probability)),
        "best_f2": float(np.max(f_beta(precision, recall, 2))),
        "best_f1": float(np.max(f_beta(precision, recall, 1))),
        "brier": float(brier_score_loss(target, probability)),
        "log_loss": float(log_loss(target, probability)),
        "precision_top_10": float(target[order[:tenth]].mean()),
        "recall_top_20": float(target[order[:fifth]].sum() / target.sum()),
        "calibration_slope": slope,
        "calibration_intercept": intercept,
    }


def f_beta(precision: np.ndarray, recall: np.ndarray, beta: float) -> np.ndarray:
    """F-beta of arrays, 0 where precision and recall are both 0."""
    weight = beta**2
    return (1 + weight) * precision * recall / np.maximum(weight * precision + recall, 1e-12)


def calibration_line(target: np.ndarray, probability: np.ndarray) -> tuple[float, float]:
    """Slope and intercept of the outcome on the predicted log-odds: 1 and 0 if calibrated (Cox 1958)."""
    log_odds = logit(np.clip(probability, SURE, 1 - SURE))
    line = LogisticRegression(C=np.inf, solver="newton-cholesky").fit(log_odds[:, None], target)
    return float(line.coef_[0, 0]), float(line.intercept_[0])


def decisions(target: np.ndarray, is_flagged: np.ndarray) -> dict[str, float]:
    """Quality of yes-or-no decisions, ``(n,)`` booleans, at the threshold that made them."""
    caught, flagged, leavers = int((is_flagged & (target == 1)).sum()), int(is_flagged.sum()), int(target.sum())
    return {
        "flagged": flagged / len(target),
        "precision": caught / max(flagged, 1),
        "recall": caught / leavers,
        "specificity": 1 - (flagged - caught) / (len(target) - leavers),
        "f1": 2 * caught / (flagged + leavers),
        "f2": 5 * caught / (flagged + 4 * leavers),
    }


def spread(rows: list[dict[str, float]], *, folds: int) -> dict[str, Figure]:
    """Mean of each figure over the test parts of a repeated ``folds``-fold cross-validation, and how sure it is.

    ``{name: {"mean", "sd", "low", "high"}}``: ``sd`` is the spread over the test parts, ``low`` and ``high`` the 95 %
    interval of the mean. Training parts overlap, so the parts are not independent: the variance of the mean is
    inflated as Nadeau and Bengio (2003, *Inference for the generalization error*) do.
    """
    count = len(rows)
    quantile = t.ppf(0.975, count - 1) if count > 1 else 0.0
    found: dict[str, Figure] = {}
    for name in rows[0]:
        values = np.array([row[name] for row in rows])
        sd = float(values.std(ddof=1)) if count > 1 else 0.0
        mean, margin = float(values.mean()), quantile * sd * math.sqrt(1 / count + 1 / (folds - 1))
        found[name] = {"mean": mean, "sd": sd, "low": mean - margin, "high": mean + margin}
    return found
