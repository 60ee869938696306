"""Which cases an account sees, and whom a list of those to see leaves out."""

from datetime import date, timedelta
from typing import Any

from django.db.models import (
    BooleanField,
    Count,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    Window,
)

from employees.access import Readable, Scope, seen_by
from employees.models import Employee
from employees.workforce.naming import with_names
from predictions.followup.models import Case, CaseChange, DrawnPerson
from predictions.ml.periods import months_before
from predictions.models import Prediction, ScoringRun
from predictions.selectors.figures import people_of

YEAR = 12  # months, for a model without a horizon
MOVED = 0.10  # of the risk, after which somebody set aside is to be seen again


def newest_scores() -> QuerySet[Prediction]:
    """Everyone's predictions of the newest run, but of those who object to being scored."""
    newest = ScoringRun.objects.in_force().values("pk")[:1]
    return Prediction.objects.filter(run__in=newest, employee__objected_on=None)


def cases_of(user, readable: Readable) -> QuerySet[Case]:
    """The cases that an account sees, by their day, with the ``name`` of the person, the newest score and whether they
    are ``unseen`` by whoever is responsible."""
    score = newest_scores().filter(employee=OuterRef("employee"))
    rows = Case.objects.visible_to(user).select_related("employee", "owner", "opened_by")
    rows = rows.annotate(
        probability_now=Subquery(score.values("probability")[:1]), threshold_now=Subquery(score.values("threshold")[:1])
    )
    is_unseen = Q(closed_at=None) & ~seen_by("owner", "employee")
    rows = rows.annotate(is_unseen=ExpressionWrapper(is_unseen, output_field=BooleanField()))
    return with_names(rows, "employee__employee_id", readable).order_by("due", "id")


def changes_of(employee: Employee, user) -> list[CaseChange]:
    """The changes of somebody's cases that the account sees, oldest first, with case, note and action. One query."""
    cases = Case.objects.visible_to(user).filter(employee=employee)
    rows = CaseChange.objects.filter(case__in=cases).select_related("case", "note", "action__kind")
    return list(rows.defer("note__text").order_by("pk"))


def has_cases(user) -> Exists:
    """Whether the ``employee`` of a row has cases, open or closed, that the account sees."""
    return Exists(Case.objects.visible_to(user).filter(employee=OuterRef("employee")))


def with_case(rows: QuerySet, user) -> QuerySet:
    """Rows about an ``employee``, with the key, the state and the closing of the open case that the account sees, or
    else of the one that was closed last. No query."""
    cases = Case.objects.visible_to(user).filter(employee=OuterRef("employee"))
    cases = cases.order_by(F("closed_at").desc(nulls_first=True), "-pk")
    found = {"case": "pk", "case_state": "state", "case_closed_at": "closed_at"}
    return rows.annotate(**{name: Subquery(cases.values(field)[:1]) for name, field in found.items()})


def set_aside() -> Exists:
    """Whether the person of a prediction was set aside last, at about the same risk."""
    later = Case.objects.filter(employee=OuterRef("employee"), pk__gt=OuterRef("pk"))
    asides = Case.objects.filter(~Exists(later), employee=OuterRef("employee"), state=Case.State.SET_ASIDE)
    risk = OuterRef("probability")
    return Exists(asides.filter(probability_then__gt=risk - MOVED, probability_then__lt=risk + MOVED))


def newly_over(newest: ScoringRun, before: ScoringRun | None, scope: Scope, readable: Readable) -> QuerySet[Prediction]:
    """People over the threshold now and not in the run before, riskiest first, with their ``name`` and ``lot``, whether
    they ``has_arrived``: had no score then that the scope may know, and the ``total`` of them.

    Without those who have an open case or were set aside; without an earlier run, everyone over the threshold. ``lot``
    is there while a lottery is on (``newest`` is of ``runs.latest_two``): an earlier one decides nothing any more.
    """
    has_case = Exists(Case.objects.is_open().filter(employee=OuterRef("employee")))
    rows = people_of(newest, scope).filter(~has_case & ~set_aside(), predicted_class=True)
    has_arrived: Any = Value(value=False)
    if before:
        then = Prediction.objects.filter(run=before, employee=OuterRef("employee")).within_then(scope)
        rows = rows.filter(~Exists(then.filter(probability__gte=newest.threshold_against(before))))
        has_arrived = ~Exists(then)
    rows = rows.annotate(has_arrived=has_arrived, total=Window(Count("pk")))
    return _listed(rows if newest.talks is None else with_lot(rows, newest), readable)


def drawn(newest: ScoringRun, scope: Scope, readable: Readable) -> QuerySet[Prediction]:
    """People drawn for a talk on the day of the run and without a case since, riskiest first, with their ``name``."""
    case = Case.objects.filter(employee=OuterRef("employee")).filter(
        Q(closed_at=None) | Q(opened_at__gte=OuterRef("draw__at"))
    )
    people = DrawnPerson.objects.filter(~Exists(case), draw__as_of=newest.day, is_drawn=True)
    return _listed(people_of(newest, scope).filter(~set_aside(), employee__in=people.values("employee")), readable)


def with_lot(rows: QuerySet[Prediction], newest: ScoringRun) -> QuerySet[Prediction]:
    """Predictions with ``lot``: whether the person was drawn; None for who took part in no draw within the horizon."""
    return rows.annotate(lot=Subquery(_lots(newest).order_by("-draw").values("is_drawn")[:1]))


def in_no_draw(rows: QuerySet[Prediction], newest: ScoringRun) -> QuerySet[Prediction]:
    """Those of predictions whose person took part in no draw within the horizon."""
    return rows.filter(~Exists(_lots(newest)))


def _lots(newest: ScoringRun) -> QuerySet[DrawnPerson]:
    return DrawnPerson.objects.filter(employee=OuterRef("employee"), draw__as_of__gt=drawn_since(newest))


def drawn_since(run: ScoringRun) -> date:
    """The day after which somebody who took part in a draw takes part in no other."""
    return months_before(run.day, run.horizon_months or YEAR)


def _listed(rows: QuerySet[Prediction], readable: Readable) -> QuerySet[Prediction]:
    rows = rows.select_related("employee").defer("contributions")
    return with_names(rows, "employee__employee_id", readable).order_by("-probability", "id")


def due_of(user, today: date) -> QuerySet[Case]:
    """The open cases of the account's own that are due within a week, its seventh day included, or overdue."""
    own = Case.objects.visible_to(user).filter(closed_at=None, owner=user)
    return own.filter(due__lte=today + timedelta(days=7))
