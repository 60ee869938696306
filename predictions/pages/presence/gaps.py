"""To clarify: people without a score, people without a recent answer, and refused values."""

from collections.abc import Sequence
from typing import Any

from django.core.paginator import Page
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.text import Truncator, capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from employees import journal
from employees.access import readable_to, scope_of
from employees.columns import Extract
from employees.messages import Message
from employees.models import EmployeeState
from employees.workforce import clarifying
from employees.workforce import refused as selectors
from employees.workforce.known_values import History
from employees.workforce.listing import Lack, lacks_of_few, last_held
from employees.workforce.naming import with_names
from employees.workforce.refused import Refused
from predictions.pages.imports.import_lists import LABELS
from predictions.pages.listings import Cell, shown_row
from predictions.pages.people.list_form import label
from predictions.pages.presence import answering
from predictions.pages.presence.answering import for_answerers
from predictions.selectors import people
from technova.web.requests import Request

LONGEST_VALUE = 60  # characters of a refused value
LACKING = {
    Extract.SIRH: gettext_lazy("never in a SIRH extract"),
    Extract.EVAL: gettext_lazy("never in an evaluation extract"),
    Extract.SONDAGE: gettext_lazy("never in a survey extract"),
}
UNKNOWN = {
    Extract.SIRH: gettext_lazy("never known, last in the SIRH extract of %(date)s: %(columns)s"),
    Extract.EVAL: gettext_lazy("never known, last in the evaluation extract of %(date)s: %(columns)s"),
    Extract.SONDAGE: gettext_lazy("never known, last in the survey extract of %(date)s: %(columns)s"),
}


@require_safe
@for_answerers
def unscored(request: Request) -> HttpResponse:
    """People who are present without a score, what is missing, and the last extract that held them."""
    states, page = answering.counted_page(request, _named(request, people.unscored(scope_of(request.user))))
    lacks = lacks_of_few(History.now(), [state.employee.employee_id for state in states]) if states else {}
    nothing = _("Nothing: the next scoring includes this person.")
    rows: list[list[Cell]] = []
    for state in states:
        number = state.employee.employee_id
        why = " · ".join(capfirst(_lack(lack)) for lack in lacks.get(number, ())) or nothing
        if state.employee.objected_on:
            why = _("Objection: this person is not scored.")
        rows.append([number, label("departement", state.departement), state.since, why])
    columns = [_("Employee"), _("Department"), _("Present since"), _("What is missing")]
    return _listed(request, "unscored", columns, rows, page, [state.name for state in states])


@require_safe
@for_answerers
def unanswered(request: Request) -> HttpResponse:
    """People missing from the newest evaluation or survey, and the last one that held them."""
    history = History.now()
    page = answering.paged(request, _named(request, clarifying.unanswered(scope_of(request.user), history)))
    states: dict[int, Any] = {state.employee.employee_id: state for state in page}
    held = last_held(history, clarifying.ANSWERS, list(states))
    rows: list[list[Cell]] = [
        [
            number,
            label("departement", state.departement),
            *(held.get((kind, number)) or _("never") for kind in (Extract.EVAL, Extract.SONDAGE)),
        ]
        for number, state in states.items()
    ]
    columns = [_("Employee"), _("Department"), _("Last evaluation"), _("Last survey")]
    return _listed(request, "unanswered", columns, rows, page, [state.name for state in states.values()])


@require_safe
@for_answerers
def refused(request: Request) -> HttpResponse:
    """The refused values of people who are present or absent: since when, and why."""
    history = History.now()
    values, page = answering.counted_page(request, selectors.refused(scope_of(request.user), history))
    refusals = selectors.with_days(history, values, readable_to(request.user)) if values else []
    rows = [_refused(refusal) for refusal in refusals]
    columns = [_("Employee"), _("Department"), _("Column"), _("Value")]
    columns += [_("What is expected"), _("Refused since"), _("File")]
    return _listed(request, "refused", columns, rows, page, [refusal.name for refusal in refusals])


def _refused(refusal: Refused) -> list[Cell]:
    value, employee = refusal.value, refusal.employee
    return [
        employee.employee_id,
        label("departement", employee.departement),
        capfirst(str(LABELS[value.column])) if value.column else _("(the whole row)"),
        Truncator(value.value).chars(LONGEST_VALUE) or None,
        Message.of(value.rule).said(_),
        refusal.since,
        value.extract.name,
    ]


def _named(request: Request, states: QuerySet[EmployeeState]) -> QuerySet:
    return with_names(states, answering.NUMBER, readable_to(request.user))


def _listed(
    request: Request, name: str, columns: list[str], rows: list[list[Cell]], page: Page, names: Sequence[str]
) -> HttpResponse:
    """A page of people of the workforce, with their names where they are known."""
    journal.record(journal.What.LIST, user=request.user, people=len(rows))
    shown = [shown_row(columns, row, has_page=True, name=of) for row, of in zip(rows, names, strict=True)]
    context = {"tabs": answering.tabs(request), "columns": columns, "rows": shown, "page": page}
    return render(request, f"presence/{name}.html", context)


def _lack(lack: Lack) -> str:
    if not lack.columns:
        return str(LACKING[lack.kind])
    columns = ", ".join(str(LABELS[name]) for name in lack.columns)
    return str(UNKNOWN[lack.kind]) % {"columns": columns, "date": answering.short(lack.last_held)}
