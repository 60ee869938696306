"""Open, change and close cases; note talks and actions. Each change is kept with its author."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from employees.models import Employee
from predictions.followup.models import ActionKind, Case, CaseAction, CaseChange, CaseNote
from predictions.followup.selectors import newest_scores
from technova.database.locks import exclusive

DAYS_OF_MONTH = 30.44


class Unseen(Exception):
    """The case is not, or no longer, as the caller saw it."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The cases that were opened, and how many people had an open one already."""

    cases: tuple[Case, ...]
    already: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """The state of a case that somebody asks for."""

    state: Case.State
    owner: User
    due: date
    is_shared: bool
    aside: str = ""
    word: str = ""


def open_cases(*, employees: Collection[Employee], owner: User, due: date, why: str, user: User) -> Opened:
    """Open a case for each of these people, from their newest score, unless one is open."""
    with exclusive("cases"):
        open_already = set(Case.objects.is_open().filter(employee__in=employees).values_list("employee", flat=True))
        fresh = [employee for employee in employees if employee.pk not in open_already]
        scores = newest_scores().filter(employee__in=fresh).defer("contributions")
        score_of = {score.employee_id: score for score in scores}
        cases = [
            Case(
                employee=employee,
                departement=employee.departement,
                prediction=(score := score_of.get(employee.pk)),
                probability=score.probability if score else None,
                why=why,
                opened_by=user,
                owner=owner,
                due=due,
                is_shared=False,
            )
            for employee in fresh
        ]
        for case in cases:
            case.save(force_insert=True)
            _keep(case, user, why)
    return Opened(tuple(cases), len(open_already))


def change_case(*, case: Case, seen: int, wanted: Wanted, user: User) -> Case:
    """Give a case another state, owner or day. ``seen`` is the key of the newest change that the caller saw.

    Closing it as set aside keeps the risk of that day, from which a later one is told apart. Raises ``Unseen`` when
    somebody else has changed it meanwhile, or when another case of the person is open.
    """
    try:
        with transaction.atomic():
            case = Case.objects.select_for_update(of=("self",)).get(pk=case.pk)
            if case.changes.latest("pk").pk != seen:
                raise Unseen
            is_open = wanted.state in Case.OPEN
            case.state, case.owner, case.due = wanted.state, wanted.owner, wanted.due
            case.is_shared, case.aside, case.probability_then = wanted.is_shared, "", None
            case.closed_at = None if is_open else case.closed_at or timezone.now()
            if wanted.state == Case.State.SET_ASIDE:
                case.aside, case.probability_then = wanted.aside, _risk_of(case)
            case.save()
            _keep(case, user, wanted.word)
    except IntegrityError as error:
        raise Unseen from error
    return case


@transaction.atomic
def add_note(*, case: Case, day: date, who: str, text: str, is_shared: bool, user: User) -> CaseNote:
    """Note what was said in a talk. Raises ``technova.database.fields.NoKey`` without a key to encrypt it with."""
    return CaseNote.objects.create(case=case, day=day, who=who, text=text, is_shared=is_shared, by=user)


def delete_note(*, case: Case, note: int, user: User) -> bool:
    """Delete a note of a case that the account wrote itself; whether there was one."""
    deleted, _by_model = case.notes.filter(pk=note, by=user).delete()
    return bool(deleted)


def agree_action(*, case: Case, kind: ActionKind, day: date, cost, user: User) -> CaseAction:
    """Note an action that was agreed, from a day on; ``cost`` in euros, None if unknown."""
    return CaseAction.objects.create(case=case, kind=kind, day=day, cost=cost, by=user)


def purge_notes() -> int:
    """Delete the notes of talks that are older than ``NOTES_MONTHS``, and return how many."""
    kept = timedelta(days=settings.NOTES_MONTHS * DAYS_OF_MONTH)
    deleted, _by_model = CaseNote.objects.filter(day__lt=timezone.localdate() - kept).delete()
    return deleted


def _keep(case: Case, user: User, word: str) -> None:
    CaseChange.objects.create(
        case=case, by=user, state=case.state, owner_id=case.owner_id, due=case.due, is_shared=case.is_shared, word=word
    )


def _risk_of(case: Case) -> float | None:
    return newest_scores().filter(employee=case.employee).values_list("probability", flat=True).first()
