"""Everyone's scores of one run, for REST clients."""

from django.db.models import QuerySet

from employees.access import Scope
from employees.models import Presence
from predictions.models import Prediction, ScoringRun

RISKIEST_FIRST = ("-probability", "id")  # the order of an index
FIELDS = (
    *("id", "probability", "low", "high", "is_extrapolated", "predicted_class", "main_reason", "second_reason"),
    *("employee_id", "employee__employee_id", "employee__departement", "employee__presence"),
)


def of_run(run: ScoringRun | None, scope: Scope) -> QuerySet:
    """The scores of those in the scope who are there now, as rows that have ``FIELDS``; nobody's without a run."""
    people = {"run": run, "employee__presence": Presence.PRESENT, "employee__objected_on": None}
    rows = Prediction.objects.filter(**people) if run else Prediction.objects.none()
    return rows.within(scope).values_list(*FIELDS, named=True)
