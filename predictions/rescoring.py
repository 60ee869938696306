"""The detached process that scores everyone again after an answer of HR, a withdrawal, or a change of threshold or
model.

It keeps no state: work is left if the newest run is not of the current workforce, model and threshold.
"""

import logging
from contextlib import suppress

from features.services import build_features
from predictions.registry import forget_decisions
from predictions.services import NothingToScore, is_scoring_due, score_employees
from technova.commands import Progress
from technova.server import detached

logger = logging.getLogger(__name__)

_WORK = "rescoring"


def start() -> None:
    """Start it, unless it is at work; if that fails, the pages offer to start it again."""
    try:
        detached.start(_WORK, "run_rescoring")
    except OSError:
        logger.exception("The process that scores everyone could not be started")


def is_at_work() -> bool:
    return detached.is_at_work(_WORK)


def run(*, progress: Progress | None = None) -> None:
    """Build and score, and repeat as long as the workforce or the threshold has changed meanwhile.

    Raises ``Busy`` and ``ArtifactError``.
    """
    with suppress(NothingToScore):
        is_due = True
        while is_due:
            build_features(progress=progress)
            score_employees(progress=progress)
            forget_decisions()
            is_due = is_scoring_due()
