"""The page of a person: profile, risk, reasons, presence history, past scores and what-if."""

from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from employees import terms
from employees.access import Readable, Scope, may_answer, readable_to, scope_of
from features import readable_features, schema
from features.engineering import engineer_one
from features.models import EmployeeFeatures
from predictions import services
from predictions.decisions.threshold_decisions import expected_in_force
from predictions.explanation import display, in_full
from predictions.formats import percent
from predictions.models import Prediction
from predictions.pages import charts
from predictions.pages.people import forms, presence_sentences, risk_list, shown_score
from predictions.registry import card_of, current_model
from predictions.selectors import people
from predictions.services import Caller
from technova.web.requests import Request

# What a meeting needs to know of a person. Nothing that the law forbids deciding by.
PROFILE = (
    "departement",
    "poste",
    "niveau_hierarchique_poste",
    "annees_dans_l_entreprise",
    "annees_dans_le_poste_actuel",
    "annees_sous_responsable_actuel",
    "annees_depuis_la_derniere_promotion",
    "revenu_mensuel",
    "augmentation_salaire_precedente",
    "heures_supplementaires",
    "frequence_deplacement",
    "distance_domicile_travail",
    "nb_formations_suivies",
    "nombre_participation_pee",
    "note_evaluation_precedente",
    "note_evaluation_actuelle",
    *(feature.name for feature in schema.SATISFACTIONS),
)

OUTDATED = gettext_lazy(
    "The data changed since this score: the next scoring run takes it into account, what-if already does."
)


@require_http_methods(["GET", "HEAD", "POST"])
def employee(request: Request, employee_id: int) -> HttpResponse:
    """The page; POST adds what the risk would be with other values, and htmx asks for that part alone.

    Nothing can be tried with the values of somebody who has left.
    """
    scope, readable = scope_of(request.user), readable_to(request.user)
    row = people.clean_features(employee_id, scope, readable)
    if row is None:
        return _without_features(request, employee_id, scope, readable)
    has_left = row.employee.has_left
    if has_left and request.method == "POST":
        raise Http404
    known = people.known_values(row.employee)
    inputs = row.values() | people.satisfactions(known)
    real = {name: _in_force(name, inputs.get(name)) for name in schema.INPUT_NAMES}
    form = _what_if_form(real, readable, request.POST if request.method == "POST" else None)
    comparison = None
    if form.is_bound and form.is_valid():
        caller = Caller(user=request.user, scope=scope)
        comparison = _what_if(row=row, form=form, caller=caller, readable=readable)
    context: dict[str, Any] = {
        "employee": row.employee,
        "has_left": has_left,
        "form": form,
        "comparison": comparison,
    }
    if request.htmx and form.is_bound:
        return render(request, "employee/what_if_answer.html", context)
    shown = readable_features.values_for(readable, real)
    context |= _page(row, shown, scope, readable) | {"name": _name(row)}
    context["profile"] = _profile(shown, known if row.employee.is_present else {})
    if row.employee.is_present and context["history"]:
        context |= _in_list(request, row, context["history"][0].prediction)
    return render(request, "employee/employee.html", context)


def _without_features(request: Request, employee_id: int, scope: Scope, readable: Readable) -> HttpResponse:
    """The page of a person without the inputs of a score; a merged number redirects to its person."""
    person = people.person(employee_id, scope, readable)
    if person is None or request.method == "POST":
        raise Http404
    if person.employee_id != employee_id:
        return redirect("employee", person.employee_id)
    states, merged = people.presence(person)
    context = {
        "employee": person,
        "name": _name(person),
        "department": risk_list.label("departement", person.departement),
        "state": presence_sentences.notice(person, states, readable),
        "spells": presence_sentences.history(states, merged, scope, readable),
        "unscored": reverse("clarify_unscored") if person.is_present and may_answer(request.user) else "",
    }
    return render(request, "employee/without_features.html", context)


def _name(row: Any) -> str:
    """The name that the query brought along."""
    return row.name


def _in_force(name: str, value: object) -> object:
    """A value of a feature; a word that was merged since the features were built is the other one."""
    return terms.resolve(name, value) if isinstance(value, str) else value


def _what_if_form(real: dict[str, object], readable: Readable, data) -> forms.BusinessForm:
    """The actionable inputs that reveal no hidden value; a request cannot change the others."""
    model = current_model()
    used = model.card["used"]
    return forms.BusinessForm(
        data,
        features=[
            feature for feature in forms.what_if_features() if readable_features.may_try(readable, feature.name, used)
        ],
        fixed=real,
        initial=readable_features.values_for(readable, real),
        ranges=model.scorer.ranges,
    )


def _what_if(
    *, row: EmployeeFeatures, form: forms.BusinessForm, caller: Caller, readable: Readable
) -> shown_score.ScorePair:
    """The simulation of a valid form, logged, beside the score of the real values, logged too if it was not yet."""
    before = people.score_of(row, current_model().version)
    if before is None:
        before = services.predict_for_employee(employee_id=row.employee.employee_id, caller=caller)
    before.features = row
    after = services.predict_for_features(
        values=engineer_one(form.inputs), caller=caller, mode=Prediction.Mode.SIMULATION, employee=row.employee
    )
    return shown_score.ScorePair(shown_score.Shown(before, readable), shown_score.Shown(after, readable))


def _in_list(request: Request, row: EmployeeFeatures, newest: Prediction) -> dict[str, object]:
    """The place in the list that the page's address describes, as the list does: the one that the reader came from."""
    newest.employee = row.employee
    query = risk_list.ListQuery.of_address(request, people.run_of_list(newest))
    place = query.place_of(newest)
    if place is None:
        return {}
    back = risk_list.page_address(request.GET, place, query.form.cleaned_data["size"])
    return {"place": place, "list_query": risk_list.query_of(request.GET), "back": back}


def _page(row: EmployeeFeatures, shown: dict[str, object], scope: Scope, readable: Readable) -> dict[str, Any]:
    states, merged = people.presence(row.employee)
    history = [shown_score.Shown(score, readable) for score in people.scores(row.employee, scope)]
    scored, model = history[0].prediction if history else None, current_model()
    alike = [score for score in history if score.prediction.horizon_months == scored.horizon_months] if scored else []
    context = {
        "summary": [display(schema.BY_NAME[name], shown[name]) for name in ("poste", "departement")],
        "withheld": readable_features.withheld(readable, PROFILE),
        "advice": shown_score.advice(
            card_of(scored.model_version if scored else model.version),
            expected_in_force(people.run_of_list(scored) if scored else None),
        ),
        "history": history,
        "state": presence_sentences.notice(row.employee, states, readable),
        "spells": presence_sentences.history(states, merged, scope, readable),
        "chart": _chart(alike) if len(alike) > 1 else None,
    }
    if scored:
        is_outdated = scored.features_id != row.pk
        score = shown_score.Shown(scored, readable)
        is_where_what_if_starts = not is_outdated and scored.model_version == model.version
        context |= {
            "score": score,
            "now": score if is_where_what_if_starts else None,
            "notice": OUTDATED if is_outdated and not row.employee.has_left else "",
        }
    return context


def _profile(shown: dict[str, object], known: Mapping[str, people.KnownValue]) -> list[tuple[str, str, str]]:
    """Label, value, and since when the extracts lack it, where they do."""
    return [
        (
            _(forms.INPUTS[name].label),
            in_full(forms.INPUTS[name], shown[name]),
            _since(known[name]) if name in known else "",
        )
        for name in PROFILE
        if name in shown
    ]


def _since(known: people.KnownValue) -> str:
    if known.lacked_since is None:
        return ""
    days = {name: date_format(getattr(known, name), "SHORT_DATE_FORMAT") for name in ("as_of", "lacked_since")}
    return _("value of %(as_of)s; not in the extracts since %(lacked_since)s") % days


def _chart(history: list[shown_score.Shown]) -> charts.Chart:
    """The risk over time, with the 90 % interval of each score: those of one horizon can be compared."""
    points = [_point(score.prediction) for score in reversed(history)]
    ends = [history[-1].prediction, history[0].prediction]
    first, last = points[0].x, points[-1].x
    margin = (last - first or 1) / 8  # room for the dates under the first and the last score
    return charts.curves(
        title=_("Risk over time"),
        caption=_("Each score with its interval at 90%; the dashed line is the threshold."),
        columns=[_("As of"), _("Risk")],
        curves=[
            charts.Line(_("Risk"), points),
            charts.Line(_("Threshold"), [_threshold(score.prediction) for score in reversed(history)], is_dashed=True),
        ],
        x_axis=lambda _instant: "",
        y_axis=lambda share: percent(share, 0),
        x_range=(first - margin, last + margin),
        y_range=(0, 1),
        ticks=[(_place(score), _date(score)) for score in ends],
    )


def _point(score: Prediction) -> charts.Point:
    interval = (None, None) if score.is_extrapolated else (score.low, score.high)
    return charts.Point(_place(score), score.probability, _date(score), percent(score.probability), *interval)


def _threshold(score: Prediction) -> charts.Point:
    return charts.Point(_place(score), score.threshold, "", "")


def _place(score: Prediction) -> int:
    return score.day.toordinal()


def _date(score: Prediction) -> str:
    return date_format(score.day, "SHORT_DATE_FORMAT")
