"""My week: the own open cases by their day, and people newly over the threshold without a case."""

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from employees import journal
from employees.access import readable_to, scope_of
from employees.workforce.naming import with_names
from predictions import bands
from predictions.followup import selectors
from predictions.followup.models import Case
from predictions.followup.services import open_cases
from predictions.formats import grouped
from predictions.models import Prediction
from predictions.pages.followup import case_export
from predictions.pages.followup.forms import MOST_AT_ONCE, ClosedForm, OpenForm, OpenListForm, OwnersForm, people_of
from predictions.pages.followup.tabs import VIEWS, for_followers, tabs
from predictions.pages.listings import csv_of
from predictions.pages.presence.answering import paged
from predictions.selectors import runs
from technova.database.locks import Busy
from technova.web.requests import Request

SHOWN = 10  # people newly over the threshold
FILTERS: dict[str, type[OwnersForm]] = {"open": OpenListForm, "closed": ClosedForm}  # by view


@require_safe
@for_followers
def cases(request: Request) -> HttpResponse:
    scope, readable = scope_of(request.user), readable_to(request.user)
    view = request.GET.get("view", "mine")
    view = view if view in VIEWS else "mine"
    rows = _of_view(view, selectors.cases_of(request.user, readable), request.user)
    form = FILTERS[view](request.GET, rows) if view in FILTERS else None
    context: dict[str, Any] = {
        "tabs": tabs(request, view),
        "view": view,
        "form": form,
        "page": paged(request, form.narrow(rows) if form else rows),
        "address": request.GET.urlencode(),
    }
    context["columns"], context["rows"] = case_export.shown(context["page"], is_closed=view == "closed")
    if view == "mine":
        newest, before = runs.latest_two()
        over = selectors.newly_over(newest, before, scope, readable)[:SHOWN] if newest else ()
        drawn = selectors.drawn(newest, scope, readable)[:MOST_AT_ONCE] if newest and newest.talks else ()
        context |= {"run": newest, "newly_over": _with_band(over), "drawn": _with_band(drawn)}
    named = [each.employee_id for each in context["page"]]
    named += [each["score"].employee_id for name in ("newly_over", "drawn") for each in context.get(name, ())]
    journal.record_rows(journal.What.LIST, named, user=request.user)
    return render(request, "cases/cases.html", context)


def _with_band(scores: Iterable[Prediction]) -> list[dict[str, Any]]:
    return [
        {
            "score": score,
            "band": bands.band_of(score.probability, score.threshold, is_extrapolated=score.is_extrapolated),
        }
        for score in scores
    ]


@require_safe
@for_followers
def cases_csv(request: Request) -> StreamingHttpResponse:
    """The same cases as a file."""
    view = request.GET.get("view", "mine")
    rows = _of_view(view, selectors.cases_of(request.user, readable_to(request.user)), request.user)
    if view in FILTERS:
        rows = FILTERS[view](request.GET, rows).narrow(rows)
    journal.record_file(journal.What.FILE, rows, rows.count(), user=request.user)
    name = _("cases")
    return csv_of(case_export.file_of(rows), f"technova-{name}-{localdate():%Y-%m-%d}.csv")


@require_http_methods(["GET", "HEAD", "POST"])
@for_followers
def open_some(request: Request) -> HttpResponse:
    """Ask by when and why, of the people chosen on another page; open a case for each. Show one alone, new or not."""
    form = OpenForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid() and (response := _open(request, form)):
        return response
    numbers = request.POST.getlist("number") if form.is_bound else request.GET.getlist("id")
    chosen = people_of(numbers[:MOST_AT_ONCE], request.user)
    people = list(with_names(chosen, "employee_id", readable_to(request.user)))
    journal.record_rows(journal.What.LIST, [person.pk for person in people], user=request.user)
    context = {"form": form, "people": people}
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
            employees=people,
            owner=request.user,
            due=given["due"],
            why=given["why"].strip(),
            user=request.user,
            was_warned=form.was_warned,
        )
    except Busy:
        form.add_error(None, _("Other cases are being opened at this moment: try again."))
        return None
    messages.success(request, _told(len(opened.cases), opened.already))
    cases = list(Case.objects.visible_to(request.user).is_open().filter(employee__in=people))
    if len(cases) < len(people):
        messages.info(request, _("HR follows somebody of them already: ask HR to share the case with you."))
    if len(people) == len(cases) == 1:
        return redirect("cases_case", cases[0].pk)
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
