"""Writes: HR's answers about people whose presence the files leave open, and their revocation."""

from collections.abc import Iterable, Sequence
from datetime import date

from django.contrib.auth.models import User
from django.db.models import Count, Max
from django.dispatch import Signal
from django.utils import timezone

from employees.models import (
    Employee,
    EmployeeState,
    LoadedExtract,
    NumberMerge,
    PresenceAnswer,
    SirhRow,
    WorkforceDay,
)
from employees.workforce.replay import replay, replay_people
from technova.database.locks import exclusive

# Sent with ``merge`` and ``user`` in the transaction: what hangs on a person follows them.
numbers_merged, numbers_parted = Signal(), Signal()


class NotMergeable(ValueError):
    """Two numbers that cannot be one person's, or are already."""


class BothListed(ValueError):
    """Two numbers that a SIRH extract holds as two people; ``as_of`` is the day of the newest one."""

    def __init__(self, number: int, into: int, as_of: date):
        self.as_of = as_of
        super().__init__(f"the SIRH extract of {as_of} holds both {number} and {into}")


def answer_left(
    *,
    numbers: Iterable[int],
    left_by: date | None = None,
    because: str = "",
    user: User | None = None,
) -> list[PresenceAnswer]:
    """Record that people have left: on a day, or between the last extract that held them and the first that did not.

    The answers hold as of the newest day; numbers that nobody in the workforce has are ignored. Raises
    ``technova.database.locks.Busy``.
    """
    with exclusive():
        day = WorkforceDay.objects.latest().as_of
        states = EmployeeState.objects.newest().exclude(presence="").filter(employee__employee_id__in=list(numbers))
        answers = PresenceAnswer.objects.bulk_create(
            PresenceAnswer(
                employee_id=state.employee_id,
                as_of=day,
                kind=PresenceAnswer.Kind.LEFT,
                left_after=left_by or state.last_listed,
                left_by=left_by or min(state.since or day, day),
                left_because=because,
                recorded_by=user,
            )
            for state in states
        )
        replay(since=day)
    return answers


def answer_here(*, numbers: Iterable[int], user: User | None = None) -> list[PresenceAnswer]:
    """Record that people are present, though they are missing from the newest SIRH extract. Raises ``Busy``."""
    with exclusive():
        day = WorkforceDay.objects.latest().as_of
        employees = Employee.objects.of_the_workforce().filter(employee_id__in=list(numbers))
        answers = PresenceAnswer.objects.bulk_create(
            PresenceAnswer(employee=employee, as_of=day, kind=PresenceAnswer.Kind.HERE, recorded_by=user)
            for employee in employees
        )
        replay(since=day)
    return answers


def revoke(*, answers: Sequence[PresenceAnswer], user: User | None = None) -> None:
    """Revoke answers: the workforce is replayed without them. Raises ``Busy``."""
    with exclusive():
        found = PresenceAnswer.objects.in_force().filter(pk__in=[answer.pk for answer in answers])
        days = list(found.values_list("as_of", flat=True))
        found.update(revoked_at=timezone.now(), revoked_by=user)
        if days:
            replay(since=min(days))


def merge_numbers(*, number: int, into: int, accept_both_listed: bool = False, user: User | None = None) -> NumberMerge:
    """Record that a number is another number of a person.

    Raises ``NotMergeable``, ``BothListed`` unless ``accept_both_listed``, and ``Busy``.
    """
    with exclusive():
        person = Employee.objects.filter(employee_id=into).first()
        merges = NumberMerge.objects.in_force()
        if person is None or number == into or not Employee.objects.filter(employee_id=number).exists():
            raise NotMergeable(f"{number} and {into} are not two known numbers")
        if merges.filter(number__in=(number, into)).exists() or merges.filter(employee__employee_id=number).exists():
            raise NotMergeable(f"{number} or {into} is merged already: part it first")
        as_of = _both_listed(number, into)
        if as_of and not accept_both_listed:
            raise BothListed(number, into, as_of)
        merge = NumberMerge.objects.create(number=number, employee=person, recorded_by=user)
        replay_people([number, into])
        numbers_merged.send(NumberMerge, merge=merge, user=user)
    return merge


def _both_listed(number: int, into: int) -> date | None:
    """The day of the newest SIRH extract in force with a row of each of the two numbers."""
    rows = SirhRow.objects.filter(number__in=(number, into), extract__in=LoadedExtract.objects.in_force())
    both = rows.order_by().values("extract__as_of").annotate(count=Count("number")).filter(count=2)
    return both.aggregate(newest=Max("extract__as_of"))["newest"]


def part_numbers(*, merge: NumberMerge, user: User | None = None) -> None:
    """Undo a merge: the two numbers are two people again. Raises ``Busy``."""
    with exclusive():
        merge.revoked_at, merge.revoked_by = timezone.now(), user
        merge.save()
        replay_people([merge.number, merge.employee.employee_id])
        numbers_parted.send(NumberMerge, merge=merge, user=user)
