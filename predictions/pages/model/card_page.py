"""The model in use: its purpose, quality, threshold costs, fairness, and the effects that move scores."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language, gettext, gettext_lazy
from django.views.decorators.http import require_safe

from employees.access import Readable, Scope, figures_of, reads_rounded
from employees.columns import BY_NAME
from employees.terms import columns_off
from features import readable_features
from features.dictionary import label
from predictions.ml.artifacts.card_format import Card
from predictions.ml.artifacts.card_texts import LIMIT_OF_LEAVING_OUT
from predictions.ml.assessment import thresholds
from predictions.ml.scorer import Model
from predictions.pages.charts import Chart
from predictions.pages.model import (
    card_charts,
    card_tables,
    fairness_findings,
    in_short,
    out_of_time,
    rivals,
    threshold_page,
    versions_page,
)
from predictions.pages.model.threshold_page import ThresholdForm
from predictions.registry import current_model, decision_in_force
from predictions.selectors import log_pages
from predictions.selectors.group_counts import newest_counted
from technova.web.requests import Request

SHAPES = 4  # on the page itself; all of them have a page of their own
TEXTS: tuple[Literal["purpose", "misuse", "method", "limits"], ...] = ("purpose", "misuse", "method", "limits")


# The parts of the page, each under ``?tab=``; those of the whole company are for accounts that see everyone.
IN_SHORT, WHOLE = "", "all"
TABS = {
    IN_SHORT: gettext_lazy("In short"),
    "threshold": gettext_lazy("Threshold"),
    "quality": gettext_lazy("Quality"),
    "fairness": gettext_lazy("Fairness"),
    "effects": gettext_lazy("What goes with departures"),
    "workforce": gettext_lazy("Still valid?"),
    "versions": gettext_lazy("Versions"),
    "purpose": gettext_lazy("Use"),
    WHOLE: gettext_lazy("Everything"),
}
OF_THE_COMPANY = {"threshold", "workforce"}


@dataclass(frozen=True, slots=True)
class Tab:
    """A part of the page in its menu."""

    href: str
    label: str
    is_current: bool


@require_safe
def model(request: Request) -> HttpResponse:
    """A part of the page, or only the answer of its form for htmx. Counts of the company are for who sees everyone."""
    in_use = current_model()
    scope, readable = figures_of(request.user)
    is_asked = not ThresholdForm.UNITS.keys().isdisjoint(request.GET)
    tab = request.GET.get("tab", "threshold" if is_asked else IN_SHORT)
    names = [name for name in TABS if scope.sees_everyone or name not in OF_THE_COMPANY]
    if tab not in names:
        tab = IN_SHORT
    context: dict[str, Any] = {
        "tab": tab,
        "tabs": [
            Tab(f"{reverse('model')}{f'?tab={name}' if name else ''}", str(TABS[name]), name == tab) for name in names
        ],
        "shows": set(TABS) if tab == WHOLE else {tab},
    }
    if not scope.sees_everyone:
        context |= _summary(request, in_use, scope, readable) | _fairness_today(request, in_use, sees_everyone=False)
        context |= in_short.section(in_use, context["today"], context["capacity"], sees_everyone=False)
        return render(request, "model/model.html", context)
    context |= threshold_page.section(request, in_use)
    is_partial = bool(request.htmx and is_asked) and not request.htmx.history_restore_request
    if not is_partial:
        context |= _summary(request, in_use, scope, readable) | _figures(in_use, get_language(), columns_off())
        context |= _fairness_today(request, in_use, sees_everyone=True)
        context |= in_short.section(
            in_use, context["today"], context["capacity"], sees_everyone=True, expected=context["expected"]
        )
    response = render(request, "model/threshold_answer.html" if is_partial else "model/model.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_safe
def effects(request: HttpRequest) -> HttpResponse:
    """The shape of every feature's effect that the account may read, the heaviest first."""
    in_use = current_model()
    scope, readable = figures_of(request.user)
    shown = _shown_features(in_use.card, scope, readable)
    context = {
        "effects": [(name, _effect(in_use, shown, name, get_language())) for name in shown],
        "sees_everyone": scope.sees_everyone,
        "withheld": readable_features.withheld(readable, in_use.card["used"]),
    }
    return render(request, "model/effects.html", context)


@lru_cache(maxsize=4)
def _charts(in_use: Model, language: str | None) -> dict[str, Chart]:
    """The charts of how good the model is, drawn once for a model and a language: together they take some 100 ms."""
    card = in_use.card
    points = thresholds.from_card(card["threshold"]["curve"])
    drawn = {
        chart.__name__: chart(card)
        for chart in (card_charts.roc, card_charts.precision_recall, card_charts.capacity, card_charts.calibration)
    }
    if test := card["out_of_time"]:
        drawn["calibration_later"] = card_charts.calibration_later(test)
    people = card_tables.judged_people(card)
    return drawn | {"threshold": card_charts.threshold(in_use.threshold, points, people)}


def _shown_features(card: Card, scope: Scope, readable: Readable) -> tuple[str, ...]:
    """The features whose effect an account may see, the heaviest first.

    The curves of department, job and field of study would reveal the risk of departments that the account may not
    see. The effect of a column that it may not read would turn the points of a score back into the value.
    """
    shapes = [shape for shape in card["shapes"] if scope.sees_everyone or not shape["is_levels"]]
    return tuple(shape["feature"] for shape in shapes if readable_features.reads(readable, shape["feature"]))


@lru_cache(maxsize=8)
def _weights(in_use: Model, features: tuple[str, ...], language: str | None) -> Chart:
    return card_charts.weights(in_use.card["shapes"], features)


@lru_cache(maxsize=256)
def _effect(in_use: Model, features: tuple[str, ...], feature: str, language: str | None) -> Chart:
    """The effect of one of these features, all on one scale; drawn once for a model and a language."""
    shapes = {shape["feature"]: shape for shape in in_use.card["shapes"] if shape["feature"] in features}
    top = card_charts.highest(shapes.values(), in_use.scorer)
    return card_charts.effect(shapes[feature], scorer=in_use.scorer, top=top)


def _summary(request: Request, in_use: Model, scope: Scope, readable: Readable) -> dict:
    """The part of the page for every account: rates and shapes, without a count of people."""
    card, language = in_use.card, get_language()
    shown, off = _shown_features(card, scope, readable), columns_off()
    decision = decision_in_force(in_use.horizon_months)
    capacity = decision.capacity if decision else None

    def is_true(text: str) -> bool:
        return text != LIMIT_OF_LEAVING_OUT or not card["uses_protected"]

    return {
        "sees_everyone": scope.sees_everyone,
        "withheld": readable_features.withheld(readable, card["used"]),
        "model": in_use,
        "card": card,
        "used": card_tables.names(card["used"]),
        "left_out": card_tables.names(card["left_out"]),
        "unknown": card_tables.names(card["unknown"]),
        "columns_off": sorted(label(name, BY_NAME[name].extract) for name in off),
        "texts": {name: [gettext(text) for text in card[name] if is_true(text)] for name in TEXTS},
        "capacity": capacity,
        "plain": card_tables.plain(card, in_use.threshold, capacity, sees_everyone=scope.sees_everyone),
        "judged_on": card_tables.judged_on(card),
        "fairness": fairness_findings.findings(
            fairness_findings.of_card(card, in_use.threshold, off), sees_rates=scope.sees_everyone
        ),
        "weights": _weights(in_use, shown, language),
        "effects": [_effect(in_use, shown, name, language) for name in shown[:SHAPES]],
        "logged": {in_use.version, *log_pages.model_versions()},
    } | versions_page.section(request, sees_everyone=scope.sees_everyone)


@lru_cache(maxsize=4)
def _figures(in_use: Model, language: str | None, off: frozenset[str]) -> dict:
    """The figures on all the people that the model learned from, computed once for a model and a language.

    ``off`` are the columns that are switched off.
    """
    card = in_use.card
    return {
        "quality": card_tables.quality(card),
        "rivals": rivals.tables(),
        "nested": card_tables.nested(card),
        "capacities": card_tables.capacity(card),
        "departures": [
            (gettext("By department"), card_tables.departures(card, "departement")),
            (gettext("By job"), card_tables.departures(card, "poste")),
        ],
        "own": card["models"][card["feature_set"]],
        "gap": card_tables.gap(card),
        "coverage": card_tables.coverage(card),
        "selections": card_tables.fairness(card, off),
        "rates": [gettext(text) for _name, text, _is_share in card_tables.RATES],
        "sides": card_tables.side_names(card),
        "proxies": card_tables.proxies(card, off),
        "test": (test := card["out_of_time"]),
        "verdicts": out_of_time.verdicts(test) if test else [],
        "for_experts": out_of_time.for_experts(test) if test else [],
        "untested": out_of_time.untested(card),
        "happened": out_of_time.left_or_vanished(test["departures"], test["vanished"]) if test else "",
        "learned_departures": out_of_time.left_or_vanished(history["left"] + history["vanished"], history["vanished"])
        if (history := card["history"])
        else "",
        "fewer": out_of_time.fewer_later(card),
        **out_of_time.tables(card),
        "charts": _charts(in_use, language),
    }


def _fairness_today(request: Request, in_use: Model, *, sees_everyone: bool) -> dict:
    """The groups that the model flags among those present, compared with the training data. One query.

    Who does not see everyone reads the same ratios and gaps, and no group's rates.
    """
    run = newest_counted(in_use.version)
    off = columns_off()
    today = fairness_findings.today(run, off, is_rounded=reads_rounded(request.user)) if run else None
    found = fairness_findings.findings(today.groups, sees_rates=sees_everyone) if today else []
    if not sees_everyone:
        return {"today": today, "fairness_today": found}
    return {
        "today": today,
        "fairness_today": found,
        "fairness_charts": fairness_findings.drawn(
            fairness_findings.of_card(in_use.card, in_use.threshold, off), in_use.threshold, today
        ),
    }
