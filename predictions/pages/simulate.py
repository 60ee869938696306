"""Someone who need not exist: the business inputs typed by hand, and the score they would have."""

import json
import shlex

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from employees.access import Scope, scope_of
from features import schema
from features import selectors as features
from features.engineering import engineer_one
from predictions import services
from predictions.models import Prediction
from predictions.pages import forms, scores
from predictions.registry import current_model
from predictions.services import Caller

ENDPOINT = "/predict/by-features"


@require_http_methods(["GET", "HEAD", "POST"])
def simulate(request: HttpRequest) -> HttpResponse:
    """The form, filled in with a typical employee of those whom the account may see; POST adds the score."""
    scope = scope_of(request.user)
    form = forms.BusinessForm(
        request.POST if request.method == "POST" else None,
        features=forms.INPUTS.values(),
        initial=_typical(scope) if request.method != "POST" else None,
    )
    form.offer("departement", scope.sees_department)
    advice = scores.advice(current_model().card)
    if not advice.uses_protected:
        _mark_unused(form)
    context = {"form": form, "advice": advice}
    if form.is_bound and form.is_valid():
        prediction = services.predict_for_features(
            values=engineer_one(form.inputs),
            caller=Caller(user=request.user, scope=scope),
            mode=Prediction.Mode.SIMULATION,
        )
        context |= {"score": scores.shown(prediction), "command": _command(request, prediction.payload)}
    return render(request, "simulate/simulate.html", context)


def _mark_unused(form: forms.BusinessForm) -> None:
    for name, field in form.fields.items():
        if forms.INPUTS[name].is_protected:
            field.help_text = _("Not used by the score.")


def _typical(scope: Scope) -> dict[str, object]:
    medians = features.workforce_medians(scope)
    mean = medians.get("satisfaction_moyenne")
    satisfactions = {} if mean is None else {feature.name: round(mean) for feature in schema.SATISFACTIONS}
    return medians | satisfactions


def _command(request: HttpRequest, payload: dict[str, object]) -> str:
    """The same prediction as a call of the API, to paste in a shell where KEY holds an API key."""
    return " \\\n  ".join(
        (
            f"curl --request POST {shlex.quote(request.build_absolute_uri(ENDPOINT))}",
            '--header "X-API-Key: $KEY"',
            '--header "Content-Type: application/json"',
            f"--data {shlex.quote(json.dumps(payload, ensure_ascii=False))}",
        )
    )
