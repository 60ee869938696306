"""Whether a model is worth acting on. A doubt prevents its publication; if that is forced, the doubt is shown."""

from collections.abc import Mapping

import numpy as np

from employees.messages import gettext_noop as _
from predictions.ml.assessment.thresholds import MOST_FLAGGED

FEWEST_DEPARTURES = 30

LOOKS_LEAKY = _("Its figures are too good to be true: some feature probably knows the outcome.")
USES_PROTECTED = _("It uses features protected by law: it is for comparison, not for use.")
IS_CHANCE = _("Its ranking may be chance: the interval of its ROC-AUC reaches 0.5.")
IS_BASE_RATE = _("Its probabilities are no better than the same average for everyone, by their log loss.")
FLAGS_MOST = _("Its threshold flags more than half of the people.")
IS_HARDLY_KNOWN = _("Fewer than 30 departures lie in the time that it is judged on: its figures are hardly known.")


def objections(card: Mapping) -> list[str]:
    """All that speaks against using a published model, as gettext message ids: promoting it needs force."""
    found = [LOOKS_LEAKY] if card["leak"] else []
    return [*found, *card["doubts"], *([USES_PROTECTED] if card["uses_protected"] else [])]


def doubts(target: np.ndarray, probability: np.ndarray, threshold: float, *, auc_low: float) -> list[str]:
    """The reasons against publishing, as gettext message ids.

    ``target``: ``(n,)`` of 0 and 1, both present; ``probability``: ``(repeats, n)`` out of fold; ``auc_low``: where the
    95 % interval of the ROC-AUC begins, as the card has it.
    """
    from sklearn.metrics import log_loss  # 70 MiB, which no server needs to record a promotion

    loss = float(np.mean([log_loss(target, each) for each in probability]))
    found = {
        IS_CHANCE: auc_low <= 0.5,
        IS_BASE_RATE: loss >= log_loss(target, np.full(len(target), target.mean())),
        FLAGS_MOST: float((probability >= threshold).mean()) > MOST_FLAGGED,
        IS_HARDLY_KNOWN: target.sum() < FEWEST_DEPARTURES,
    }
    return [doubt for doubt, holds in found.items() if holds]
