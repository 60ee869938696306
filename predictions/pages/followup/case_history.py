"""The history of a case in words: each change, by whom and when."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from employees.access import may_answer
from predictions.followup.models import CaseAction, CaseChange
from predictions.formats import money
from predictions.pages.presence.answering import short

What = CaseChange.What


@dataclass(frozen=True, slots=True)
class Entry:
    """A change in words; ``remark`` is empty where the reader may not read it."""

    change: CaseChange
    words: str
    remark: str


def told(changes: list[CaseChange], user: User, notes: Collection[int], *, reads_costs: bool) -> Iterable[Entry]:
    """What each change changed, newest first; talks only by notes of ``notes`` or of the reader."""
    found: list[Entry] = []
    before: CaseChange | None = None
    for each in changes:
        is_of_talk = each.what in (What.TALK, What.TALK_DELETED)
        if is_of_talk and not (may_answer(user) or each.by_id == user.pk or each.note_id in notes):
            continue
        words = list(_of_talk(each) if is_of_talk else _of_action(each, reads_costs) or _of_case(each, before))
        if each.was_warned and each.is_told_to(user):
            words.append(_("despite a warning"))
        remark = each.word if each.is_told_to(user) else ""
        found.append(Entry(each, ", ".join(words) or capfirst(_("remark")), remark))
        before = each
    return reversed(found)


def texts_deleted(changes: Iterable[CaseChange], user: User) -> int:
    """How many talks are told whose note nobody deleted by hand, and which is there no more: by retention."""
    known = [each for each in changes if may_answer(user) or each.by_id == user.pk]
    talks = Counter(each.day for each in known if each.what == What.TALK and each.note_id is None)
    return (talks - Counter(each.day for each in known if each.what == What.TALK_DELETED)).total()


def _of_case(change: CaseChange, before: CaseChange | None) -> Iterator[str]:
    if before is None or change.state != before.state or change.aside != before.aside:
        yield capfirst(change.get_state_display())
        if change.aside:
            yield change.get_aside_display()
    if before is None or change.owner_id != before.owner_id:
        yield _("responsible: %(owner)s") % {"owner": change.owner}
    if before is None or change.due != before.due:
        yield _("due %(day)s") % {"day": short(change.due)}
    if change.talk_at != (before and before.talk_at):
        yield _talk(change, before)
    if before is not None and change.is_shared != before.is_shared:
        yield _("shared with managers") if change.is_shared else _("no longer shared")


def _talk(change: CaseChange, before: CaseChange | None) -> str:
    if change.talk_at is None:
        return _("no talk is planned any more")
    when = date_format(timezone.localtime(change.talk_at), "SHORT_DATETIME_FORMAT")
    if before is None or before.talk_at is None:
        return _("talk on %(when)s") % {"when": when}
    was = date_format(timezone.localtime(before.talk_at), "SHORT_DATETIME_FORMAT")
    return _("talk moved from %(was)s to %(when)s") % {"was": was, "when": when}


def _of_talk(change: CaseChange) -> Iterator[str]:
    if change.day:
        text = _("Talk of %(day)s noted") if change.what == What.TALK else _("Note of the talk of %(day)s deleted")
        yield text % {"day": short(change.day)}


def _of_action(change: CaseChange, reads_costs: bool) -> list[str]:
    action = change.action
    if action is None:
        return []
    now = _action(action, reads_costs)
    if action.corrects is None:
        return [_("Action agreed: %(action)s") % {"action": now}]
    if action.is_taken_back:
        return [_("Action taken back: %(action)s") % {"action": _action(action.corrects, reads_costs)}]
    return [_("Action corrected: %(was)s → %(now)s") % {"was": _action(action.corrects, reads_costs), "now": now}]


def _action(action: CaseAction, reads_costs: bool) -> str:
    text = _("%(kind)s, from %(day)s") % {"kind": action.kind, "day": short(action.day)}
    return f"{text}, {money(float(action.cost))}" if reads_costs and action.cost is not None else text
