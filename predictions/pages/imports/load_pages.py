"""The loads, in force and withdrawn. For accounts that may import; auditors read the list."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import pandas as pd
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import user_passes_test
from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from employees import journal
from employees.access import Readable, may_audit, readable_to, scope_of
from employees.models import Load, LoadedExtract, WorkforceDay
from employees.workforce.loading import NoSuchLoad, revision, withdraw_load, withdrawal_changes
from predictions import rescoring
from predictions.pages.administration.sections import tabs_of
from predictions.pages.imports import import_lists
from predictions.pages.imports.import_page import LINES_A_PAGE, admitted, for_importers
from predictions.pages.listings import Listing, ShownRow, csv_of
from predictions.pages.presence import answering
from predictions.pages.reasons import ReasonField
from predictions.selectors import people
from technova.database.locks import Busy
from technova.web.requests import Request

PAGE_SIZE = 25


class WithdrawForm(forms.Form):
    reason = ReasonField(
        label=gettext_lazy("Why do you take it back?"),
        help_text=gettext_lazy("Kept with the load, with your name and the time."),
    )


def _all():
    extracts = Prefetch("extracts", LoadedExtract.objects.marked())
    return Load.objects.select_related("recorded_by", "withdrawn_by", "upload").prefetch_related(extracts)


@require_safe
@user_passes_test(lambda user: may_audit(user) or admitted(user))
def loads(request: Request) -> HttpResponse:
    page = Paginator(_all(), PAGE_SIZE).get_page(request.GET.get("page"))
    scoring = answering.scoring_state(WorkforceDay.objects.last(), scope_of(request.user))
    tabs = tabs_of(request.user, "import_loads")
    context = {"tabs": tabs, "page": page, "rows": [_row(load) for load in page], "scoring": scoring}
    return render(request, "imports/loads.html", context)


def _row(load: Load) -> dict:
    return {"load": load, "alarms": import_lists.alarms_in_words(load.overridden)}


@require_http_methods(["GET", "HEAD", "POST"])
@for_importers
def withdraw(request: Request, load: int) -> HttpResponse:
    """The changes that withdrawing a load would make; POST withdraws it."""
    found = get_object_or_404(_all(), pk=load)
    if found.withdrawn_at:
        return _withdrawn_before(request)
    form = WithdrawForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        return _withdraw(request, found, form.cleaned_data["reason"])
    context = {"form": form, **_row(found)}
    try:
        context["changes"] = _first_changes(found, readable_to(request.user))
    except (Busy, NoSuchLoad):
        context["is_unknown"] = True
    people = sum(len(each["rows"]) for each in context.get("changes", ()))
    journal.record(journal.What.LIST, user=request.user, people=people)
    return render(request, "imports/withdraw.html", context, status=422 if form.errors else 200)


def _withdraw(request: Request, load: Load, reason: str) -> HttpResponse:
    try:
        withdraw_load(load=load.pk, reason=reason, user=request.user)
    except Busy as error:
        messages.error(request, _(str(error)))
        return redirect("import_withdraw", load.pk)
    except NoSuchLoad:
        return _withdrawn_before(request)
    text = _("Load %(number)s is taken back. Everyone is being scored again.")
    messages.success(request, text % {"number": load.pk})
    rescoring.rescore.enqueue()
    return redirect("import_loads")


def _withdrawn_before(request: Request) -> HttpResponse:
    messages.info(request, _("Somebody has taken this load back already."))
    return redirect("import_loads")


@lru_cache(maxsize=2)  # a reader pages through several lists, each of which needs the whole simulated withdrawal
def _changes_at(load: int, revision: str) -> pd.DataFrame:
    return withdrawal_changes(load=load)


def _listings(load: Load) -> dict[str, Listing]:
    """People who would come, go or move if a load were withdrawn. Raises ``NoSuchLoad`` and ``Busy``."""
    return import_lists.move_listings(_changes_at(load.pk, revision()))


def _first_changes(load: Load, readable: Readable) -> list[dict]:
    """The first lines of each list, departures first."""
    return [
        {
            "name": name,
            "title": found.title,
            "count": len(found.rows),
            "columns": found.columns,
            "rows": _shown(found, list(found.rows[: import_lists.FIRST]), readable),
            "href": reverse("import_withdraw_list", args=[load.pk, name]),
            "csv_href": reverse("import_withdraw_list_csv", args=[load.pk, name]),
        }
        for name, found in _listings(load).items()
    ]


def _shown(listing: Listing, rows: Sequence, readable: Readable) -> list[ShownRow]:
    people.mark_pages(rows, readable)
    return listing.shown(rows)


@require_safe
@for_importers
def withdrawal_list(request: Request, load: int, name: str) -> HttpResponse:
    """One list of what withdrawing a load would change, in pages."""
    found = get_object_or_404(_all(), pk=load)
    try:
        listing = _listing(found, name)
    except (Busy, NoSuchLoad):
        return redirect("import_withdraw", load)
    page = Paginator(listing.rows, LINES_A_PAGE).get_page(request.GET.get("page"))
    journal.record(journal.What.LIST, user=request.user, people=len(page))
    context = {
        "listing": listing,
        "page": page,
        "rows": _shown(listing, list(page), readable_to(request.user)),
        "day": found.as_of,
        "back": reverse("import_withdraw", args=[load]),
        "origin": _("Take back load %(number)s") % {"number": load},
        "csv_href": reverse("import_withdraw_list_csv", args=[load, name]),
    }
    return render(request, "imports/list.html", context)


@require_safe
@for_importers
def withdrawal_list_csv(request: Request, load: int, name: str) -> HttpResponseBase:
    """The whole list as a file."""
    found = get_object_or_404(_all(), pk=load)
    try:
        listing = _listing(found, name)
        journal.record(journal.What.FILE, user=request.user, people=listing.count())
        return csv_of(listing, f"technova-load-{load}-{name}.csv")
    except (Busy, NoSuchLoad):
        return redirect("import_withdraw", load)


def _listing(load: Load, name: str) -> Listing:
    """One of the lists. Raises ``Http404`` if it is empty or does not exist, and as ``_listings``."""
    found = _listings(load).get(name)
    if found is None:
        raise Http404
    return found
