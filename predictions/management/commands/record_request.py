from django.core.management import CommandError
from django.utils import timezone

from employees.models import Employee
from employees.selectors import own_number
from predictions import rescoring
from predictions.rights.models import DataRequest
from predictions.rights.services import HasObjected, receive
from technova.commands import TechnovaCommand, day, system_account


class Command(TechnovaCommand):
    help = (
        "Records what a person asks about their own data, to be answered within a month on the pages under Requests. "
        "Whoever objects is not scored from then on."
    )

    def add_arguments(self, parser):
        parser.add_argument("number", type=int, metavar="NUMBER", help="the employee number, or one merged into it")
        parser.add_argument("kind", choices=DataRequest.Kind.values, help="what the person asks")
        parser.add_argument(
            "--received-on", type=day, metavar="DATE", help="when it arrived, as 2026-10-31; else today"
        )
        parser.add_argument("--said", default="", metavar="TEXT", help="what the person said, as far as it is needed")

    def handle(self, *, number, kind, received_on, said, **options):
        person = Employee.objects.filter(employee_id=own_number(number)).first()
        if person is None:
            raise CommandError(f"Nobody has the number {number}.")
        today = timezone.localdate()
        if received_on and received_on > today:
            raise CommandError(f"{received_on} is still to come: give the day on which the request arrived.")
        try:
            made = receive(
                employee=person,
                kind=DataRequest.Kind(kind),
                received_on=received_on or today,
                said=said,
                by=system_account(),
            )
        except HasObjected as error:
            raise CommandError(f"{number} has objected already.") from error
        if made.kind == DataRequest.Kind.OBJECTION:
            rescoring.rescore.enqueue()
        self.stdout.write(f"Recorded, to be answered by {made.due}")
