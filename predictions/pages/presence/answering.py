"""Shared by the pages about presence: the right to answer, the tabs, and the scoring that follows an answer."""

from datetime import date

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from employees.access import Scope, may_answer, only_for
from employees.columns import DEPARTURE_REASONS
from employees.models import EmployeeState, PresenceAnswer, WorkforceDay
from predictions import rescoring
from predictions.services import is_scoring_due

PAGE_SIZE = 50
NUMBER = "employee__employee_id"  # the way from a state to the number
TABS = (
    ("clarify", gettext_lazy("Absent")),
    ("clarify_refused", gettext_lazy("Refused")),
    ("clarify_unscored", gettext_lazy("Not scored")),
    ("clarify_unanswered", gettext_lazy("No recent answer")),
    ("clarify_answers", gettext_lazy("Answers")),
    ("clarify_numbers", gettext_lazy("Merged numbers")),
)
_REASONS = (
    gettext_lazy("Resignation"),
    gettext_lazy("Retirement"),
    gettext_lazy("Dismissal"),
    gettext_lazy("End of contract"),
    gettext_lazy("Transfer"),
    gettext_lazy("Other"),
)
REASONS = dict(zip(DEPARTURE_REASONS, _REASONS, strict=True))


for_answerers = only_for(may_answer)


def tabs(request: HttpRequest) -> list[dict]:
    """The pages of the entry, the current one marked."""
    entries = [(reverse(name), label) for name, label in TABS]
    return [{"href": href, "label": label, "is_current": request.path == href} for href, label in entries]


def scoring_state(day: WorkforceDay | None, scope: Scope) -> str:
    """``running`` while everyone is scored again, ``due`` when the scores are older than the newest day. One query.

    Only accounts that see everyone learn that something has changed: it may be about people out of their scope.
    """
    if rescoring.rescore.state():
        return "running"
    return "due" if day and scope.sees_everyone and is_scoring_due(day) else ""


def paged(request: HttpRequest, rows: QuerySet) -> Page:
    """The requested page, or the first one if it does not exist. Two queries."""
    return Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))


def counted_page(request: HttpRequest, rows: QuerySet) -> tuple[list, Page]:
    """The rows of the page asked for, the first one if there is no such page. One query: each row has the ``total``."""
    word = request.GET.get("page", "")
    number = max(int(word), 1) if word.isascii() and word.isdigit() and len(word) < 6 else 1
    start = (number - 1) * PAGE_SIZE
    found = list(rows[start : start + PAGE_SIZE])
    if not found and number > 1:
        found, number = list(rows[:PAGE_SIZE]), 1
    return found, Paginator(range(found[0].total if found else 0), PAGE_SIZE).get_page(number)


def when(state: EmployeeState | PresenceAnswer) -> str:
    """The day of a departure, or the days between which it lies."""
    if state.left_by is None:
        return "–"
    if state.left_after is None:
        return _("by %(date)s") % {"date": short(state.left_by)}
    if state.left_after == state.left_by:
        return short(state.left_by)
    return _("between %(after)s and %(date)s") % {"after": short(state.left_after), "date": short(state.left_by)}


def short(day: date | None) -> str:
    return date_format(day, "SHORT_DATE_FORMAT") if day else "–"


def reason(word: str) -> str:
    """The reason of a departure in the active language; empty for none."""
    return str(REASONS.get(word, word))
