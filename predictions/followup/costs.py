"""What departures and actions have cost, may cost and save: as ranges, of groups of at least five people."""

import math
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from django.db.models import F, QuerySet

from employees.access import Scope
from employees.disclosure import is_small, rounded_count, step_of
from predictions.decisions.costs import Range, cost_of_kind
from predictions.followup.evidence import Comparison
from predictions.followup.models import CaseAction
from predictions.ml.periods import months_before
from predictions.models import CostDecision

YEAR = 12  # months


@dataclass(frozen=True, slots=True)
class Actions:
    """Some actions: how many, and what they cost; ``unknown`` have no known cost.

    The counts are rounded down to multiples of five, and the cost away from its middle, so that nobody reads from two
    such totals what was agreed with one person. All None where fewer than five people are concerned.
    """

    number: int | None = None
    cost: Range | None = None
    unknown: int | None = None
    has_unknown: bool = False


@dataclass(frozen=True, slots=True)
class Saved:
    """What a lottery of talks shows to have saved: departures, their cost, and what is left after the actions' cost.

    ``net`` is None where the actions of those drawn have no known cost.
    """

    departures: Range
    cost: Range
    net: Range | None


def actions_until(day: date, scope: Scope, decision: CostDecision | None) -> Actions:
    """Those agreed for people of a scope in the year up to a day, at their own cost or that of their kind. One query
    over them."""
    agreed = CaseAction.objects.within(scope).that_count()
    return _total(agreed.filter(day__gt=months_before(day, YEAR), day__lte=day), decision)


def saved_by_lot(found: Comparison, each: Range, scope: Scope, decision: CostDecision | None) -> Saved | None:
    """What those drawn have saved, at ``each`` a departure; None unless the lottery shows that talks helped. One query
    over their actions since the draw."""
    effect = found.effect
    if effect is None or not effect.helped:
        return None
    departures = Range(effect.low * effect.done, effect.high * effect.done)
    cost = each.times(departures.low, departures.high)
    since = (
        CaseAction.objects.within(scope)
        .that_count()
        .filter(case__employee__draws__is_drawn=True, day__gte=F("case__employee__draws__draw__as_of"))
    )
    actions = _total(since, decision)
    net = None
    if actions.cost and not actions.has_unknown:
        net = Range(cost.low - actions.cost.high, cost.high - actions.cost.low)
    return Saved(departures, cost, net)


def _total(actions: QuerySet[CaseAction], decision: CostDecision | None) -> Actions:
    said = cost_of_kind(decision, "kind")
    rows = set(actions.order_by().annotate(**said).values_list("pk", "case__employee", "cost", *said))
    people = {employee for _key, employee, *_costs in rows}
    if is_small(len(people)):
        return Actions()
    parts, unknown = dict.fromkeys(people, Range(0, 0)), 0
    for _key, employee, own, low, high in rows:
        if own is not None:
            parts[employee] += Range(float(own), float(own))
        elif low is not None:
            parts[employee] += Range(low, high)
        else:
            unknown += 1
    return Actions(rounded_count(len(rows)), _rounded(parts.values()), rounded_count(unknown), unknown > 0)


def _rounded(parts: Collection[Range]) -> Range:
    """The sum, its ends moved apart to multiples of a step that hides one person's part."""
    step = step_of(part.high for part in parts)
    low, high = sum(part.low for part in parts), sum(part.high for part in parts)
    return Range(math.floor(low / step) * step, math.ceil(high / step) * step)
