"""Everyone's requests about their own data: those that wait, the overdue ones first, then those that were answered."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from employees import journal
from employees.access import may_answer, only_for, readable_to
from predictions.pages.presence.answering import paged
from predictions.rights.selectors import may_read_requests, requests_of
from technova.web.requests import Request


@require_safe
@only_for(may_read_requests)
def index(request: Request) -> HttpResponse:
    """An auditor sees that they were made and when they were answered: no name, no word and no score."""
    page = paged(request, requests_of(request.user, readable_to(request.user)))
    context: dict[str, Any] = {"page": page, "may_handle": may_answer(request.user)}
    journal.record_rows(journal.What.LIST, [each.employee_id for each in page], user=request.user)
    return render(request, "rights/list.html", context)
