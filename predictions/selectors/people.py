"""One person: features, presence and past scores."""

from collections.abc import Collection
from typing import Any

from django.db.models import Count, Exists, F, FilteredRelation, OuterRef, Q, QuerySet, Subquery, Window

from employees.access import Readable, Scope
from employees.models import Employee, EmployeeState, EvalRow, LoadedExtract, NumberMerge, Presence
from employees.workforce.naming import with_names
from features import schema
from features.models import EmployeeFeatures
from predictions.models import Prediction, ScoringRun
from predictions.selectors.figures import DAY
from predictions.selectors.runs import REVISION_NOW

HISTORY = 60  # scores of a person that a page shows: five years of monthly runs


def clean_features(employee_id: int, scope: Scope, readable: Readable) -> EmployeeFeatures | None:
    """The newest clean features of a person in the scope, with the employee and the ``name``. One query.

    None where they are still those of a department outside it.
    """
    visible = Employee.objects.within(scope).filter(employee_id=employee_id)
    rows = EmployeeFeatures.objects.newest_of(visible).select_related("employee")
    rows = scope.narrow_recorded(rows, "departement")
    return with_names(rows, "employee__employee_id", readable).first()


def person(number: int, scope: Scope, readable: Readable) -> Employee | None:
    """The person in the scope who has or had this number, or whose number it was merged into, with the ``name``.

    One query.
    """
    merged = NumberMerge.objects.in_force().filter(number=number).values("employee")
    of_number = Employee.objects.within(scope).filter(Q(employee_id=number) | Q(pk__in=merged))
    return with_names(of_number.of_the_workforce(), "employee_id", readable).first()


def with_page(rows: QuerySet, number: str) -> QuerySet:
    """Annotate rows about people, given the path to their numbers, with ``has_page``: whether they are in the
    workforce."""
    return rows.annotate(has_page=Exists(Employee.objects.of_the_workforce().filter(employee_id=OuterRef(number))))


def mark_pages(rows: Collection) -> None:
    """Set ``has_page`` on rows with a ``number`` that are in no table. One query."""
    numbers = {row.number for row in rows}
    employees = Employee.objects.of_the_workforce().filter(employee_id__in=numbers)
    known = set(employees.values_list("employee_id", flat=True))
    for row in rows:
        row.has_page = row.number in known


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


def scores(employee: Employee, scope: Scope) -> list[Prediction]:
    """A person's score of each day that was scored, newest first, run and features loaded too. One query.

    Of the time in departments of the scope.
    Whether a run is the newest one and is outdated comes along, for ``run_of_list``.
    """
    runs_in_force = ScoringRun.objects.in_force()
    rows = Prediction.objects.filter(employee=employee, run__in=runs_in_force).within_then(scope)
    rows = rows.select_related("run", "features")
    rows = rows.annotate(newest_run=Subquery(runs_in_force.values("pk")[:1]), revision_now=REVISION_NOW)
    return list(rows.order_by(DAY.desc(), "-id")[:HISTORY])


def run_of_list(score: Prediction) -> ScoringRun | None:
    """The run of one of ``scores`` as ``runs.latest_two`` gives it; None where the list shows a newer one."""
    of_person: Any = score
    if of_person.run_id != of_person.newest_run:
        return None
    of_person.run.is_outdated = of_person.run.revision != of_person.revision_now
    return of_person.run


def score_of(features: EmployeeFeatures, model_version: str) -> Prediction | None:
    """The newest logged score of these features by this version of the model. One query."""
    return Prediction.objects.filter(features=features, model_version=model_version).order_by("-id").first()
