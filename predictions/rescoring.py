"""The task that scores everyone again after an answer of HR, a withdrawal, or a change of threshold or model.

It keeps no state: work is left if the newest run is not of the current workforce, model and threshold.
"""

from contextlib import suppress

from features.services import build_features
from predictions.followup.exits import tell_reasons
from predictions.registry import forget_decisions
from predictions.services import NothingToScore, is_scoring_due, score_employees
from technova import jobs
from technova.commands import Progress


@jobs.task
def rescore(*, progress: Progress | None = None) -> None:
    """Build and score, and repeat as long as the workforce or the threshold has changed meanwhile.

    Raises ``Busy`` and ``ArtifactError``.
    """
    forget_decisions()
    with suppress(NothingToScore):
        tell_reasons()
        while is_scoring_due():
            build_features(progress=progress)
            score_employees(progress=progress)
            forget_decisions()
