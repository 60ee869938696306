"""The threshold on the model's page: the effect of another one on those present, setting it and undoing it."""

from collections.abc import Mapping
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from employees.access import Scope, may_decide, only_for, reads_rounded
from predictions import rescoring
from predictions.decisions.costs import Range, cost_of_a_departure, costs_in_force
from predictions.decisions.threshold_decisions import (
    FlagsTooMany,
    NotInForce,
    NotScored,
    RuleName,
    Scored,
    Wish,
    expected_in_force,
    scored_by,
    scored_now,
    set_threshold,
    undo,
)
from predictions.formats import grouped, money, money_range, percent
from predictions.ml.assessment import thresholds
from predictions.ml.assessment.cutoffs import Cutoff, Outlook, Outlooks
from predictions.ml.assessment.thresholds import GRID, MOST_FLAGGED, Costs
from predictions.ml.scorer import Model
from predictions.models import ScoringRun, ThresholdDecision
from predictions.pages.model import card_charts
from predictions.registry import current_model, decision_in_force, promoted_model
from predictions.selectors import runs
from predictions.selectors.runs import RunFigures
from predictions.services import is_by_what_is_in_use
from technova.web.requests import Request

LARGEST_AMOUNT = 10_000_000  # €
REFUSED = ("rule", "reason")  # what a decision that was refused keeps besides the values
SHOWN = 20  # decisions shown; the administration lists all of them
RULES = {
    RuleName.CAPACITY: gettext_lazy("For the people that can be met"),
    RuleName.COST: gettext_lazy("For the least cost"),
    RuleName.VALUE: gettext_lazy("Your own threshold"),
}


for_deciders = only_for(may_decide)


class ThresholdForm(forms.Form):
    """A capacity, costs and a threshold; an empty field takes the value last decided, or that of the training.

    A departure costs the middle of what *Costs* says, where that is known: one figure for both pages.
    """

    capacity = forms.IntegerField()
    departure = forms.FloatField(label=gettext_lazy("Cost of a departure"), min_value=1, max_value=LARGEST_AMOUNT)
    talk = forms.FloatField(
        label=gettext_lazy("Cost of a talk and what follows"), min_value=1, max_value=LARGEST_AMOUNT
    )
    chance = forms.FloatField(
        label=gettext_lazy("Chance that it keeps someone who would leave"), min_value=0.1, max_value=100
    )
    value = forms.FloatField(label=gettext_lazy("A threshold of your own"), min_value=1, max_value=99)

    UNITS: Mapping[str, str] = {"capacity": "", "departure": "€", "talk": "€", "chance": "%", "value": "%"}

    def __init__(self, data: Mapping[str, str], model: Model, people: int, departure: Range | None = None):
        decision = decision_in_force(model.horizon_months)
        costs = (decision and decision.costs) or Costs(**model.card["threshold"]["costs"])
        start = {
            "capacity": min((decision and decision.capacity) or thresholds.EXAMPLE_CAPACITY, people),
            "departure": round((departure.low + departure.high) / 2) if departure else costs.departure,
            "talk": costs.talk,
            "chance": costs.chance * 100,
            "value": min(max(model.threshold * 100, 1), 99),
        }
        super().__init__({name: f"{value:.12g}" for name, value in start.items()} | dict(data))
        self.fields["capacity"] = forms.IntegerField(label=_("People that can be met"), min_value=1, max_value=people)
        if departure:
            text = _("Starts from the middle of what “Costs” says: %(range)s.")
            self.fields["departure"].help_text = text % {"range": money_range(departure.low, departure.high)}

    @property
    def rows(self) -> list[tuple[forms.BoundField, str, dict[str, int]]]:
        """The fields with their units, and the ends of their sliders."""
        most = int(self.fields["capacity"].max_value)  # type: ignore[attr-defined]
        ends = {
            "capacity": (1, most),
            "departure": (1_000, 150_000),
            "talk": (50, 10_000),
            "chance": (1, 100),
            "value": (1, 99),
        }
        return [(self[name], unit, {"low": ends[name][0], "high": ends[name][1]}) for name, unit in self.UNITS.items()]

    @property
    def costs(self) -> Costs:
        values = self.cleaned_data
        return Costs(values["departure"], values["talk"], values["chance"] / 100)

    def wish(self, rule: RuleName) -> Wish:
        """A rule with its parameter from these values."""
        match rule:
            case RuleName.CAPACITY:
                return Wish(rule, capacity=self.cleaned_data["capacity"])
            case RuleName.COST:
                return Wish(rule, costs=self.costs)
        return Wish(rule, value=self.cleaned_data["value"] / 100)


class DecisionForm(ThresholdForm):
    """The rule chosen among those compared, and the reason."""

    rule = forms.ChoiceField(choices=RuleName.choices)
    reason = forms.CharField(max_length=500)
    accepts_over_half = forms.BooleanField(required=False)


@dataclass(frozen=True, slots=True)
class ThresholdOption:
    """A threshold and its expected effect; ``rule`` is empty for the one in use."""

    name: str
    outlook: Outlook
    rule: str = ""
    warning: str = ""
    pays_for_nobody: bool = False  # of the least cost: no probability makes a talk worth its cost

    @property
    def missed(self) -> float:
        """The departures expected of people who are not on the list."""
        return self.outlook.expected - self.outlook.reached


def section(request: Request, model: Model) -> dict:
    """The context of the section, for an account that reads everyone's figures.

    Only those who decide get the form and its answers: a series of thresholds would reveal single risks.
    """
    run, _before = runs.latest_two()
    is_rounded = reads_rounded(request.user)
    expected = expected_in_force(run) if run else None
    context = history(is_rounded=is_rounded) | {
        "model": model,
        "may_decide": may_decide(request.user),
        "scoring": _scoring_state(run),
        "expected": expected.rounded() if expected and is_rounded else expected,
        "is_rounded": is_rounded,
    }
    if not context["may_decide"]:
        return context
    try:
        scored = scored_by(run)
    except NotScored:
        return context
    departure = cost_of_a_departure(costs_in_force(), scored.run, Scope.EVERYONE)
    form = ThresholdForm(request.GET.dict(), model, len(scored.number), departure)
    context |= {"form": form, "run": scored.run, "people": len(scored.number)}
    context |= {name: request.GET.get(name, "") for name in REFUSED}
    return context | _answer(form, scored, model) if form.is_valid() else context


def _answer(form: ThresholdForm, scored: Scored, model: Model) -> dict:
    """The effect of each rule and of the threshold in use on those present, and the expected cost of every
    threshold."""
    costs = form.costs
    own = Cutoff(model.threshold, model.last_tied)
    outlooks = {rule: _outlook(form.wish(rule).cutoff(scored), scored, costs) for rule in RULES}
    options = [ThresholdOption(_("In use"), _outlook(own, scored, costs))]
    for rule, outlook in outlooks.items():
        pays_for_nobody = rule == RuleName.COST and not outlook.flagged
        options.append(ThresholdOption(str(RULES[rule]), outlook, rule.value, _warning(outlook), pays_for_nobody))
    every = Outlooks(scored.probability, scored.run.seen_correction)
    curve = [every.at(float(value), costs) for value in GRID[::4]]
    cost = card_charts.cost(curve, in_use=model.threshold, least=outlooks[RuleName.COST])
    return {"options": options, "cost": cost, "warns": any(option.warning for option in options if option.rule)}


def _outlook(cutoff: Cutoff, scored: Scored, costs: Costs) -> Outlook:
    probability = cutoff.part(scored.probability, scored.number)
    return Outlooks(probability, scored.run.seen_correction).at(cutoff.threshold, costs)


def _warning(outlook: Outlook) -> str:
    if outlook.share <= MOST_FLAGGED:
        return ""
    return _("Flags more than half of the people present: such a list chooses nobody.")


@require_POST
@for_deciders
def decide(request: Request) -> HttpResponse:
    """Put the previewed threshold in force; if it is refused, the address keeps the form's values."""
    try:
        form = DecisionForm(request.POST.dict(), current_model(), len(scored_now().number))
        if not form.is_valid():
            messages.error(request, _("Nothing was set: choose a threshold and give a reason."))
            return _back_to_the_form(request)
        values = form.cleaned_data
        decision = set_threshold(
            wish=form.wish(RuleName(values["rule"])),
            reason=values["reason"],
            user=request.user,
            accepts_over_half=values["accepts_over_half"],
        )
    except FlagsTooMany as error:
        text = _(
            "Nothing was set: this threshold flags %(flagged)s of %(people)s people, more than half. Choose another "
            "one, or tick that you set it all the same."
        )
        messages.error(request, text % {"flagged": grouped(error.flagged), "people": grouped(error.people)})
        return _back_to_the_form(request)
    except NotScored:
        messages.error(request, _("Nothing was set: first everyone must be scored by the model in use."))
        return redirect(_place())
    text = _("The threshold is %(threshold)s now: %(flagged)s of %(people)s people present are over it.")
    numbers = {"flagged": grouped(decision.flagged), "people": grouped(decision.people)}
    messages.success(request, text % {"threshold": percent(decision.threshold), **numbers})
    rescoring.rescore.enqueue()
    return redirect(_place())


def _back_to_the_form(request: Request) -> HttpResponse:
    values = {name: request.POST.get(name, "") for name in (*ThresholdForm.UNITS, *REFUSED)}
    return redirect(f"{reverse('model', query=values)}#threshold")


@require_POST
@for_deciders
def undo_decision(request: Request, pk: int) -> HttpResponse:
    try:
        undo(key=pk, user=request.user)
    except NotInForce:
        messages.info(
            request, _("Nothing was undone: another threshold has been set, or somebody has undone this one.")
        )
    else:
        text = _("Undone: the threshold is %(threshold)s again.")
        messages.success(request, text % {"threshold": percent(current_model().threshold)})
        rescoring.rescore.enqueue()
    return redirect(_place())


@require_POST
@for_deciders
def rescore(request: Request) -> HttpResponse:
    """Score everyone again, as the page offers."""
    if _scoring_state(runs.latest_two()[0]) == "due":
        rescoring.rescore.enqueue()
    return redirect(_place())


def _place() -> str:
    return f"{reverse('model')}?tab=threshold"


def _scoring_state(run: ScoringRun | None) -> str:
    """``running`` while everyone is scored again, ``due`` if the newest run is missing or out of date."""
    if rescoring.rescore.state():
        return "running"
    return "" if run and not run.is_outdated and is_by_what_is_in_use(run) else "due"


def history(*, is_rounded: bool) -> dict:
    """The last thresholds set, the newest first, and the one in force; ``is_rounded`` is for who reads figures alone.
    One query."""
    rows = ThresholdDecision.objects.select_related("decided_by", "revoked_by")[:SHOWN]
    horizon = promoted_model().horizon_months
    in_force = decision_in_force(horizon)
    decisions = [
        {
            "decision": row,
            "figures": _figures(row).rounded() if is_rounded else _figures(row),
            "rule": _rule(row),
            "is_in_force": row == in_force,
            "is_of_another_horizon": not row.holds_for(horizon),
        }
        for row in rows
    ]
    return {"decisions": decisions, "in_force": in_force, "rule_in_force": _rule(in_force) if in_force else ""}


def _figures(decision: ThresholdDecision) -> RunFigures:
    return RunFigures(decision.people, decision.flagged)


def _rule(decision: ThresholdDecision) -> str:
    """The rule of a decision with its parameter, in the active language."""
    if decision.capacity is not None:
        return _("the %(capacity)s people at most risk") % {"capacity": grouped(decision.capacity)}
    if (costs := decision.costs) is not None:
        text = _("the least cost (departure %(departure)s, talk %(talk)s, chance %(chance)s)")
        chance = percent(costs.chance, 0 if round(costs.chance, 2) == costs.chance else 1)
        return text % {"departure": money(costs.departure), "talk": money(costs.talk), "chance": chance}
    return _("a threshold of one's own")
