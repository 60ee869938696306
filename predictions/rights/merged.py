"""When two numbers are one person's, what hangs on one of them follows the person; it goes back when they are parted.

The logs and what is derived from the files stay where they were written: the dossier and an erasure read all numbers.
"""

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.dispatch import receiver
from django.utils.translation import gettext as _

from employees.models import Employee, NumberMerge, TeamAccess
from employees.workforce.answers import numbers_merged, numbers_parted
from employees.workforce.objections import object_to_scoring
from predictions.followup.models import Case, DrawnPerson, ExitInterview
from predictions.followup.services import close_as_double, keep_word
from predictions.rights.models import DataRequest, FollowedMerge, LegalHold

OBJECTING = Q(kind=DataRequest.Kind.OBJECTION, state__in=(DataRequest.State.OPEN, DataRequest.State.GRANTED))


@receiver(numbers_merged)
def follow(sender: object, merge: NumberMerge, user: User | None, **options: object) -> None:
    """Move what the merged number has, but what the person can have once and has: that stays and is read with it."""
    person = merge.employee
    former = Employee.objects.get(employee_id=merge.number)
    _close_double(person, former, user)
    moved = {rows.model.__name__: _moved(rows, person) for rows in _rows_to_move(person, former)}
    for case in Case.objects.filter(pk__in=moved["Case"]):
        text = _("Opened under No. %(number)s, which is No. %(person)s from now on.")
        keep_word(case, text % _numbers(merge), user)
    if former.objected_on and not person.objected_on:
        object_to_scoring(employee=person, since=former.objected_on)
    FollowedMerge.objects.create(merge=merge, moved=moved)


@receiver(numbers_parted)
def part(sender: object, merge: NumberMerge, user: User | None, **options: object) -> None:
    """Move back what followed; what came since stays with the person."""
    followed = FollowedMerge.objects.filter(merge=merge).first()
    former = Employee.objects.filter(employee_id=merge.number).first()
    if followed is None or former is None:
        return
    for model in (Case, DrawnPerson, ExitInterview, DataRequest, LegalHold, TeamAccess):
        rows = model._default_manager.filter(pk__in=followed.moved.get(model.__name__, ()), employee=merge.employee)
        _moved(rows, former)
    for case in Case.objects.filter(pk__in=followed.moved["Case"]):
        text = _("No. %(number)s and No. %(person)s are two people again: this is a case of No. %(number)s.")
        keep_word(case, text % _numbers(merge), user)
    objections = DataRequest.objects.filter(OBJECTING, employee=merge.employee)
    if former.objected_on and merge.employee.objected_on and not objections.exists():
        object_to_scoring(employee=merge.employee, since=None)
    followed.delete()


def _close_double(person: Employee, former: Employee, user: User | None) -> None:
    """Of two open cases the person's own goes on; talks and actions of the other stay in it, and both say so."""
    own, other = (Case.objects.is_open().filter(employee=each).first() for each in (person, former))
    if own and other:
        numbers = {"number": former, "person": person}
        text = _("No. %(number)s is No. %(person)s from now on: what is done goes on in the other case.")
        close_as_double(other, text % numbers, user)
        text = _("No. %(number)s is No. %(person)s from now on: its case was closed and keeps its talks and actions.")
        keep_word(own, text % numbers, user)


def _rows_to_move(person: Employee, former: Employee) -> list[QuerySet]:
    same_draw = DrawnPerson.objects.filter(employee=person, draw=OuterRef("draw"))
    same_day = ExitInterview.objects.in_force().filter(employee=person, day=OuterRef("day"))
    objects = Exists(DataRequest.objects.filter(OBJECTING, employee=person))
    holds = LegalHold.objects.filter(employee=former)
    if LegalHold.objects.in_force().filter(employee=person).exists():
        holds = holds.exclude(lifted_at=None)
    return [
        Case.objects.filter(employee=former),
        DrawnPerson.objects.filter(~Exists(same_draw), employee=former),
        ExitInterview.objects.filter(~Exists(same_day) | ~Q(superseded_at=None), employee=former),
        DataRequest.objects.filter(~(OBJECTING & Q(objects)), employee=former),
        holds,
        TeamAccess.objects.filter(employee=former),
    ]


def _moved(rows: QuerySet, to: Employee) -> list[int]:
    """The keys of rows that are now about somebody else."""
    keys = list(rows.order_by("pk").values_list("pk", flat=True))
    rows.model._default_manager.filter(pk__in=keys).update(employee=to)
    return keys


def _numbers(merge: NumberMerge) -> dict[str, str]:
    return {"number": str(merge.number), "person": str(merge.employee)}
