"""What was refused of people who are there or absent: since when, and why."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from employees.access import scope_of
from employees.messages import Message
from employees.workforce import refused as selectors
from employees.workforce.known_values import History
from employees.workforce.refused import Refused
from predictions.pages.import_lists import LABELS
from predictions.pages.people.risk_list import label
from predictions.pages.presence import answering
from predictions.pages.presence.answering import for_answerers
from predictions.selectors import people
from technova.web.requests import Request


@require_safe
@for_answerers
def refused(request: Request) -> HttpResponse:
    history = History.now()
    found = people.with_page(selectors.refused(scope_of(request.user), history), "number")
    rows, page = answering.counted_page(request, found)
    context = {
        "tabs": answering.tabs(request),
        "rows": [_row(refusal) for refusal in selectors.with_days(history, rows)] if rows else [],
        "page": page,
    }
    return render(request, "presence/refused.html", context)


def _row(refusal: Refused) -> dict[str, object]:
    row, employee = refusal.value, refusal.employee
    return {
        "number": employee.employee_id,
        "has_page": getattr(row, "has_page", False),
        "department": label("departement", employee.departement),
        "file": row.extract.name,
        "column": capfirst(LABELS[row.column]) if row.column else _("(the whole row)"),
        "value": row.value,
        "rule": Message.of(row.rule).said(_),
        "since": answering.short(refusal.since),
    }
