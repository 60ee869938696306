"""Scoring runs, and the ranked list that the newest one is."""

from predictions.models import Prediction, ScoringRun


def latest_run() -> ScoringRun | None:
    """The newest scoring of the whole workforce; None before the first."""
    return ScoringRun.objects.first()


def ranked(run: ScoringRun | None, departments=None):
    """The predictions of a run, the riskiest first, of these departments (all of them when None)."""
    if run is None:
        return Prediction.objects.none()
    return (
        Prediction.objects.filter(run=run)
        .in_departments(departments)
        .select_related("employee", "features")
        .order_by("-probability", "id")
    )
