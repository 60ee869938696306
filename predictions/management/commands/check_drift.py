from django.core.management import CommandError
from django.utils import timezone

from predictions.ml.artifacts.store import ArtifactError
from predictions.ml.assessment.drift import LARGE, LEVEL, Shift
from predictions.models import ScoringRun
from predictions.registry import current_model
from predictions.selectors import drift_check
from predictions.selectors.drift_check import Check
from technova.commands import TechnovaCommand


class Command(TechnovaCommand):
    help = (
        "Compares the workforce of the newest scoring run with the people the current model was trained on, and "
        "the departures with those expected. Writes nothing. A small workforce that has not changed raises a false "
        "alarm in about one check in twenty, one of over a thousand hardly ever."
    )
    expected_errors = (ArtifactError,)

    def add_arguments(self, parser):
        parser.add_argument(
            "--fail-on-drift", action="store_true", help="exit with an error if there is drift, for a scheduler"
        )

    def handle(self, **options):
        check = drift_check.check(current_model())
        if check is None:
            raise CommandError("The current model has scored nobody yet: run score_employees first.")
        self.stdout.write(f"Scored on {when(check.run)} by {check.run.model_version}")
        if not check.shifts:
            self.stdout.write(f"{check.run.employee_count} people are too few to compare with the training data")
        for shift in check.drifted:
            self.stdout.write(describe(shift))
        self.print_counts(
            "distributions compared",
            len(check.shifts),
            drifted=len(check.drifted),
            unchanged=len(check.shifts) - len(check.drifted),
        )
        self.stdout.write(tell(check))
        is_more = check.outcome is not None and check.outcome.is_more_than_expected
        if options["fail_on_drift"] and (check.drifted or is_more):
            raise CommandError("There is drift: look into it, then retrain with train_model once outcomes are known.")


def when(run: ScoringRun) -> str:
    """The local time of a run, as the pages give it."""
    return f"{timezone.localtime(run.created_at):%Y-%m-%d %H:%M}"


def describe(shift: Shift) -> str:
    """One line on a distribution that has drifted."""
    return (
        f"Drift: {shift.name}, {shift.effect:.0%} of the people moved (from {LARGE:.0%} on it counts), "
        f"p = {shift.adjusted:.2g} adjusted for the number of tests (under {LEVEL})"
    )


def tell(check: Check) -> str:
    """One line on the departures since the oldest run of the model."""
    outcome = check.outcome
    if outcome is None or check.oldest is None:
        return "Departures: no run of it has its predictions in the log any more, so none can be expected"
    said = (
        f"Departures since its run of {when(check.oldest)}: {outcome.observed:,} of "
        f"{outcome.people:,} people, {outcome.expected:.1f} expected ({outcome.low} to {outcome.high})"
    )
    if outcome.is_more_than_expected:
        return f"{said}: more than the model expected"
    if outcome.is_less_than_expected:
        return f"{said}: fewer so far, which means nothing while departures are still to come"
    return said
