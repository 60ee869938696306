"""Scoring runs, and the ranked list that the newest one is."""

from predictions.models import Prediction, ScoringRun


def latest_run() -> ScoringRun | None:
    """The newest scoring of the whole workforce; None before the first."""
    return ScoringRun.objects.first()


def latest_two() -> tuple[ScoringRun | None, ScoringRun | None]:
    """The newest run and the one before it, None where there is none. One query."""
    newest, before = [*ScoringRun.objects.all()[:2], None, None][:2]
    return newest, before


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
