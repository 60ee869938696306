"""HR sets and undoes the threshold, without training; how many of those present a threshold would flag."""

from dataclasses import asdict, dataclass
from functools import lru_cache

import numpy as np
from django.contrib.auth.models import User
from django.utils import timezone

from employees.access import Scope
from employees.disclosure import is_small, nearest_five
from predictions.ml.assessment import cutoffs
from predictions.ml.assessment.cutoffs import Cutoff
from predictions.ml.assessment.thresholds import MOST_FLAGGED, Costs
from predictions.models import ScoringRun, ThresholdDecision
from predictions.registry import current_model, decision_in_force, forget_decisions, promoted_model
from predictions.selectors import figures, runs

RuleName = ThresholdDecision.RuleName


class NotScored(LookupError):
    """Nobody present has a score of the model in use, so the effect of a threshold is unknown."""


class FlagsTooMany(ValueError):
    """The threshold flags more than half of the people present, and nobody has accepted that."""

    def __init__(self, flagged: int, people: int):
        super().__init__(f"{flagged} of {people}")
        self.flagged, self.people = flagged, people


class NotInForce(LookupError):
    """The decision is not, or no longer, the one in force."""


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Those present, by the newest run: probabilities ``(n,)`` and employee numbers ``(n,)``, n at least 1."""

    run: ScoringRun
    probability: np.ndarray
    number: np.ndarray


def scored_now() -> Scored:
    """``scored_by`` of the newest run, for one more query."""
    return scored_by(runs.latest_two()[0])


def scored_by(run: ScoringRun | None) -> Scored:
    """Those present and scored by the newest run (of ``runs.latest_two``) with the model in use.

    One query over its predictions for each state of the workforce. Raises ``NotScored``.
    """
    if run is None or run.model_version != promoted_model().version:
        raise NotScored
    probability, number = _people(run.pk, run.created_at, run.revision_now, run.is_outdated)
    if not len(number):
        raise NotScored
    return Scored(run, probability, number)


@lru_cache(maxsize=1)
def _people(key, _created_at, _revision_now, is_outdated) -> tuple[np.ndarray, np.ndarray]:
    """Cached for one state of the workforce: a preview needs it at every change of a field."""
    run = ScoringRun(pk=key)
    run.is_outdated = is_outdated
    rows = figures.people_of(run, Scope.EVERYONE).values_list("probability", "employee__employee_id")
    found = np.array(list(rows.iterator(chunk_size=10_000)), dtype=float).reshape(-1, 2)
    return found[:, 0], found[:, 1].astype(int)


@dataclass(frozen=True, slots=True)
class Wish:
    """A rule with its parameter: ``capacity`` people, ``costs``, or the threshold itself as a ``value``."""

    rule: RuleName
    capacity: int | None = None
    costs: Costs | None = None
    value: float | None = None

    def cutoff(self, scored: Scored) -> Cutoff:
        """The cutoff of the rule among those present."""
        if self.capacity is not None:
            return cutoffs.of_capacity(self.capacity, scored.probability, scored.number)
        if self.costs is not None:
            return Cutoff(cutoffs.of_costs(self.costs))
        if self.value is None:
            raise ValueError(f"{self.rule} without its parameter")
        return Cutoff(self.value)


@dataclass(frozen=True, slots=True)
class InForce:
    """What a threshold expects of those present; the shares are None where they are unknown or not to be told."""

    threshold: float
    over: int  # people
    reached: float | None  # departures expected of them; None for a run from before it was kept
    expected: float  # of everyone

    @classmethod
    def of(cls, run: ScoringRun) -> "InForce":
        return cls(run.threshold, run.above_threshold_count, run.expected_above_threshold, run.expected_departures)

    def rounded(self) -> "InForce":
        """As a reader of figures alone reads it: the shares of whole departures among people in fives."""
        over = nearest_five(self.over)
        reached = None if self.reached is None or is_small(self.over) else float(min(round(self.reached), over))
        return InForce(self.threshold, over, reached, float(round(self.expected)))

    @property
    def share_leaving(self) -> float | None:
        """Expected to leave, of those over the threshold."""
        return None if self.reached is None or not self.over else self.reached / self.over

    @property
    def share_found(self) -> float | None:
        """Over the threshold, of the departures expected among everyone."""
        return None if self.reached is None or not self.expected else self.reached / self.expected


def expected_in_force(run: ScoringRun | None = None) -> InForce | None:
    """By the newest run (of ``runs.latest_two``); one query if the caller has not loaded it.

    Where that run is by another threshold, by its probabilities, until everyone is scored again. None if those present
    have no score of the model in use.
    """
    model, run = current_model(), run or runs.latest_two()[0]
    if run is None or run.model_version != model.version:
        return None
    if (run.threshold, run.last_tied) == (model.threshold, model.last_tied):
        return InForce.of(run)
    try:
        scored = scored_by(run)
    except NotScored:
        return None
    is_over = Cutoff(model.threshold, model.last_tied).part(scored.probability, scored.number) >= model.threshold
    sums = scored.probability[is_over].sum(), scored.probability.sum()
    return InForce(model.threshold, int(is_over.sum()), *(float(each) * run.seen_correction for each in sums))


def set_threshold(*, wish: Wish, reason: str, user: User, accepts_over_half: bool = False) -> ThresholdDecision:
    """Put a threshold in force: at once for new predictions, and for the list once everyone is scored again.

    Raises ``NotScored``, and ``FlagsTooMany`` unless the user ``accepts_over_half``, which is recorded.
    """
    scored = scored_now()
    cutoff = wish.cutoff(scored)
    is_over = cutoff.part(scored.probability, scored.number) >= cutoff.threshold
    flagged, people = int(is_over.sum()), len(is_over)
    is_too_many = flagged > MOST_FLAGGED * people
    if is_too_many and not accepts_over_half:
        raise FlagsTooMany(flagged, people)
    decision = ThresholdDecision.objects.create(
        rule=wish.rule,
        capacity=wish.capacity,
        **(asdict(wish.costs) if wish.costs else {}),
        threshold=cutoff.threshold,
        last_tied=cutoff.last_tied,
        flagged=flagged,
        people=people,
        accepts_over_half=is_too_many,
        model_version=scored.run.model_version,
        horizon_months=scored.run.horizon_months,
        reason=reason,
        decided_by=user,
    )
    forget_decisions()
    return decision


def undo(*, key: int, user: User) -> None:
    """Undo the decision in force: the one before it holds again, or else the model's own. Raises ``NotInForce``."""
    forget_decisions()
    in_force = decision_in_force(promoted_model().horizon_months)
    if in_force is None or in_force.pk != key:
        raise NotInForce(key)
    undone = ThresholdDecision.objects.in_force().filter(pk=key)
    if not undone.update(revoked_at=timezone.now(), revoked_by=user):
        raise NotInForce(key)
    forget_decisions()
