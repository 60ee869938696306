"""The result of a check of the workforce: a run's people compared with those of training, and earlier forecasts."""

from dataclasses import dataclass

import msgspec
import numpy as np

from employees.models import WorkforceDay
from features.readable_features import is_off
from predictions.ml.assessment import drift
from predictions.ml.assessment.drift import Shift
from predictions.ml.assessment.outcomes import Outcome
from predictions.ml.scorer import Model
from predictions.models import ScoringRun, WorkforceCheck
from predictions.selectors import followed_forecasts


@dataclass(frozen=True, slots=True)
class Found:
    """The stored result of a check. ``shifts`` is empty with fewer than 30 people; the newest ``outcomes`` come
    first."""

    shifts: list[Shift]
    outcomes: list[Outcome]

    @property
    def drifted(self) -> list[Shift]:
        return [shift for shift in self.shifts if shift.is_drift]

    @property
    def newest(self) -> list[Outcome]:
        """The newest outcome within each number of months, the shortest first: those that may raise an alarm."""
        return followed_forecasts.newest_of_each(self.outcomes)

    @property
    def alarms(self) -> set[tuple]:
        """What each alarm is about, by which a later check knows it again whatever its numbers are by then."""
        forecasts = {(each.version, each.day, each.months, each.call) for each in self.newest if each.is_alarm}
        return {(shift.name,) for shift in self.drifted} | forecasts

    @property
    def is_alarm(self) -> bool:
        return bool(self.alarms)


def checked_run(model: Model) -> ScoringRun | None:
    """The run whose people are compared with those of training: this model's newest. One query."""
    return ScoringRun.objects.filter(model_version=model.version, drift_counts__isnull=False).first()


def find(run: ScoringRun, model: Model) -> Found:
    """Compare the people of a run, and follow those of the forecasts so far.

    Takes the queries of ``followed_forecasts.followed``. A feature made of a column that is switched off is not
    compared.
    """
    counts = {name: np.array(people) for name, people in (run.drift_counts or {}).items() if not is_off(name)}
    reference = model.card["drift"]
    years = drift.years_between(reference, run.day)
    return Found(drift.compare(counts, reference, years=years), followed_forecasts.followed())


def newest(model: Model) -> WorkforceCheck | None:
    """The last check of this model, with its run; None before the first one. One query."""
    return WorkforceCheck.objects.filter(run__model_version=model.version).select_related("run").first()


def is_outdated(check: WorkforceCheck) -> bool:
    """Whether the workforce has changed since. One query."""
    return check.revision != WorkforceDay.objects.values_list("revision", flat=True).last()


def read(check: WorkforceCheck) -> Found:
    """The result of a stored check, without features of columns that have been switched off since."""
    found = msgspec.convert(check.found, Found)
    return Found([shift for shift in found.shifts if not is_off(shift.name)], found.outcomes)
