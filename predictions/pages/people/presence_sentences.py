"""The presence of a person in sentences: why somebody is not there, and the history."""

from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from employees import terms
from employees.access import Readable, Scope
from employees.models import Employee, EmployeeState, Presence
from employees.workforce import spells
from predictions.pages.presence.answering import reason

EVENTS = {
    spells.EventKind.CAME: gettext_lazy("In the SIRH extracts since %(date)s."),
    spells.EventKind.MISSING: gettext_lazy("Missing from the SIRH extract of %(date)s."),
    spells.EventKind.BACK: gettext_lazy("Back since %(date)s."),
}


def notice(employee: Employee, states: list[EmployeeState], readable: Readable) -> str:
    """A sentence on why a person is not among those present; empty for those present."""
    if employee.is_present or not states:
        return ""
    newest = states[-1]
    if newest.presence == Presence.ABSENT:
        return _("In no SIRH extract since %(date)s, and no departure is known.") % {"date": _day(newest.since)}
    return _departure(newest, readable)


def _departure(state: spells.Departure, readable: Readable) -> str:
    if state.left_after in (None, state.left_by):
        # Without an earlier day, the departure is known from the first extract that holds the person.
        dated, already = _("Left the company on %(date)s."), _("Had already left the company by %(date)s.")
        sentence = dated if state.left_after else already
        left = sentence % {"date": _day(state.left_by)}
    else:
        left = _("Left the company between %(after)s and %(date)s.") % {
            "after": _day(state.left_after),
            "date": _day(state.left_by),
        }
    if state.left_because and readable.reads(frozenset({"motif_sortie"})):
        left += _(" Reason: %(reason)s.") % {"reason": reason(state.left_because)}
    return left


def history(states: list[EmployeeState], merged: list[int], scope: Scope, readable: Readable) -> list[str]:
    """The presence history in sentences, oldest first, then the merged numbers for those who read everything."""
    sentences = [_sentence(event, scope, readable) for event in spells.events(states)]
    if readable.reads_everything:
        sentences += [_("Number %(number)s is merged into this one.") % {"number": number} for number in merged]
    return [sentence for sentence in sentences if sentence]


def _sentence(event: spells.SpellEvent, scope: Scope, readable: Readable) -> str:
    """The sentence for an event; empty for a day of entry that may not be read, or a move between departments out of
    scope."""
    entered = event.entered if readable.reads(frozenset({"date_entree"})) else None
    match event.kind:
        case spells.EventKind.LEFT:
            return _departure(event.departure, readable)
        case spells.EventKind.MOVED:
            return _move(event, scope)
        case spells.EventKind.ENTERED if not entered:
            return ""
        case spells.EventKind.CAME | spells.EventKind.ENTERED if entered:
            return _("With the company since %(date)s.") % {"date": _day(entered)}
    return EVENTS[event.kind] % {"date": _day(entered or event.day)}


def _move(event: spells.SpellEvent, scope: Scope) -> str:
    names = (event.department_before, event.state.departement)
    if not any(scope.sees_department(name) for name in names):
        return ""
    before, after = (
        terms.label("departement", name) if scope.sees_department(name) else _("another department") for name in names
    )
    return _("Changed department by %(date)s: from %(before)s to %(after)s.") % {
        "date": _day(event.day),
        "before": before,
        "after": after,
    }


def _day(day: date | None) -> str:
    return date_format(day) if day else "–"
