"""The page of a person: risk, reasons, levers and what-if; below them profile, presence history and past scores."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from employees import journal, terms
from employees.access import Readable, Scope, may_answer, may_weigh, readable_to, scope_of
from features import readable_features, schema
from features.engineering import engineer_one
from features.models import EmployeeFeatures
from predictions import levers, services
from predictions.decisions.costs import costs_of_levers
from predictions.decisions.threshold_decisions import expected_in_force
from predictions.explanation import Reason, display, in_full
from predictions.followup.selectors import changes_of
from predictions.formats import percent
from predictions.models import Prediction
from predictions.pages import charts
from predictions.pages.followup import person_cases
from predictions.pages.people import forms, list_form, presence_sentences, risk_list, shown_score
from predictions.pages.runs_compared import other_model
from predictions.registry import card_of, current_model
from predictions.rights.contests import contest_of
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
    row = people.clean_features(employee_id, scope, readable, request.user)
    if row is None:
        return _without_features(request, employee_id, scope, readable)
    has_left, is_to_be_scored = row.employee.has_left, row.employee.is_to_be_scored
    if request.method == "POST" and (has_left or row.employee.objected_on):
        raise Http404
    of_row: Any = row  # what the query brought along
    request.count_absent = of_row.absent  # type: ignore[attr-defined]  # for the menu
    known = people.known_values(row.employee, is_corrected=of_row.is_corrected)
    inputs = row.values() | people.satisfactions(known)
    real = {name: _in_force(name, inputs.get(name)) for name in schema.INPUT_NAMES}
    model = current_model()
    moves = levers.levers(real, model, readable) if is_to_be_scored else []
    smallest = levers.smallest_change(real, model, readable, model.threshold) if is_to_be_scored else None
    if moves and may_weigh(request.user):
        moves = levers.with_costs(moves, costs_of_levers())
    form = _what_if_form(real, readable, _sent(request, moves))
    comparison = None
    if form.is_bound and form.is_valid():
        caller = Caller(user=request.user, scope=scope)
        comparison = _what_if(row=row, form=form, caller=caller, readable=readable)
    context: dict[str, Any] = {
        "employee": row.employee,
        "has_left": has_left,
        "form": form,
        "comparison": comparison,
        "levers": moves,
        "smallest_change": smallest,
    }
    journal.record(journal.What.PERSON, user=request.user, employee=row.employee)
    if request.htmx and form.is_bound:
        return render(request, "employee/what_if_answer.html", context)
    shown = readable_features.values_for(readable, real)
    changes = changes_of(row.employee, request.user) if getattr(row, "has_cases", False) else []
    context |= _page(row, shown, scope, readable, person_cases.acts(changes, request.user)) | {"name": _name(row)}
    context["closed_cases"] = person_cases.closed(changes)
    if "score" in context and not has_left:
        context["other_model"] = other_model(context["score"].prediction, request.user)
    context["case"] = person_cases.mark(row)
    context["may_answer"] = may_answer(request.user)
    context["profile"] = _profile(shown, known if row.employee.is_present else {})
    if row.employee.is_present and context["history"]:
        context |= _in_list(request, row, context["history"][0].prediction)
    return render(request, "employee/employee.html", context)


def _sent(request: Request, moves: list[levers.Lever]) -> QueryDict | None:
    """What the form was sent with; the button of a lever changes its values where no script did."""
    if request.method != "POST":
        return None
    sent = request.POST.copy()
    for lever in moves:
        if lever.name == sent.get("lever"):
            sent.update({name: str(value) for name, value in lever.changes.items()})
    return sent


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
        "department": list_form.label("departement", person.departement),
        "state": presence_sentences.notice(person, states, readable),
        "spells": presence_sentences.history(states, merged, scope, readable),
        "may_answer": may_answer(request.user),
        "unscored": reverse("clarify_unscored") if person.is_present and may_answer(request.user) else "",
    }
    journal.record(journal.What.PERSON, user=request.user, employee=person)
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
    back = list_form.page_address(request.GET, place, query.form.cleaned_data["size"])
    return {"place": place, "list_query": list_form.query_of(request.GET), "back": back}


def _page(
    row: EmployeeFeatures, shown: dict[str, object], scope: Scope, readable: Readable, acts: Mapping[date, str]
) -> dict[str, Any]:
    states, merged = people.presence(row.employee)
    history = [shown_score.Shown(score, readable) for score in people.scores(row.employee, scope)]
    scored, model = history[0].prediction if history else None, current_model()
    alike = [score for score in history if score.prediction.horizon_months == scored.horizon_months] if scored else []
    of_row: Any = row
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
        "chart": _chart(alike, acts) if len(alike) > 1 else None,
    }
    if scored:
        is_outdated = scored.features_id != row.pk
        score = shown_score.Shown(scored, readable)
        context |= {
            "score": score,
            "strongest": _strongest(score),
            "contest": contest_of(row.employee, readable) if of_row.has_contest else "",
            "since": _since_before(history),
            "notice": OUTDATED if is_outdated and not row.employee.has_left else "",
        }
    return context


REASONS = 5


@dataclass(frozen=True, slots=True)
class Strongest:
    """The reasons that weigh most, each with the length of its bar, and what the others add up to."""

    rows: list[tuple[Reason, float]]
    others: int
    others_shown: float


def _strongest(score: shown_score.Shown) -> Strongest:
    first, others = score.reasons[:REASONS], score.reasons[REASONS:]
    longest = max((abs(reason.points) for reason in first), default=0) or 1
    rows = [(reason, abs(reason.points) / longest) for reason in first]
    return Strongest(rows, len(others), math.fsum(reason.shown for reason in others))


@dataclass(frozen=True, slots=True)
class Since:
    """How a score differs from the one before, by what changed; both by one model."""

    day: date
    was: float
    shown_difference: float
    changes: list[Reason]


def _since_before(history: list[shown_score.Shown]) -> Since | None:
    """None where there is no score before, or it is not comparable."""
    if len(history) < 2:
        return None
    now, before = history[0].prediction, history[1].prediction
    if now.model_version != before.model_version or now.horizon_months != before.horizon_months:
        return None
    pair = shown_score.ScorePair(history[1], history[0])
    if pair.is_unknown:
        return None
    return Since(before.day, before.probability, pair.shown_difference, pair.changes)


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
    if known.is_corrected:
        day = {"day": date_format(known.as_of, "SHORT_DATE_FORMAT")}
        return _("corrected by HR as of %(day)s; the files say otherwise") % day
    if known.lacked_since is None:
        return ""
    days = {name: date_format(getattr(known, name), "SHORT_DATE_FORMAT") for name in ("as_of", "lacked_since")}
    return _("value of %(as_of)s; not in the extracts since %(lacked_since)s") % days


# What is marked on the curve of the risk: the name of the marks, and the features that tell of it.
EVENTS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (gettext_lazy("Pay rise"), ("revenu_mensuel",)),
    (gettext_lazy("Move or promotion"), ("departement", "poste", "niveau_hierarchique_poste")),
    (gettext_lazy("New survey"), ("satisfaction_moyenne",)),
)


def _chart(history: list[shown_score.Shown], acts: Mapping[date, str]) -> charts.Chart:
    """The risk over time, with the 90 % interval of each score: those of one horizon can be compared.

    Rises, moves and surveys are marked where they came, as far as the reader may read them; so are talks and actions.
    """
    in_order = history[::-1]
    points = [_point(score.prediction) for score in in_order]
    ends = [history[-1].prediction, history[0].prediction]
    first, last = points[0].x, points[-1].x
    margin = (last - first or 1) / 8  # room for the dates under the first and the last score
    marks = [line for name, features in EVENTS if (line := _marks(str(name), features, in_order)).points]
    if followed := _acts(acts, points, last + margin):
        marks.append(charts.Line(_("Talk or action"), followed, has_line=False))
    return charts.curves(
        title=_("Risk over time"),
        caption=_("Each score with its interval at 90%; the dashed line is the threshold."),
        columns=[*([_("Curve")] if marks else []), _("As of"), _("Risk")],
        curves=[
            charts.Line(_("Risk"), points),
            charts.Line(_("Threshold"), [_threshold(score.prediction) for score in in_order], is_dashed=True),
            *marks,
        ],
        x_axis=lambda _instant: "",
        y_axis=lambda share: percent(share, 0),
        x_range=(first - margin, last + margin),
        ticks=[(_place(score), _date(score)) for score in ends],
    )


def _marks(name: str, features: tuple[str, ...], in_order: list[shown_score.Shown]) -> charts.Line:
    """A mark at each score whose features differ from those of the score before."""
    points = []
    for before, after in pairwise(in_order):
        told = [_told(schema.BY_NAME[each], before, after) for each in features if _has_moved(each, before, after)]
        if told:
            score = after.prediction
            points.append(charts.Point(_place(score), score.probability, _date(score), ", ".join(told)))
    return charts.Line(name, points, has_line=False)


def _acts(acts: Mapping[date, str], points: list[charts.Point], last: float) -> list[charts.Point]:
    """Talks and actions at their days, on the line between the scores; those before and long after it are left out."""
    places, risks = [point.x for point in points], [point.y for point in points]
    return [
        charts.Point(place, float(np.interp(place, places, risks)), date_format(day, "SHORT_DATE_FORMAT"), words)
        for day, words in acts.items()
        if places[0] <= (place := day.toordinal()) <= last
    ]


def _has_moved(name: str, before: shown_score.Shown, after: shown_score.Shown) -> bool:
    was, now = before.values.get(name), after.values.get(name)
    return None not in (was, now) and was != now


def _told(feature: schema.Feature, before: shown_score.Shown, after: shown_score.Shown) -> str:
    values = [in_full(feature, score.values[feature.name]) for score in (before, after)]
    return _("%(name)s: %(value)s") % {"name": _(feature.label), "value": " → ".join(values)}


def _point(score: Prediction) -> charts.Point:
    interval = (None, None) if score.is_extrapolated else (score.low, score.high)
    return charts.Point(_place(score), score.probability, _date(score), percent(score.probability), *interval)


def _threshold(score: Prediction) -> charts.Point:
    return charts.Point(_place(score), score.threshold, "", "")


def _place(score: Prediction) -> int:
    return score.day.toordinal()


def _date(score: Prediction) -> str:
    return date_format(score.day, "SHORT_DATE_FORMAT")
