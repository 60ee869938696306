"""Whether a model is worth acting on. A doubt refuses its publication, unless that is forced, and then it is shown."""

from math import sqrt

import numpy as np
from sklearn.metrics import log_loss, roc_auc_score

from employees.messages import gettext_noop as _

Z_95 = 1.959964
MOST_FLAGGED = 0.5

IS_CHANCE = _("Its ranking may be chance: the interval of its ROC-AUC reaches 0.5.")
IS_BASE_RATE = _("Its probabilities are no better than the same average for everyone, by their log loss.")
FLAGS_MOST = _("Its threshold flags more than half of the people.")


def doubts(target: np.ndarray, probability: np.ndarray, threshold: float) -> list[str]:
    """What speaks against publishing, as gettext message ids.

    ``target``: ``(n,)`` of 0 and 1, both present; ``probability``: ``(repeats, n)`` out of fold.
    """
    auc = float(np.mean([roc_auc_score(target, each) for each in probability]))
    loss = float(np.mean([log_loss(target, each) for each in probability]))
    found = {
        IS_CHANCE: auc - Z_95 * auc_error(auc, int(target.sum()), int((target == 0).sum())) <= 0.5,
        IS_BASE_RATE: loss >= log_loss(target, np.full(len(target), target.mean())),
        FLAGS_MOST: float((probability >= threshold).mean()) > MOST_FLAGGED,
    }
    return [doubt for doubt, holds in found.items() if holds]


def auc_error(auc: float, positives: int, negatives: int) -> float:
    """The standard error of an area under the ROC curve (Hanley and McNeil 1982, Radiology 143, 29-36)."""
    both_positive, both_negative = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc)
    variance += (positives - 1) * (both_positive - auc**2) + (negatives - 1) * (both_negative - auc**2)
    return sqrt(max(variance, 0.0) / (positives * negatives))
