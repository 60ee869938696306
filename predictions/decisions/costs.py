"""What HR says that a departure and an action cost, and what a departure costs in euros by it."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Avg, Count, OuterRef, Subquery

from employees.access import Scope
from employees.disclosure import is_small
from predictions.followup.models import ActionKind
from predictions.models import ActionCost, CostDecision, ScoringRun
from predictions.selectors.figures import people_of

PAY = "features__revenu_mensuel"


@dataclass(frozen=True, slots=True)
class Range:
    """An amount that is known from one end to the other."""

    low: float
    high: float

    def __add__(self, other: "Range") -> "Range":
        return Range(self.low + other.low, self.high + other.high)

    def times(self, low: float, high: float | None = None) -> "Range":
        """That of so many, or of a number that is itself known as a range; neither is negative."""
        return Range(self.low * low, self.high * (low if high is None else high))


def costs_set(most: int = 1) -> list[CostDecision]:
    """The last decisions, the one in force first. One query."""
    return list(CostDecision.objects.select_related("decided_by")[:most])


def costs_in_force() -> CostDecision | None:
    return next(iter(costs_set()), None)


def cost_of_a_departure(decision: CostDecision | None, run: ScoringRun | None, scope: Scope) -> Range | None:
    """In euros, of somebody of average pay among those of a scope whom ``run`` (of ``runs.latest_two``) has scored.

    None without a decision, and where it is in months of pay and nobody's pay is known, or that of fewer than five
    people. One query over the run's predictions where it is in months.
    """
    if decision is None:
        return None
    said = Range(decision.departure_low, decision.departure_high)
    if decision.unit == CostDecision.Unit.AMOUNT:
        return said
    if run is None:
        return None
    pay = people_of(run, scope).order_by().aggregate(mean=Avg(PAY), people=Count(PAY))
    return None if pay["mean"] is None or is_small(pay["people"]) else said.times(pay["mean"])


def cost_of_kind(decision: CostDecision | None, kind: str) -> dict[str, Subquery]:
    """What an action costs by a decision: annotations ``said_low`` and ``said_high`` of rows that hold the key of its
    kind in the column named."""
    said = ActionCost.objects.filter(decision=decision, kind=OuterRef(kind)).order_by()
    return {f"said_{end}": Subquery(said.values(end)) for end in ("low", "high")}


def costs_of_levers() -> dict[str, Range]:
    """In euros, by the value of a person that an action changes, of the costs in force. One query."""
    costs = ActionCost.objects.filter(decision=CostDecision.objects.values("pk")[:1]).exclude(kind__lever="")
    found: dict[str, Range] = {}
    for lever, low, high in costs.values_list("kind__lever", "low", "high"):
        known = found.get(lever, Range(low, high))
        found[lever] = Range(min(known.low, low), max(known.high, high))
    return found


@transaction.atomic
def set_costs(
    *, unit: str, departure: Range, actions: Mapping[ActionKind, Range], reason: str, user: User
) -> CostDecision:
    """Put costs in force: those of a departure, in ``unit``, and of the kinds of action, in euros."""
    decision = CostDecision.objects.create(
        unit=unit, departure_low=departure.low, departure_high=departure.high, reason=reason, decided_by=user
    )
    ActionCost.objects.bulk_create(
        ActionCost(decision=decision, kind=kind, low=each.low, high=each.high) for kind, each in actions.items()
    )
    return decision
