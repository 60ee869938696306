"""Record what people ask about their own data, and the answers. Each change is kept with its author."""

from calendar import monthrange
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from employees.models import Employee
from employees.workforce.corrections import correct, lift
from employees.workforce.objections import object_to_scoring
from predictions.followup.selectors import newest_scores
from predictions.rights.models import DataRequest, DataRequestChange
from technova.database.locks import exclusive

State = DataRequest.State
CHANGES_SCORES = (DataRequest.Kind.OBJECTION, DataRequest.Kind.CORRECTION)
MONTHS, LONGER = 1, 2  # to answer, and by how many more where the request is complex (GDPR, article 12)


class Unexpected(Exception):
    """The request is no longer in a state in which this can be done: somebody else was there before."""


def months_later(day: date, months: int) -> date:
    """The same day of a later month, or its last day where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


class HasObjected(Exception):
    """The person has objected already."""


def receive(
    *,
    employee: Employee,
    kind: DataRequest.Kind,
    received_on: date,
    said: str,
    user: User | None = None,
    by: str = "",
) -> DataRequest:
    """Record a request, to be answered within a month of the day on which it came; ``by`` ran a command.

    Whoever objects is not scored from then on, whatever the answer will be. Raises ``HasObjected``, and ``Busy`` for an
    objection while data are loaded.
    """
    with _writing(kind):
        if kind == DataRequest.Kind.OBJECTION and employee.objected_on:
            raise HasObjected
        word = _("Recorded by command, as %(account)s.") % {"account": by} if by else ""
        return _received(employee, kind, received_on, said, user, word)


def _received(
    employee: Employee, kind: DataRequest.Kind, received_on: date, said: str, user: User | None, word: str
) -> DataRequest:
    score = newest_scores().filter(employee=employee).first() if kind == DataRequest.Kind.CONTEST else None
    request = DataRequest.objects.create(
        employee=employee,
        kind=kind,
        said=said,
        received_on=received_on,
        due=months_later(received_on, MONTHS),
        prediction=score,
        probability=score.probability if score else None,
        recorded_by=user,
    )
    _keep(request, user, word)
    if kind == DataRequest.Kind.OBJECTION:
        object_to_scoring(employee=employee, since=received_on)
    return request


@transaction.atomic
def dossier_made(*, employee: Employee, user: User | None = None, by: str = "") -> DataRequest:
    """Record that a dossier was made, once a day for who made it; ``by`` ran a command.

    It stands with the person's request to see their data that is open or was answered today; where there is none, it is
    a request that was received today and is answered by it.
    """
    today = timezone.localdate()
    word = _("The dossier was made by command, as %(account)s.") % {"account": by} if by else _("The dossier was made.")
    asked = DataRequest.objects.filter(employee=employee, kind=DataRequest.Kind.ACCESS)
    request = asked.filter(Q(state=State.OPEN) | Q(answered_on=today)).order_by("-pk").first()
    if request is None:
        request = DataRequest.objects.create(
            employee=employee,
            kind=DataRequest.Kind.ACCESS,
            received_on=today,
            due=months_later(today, MONTHS),
            state=State.GRANTED,
            answered_on=today,
            answer=word,
            handled_by=user,
            recorded_by=user,
        )
    if not request.changes.filter(by=user, word=word, at__date=today).exists():
        _keep(request, user, word)
    return request


def extend(*, request: DataRequest, reason: str, user: User) -> DataRequest:
    """Give a complex request two months more, once. Raises ``Unexpected``."""
    with transaction.atomic():
        request = _locked(request, State.OPEN)
        if request.is_extended:
            raise Unexpected
        request.due, request.is_extended = months_later(request.received_on, MONTHS + LONGER), True
        request.save()
        _keep(request, user, reason)
    return request


@dataclass(frozen=True, slots=True)
class RightValue:
    """What a column is to say of a person, from a day on."""

    column: str
    value: Any
    as_of: date


def answer(
    *, request: DataRequest, is_granted: bool, text: str, user: User, right: RightValue | None = None
) -> DataRequest:
    """Answer a request with the reason; ``right`` is the value that a correction puts in force.

    An objection that is refused has no effect any more. Raises ``Unexpected``, ``NoDay`` of
    ``employees.workforce.corrections``, and ``Busy`` where the answer changes scores. An erasure is granted by
    ``erasure.erase`` alone: ``ValueError``.
    """
    if is_granted and request.kind == DataRequest.Kind.ERASURE:
        raise ValueError("an erasure is granted by erasing")
    with _writing(DataRequest.Kind(request.kind)):
        request = _locked(request, State.OPEN)
        request.state = State.GRANTED if is_granted else State.REFUSED
        request.answer, request.handled_by, request.answered_on = text, user, timezone.localdate()
        if right and is_granted:
            request.correction = correct(
                employee=request.employee, column=right.column, value=right.value, as_of=right.as_of, user=user
            )
        request.save()
        _keep(request, user, text)
        if request.kind == DataRequest.Kind.OBJECTION and not is_granted:
            object_to_scoring(employee=request.employee, since=None)
    return request


def end(*, request: DataRequest, reason: str, user: User) -> DataRequest:
    """End what was granted: a person who objected is scored again, a correction is lifted.

    Raises ``Unexpected`` and ``Busy``.
    """
    with _writing(DataRequest.Kind(request.kind)):
        request = _locked(request, State.GRANTED)
        if not request.may_end:
            raise Unexpected
        request.state = State.ENDED
        request.save()
        _keep(request, user, reason)
        if request.correction:
            lift(correction=request.correction, user=user)
        else:
            object_to_scoring(employee=request.employee, since=None)
    return request


def note_agreed() -> None:
    """Record which corrections have ended because the source says the same, and which stand again since such an extract
    was withdrawn. Two queries, where nothing has changed."""
    of_corrections = DataRequest.objects.filter(correction__revoked_at=None).select_related("correction", "employee")
    for request in of_corrections.filter(state=State.GRANTED, correction__agreed_on__isnull=False):
        request.state = State.ENDED
        request.save()
        agreed_on: Any = request.correction and request.correction.agreed_on
        _keep(request, None, _("The source says the same since %(day)s.") % {"day": date_format(agreed_on)})
    for request in of_corrections.filter(state=State.ENDED, correction__agreed_on=None):
        request.state = State.GRANTED
        request.save()
        _keep(request, None, _("The file that said the same was taken back: the correction stands again."))


def _writing(kind: DataRequest.Kind) -> AbstractContextManager:
    """A transaction; for what changes who is scored one that keeps other writers out."""
    return exclusive() if kind in CHANGES_SCORES else transaction.atomic()


def _locked(request: DataRequest, *states: DataRequest.State) -> DataRequest:
    found = (
        DataRequest.objects.select_for_update(of=("self",)).select_related("employee", "correction").get(pk=request.pk)
    )
    if found.state not in states:
        raise Unexpected
    return found


def _keep(request: DataRequest, user: User | None, word: str) -> None:
    DataRequestChange.objects.create(request=request, by=user, state=request.state, due=request.due, word=word)
