"""The scoring runs that the pages compare."""

from django.db.models import Subquery
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThan

from employees.models import EmployeeSnapshot
from predictions.models import ScoringRun


def latest_two() -> tuple[ScoringRun | None, ScoringRun | None]:
    """The newest run and the one before it, None where there is none. One query.

    ``has_moves`` says whether an import after the run may have moved someone to another department.
    """
    # the newest alone is one step in the index, where asking for any later one makes PostgreSQL read the table
    newest_snapshot = Subquery(EmployeeSnapshot.objects.order_by("-pk").values("pk")[:1])
    has_moves = GreaterThan(newest_snapshot, Coalesce("newest_snapshot", 0))
    newest, before = [*ScoringRun.objects.annotate(has_moves=has_moves)[:2], None, None][:2]
    return newest, before
