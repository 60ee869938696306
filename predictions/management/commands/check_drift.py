from django.core.management import CommandError
from django.utils import timezone

from predictions.ml.artifacts.store import ArtifactError
from predictions.ml.assessment.drift import LEVEL, MATTERS, Shift
from predictions.ml.assessment.outcomes import CALLS, Outcome
from predictions.models import ScoringRun
from predictions.selectors import drift_check
from predictions.workforce_checks import check_workforce
from technova.commands import TechnovaCommand


class Command(TechnovaCommand):
    help = (
        "Compares those present at the newest scoring run with those present when the current model was trained, and "
        "what the forecasts of earlier runs expected with who has left since. Stores the check, once for a run and a "
        "state of the workforce. Of a workforce in which nothing but time has passed, at most one check in twenty "
        "raises an alarm of drift."
    )
    expected_errors = (ArtifactError,)

    def add_arguments(self, parser):
        parser.add_argument(
            "--fail-on-drift",
            action="store_true",
            help="exit with an error, for a scheduler, if the workforce drifted or more or fewer left than expected",
        )

    def handle(self, **options):
        check = check_workforce()
        if check is None:
            raise CommandError("The current model has scored nobody yet: run score_employees first.")
        found = drift_check.read(check)
        self.stdout.write(f"Scored on {when(check.run)} by {check.run.model_version}, as of {check.run.day}")
        if not found.shifts:
            self.stdout.write(f"{check.run.employee_count} people are too few to compare with the training data")
        for shift in found.drifted:
            self.stdout.write(describe(shift))
        self.print_counts(
            "distributions compared",
            len(found.shifts),
            drifted=len(found.drifted),
            unchanged=len(found.shifts) - len(found.drifted),
        )
        if not found.outcomes:
            self.stdout.write("Departures: no forecast in the log is three months old, so none can be compared")
        for outcome in found.newest:
            self.stdout.write(tell(outcome))
        if options["fail_on_drift"] and check.is_alarm:
            raise CommandError(" ".join(reasons(found)))


def reasons(found: drift_check.Found) -> list[str]:
    """Why a check raises an alarm, and what to do."""
    told = []
    if found.drifted:
        told.append(f"The workforce has drifted ({', '.join(shift.name for shift in found.drifted)}).")
    if calls := [CALLS[outcome.call] for outcome in found.newest if outcome.is_alarm]:
        told.append(f"Departures of a forecast: {', '.join(calls)}.")
    return [*told, "Look into it, then retrain with train_model once outcomes are known."]


def when(run: ScoringRun) -> str:
    """The local time of a run, as the pages give it."""
    return f"{timezone.localtime(run.created_at):%Y-%m-%d %H:%M}"


def describe(shift: Shift) -> str:
    """One line on a distribution that has drifted."""
    return (
        f"Drift: {shift.name}, {shift.moved:.0%} of the people moved and "
        f"{shift.effect:+.0%} departures expected by it alone (from {MATTERS:.0%} on), "
        f"p = {shift.adjusted:.2g} adjusted for the number of tests (under {LEVEL})"
    )


def tell(outcome: Outcome) -> str:
    """One line on what became of the people of a forecast."""
    expected = "" if outcome.expected is None else f"; {outcome.expected:.1f} expected"
    interval = "" if outcome.low is None else f" ({outcome.low} to {outcome.high})"
    return (
        f"Departures within {outcome.months} months of {outcome.day}: "
        f"{outcome.left:,} of {outcome.people:,} people left, {outcome.unknown:,} absent, "
        f"{outcome.left_otherwise:,} left otherwise{expected}{interval}: {CALLS[outcome.call]}"
    )
