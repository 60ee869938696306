"""The loads, in force and taken back. For those who may import."""

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from employees.access import scope_of
from employees.messages import Message
from employees.models import Load, WorkforceDay
from employees.workforce.comparison import Moves
from employees.workforce.loading import NoSuchLoad, withdraw_load, withdrawal_moves
from predictions import rescoring
from predictions.pages.import_lists import MOVES
from predictions.pages.imports import for_importers
from predictions.pages.presence import answering
from technova.database.locks import Busy
from technova.web.requests import Request

PAGE_SIZE = 25
PREVIEW_SIZE = 20  # employee numbers


class WithdrawForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Why do you take it back?"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Kept with the load, with your name and the time."),
    )


def _all():
    return Load.objects.select_related("recorded_by", "withdrawn_by", "upload").prefetch_related("extracts")


@require_safe
@for_importers
def loads(request: Request) -> HttpResponse:
    page = Paginator(_all(), PAGE_SIZE).get_page(request.GET.get("page"))
    scoring = answering.scoring_state(WorkforceDay.objects.last(), scope_of(request.user))
    context = {"page": page, "rows": [_row(load) for load in page], "scoring": scoring}
    return render(request, "imports/loads.html", context)


def _row(load: Load) -> dict:
    return {"load": load, "alarms": [Message.of(alarm).said(_) for alarm in load.overridden]}


@require_http_methods(["GET", "HEAD", "POST"])
@for_importers
def withdraw(request: Request, load: int) -> HttpResponse:
    """What taking a load back would change; POST does it."""
    found = get_object_or_404(_all().in_force(), pk=load)
    form = WithdrawForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        return _withdraw(request, found, form.cleaned_data["reason"])
    context = {"form": form, **_row(found)}
    try:
        context["moves"] = _moves(withdrawal_moves(load=found.pk))
    except (Busy, NoSuchLoad):
        context["is_unknown"] = True
    return render(request, "imports/withdraw.html", context, status=422 if form.errors else 200)


def _withdraw(request: Request, load: Load, reason: str) -> HttpResponse:
    try:
        withdraw_load(load=load.pk, reason=reason, user=request.user)
    except Busy as error:
        messages.error(request, _(str(error)))
        return redirect("import_withdraw", load.pk)
    except NoSuchLoad:
        messages.info(request, _("Somebody has taken this load back already."))
    else:
        text = _("Load %(number)s is taken back. Everyone is being scored again.")
        messages.success(request, text % {"number": load.pk})
        rescoring.start()
    return redirect("import_loads")


def _moves(moves: Moves) -> list[dict]:
    """Who comes and goes, departures first."""
    named = [(label, getattr(moves, name)) for name, label in MOVES.items()]
    return [
        {"label": label, "count": len(numbers), "first": numbers[:PREVIEW_SIZE]} for label, numbers in named if numbers
    ]
