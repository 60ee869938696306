"""The expected departures of some people of a run, with their interval."""

from employees.disclosure import shown_count
from predictions.models import ScoringRun
from predictions.registry import current_model
from predictions.segments.cube import Sums


def expected_of(run: ScoringRun, sums: Sums) -> tuple[float, float, float]:
    """The expected departures, and their 95% interval: those of the run where these are all its people."""
    is_exact = _is_everyone(run, sums) and not sums.is_rounded
    return run.expected_departures if is_exact else sums.expected, *interval_of(run, sums)


def interval_of(run: ScoringRun, sums: Sums) -> tuple[float, float]:
    """The 95% interval of the departures of some people of a run."""
    if run.expected_low is not None and run.expected_high is not None and _is_everyone(run, sums):
        return run.expected_low, run.expected_high
    return sums.interval(_departures_learned(run))


def _is_everyone(run: ScoringRun, sums: Sums) -> bool:
    """All but a group under five do not occur: that group would be given away."""
    return sums.people == shown_count(run.employee_count, is_rounded=sums.is_rounded)


def _departures_learned(run: ScoringRun) -> int:
    """How many departures the model of a run has learned from; 0 if it is no longer in use."""
    model = current_model()
    if model.version != run.model_version:
        return 0
    history = model.card.get("history")
    return history["left"] + history["vanished"] if history else model.card["training"]["leavers"]
