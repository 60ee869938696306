"""The scoring runs that the pages compare."""

from django.db.models import Exists, OuterRef
from django.db.models.functions import Coalesce

from employees.models import EmployeeSnapshot
from predictions.models import ScoringRun


def latest_two() -> tuple[ScoringRun | None, ScoringRun | None]:
    """The newest run and the one before it, None where there is none. One query.

    ``has_moves`` says whether an import after the run may have moved someone to another department.
    """
    later = EmployeeSnapshot.objects.filter(pk__gt=Coalesce(OuterRef("newest_snapshot"), 0))
    newest, before = [*ScoringRun.objects.annotate(has_moves=Exists(later))[:2], None, None][:2]
    return newest, before
