"""The curves of the model card, from out-of-fold predictions: plain lists, ready for JSON and for charts.

``probability`` is ``(repeats, n)``: each repeat of the cross-validation predicts each of the ``n`` employees once.
The repeats are pooled, so a curve is their average; intervals count each employee once.
"""

import numpy as np
from scipy.stats import beta
from sklearn.metrics import precision_recall_curve, roc_curve

POINTS = 100  # of a curve: finer than a chart shows
BINS = 10


def binomial_interval(successes: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Interval of a share (Clopper and Pearson 1934): conservative. ``n`` may be a mean of counts."""
    tail = (1 - level) / 2
    low = beta.ppf(tail, successes, n - successes + 1) if successes > 0 else 0.0
    high = beta.ppf(1 - tail, successes + 1, n - successes) if successes < n else 1.0
    return float(low), float(high)


def reliability(target: np.ndarray, probability: np.ndarray) -> dict:
    """Predicted and observed shares of departures in ten groups of equal size, and their mean gap.

    ``{"bins": [{"n", "predicted", "observed", "low", "high"}], "expected_calibration_error"}``
    """
    repeats, n = probability.shape
    outcome = np.tile(target, repeats)
    scores = probability.ravel()
    bins, error = [], 0.0
    for part in np.array_split(np.argsort(scores, kind="stable"), BINS):
        size, predicted, observed = len(part) / repeats, scores[part].mean(), outcome[part].mean()
        low, high = binomial_interval(observed * size, size)
        bins.append({"n": size, "predicted": predicted, "observed": observed, "low": low, "high": high})
        error += size / n * abs(predicted - observed)
    return {"bins": bins, "expected_calibration_error": error}


def departures_by_group(groups: np.ndarray, target: np.ndarray, probability: np.ndarray) -> list[dict]:
    """Expected against actual departures of each group of employees.

    ``low`` and ``high`` are the binomial interval of the departures that happened; ``is_within`` says whether the
    expected number lies in it.
    """
    expected = probability.mean(axis=0)
    rows = []
    for group in np.unique(groups):
        part = groups == group
        n, observed = int(part.sum()), int(target[part].sum())
        low, high = (n * end for end in binomial_interval(observed, n))
        total = float(expected[part].sum())
        rows.append(
            {
                "group": str(group),
                "n": n,
                "expected": total,
                "observed": observed,
                "low": low,
                "high": high,
                "is_within": low <= total <= high,
            }
        )
    return rows


def roc(target: np.ndarray, probability: np.ndarray) -> dict:
    """``{"false_positive_rate", "true_positive_rate"}``, from none flagged to all."""
    false_positive, true_positive, _ = roc_curve(np.tile(target, len(probability)), probability.ravel())
    grid = np.linspace(0, 1, POINTS + 1)
    return {"false_positive_rate": grid.tolist(), "true_positive_rate": _at(grid, false_positive, true_positive)}


def precision_recall(target: np.ndarray, probability: np.ndarray) -> dict:
    """``{"recall", "precision"}``, from the riskiest down to all."""
    precision, recall, _ = precision_recall_curve(np.tile(target, len(probability)), probability.ravel())
    grid = np.linspace(0.01, 1, POINTS)
    return {"recall": grid.tolist(), "precision": _at(grid, recall[::-1], precision[::-1])}


def capacity(target: np.ndarray, probability: np.ndarray) -> dict:
    """The leavers found by meeting the riskiest people, for each number of meetings.

    ``{"people", "share", "precision", "recall", "lift"}``: of those met, how many would leave; of those who would
    leave, how many are met; how many times more than by chance.
    """
    n = len(target)
    found = np.mean([np.cumsum(target[np.argsort(-row, kind="stable")]) for row in probability], axis=0)
    people = np.unique(np.ceil(np.linspace(0, n, POINTS + 1)[1:]).astype(int))
    caught = found[people - 1]
    precision = caught / people
    return {
        "people": people.tolist(),
        "share": (people / n).tolist(),
        "precision": precision.tolist(),
        "recall": (caught / target.sum()).tolist(),
        "lift": (precision / target.mean()).tolist(),
    }


def _at(grid: np.ndarray, x: np.ndarray, y: np.ndarray) -> list[float]:
    """``y`` at each point of ``grid``; the last of equal ``x``, where the curve stands after a vertical step."""
    last = np.searchsorted(x, grid, side="right") - 1
    exact = x[last] == grid
    return np.where(exact, y[last], np.interp(grid, x, y)).tolist()
