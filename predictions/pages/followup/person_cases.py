"""What pages tell of somebody's cases: the last one, those that are closed, and the days of talks and actions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from employees.access import may_answer
from predictions.followup.models import Case, CaseChange

What = CaseChange.What


@dataclass(frozen=True, slots=True)
class CaseMark:
    """The open case of somebody or, with the day of its ``closed``, the last one: its key, and its state in words."""

    pk: int
    state: str
    closed: date | None


def mark(row: Any) -> CaseMark | None:
    """Of a row that ``followup.selectors.with_case`` gave it; None where the account sees no case of the person."""
    if getattr(row, "case", None) is None:
        return None
    closed = timezone.localdate(row.case_closed_at) if row.case_closed_at else None
    return CaseMark(row.case, str(Case.State(row.case_state).label), closed)


@dataclass(frozen=True, slots=True)
class ClosedCase:
    """A closed case: its key, its outcome, and from when to when it was open."""

    pk: int
    state: str
    opened: date
    closed: date


def closed(changes: Iterable[CaseChange]) -> list[ClosedCase]:
    """The closed cases among those that these changes are of, the newest first."""
    cases = {change.case_id: change.case for change in changes}
    return [
        ClosedCase(
            case.pk,
            capfirst(case.get_state_display()),
            timezone.localdate(case.opened_at),
            timezone.localdate(case.closed_at),
        )
        for case in sorted(cases.values(), key=lambda case: case.pk, reverse=True)
        if case.closed_at
    ]


def acts(changes: Sequence[CaseChange], user: User) -> dict[date, str]:
    """By day, the talks and actions in words; of talks those whose note the account may read."""
    found: dict[date, list[str]] = {}
    corrected = {change.action.corrects_id for change in changes if change.action}
    deleted = {(change.case_id, change.day) for change in changes if change.what == What.TALK_DELETED}
    for change in changes:
        if change.what == What.TALK and change.day and _may_know(change, user):
            if change.note_id or (change.case_id, change.day) not in deleted:
                found.setdefault(change.day, []).append(_("Talk"))
        elif change.action and change.action_id not in corrected and change.action.counts:
            found.setdefault(change.action.day, []).append(str(change.action.kind))
    for case in {change.case_id: change.case for change in changes}.values():
        _keep_first(case, found, user)
    return {day: ", ".join(dict.fromkeys(words)) for day, words in sorted(found.items())}


def _keep_first(case: Case, found: dict[date, list[str]], user: User) -> None:
    """The first talk or action outlives its note, and the changes of before there were any of notes."""
    if case.acted_on and case.acted_on not in found and may_answer(user):
        found[case.acted_on] = [_("Talk or action")]


def _may_know(change: CaseChange, user: User) -> bool:
    return may_answer(user) or change.by_id == user.pk or bool(change.note and change.note.is_shared)
