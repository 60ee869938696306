from predictions.ml.artifacts.store import ArtifactError
from predictions.services import NothingToScore, score_employees
from technova.commands import TechnovaCommand, day


class Command(TechnovaCommand):
    help = (
        "Scores everyone present who has clean features with the current model, and logs each prediction: as of the "
        "newest day, or of an earlier one."
    )
    expected_errors = (ArtifactError, NothingToScore)

    def add_arguments(self, parser):
        parser.add_argument("--as-of", metavar="DATE", type=day, help="a day that extracts describe, as 2026-10-31")

    def handle(self, **options):
        run = score_employees(as_of=options["as_of"], progress=self.progress)
        self.print_counts(
            "employees scored",
            run.employee_count,
            over_the_threshold=run.above_threshold_count,
            under_it=run.employee_count - run.above_threshold_count,
        )
        within = f"within {run.horizon_months} months" if run.horizon_months else "without a horizon"
        self.stdout.write(
            f"Model {run.model_version}, threshold {run.threshold:.3f}, "
            f"{run.expected_departures:.1f} departures expected {within}, {run.duration_ms / 1000:.1f} s"
        )
