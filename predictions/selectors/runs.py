"""The scoring runs that the pages compare."""

from django.db.models import Exists, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThan

from employees.models import Departure, EmployeeSnapshot, ExtractRow
from predictions.models import Prediction, ScoringRun


def latest_two() -> tuple[ScoringRun | None, ScoringRun | None]:
    """The newest run and the one before it, None where there is none or its predictions were purged. One query.

    ``has_moves`` says whether an import after the run may have moved someone to another department,
    ``has_departures`` whether one may have changed who has left.
    """
    said = {
        "is_in_log": Exists(Prediction.objects.filter(run=OuterRef("pk"))),
        "has_moves": _is_later(EmployeeSnapshot, "newest_snapshot"),
        "has_departures": _is_later(Departure, "newest_departure"),
    }
    newest, before = [*ScoringRun.objects.annotate(**said)[:2], None, None][:2]
    return newest, before if before and before.is_in_log else None


def _is_later(model: type[ExtractRow], known: str) -> GreaterThan:
    # the newest alone is one step in the index, where asking for any later one makes PostgreSQL read the table
    return GreaterThan(Subquery(model._default_manager.order_by("-pk").values("pk")[:1]), Coalesce(known, 0))
