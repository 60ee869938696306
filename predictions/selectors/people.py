"""One person: features, presence and past scores."""

from django.db.models import Count, Exists, F, FilteredRelation, OuterRef, Q, QuerySet, Window

from employees.access import Scope
from employees.models import Employee, EmployeeState, EvalRow, LoadedExtract, NumberMerge, Presence
from features import schema
from features.models import EmployeeFeatures
from predictions.models import Prediction, ScoringRun
from predictions.selectors.figures import DAY

HISTORY = 60  # scores of a person that a page shows: five years of monthly runs


def clean_features(employee_id: int, scope: Scope) -> EmployeeFeatures | None:
    """The newest clean features of a person in the scope, the employee loaded too. One query."""
    visible = Employee.objects.within(scope).filter(employee_id=employee_id)
    return EmployeeFeatures.objects.newest_of(visible).select_related("employee").first()


def with_page(rows: QuerySet, number: str) -> QuerySet:
    """Rows about people, by the way to their numbers, with ``has_page``: whether they have features to be shown."""
    features = EmployeeFeatures.objects.in_force().filter(employee__employee_id=OuterRef(number))
    return rows.annotate(has_page=Exists(features))


def satisfactions(employee: Employee) -> dict[str, float]:
    """The four satisfactions of the newest evaluations that give them; empty when one is unknown. One query."""
    names = [feature.name for feature in schema.SATISFACTIONS]
    others = NumberMerge.objects.in_force().filter(employee=employee).values("number")
    rows = EvalRow.objects.filter(Q(number=employee.employee_id) | Q(number__in=others))
    rows = rows.filter(extract__in=LoadedExtract.objects.in_force()).order_by("-extract__as_of")
    known: dict[str, float] = {}
    for row in rows.values(*names)[:HISTORY]:
        known = {name: value for name, value in row.items() if value is not None} | known
    if known.keys() != set(names):
        return {}
    return {name: int(value) if value == int(value) else value for name, value in known.items()}


def presence(employee: Employee) -> tuple[list[EmployeeState], list[int]]:
    """The states of a person, oldest first, and the numbers that are merged into theirs. One query."""
    is_in_force = Q(employee__other_numbers__revoked_at=None)
    rows = (
        EmployeeState.objects.filter(employee=employee)
        .order_by("as_of")
        .annotate(merge=FilteredRelation("employee__other_numbers", condition=is_in_force), other=F("merge__number"))
    )
    states = {row.as_of: row for row in rows}
    return list(states.values()), sorted({row.other for row in rows} - {None})


def unscored(scope: Scope) -> QuerySet[EmployeeState]:
    """The people of a scope who are present without features, which a score needs; ``total`` counts them all."""
    has_features = Exists(EmployeeFeatures.objects.in_force().filter(employee=OuterRef("employee")))
    rows = EmployeeState.objects.newest().filter(~has_features, presence=Presence.PRESENT)
    rows = scope.narrow(rows, "employee__departement").select_related("employee")
    return rows.annotate(total=Window(Count("pk"))).order_by("employee__employee_id")


def scores(employee: Employee) -> list[Prediction]:
    """A person's score of each day that was scored, newest first, the run loaded too. One query."""
    rows = Prediction.objects.filter(employee=employee, run__in=ScoringRun.objects.in_force()).select_related("run")
    return list(rows.order_by(DAY.desc(), "-id")[:HISTORY])


def score_of(features: EmployeeFeatures, model_version: str) -> Prediction | None:
    """The newest logged score of these features by this version of the model. One query."""
    return Prediction.objects.filter(features=features, model_version=model_version).order_by("-id").first()
