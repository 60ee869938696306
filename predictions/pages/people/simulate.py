"""The simulation page: typed business inputs and their score."""

import json
import shlex
from collections.abc import Iterable
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from employees import journal
from employees.access import Scope, readable_to, scope_of
from features import readable_features, schema
from features import selectors as features
from features.engineering import engineer_one
from predictions import services
from predictions.decisions.threshold_decisions import expected_in_force
from predictions.ml.artifacts.card_format import Card
from predictions.ml.assessment import drift
from predictions.models import Prediction
from predictions.pages.people import forms, shown_score
from predictions.registry import current_model
from predictions.services import Caller
from technova.web.requests import Request


@require_http_methods(["GET", "HEAD", "POST"])
def simulate(request: Request) -> HttpResponse:
    """The form, filled in with a typical employee of the account's scope; POST adds the score.

    It asks only for what the account may read. The rest is typical of the training data: a median of the account's own
    people would reveal something about them.
    """
    scope, readable = scope_of(request.user), readable_to(request.user)
    model = current_model()
    inputs = [feature for feature in forms.INPUTS.values() if not readable_features.is_off(feature.name)]
    asked = [feature for feature in inputs if readable_features.reads(readable, feature.name)]
    form = forms.BusinessForm(
        request.POST if request.method == "POST" else None,
        features=asked,
        fixed=_typical_of_training(model.card, {feature.name for feature in inputs if feature not in asked}),
        initial=readable_features.values_for(readable, _typical(scope)) if request.method != "POST" else None,
    )
    form.offer("departement", scope.sees_department)
    advice = shown_score.advice(model.card, expected_in_force())
    if not advice.uses_protected:
        _mark_unused(form)
    context = {"form": form, "advice": advice, "withheld": readable_features.withheld(readable, forms.INPUTS)}
    if form.is_bound and form.is_valid():
        try:
            prediction = services.predict_for_features(
                values=engineer_one(form.inputs),
                caller=Caller(user=request.user, scope=scope),
                mode=Prediction.Mode.SIMULATION,
            )
        except services.OutOfScope as error:
            text = _("No employee that you may see has this value: %(value)s.") % {"value": error.label}
            form.add_error(error.name, text)
        else:
            context["score"] = shown_score.Shown(prediction, readable)
            if readable.reads_everything:
                context["command"] = _command(request, prediction.values())
    journal.record(journal.What.FIGURES, user=request.user, people=0)  # of the typical employee
    return render(request, "simulate/simulate.html", context)


def _mark_unused(form: forms.BusinessForm) -> None:
    for name, field in form.fields.items():
        if forms.INPUTS[name].is_protected:
            field.help_text = _("Not used by the score.")


def _typical(scope: Scope) -> dict[str, object]:
    medians = features.workforce_medians(scope)
    mean: Any = medians.get("satisfaction_moyenne")
    satisfactions = {} if mean is None else {feature.name: round(mean) for feature in schema.SATISFACTIONS}
    return medians | satisfactions


def _typical_of_training(card: Card, names: Iterable[str]) -> dict[str, object]:
    bins = card["drift"]["bins"]
    unused = set() if card["uses_protected"] else schema.OPTIONAL_INPUTS  # a typical age would contradict a long career
    known = [name for name in names if name not in unused and (name in bins or name not in schema.OPTIONAL_INPUTS)]
    watched = {name: name if name in bins else "satisfaction_moyenne" for name in known}  # of the four, the mean is
    return {name: drift.typical(bins[watched[name]], forms.INPUTS[name].minimum or 0) for name in known}


def _command(request: Request, payload: dict[str, object]) -> str:
    """The same prediction as a call of the API, to paste in a shell where KEY holds an API key."""
    address = request.build_absolute_uri(reverse("api-by-features"))
    return " \\\n  ".join(
        (
            f"curl --request POST {shlex.quote(address)}",
            '--header "X-API-Key: $KEY"',
            '--header "Content-Type: application/json"',
            f"--data {shlex.quote(json.dumps(payload, ensure_ascii=False))}",
        )
    )
