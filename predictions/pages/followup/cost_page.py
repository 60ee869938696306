"""What departures and actions cost by the company's own figures, and the form that sets these."""

from collections.abc import Iterator
from typing import Any, TypedDict

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from employees import journal
from employees.access import Scope, figures_of, may_decide
from employees.disclosure import is_small
from predictions.decisions import costs
from predictions.decisions.costs import Range
from predictions.followup.costs import YEAR, actions_until, saved_by_lot
from predictions.followup.effect import FEWEST
from predictions.followup.evidence import evidence_by_lot
from predictions.followup.models import ActionKind
from predictions.followup.sensitive import check_words
from predictions.formats import grouped, horizon, money
from predictions.ml.assessment.outcomes import HORIZONS
from predictions.ml.periods import months_before
from predictions.models import CostDecision, ScoringRun
from predictions.pages.amounts import AmountField
from predictions.pages.followup.effect_page import may_show
from predictions.pages.followup.tabs import for_weighers, tabs
from predictions.selectors import runs
from predictions.selectors.departures import departures
from predictions.selectors.figures import current_counts
from predictions.selectors.person_periods import VOLUNTARY
from technova.web.requests import Request

SHOWN = 10  # decisions


class CostForm(forms.Form):
    """The cost of a departure, and that of each kind of action that is offered."""

    unit = forms.ChoiceField(label=gettext_lazy("A departure costs"), choices=CostDecision.Unit.choices)
    low = AmountField(label=gettext_lazy("From"))
    high = AmountField(label=gettext_lazy("Up to"))
    reason = forms.CharField(label=gettext_lazy("Why these figures"), max_length=500, validators=[check_words])

    def __init__(self, *args: Any, decision: CostDecision | None, **options: Any):
        initial: dict[str, Any] = {"unit": CostDecision.Unit.MONTHS}
        if decision:
            initial |= {"unit": decision.unit, "low": decision.departure_low, "high": decision.departure_high}
        offered = ActionKind.objects.filter(is_active=True, is_action=True)
        self.kinds: list[Any] = list(offered.annotate(**costs.cost_of_kind(decision, "pk")))
        for kind in self.kinds:
            initial |= {f"low_{kind.pk}": kind.said_low, f"high_{kind.pk}": kind.said_high}
        super().__init__(*args, **options | {"initial": {key: _plain(value) for key, value in initial.items()}})
        for kind in self.kinds:
            ends = {"low": _("%(kind)s, from (€)"), "high": _("%(kind)s, up to (€)")}
            for end, label in ends.items():
                self.fields[f"{end}_{kind.pk}"] = AmountField(label=label % {"kind": kind}, required=False)

    def clean(self):
        super().clean()
        if self.cleaned_data.get("low") == 0:
            self.add_error("low", _("A departure that costs nothing needs no forecast: give more than 0."))
        self._check_ends("low", "high")
        for kind in self.kinds:
            self._check_ends(f"low_{kind.pk}", f"high_{kind.pk}")

    def _check_ends(self, first: str, last: str) -> None:
        low, high = self.cleaned_data.get(first), self.cleaned_data.get(last)
        if (low is None) != (high is None) and not (self.has_error(first) or self.has_error(last)):
            self.add_error(last if high is None else first, _("Give both ends, or none."))
        if low is not None and high is not None and low > high:
            self.add_error(last, _("It is less than the lower end."))

    @property
    def actions(self) -> dict[ActionKind, Range]:
        given = self.cleaned_data
        return {
            kind: Range(float(given[f"low_{kind.pk}"]), float(given[f"high_{kind.pk}"]))
            for kind in self.kinds
            if given[f"low_{kind.pk}"] is not None
        }

    @property
    def of_departure(self) -> list[forms.BoundField]:
        return [self[name] for name in ("unit", "low", "high")]

    @property
    def of_actions(self) -> list[forms.BoundField]:
        return [self[f"{end}_{kind.pk}"] for kind in self.kinds for end in ("low", "high")]


def _plain(value: Any) -> Any:
    return f"{value:.12g}" if isinstance(value, float) else value


class Line(TypedDict):
    """What something costs: its name, how many of it, and the two ends; empty where they are not known."""

    label: str
    number: str
    cost: str
    note: str


@require_http_methods(["GET", "HEAD", "POST"])
@for_weighers
def show(request: Request) -> HttpResponse:
    scope, _readable = figures_of(request.user)
    decisions, run = costs.costs_set(SHOWN), runs.latest_two()[0]
    decision = next(iter(decisions), None)
    form = None
    if request.method == "POST" and not may_decide(request.user):
        raise PermissionDenied
    is_of_saving = request.method != "POST" and request.GET.get("view") == "saved"
    if may_decide(request.user) and not is_of_saving:
        form = CostForm(request.POST if request.method == "POST" else None, decision=decision)
        if form.is_bound and form.is_valid():
            _set(form, request)
            return redirect("cases_costs")
    each = costs.cost_of_a_departure(decision, run, scope)
    lines, verdict = _saved(run, scope, decision, each) if is_of_saving else (_lines(run, scope, decision, each), "")
    context = {
        "tabs": tabs(request),
        "decision": decision,
        "decisions": decisions,
        "departure": between(each),
        "lines": list(lines),
        "is_of_saving": is_of_saving,
        "verdict": verdict,
        "form": form,
    }
    journal.record(journal.What.FIGURES, user=request.user, people=0)
    return render(request, "cases/costs.html", context, status=422 if form and form.errors else 200)


def _set(form: CostForm, request: Request) -> None:
    given = form.cleaned_data
    costs.set_costs(
        unit=given["unit"],
        departure=Range(float(given["low"]), float(given["high"])),
        actions=form.actions,
        reason=given["reason"],
        user=request.user,
    )
    messages.success(request, _("These costs are in force now."))


def _lines(run: ScoringRun | None, scope: Scope, decision: CostDecision | None, each: Range | None) -> Iterator[Line]:
    if run:
        of_year = departures(scope, since=months_before(run.day, YEAR), until=run.day)
        left = of_year.filter(left_because__in=VOLUNTARY).count()
        label = _("Departures of the last 12 months")
        note = _("Resignations, and departures whose reason is not known.")
        yield _hidden(label) if is_small(left) else _line(label, grouped(left), each and each.times(left), note)
        figures = current_counts(run, scope)
        label = _("Departures expected %(horizon)s") % {"horizon": horizon(run.horizon_months)}
        if is_small(figures.people):
            yield _hidden(label)
        else:
            low, high = _expected(run, scope, figures.expected_departures)
            number = grouped(low) if low == high else _range(grouped(low), grouped(high))
            yield _line(label, number, each and each.times(low, high), "")
    actions = actions_until(localdate(), scope, decision)
    label = _("Actions agreed in the last 12 months")
    if actions.number is None:
        yield _hidden(label)
    else:
        note = ""
        if actions.has_unknown:
            count = actions.unknown or _("fewer than five")
            note = _("Of them, without a known cost: %(count)s.") % {"count": count}
        number = _("about %(number)s") % {"number": grouped(actions.number)} if actions.number else "0"
        yield _line(label, number, actions.cost, note)


def _saved(
    run: ScoringRun | None, scope: Scope, decision: CostDecision | None, each: Range | None
) -> tuple[list[Line], str]:
    """What talks and actions have saved, if a lottery shows it; else why it cannot be told."""
    if run is None:
        return [], ""
    found = evidence_by_lot(scope, run)
    effect = found.effect
    if effect is None:
        text = _(
            "What talks and actions save cannot be told: only a lottery of talks shows it, with %(fewest)s people drawn"
            " and %(fewest)s not, and %(months)s months since."
        )
        return [], text % {"fewest": FEWEST, "months": min(HORIZONS)}
    if not effect.helped:
        return [], _(
            "What talks and actions save cannot be told: by lot, the difference is not more than chance would make."
        )
    if each is None or not may_show(effect):
        return [], _(
            "By lot, talks kept people; what that saves cannot be told without the cost of a departure, or of so few."
        )
    saved = saved_by_lot(found, each, scope, decision)
    if saved is None:
        return [], ""
    label = _("Departures avoided among %(people)s people drawn for a talk, within %(months)s months")
    low, high = grouped(saved.departures.low), grouped(saved.departures.high)
    note = _("As the lottery shows it: those drawn beside those not drawn.")
    lines = [
        _line(
            label % {"people": grouped(effect.done), "months": found.months},
            low if low == high else _range(low, high),
            saved.cost,
            note,
        )
    ]
    if saved.net:
        lines.append(_line(_("Saved, after the cost of their actions"), "", saved.net, ""))
        return lines, ""
    return lines, _("What is saved after the cost of the actions cannot be told: some have no known cost.")


def _expected(run: ScoringRun, scope: Scope, expected: float) -> tuple[float, float]:
    """The 95% interval of the run; of some departments the number alone, since the interval is of everyone."""
    if scope.sees_everyone and run.expected_low is not None and run.expected_high is not None:
        return run.expected_low, run.expected_high
    return expected, expected


def _line(label: str, number: str, cost: Range | None, note: str) -> Line:
    return Line(label=label, number=number, cost=between(cost), note=note)


def _hidden(label: str) -> Line:
    return Line(label=label, number=_("fewer than five"), cost="", note="")


def between(cost: Range | None) -> str:
    """An amount from one end to the other; empty for none."""
    if cost is None:
        return ""
    return money(cost.low) if money(cost.low) == money(cost.high) else _range(money(cost.low), money(cost.high))


def _range(low: str, high: str) -> str:
    return _("%(low)s to %(high)s") % {"low": low, "high": high}
