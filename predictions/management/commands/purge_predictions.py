from predictions.clearing import clear_predictions
from predictions.log import purge
from technova.commands import TechnovaCommand, days


class Command(TechnovaCommand):
    help = (
        "Deletes old sealed blocks of the prediction log; nothing else can. Predictions are kept 180 days at least, "
        "and the newest scoring run whatever its age. Each purge is recorded with its rule. On PostgreSQL with roles, "
        "DATABASE_URL names the role of the purge."
    )
    expected_errors = (purge.TooYoung,)

    def add_arguments(self, parser):
        parser.add_argument(
            "--older-than", type=days, metavar="DAYS", help="age of the rows to delete; by default PREDICTION_MONTHS"
        )
        parser.add_argument("--force", action="store_true", help="delete rows younger than 180 days too")

    def handle(self, **options):
        if options["older_than"] is None:
            deleted = clear_predictions()
        else:
            deleted = purge.purge_predictions(older_than=options["older_than"], is_forced=options["force"])
        self.stdout.write(f"{deleted:,} predictions deleted")
