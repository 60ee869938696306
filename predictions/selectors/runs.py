"""Scoring runs, and the ranked list that the newest one is."""

from django.db.models import Exists, OuterRef
from django.db.models.functions import Coalesce

from employees.models import EmployeeSnapshot
from predictions.models import Prediction, ScoringRun


def latest_run() -> ScoringRun | None:
    """The newest scoring of the whole workforce; None before the first."""
    return ScoringRun.objects.first()


def latest_two() -> tuple[ScoringRun | None, ScoringRun | None]:
    """The newest run and the one before it, None where there is none. One query.

    ``has_moves`` says whether an import after the run may have moved someone to another department.
    """
    later = EmployeeSnapshot.objects.filter(pk__gt=Coalesce(OuterRef("newest_snapshot"), 0))
    newest, before = [*ScoringRun.objects.annotate(has_moves=Exists(later))[:2], None, None][:2]
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
