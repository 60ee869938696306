"""Everyone's scores of one run, for REST clients."""

from django.db.models import QuerySet

from employees.access import Scope
from predictions.models import Prediction, ScoringRun

PRESENT, LEFT = "present", "left"
RISKIEST_FIRST = ("-probability", "id")  # the order of an index
FIELDS = (
    *("id", "probability", "low", "high", "is_extrapolated", "predicted_class", "main_reason", "second_reason"),
    *("employee__employee_id", "employee__departement", "employee__left_recorded_at"),
)


def of_run(run: ScoringRun | None, scope: Scope) -> QuerySet:
    """The scores of a run within the scope, as rows that have ``FIELDS``; nobody's where there is no run."""
    rows = Prediction.objects.filter(run=run).within(scope) if run else Prediction.objects.none()
    return rows.values_list(*FIELDS, named=True)
