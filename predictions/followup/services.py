"""Open, change and close cases; note talks and actions. Each change is kept with its author."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Min, TextField, Value
from django.db.models.functions import Cast
from django.utils import timezone

from employees.models import Employee
from predictions.events import services as events
from predictions.events.models import Event
from predictions.followup.models import ActionKind, Case, CaseAction, CaseChange, CaseNote, ExitInterview
from predictions.followup.selectors import newest_scores
from predictions.keys.models import APIKey
from predictions.ml.periods import months_before
from predictions.rights.models import LegalHold
from technova.database.locks import exclusive


class Unseen(Exception):
    """The case is not, or no longer, as the caller saw it."""


class AnotherIsOpen(Exception):
    """The case cannot be opened again beside another one of the person."""


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
    talk_at: datetime | None = None
    was_warned: bool = False


def open_cases(
    *,
    employees: Collection[Employee],
    owner: User,
    due: date,
    why: str,
    user: User | None = None,
    key: APIKey | None = None,
    was_warned: bool = False,
) -> Opened:
    """Open a case for each of these people, from their newest score, unless one is open; by an account or by a key."""
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
            _keep(case, user, key, why, was_warned=was_warned)
        if cases:
            _tell(Event.CASE_OPENED, f"cases {cases[0].pk} to {cases[-1].pk}", {"opened_count": len(cases)})
    return Opened(tuple(cases), len(open_already))


def change_case(*, case: Case, seen: int, wanted: Wanted, user: User | None = None, key: APIKey | None = None) -> Case:
    """Give a case another state, owner or day. ``seen`` is the key of the newest change that the caller saw.

    What changes nothing is not kept. Closing it as set aside keeps the risk of that day, so that a later one can be
    compared with it. Raises ``Unseen`` when somebody else has changed it meanwhile, and ``AnotherIsOpen`` when another
    case of the person is open.
    """
    try:
        with transaction.atomic():
            case = Case.objects.select_for_update(of=("self",)).get(pk=case.pk)
            if case.changes.latest("pk").pk != seen:
                raise Unseen
            if changes_nothing(case, wanted):
                return case
            was_open, is_open = case.is_open, wanted.state in Case.OPEN
            case.state, case.owner, case.due = wanted.state, wanted.owner, wanted.due
            case.talk_at = wanted.talk_at
            case.is_shared, case.aside, case.probability_then = wanted.is_shared, "", None
            case.closed_at = None if is_open else case.closed_at or timezone.now()
            if wanted.state == Case.State.SET_ASIDE:
                case.aside, case.probability_then = wanted.aside, _risk_of(case)
            case.save()
            change = _keep(case, user, key, wanted.word, was_warned=wanted.was_warned)
            if was_open and not is_open:
                _tell(Event.CASE_CLOSED, f"case change {change.pk}", {"closed_count": 1})
    except IntegrityError as error:
        raise AnotherIsOpen from error
    return case


def close_as_double(case: Case, word: str, user: User | None) -> None:
    """Close a case of somebody who has another one: no score is set aside, so that none is compared with later ones."""
    case.state, case.aside, case.closed_at = Case.State.SET_ASIDE, Case.Aside.OTHER, timezone.now()
    case.save()
    keep_word(case, word, user)
    _tell(Event.CASE_CLOSED, f"case {case.pk} as double", {"closed_count": 1})


def keep_word(case: Case, word: str, user: User | None) -> None:
    """Say something in the history of a case that changes nothing; nothing where nobody can be named as the author."""
    if user:
        _keep(case, user, word=word)


def changes_nothing(case: Case, wanted: Wanted) -> bool:
    """Whether a case is already as somebody asks for it, and nothing is remarked."""
    names = ("state", "owner", "due", "is_shared", "aside", "talk_at")
    return not wanted.word.strip() and all(getattr(case, name) == getattr(wanted, name) for name in names)


@transaction.atomic
def add_note(
    *, case: Case, day: date, who: str, text: str, is_shared: bool, user: User, was_warned: bool = False
) -> CaseNote:
    """Note what was said in a talk. Raises ``technova.database.fields.NoKey`` without a key to encrypt it with."""
    note = CaseNote.objects.create(case=case, day=day, who=who, text=text, is_shared=is_shared, by=user)
    _keep(case, user, what=CaseChange.What.TALK, day=day, note=note, was_warned=was_warned)
    _acted(case, day)
    return note


@transaction.atomic
def delete_note(*, case: Case, note: int, user: User) -> bool:
    """Delete a note of a case that the account wrote itself; whether there was one."""
    found = case.notes.filter(pk=note, by=user).first()
    if found is None:
        return False
    _keep(case, user, what=CaseChange.What.TALK_DELETED, day=found.day)
    found.delete()
    _keep_first_act(case)
    return True


@transaction.atomic
def agree_action(*, case: Case, kind: ActionKind, day: date, cost, user: User) -> CaseAction:
    """Note an action that was agreed, from a day on; ``cost`` in euros, None if unknown."""
    action = CaseAction.objects.create(case=case, kind=kind, day=day, cost=cost, by=user)
    _keep(case, user, what=CaseChange.What.ACTION, action=action)
    if kind.is_action:
        _acted(case, day)
    return action


def correct_action(
    *,
    action: CaseAction,
    kind: ActionKind,
    day: date,
    cost: Decimal | None,
    word: str,
    is_taken_back: bool,
    user: User,
    was_warned: bool = False,
) -> CaseAction:
    """Put a corrected action in the place of one that is in force, or take it back; both stay, with the reason.

    Raises ``Unseen`` if it was corrected meanwhile.
    """
    what = CaseChange.What.TAKEN_BACK if is_taken_back else CaseChange.What.CORRECTED
    try:
        with transaction.atomic():
            values = {"kind": kind, "day": day, "cost": cost, "is_taken_back": is_taken_back}
            correction = CaseAction.objects.create(case=action.case, corrects=action, by=user, **values)
            _keep(action.case, user, word=word, what=what, action=correction, was_warned=was_warned)
            _keep_first_act(action.case)
    except IntegrityError as error:
        raise Unseen from error
    return correction


def tell_overdue(today: date) -> None:
    """Tell other systems of the cases that are overdue, once a day."""
    if overdue := Case.objects.is_open().filter(due__lt=today).count():
        _tell(Event.CASE_OVERDUE, f"overdue {today}", {"overdue_count": overdue})


def _tell(event: Event, about: str, data: dict[str, object]) -> None:
    """With how many are open now: counts alone, and no number of anybody."""
    if events.is_told(event):
        known = {"open_count": Case.objects.is_open().count()}
        events.emit(event, about=about, data=known | data, page="cases")


def notes_kept_since() -> date:
    """The oldest day of which what was said is still kept, but of people who are held for a dispute."""
    return months_before(timezone.localdate(), settings.NOTES_MONTHS)


def purge_notes() -> int:
    """Delete the notes of talks, and what was written in exit interviews, that are older than ``NOTES_MONTHS``; return
    how many. Those about people who are held for a dispute stay."""
    oldest = notes_kept_since()
    held = LegalHold.objects.people()
    deleted, _by_model = CaseNote.objects.exclude(case__employee__in=held).filter(day__lt=oldest).delete()
    interviews = ExitInterview.objects.exclude(employee__in=held).alias(stored=Cast("would_have_stayed", TextField()))
    return deleted + interviews.filter(day__lt=oldest).exclude(stored="").update(would_have_stayed=Value(""))


def _acted(case: Case, day: date) -> None:
    """Keep the day if it is the first one: earlier notes may have been deleted since."""
    if case.acted_on is None or day < case.acted_on:
        case.acted_on = day
        case.save(update_fields=["acted_on"])


def _keep_first_act(case: Case) -> None:
    """Of the talks and actions that are left: a talk counts whose note retention has deleted."""
    deleted = case.changes.filter(what=CaseChange.What.TALK_DELETED).values("day")
    purged = case.changes.filter(what=CaseChange.What.TALK, note=None).exclude(day__in=deleted)
    kept = (case.notes, purged, case.actions.that_count())
    days = [rows.aggregate(first=Min("day"))["first"] for rows in kept]
    case.acted_on = min((day for day in days if day), default=None)
    case.save(update_fields=["acted_on"])


def _keep(case: Case, user: User | None, key: APIKey | None = None, word: str = "", **about: Any) -> CaseChange:
    """Add to the history; ``about`` says what was noted or agreed, where it is not the case itself."""
    return CaseChange.objects.create(
        case=case,
        by=user,
        api_key=key,
        state=case.state,
        owner_id=case.owner_id,
        due=case.due,
        is_shared=case.is_shared,
        talk_at=case.talk_at,
        aside=case.aside,
        word=word,
        **about,
    )


def _risk_of(case: Case) -> float | None:
    return newest_scores().filter(employee=case.employee).values_list("probability", flat=True).first()
