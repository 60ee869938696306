"""My week: the own open cases by their day, and people newly over the threshold without a case."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from employees.access import may_follow, only_for, readable_to, scope_of
from employees.workforce.naming import with_names
from predictions import bands
from predictions.followup import selectors
from predictions.followup.models import Case
from predictions.followup.services import open_cases
from predictions.formats import grouped
from predictions.pages.followup.forms import MOST_AT_ONCE, OpenForm, people_of
from predictions.pages.presence.answering import paged
from predictions.selectors import runs
from technova.database.locks import Busy
from technova.web.requests import Request

SHOWN = 10  # people newly over the threshold
VIEWS = {
    "mine": gettext_lazy("My week"),
    "open": gettext_lazy("All open cases"),
    "closed": gettext_lazy("Closed"),
}


for_followers = only_for(may_follow)


@require_safe
@for_followers
def cases(request: Request) -> HttpResponse:
    scope, readable = scope_of(request.user), readable_to(request.user)
    view = request.GET.get("view", "mine")
    view = view if view in VIEWS else "mine"
    context: dict[str, Any] = {
        "tabs": [{"href": f"?view={name}", "label": text, "is_current": name == view} for name, text in VIEWS.items()],
        "view": view,
        "page": paged(request, _of_view(view, selectors.cases_of(request.user, readable), request.user)),
    }
    if view == "mine":
        newest, before = runs.latest_two()
        found = selectors.newly_over(newest, before, scope, readable)[:SHOWN] if newest else []
        context["newly_over"] = [
            {"score": score, "band": bands.band_of(score.probability, score.threshold)} for score in found
        ]
        context["run"] = newest
    return render(request, "cases/cases.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_followers
def open_some(request: Request) -> HttpResponse:
    """Ask by when and why, of the people chosen on another page; open a case for each, and go on to the only one."""
    form = OpenForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid() and (response := _open(request, form)):
        return response
    numbers = request.POST.getlist("number") if form.is_bound else request.GET.getlist("id")
    chosen = people_of(numbers[:MOST_AT_ONCE], request.user)
    context = {"form": form, "people": with_names(chosen, "employee_id", readable_to(request.user))}
    return render(request, "cases/open.html", context, status=422 if form.errors else 200)


def _open(request: Request, form: OpenForm) -> HttpResponse | None:
    """The way on; None when nothing was opened, which the form then says."""
    given = form.cleaned_data
    people = list(people_of(given["number"], request.user))
    if not people:
        form.add_error("number", _("None of these people is among those that you may follow."))
        return None
    try:
        opened = open_cases(
            employees=people, owner=request.user, due=given["due"], why=given["why"].strip(), user=request.user
        )
    except Busy:
        form.add_error(None, _("Other cases are being opened at this moment: try again."))
        return None
    messages.success(request, _told(len(opened.cases), opened.already))
    if len(people) == len(opened.cases) == 1:
        return redirect("cases_case", opened.cases[0].pk)
    return redirect("cases")


def _told(opened: int, already: int) -> str:
    told = ngettext("%(number)s case opened.", "%(number)s cases opened.", opened) % {"number": grouped(opened)}
    if already:
        text = ngettext(
            "%(number)s person had an open case already.", "%(number)s people had an open case already.", already
        )
        told = f"{told} {text % {'number': grouped(already)}}"
    return told


def _of_view(view: str, rows: QuerySet[Case], user) -> QuerySet[Case]:
    if view == "closed":
        return rows.exclude(closed_at=None).order_by("-closed_at")
    rows = rows.filter(closed_at=None)
    return rows.filter(owner=user) if view == "mine" else rows
