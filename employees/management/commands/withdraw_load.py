from django.core.management.base import CommandError

from employees.workforce.loading import NoSuchLoad, withdraw_load
from technova.commands import TechnovaCommand


class Command(TechnovaCommand):
    help = (
        "Takes a load back: people, values, departments and departures are as the other loads make them. Predictions "
        "that were given stay in the log. Features and scores follow when they are next built and run."
    )
    expected_errors = (NoSuchLoad,)

    def add_arguments(self, parser):
        parser.add_argument("load", type=int, metavar="N", help="the number of the load, see list_loads")
        parser.add_argument("--reason", required=True, help="why, kept with the load")

    def handle(self, *, load, reason, **options):
        if not reason.strip():
            raise CommandError("Give a reason with --reason: it is kept with the load.")
        found = withdraw_load(load=load, reason=reason, progress=self.progress)
        self.stdout.write(f"Load {found.pk} of {found.as_of} is taken back")
