"""The data dictionary: why each column is kept, for how long and who reads it; and switching one off."""

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from employees.access import may_audit, may_switch_columns, only_for, scope_of
from employees.columns import BY_NAME, Column, Extract
from employees.models import ColumnSwitch
from employees.workforce.switches import AlreadySwitched, switch_on
from features.dictionary import Entry, entries, label
from features.schema import made_from
from features.services import switch_off
from predictions.pages.reasons import ReasonField
from predictions.registry import current_model
from predictions.retention import rules
from predictions.retention.models import Clearance
from technova.database.locks import Busy
from technova.web.requests import Request

TITLES = {
    Extract.SIRH: gettext_lazy("SIRH extract"),
    Extract.EVAL: gettext_lazy("Evaluation extract"),
    Extract.SONDAGE: gettext_lazy("Survey extract"),
    Extract.ANNUAIRE: gettext_lazy("Directory"),
}
NEEDED = gettext_lazy("The model in use needs this column: train one without the protected features first.")


def may_read(user) -> bool:
    """Whether an account reads the data dictionary, which covers the whole company."""
    return scope_of(user).sees_everyone or may_audit(user)


class SwitchForm(forms.Form):
    reason = ReasonField(label=gettext_lazy("Why is it not needed?"))


@require_safe
@only_for(may_read)
def data(request: Request) -> HttpResponse:
    switches = list(ColumnSwitch.objects.select_related("recorded_by", "revoked_by"))
    off = {switch.column: switch for switch in switches if switch.revoked_at is None}
    context = {
        "sections": [(TITLES[extract], [_row(entry, off) for entry in entries(extract)]) for extract in Extract],
        "history": [(_label(switch.column), switch) for switch in switches],
        "retention": rules.RULES,
        "cleared": [(rules.BY_NAME[row.rule].what, row) for row in Clearance.objects.all()[:20]],
        "may_switch": may_switch_columns(request.user),
    }
    return render(request, "data/data.html", context)


def _row(entry: Entry, off: dict[str, ColumnSwitch]) -> dict:
    return {"entry": entry, "switch": off.get(entry.column.name)}


def _label(name: str) -> str:
    return label(name, BY_NAME[name].extract)


@require_http_methods(["GET", "HEAD", "POST"])
@only_for(may_switch_columns)
def off(request: Request, name: str) -> HttpResponse:
    """The consequences of switching a column off; POST switches it off."""
    column = _dispensable(name)
    form = SwitchForm(request.POST if request.method == "POST" else None)
    if made_from(name) & set(current_model().card["used"]):
        messages.error(request, NEEDED)
        return redirect("data")
    if form.is_bound and form.is_valid():
        return _switch_off(request, column, form.cleaned_data["reason"])
    entry = next(entry for entry in entries(column.extract) if entry.column == column)
    return render(request, "data/off.html", {"entry": entry, "form": form}, status=422 if form.errors else 200)


def _dispensable(name: str) -> Column:
    column = BY_NAME.get(name)
    if column is None or not column.is_dispensable:
        raise Http404
    return column


def _switch_off(request: Request, column: Column, reason: str) -> HttpResponse:
    try:
        switch_off(column=column.name, reason=reason, user=request.user)
    except Busy as error:
        messages.error(request, _(str(error)))
        return redirect("data_off", column.name)
    except AlreadySwitched:
        messages.info(request, _("Somebody has switched this column off already."))
    else:
        text = _("“%(column)s” is switched off and erased: it is no longer stored, asked for or used.")
        messages.success(request, text % {"column": _label(column.name)})
    return redirect("data")


@require_POST
@only_for(may_switch_columns)
def on(request: Request, name: str) -> HttpResponse:
    column = _dispensable(name)
    try:
        switch_on(column=name, user=request.user)
    except Busy as error:
        messages.error(request, _(str(error)))
    except AlreadySwitched:
        messages.info(request, _("Somebody has switched this column on already."))
    else:
        text = _("“%(column)s” is read again from the next load on. What was erased stays erased.")
        messages.success(request, text % {"column": _label(column.name)})
    return redirect("data")
