"""Drift of the newest run's workforce from the training data, and departures against those expected."""

from dataclasses import dataclass

import numpy as np
from django.db.models import Count, Exists, F, OuterRef, Q, Sum

from employees.models import EmployeeState, Presence
from features.readable_features import is_off
from predictions.ml.assessment import drift
from predictions.ml.assessment.drift import Outcome, Shift
from predictions.ml.scorer import Model
from predictions.models import Prediction, ScoringRun


@dataclass(frozen=True, slots=True)
class Check:
    """The newest scoring run against the training data, and the departures since the oldest run of the same model.

    ``shifts`` is empty with fewer than 30 people, and lacks what is made of a column that is switched off. ``oldest``
    is the one whose predictions are still in the log, which may be purged: None, and no ``outcome``, where none are.
    The model does not say by when people leave: fewer departures than expected may only be departures that are still
    to come.
    """

    run: ScoringRun
    shifts: list[Shift]
    oldest: ScoringRun | None
    outcome: Outcome | None

    @property
    def drifted(self) -> list[Shift]:
        return [shift for shift in self.shifts if shift.is_drift]


def check(model: Model) -> Check | None:
    """The check of this model's runs; None before its first one. Three queries, one over the people of a run."""
    runs = ScoringRun.objects.filter(model_version=model.version, drift_counts__isnull=False)
    newest = runs.first()
    if newest is None:
        return None
    oldest = runs.filter(Exists(Prediction.objects.filter(run=OuterRef("pk")))).last()
    counts = {name: np.array(people) for name, people in (newest.drift_counts or {}).items() if not is_off(name)}
    learned_from = model.card["training"]["employees"]
    found = outcome(oldest, learned_from=learned_from) if oldest else None
    return Check(newest, drift.compare(counts, model.card["drift"]), oldest, found)


def outcome(run: ScoringRun, *, learned_from: int) -> Outcome:
    """Expected and seen departures of those who were there when scored, by a model that learned from so many people.

    Seen is who is known to have left now: a departure that an extract has taken back since does not count. One query
    over the run's people.
    """
    left = EmployeeState.objects.newest().filter(employee=OuterRef("employee"), presence=Presence.LEFT)
    day = run.day
    there = Prediction.objects.filter(~Exists(left.filter(left_by__lte=day)), run=run)
    left_since = Q(employee__presence=Presence.LEFT)
    if run.employee_count > drift.EXACT_UP_TO:
        chance = F("probability")
        sums = there.aggregate(
            people=Count("pk"),
            expected=Sum(chance),
            variance=Sum(chance * (1 - chance)),
            observed=Count("pk", filter=left_since),
        )
        if not sums["people"]:
            return drift.outcome([], [], learned_from=learned_from)
        return drift.outcome_of_sums(**sums, learned_from=learned_from)
    people = list(there.values_list("probability", "employee__presence"))
    has_left = [presence == Presence.LEFT for _, presence in people]
    return drift.outcome([probability for probability, _ in people], has_left, learned_from=learned_from)
