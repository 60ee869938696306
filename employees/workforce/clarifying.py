"""Open questions about the people of a scope, and HR's answers."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from django.contrib.auth.models import User
from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet, Value, Window

from employees.access import Scope
from employees.columns import Extract
from employees.models import ROWS, Employee, EmployeeState, Import, NumberMerge, Presence, PresenceAnswer, WorkforceDay
from employees.workforce import answers
from employees.workforce.known_values import History
from technova.database.locks import exclusive
from technova.database.subqueries import count_of

ANSWERS = (Extract.EVAL, Extract.SONDAGE)  # the extracts of opinions, as opposed to the company's records


class LeftTooEarly(Exception):
    """A day of departure before the last extract that holds the person: ``number``, ``last_listed``."""

    def __init__(self, number: int, last_listed: date):
        self.number, self.last_listed = number, last_listed
        super().__init__(number, last_listed)


class Changed(Exception):
    """The workforce has changed since the person saw the list that the answer covers."""


@dataclass(frozen=True, slots=True)
class Departure:
    """When people left, as far as it is known, and why."""

    left_by: date | None = None
    because: str = ""


def count_absent(scope: Scope) -> int:
    """The number of absent people in a scope, about whom HR has to answer. One query."""
    return Employee.objects.within(scope).filter(presence=Presence.ABSENT).count()


class Waiting(NamedTuple):
    """People of a scope who are absent, those present, imports that stopped or ask something; others by name."""

    absent: int
    present: int
    imports: int
    others: dict[str, int]


def waiting(scope: Scope, **others: QuerySet) -> Waiting:
    """One query, which counts the ``others`` along."""
    stopped = Import.objects.filter(state__in=(Import.State.ASKING, Import.State.READY))
    found = (
        Employee.objects.within(scope)
        .filter(presence__in=(Presence.ABSENT, Presence.PRESENT))
        .aggregate(
            absent=Count("pk", filter=Q(presence=Presence.ABSENT)),
            present=Count("pk", filter=Q(presence=Presence.PRESENT)),
            imports=Max(count_of(stopped)),
            **{name: Max(count_of(rows)) for name, rows in others.items()},
        )
    )
    counts = {name: count or 0 for name, count in found.items()}
    return Waiting(counts["absent"], counts["present"], counts["imports"], {name: counts[name] for name in others})


def absent(scope: Scope) -> QuerySet[EmployeeState]:
    """The people of a scope who are absent, those absent longest first; ``total`` counts them all."""
    states = EmployeeState.objects.newest().filter(presence=Presence.ABSENT)
    rows = scope.narrow(states).select_related("employee")
    return rows.annotate(total=Window(Count("pk"))).order_by("since", "employee__employee_id")


def unanswered(scope: Scope, history: History) -> QuerySet[EmployeeState]:
    """The people of a scope who are present and missing from the newest evaluation or survey, by number.

    People with several numbers, if any, take a query of their own, which is faster than a condition on everyone.
    """
    newest = {kind: [extract.pk for extract in history.extracts[kind][:1]] for kind in ANSWERS}
    evaluated, surveyed = (ROWS[kind].objects.filter(extract__in=keys) for kind, keys in newest.items())
    both = evaluated.filter(Exists(surveyed.filter(number=OuterRef("number"))))
    states = EmployeeState.objects.newest().filter(presence=Presence.PRESENT)
    states = states.filter(~Exists(both.filter(number=OuterRef("employee__employee_id"))))
    if history.merged:
        states = states.exclude(employee__employee_id__in=_held_by_both(history, evaluated, surveyed))
    return scope.narrow(states).select_related("employee").order_by("employee__employee_id")


def _held_by_both(history: History, evaluated: QuerySet, surveyed: QuerySet) -> set[int]:
    """People with several numbers who are in both extracts under any of them."""
    numbers = {*history.merged, *history.merged.values()}
    found = [
        rows.filter(number__in=numbers).annotate(of=Value(place)).values_list("of", "number")
        for place, rows in enumerate((evaluated, surveyed))
    ]
    held: tuple[set[int], set[int]] = (set(), set())
    for place, number in found[0].union(found[1]):
        held[place].add(history.merged.get(number, number))
    return held[0] & held[1]


def answer_absent(
    *,
    scope: Scope,
    numbers: Collection[int] | None,
    departure: Departure | None,
    revision: uuid.UUID | None = None,
    user: User,
) -> list[PresenceAnswer]:
    """Record that absent people within a scope have left or, without a ``departure``, that they are present.

    ``numbers`` selects them; whoever is no longer absent or is out of scope is ignored. None means everyone absent at
    the ``revision`` that the user saw, and raises ``Changed`` if there is a newer one. Raises ``LeftTooEarly`` and
    ``Busy``.
    """
    with exclusive():
        people = Employee.objects.within(scope).filter(presence=Presence.ABSENT)
        if numbers is not None:
            people = people.filter(employee_id__in=numbers)
        elif revision is None or revision != WorkforceDay.objects.latest().revision:
            raise Changed
        found = list(people.values_list("employee_id", flat=True))
        if not found:
            return []
        if departure and departure.left_by:
            _refuse_earlier(found, departure.left_by)
        if departure is None:
            return answers.answer_here(numbers=found, user=user)
        return answers.answer_left(numbers=found, left_by=departure.left_by, because=departure.because, user=user)


def _refuse_earlier(numbers: Collection[int], day: date) -> None:
    states = EmployeeState.objects.newest().filter(employee__employee_id__in=numbers, last_listed__gt=day)
    state = states.select_related("employee").order_by("employee__employee_id").first()
    if state and state.last_listed:
        raise LeftTooEarly(state.employee.employee_id, state.last_listed)


def answers_within(scope: Scope) -> QuerySet[PresenceAnswer]:
    """All answers about people of a scope, those taken back too, the newest first.

    ``has_lapsed``: an extract of their day holds the person, so there was nothing to answer.
    """
    of_day = EmployeeState.objects.on(OuterRef("as_of")).filter(employee=OuterRef("employee"), is_listed=True)
    rows = scope.narrow(PresenceAnswer.objects.annotate(has_lapsed=Exists(of_day)))
    return rows.select_related("employee", "recorded_by", "revoked_by")


def revoke_within(*, scope: Scope, keys: Collection[int], user: User) -> int:
    """Take back those of some answers that are in force and about people of a scope; how many. Raises ``Busy``."""
    with exclusive():
        found = list(answers_within(scope).filter(pk__in=keys, revoked_at=None))
        answers.revoke(answers=found, user=user)
    return len(found)


def merges_within(scope: Scope) -> QuerySet[NumberMerge]:
    """The numbers merged into those of people of a scope, those parted again too, the newest first."""
    rows = scope.narrow(NumberMerge.objects.all())
    return rows.select_related("employee", "recorded_by", "revoked_by")


def merge_within(*, scope: Scope, number: int, into: int, accept_both_listed: bool = False, user: User) -> NumberMerge:
    """Merge two numbers whose people are both of a scope. Raises what ``answers.merge_numbers`` does."""
    with exclusive():
        both = Employee.objects.within(scope).filter(employee_id__in=(number, into))
        if both.count() < 2:
            raise answers.NotMergeable(f"{number} and {into} are not two known numbers")
        return answers.merge_numbers(number=number, into=into, accept_both_listed=accept_both_listed, user=user)


def departed(scope: Scope) -> QuerySet[EmployeeState]:
    """The people of a scope who have left as of the newest day, the last departure first."""
    states = EmployeeState.objects.newest().filter(presence=Presence.LEFT)
    rows = scope.narrow(states).select_related("employee")
    return rows.order_by(F("left_by").desc(), "-employee__employee_id")
