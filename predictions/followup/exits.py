"""Exit interviews, and the reason of the departure that they give the workforce."""

from datetime import date

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from employees.access import Scope
from employees.models import Employee, EmployeeState, Presence, PresenceAnswer
from employees.workforce.answers import answer_left
from predictions.followup.models import ExitInterview

OF_FILES = ~Q(left_because="") & Q(left_because=F("motif_sortie"))  # whether the directory gives the reason


@transaction.atomic
def record_exit(
    *,
    employee: Employee,
    day: date,
    left_because: str,
    motive: str,
    destination: str,
    would_have_stayed: str,
    user: User,
    was_warned: bool = False,
) -> ExitInterview:
    """Keep an interview; one of the same day is superseded and stays in the history.

    Its reason is that of the departure as soon as this is known, unless the files give one: then both are kept. Raises
    ``technova.database.fields.NoKey`` without a key to encrypt it with, and ``Busy``.
    """
    before = ExitInterview.objects.in_force().filter(employee=employee, day=day)
    before.update(superseded_at=timezone.now())
    interview = ExitInterview.objects.create(
        employee=employee,
        day=day,
        departement=employee.departement,
        left_because=left_because,
        known_because=because_in_files(employee),
        motive=motive,
        destination=destination,
        would_have_stayed=would_have_stayed,
        by=user,
        was_warned=was_warned,
    )
    tell_reasons(user)
    return interview


def left_on(employee: Employee) -> date | None:
    """By when somebody has left; None while they are there. One query."""
    states = EmployeeState.objects.newest().filter(employee=employee, presence=Presence.LEFT)
    return states.values_list("left_by", flat=True).first()


def because_in_files(employee: Employee) -> str:
    """The reason of a departure that the directory gives; empty where it gives none. One query."""
    states = EmployeeState.objects.newest().filter(OF_FILES, employee=employee, presence=Presence.LEFT)
    return states.values_list("left_because", flat=True).first() or ""


def tell_reasons(user: User | None = None) -> int:
    """Give the workforce the reasons of departures that interviews know and the files do not; return how many.

    The directory's reason stands where it gives one, and what HR has answered since the interview. Two queries, and a
    replay of the newest day for new reasons.
    """
    said = ExitInterview.objects.in_force().exclude(left_because="").filter(employee=OuterRef("employee"))
    said = said.order_by("-day", "-pk")
    answered = PresenceAnswer.objects.in_force().filter(employee=OuterRef("employee")).exclude(left_because="")
    states = EmployeeState.objects.newest().filter(Exists(said), presence=Presence.LEFT).exclude(OF_FILES)
    states = states.annotate(
        said=Subquery(said.values("left_because")[:1]),
        said_at=Subquery(said.values("at")[:1]),
        answered_at=Subquery(answered.order_by("-pk").values("recorded_at")[:1]),
    )
    is_new = Q(answered_at=None, left_because="") | Q(answered_at__lt=F("said_at")) & ~Q(left_because=F("said"))
    told: dict[str, list[int]] = {}
    for number, because in states.filter(is_new).values_list("employee__employee_id", "said"):
        told.setdefault(because, []).append(number)
    for because, numbers in told.items():
        answer_left(numbers=numbers, because=because, user=user)
    return sum(map(len, told.values()))


def exits_of(employee: Employee, scope: Scope) -> QuerySet[ExitInterview]:
    """The interviews of a person that a scope sees, the newest first, with those that were written anew."""
    rows = ExitInterview.objects.within(scope).filter(employee=employee).select_related("by")
    return rows.order_by("-day", "-pk")
