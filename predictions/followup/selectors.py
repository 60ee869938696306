"""Which cases an account sees, and whom a list of those to see leaves out."""

from datetime import date, timedelta

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from employees.access import Readable, Scope
from employees.workforce.naming import with_names
from predictions.followup.models import Case
from predictions.models import Prediction, ScoringRun
from predictions.selectors.figures import people_of
from predictions.selectors.risk_changes import RiskChange, RunPair

MOVED = 0.10  # of the risk, after which somebody set aside is to be seen again


def newest_scores() -> QuerySet[Prediction]:
    """Everyone's predictions of the newest run."""
    return Prediction.objects.filter(run__in=ScoringRun.objects.in_force().values("pk")[:1])


def cases_of(user, readable: Readable) -> QuerySet[Case]:
    """The cases that an account sees, by their day, with the ``name`` of the person and the newest score."""
    score = newest_scores().filter(employee=OuterRef("employee"))
    rows = Case.objects.visible_to(user).select_related("employee", "owner", "opened_by")
    rows = rows.annotate(
        probability_now=Subquery(score.values("probability")[:1]), threshold_now=Subquery(score.values("threshold")[:1])
    )
    return with_names(rows, "employee__employee_id", readable).order_by("due", "id")


def with_open_case(rows: QuerySet, user) -> QuerySet:
    """Rows about an ``employee``, with the key and the state of the open case that the account sees. No query."""
    cases = Case.objects.visible_to(user).is_open().filter(employee=OuterRef("employee"))
    return rows.annotate(case=Subquery(cases.values("pk")[:1]), case_state=Subquery(cases.values("state")[:1]))


def set_aside() -> Exists:
    """Whether the person of a prediction was set aside last, at about the same risk."""
    later = Case.objects.filter(employee=OuterRef("employee"), pk__gt=OuterRef("pk"))
    asides = Case.objects.filter(~Exists(later), employee=OuterRef("employee"), state=Case.State.SET_ASIDE)
    risk = OuterRef("probability")
    return Exists(asides.filter(probability_then__gt=risk - MOVED, probability_then__lt=risk + MOVED))


def newly_over(newest: ScoringRun, before: ScoringRun | None, scope: Scope, readable: Readable) -> QuerySet[Prediction]:
    """People over the threshold now and under it in the run before, riskiest first, with their ``name``.

    Without those who have an open case or were set aside; without an earlier run, everyone over the threshold.
    """
    rows = people_of(newest, scope)
    if before is None:
        rows = rows.filter(predicted_class=True)
    else:
        rows = rows.filter(pk__in=RunPair(before, newest).people(RiskChange.OVER).values("pk"))
    has_case = Exists(Case.objects.is_open().filter(employee=OuterRef("employee")))
    rows = rows.filter(~has_case & ~set_aside()).select_related("employee").defer("contributions")
    return with_names(rows, "employee__employee_id", readable).order_by("-probability", "id")


def due_of(user, today: date) -> QuerySet[Case]:
    """The open cases of the account's own that are due within a week, or overdue."""
    own = Case.objects.visible_to(user).filter(closed_at=None, owner=user)
    return own.filter(due__lt=today + timedelta(days=7))
