from django.conf import settings
from django.core.management import CommandError
from django.utils.translation import override

from employees.models import Employee
from employees.selectors import numbers_of, own_number
from predictions.rights.erasure import Plan, checked, erase, plan
from predictions.rights.refusals import NotErasable
from technova.commands import TechnovaCommand


class Command(TechnovaCommand):
    help = (
        "Erases a person who has left: raw rows, features, cases, notes, answers and interviews go; the prediction log "
        "and the access journal keep their rows without the person, and verify. Refused while the contract or a claim "
        "keeps the data, with the day from which they may go. It cannot be undone: --dry-run says what would go."
    )
    expected_errors = (NotErasable, ValueError)

    def add_arguments(self, parser):
        parser.add_argument("number", type=int, metavar="N", help="the employee number, or one merged into it")
        parser.add_argument("--reason", required=True, help="why, kept without the person: no name and no number")
        parser.add_argument("--dry-run", action="store_true", help="say what would go and stay; change nothing")

    def handle(self, *, number, reason, dry_run, **options):
        person = Employee.objects.filter(employee_id=own_number(number)).first()
        if person is None:
            raise CommandError(f"Nobody has the number {number}.")
        with override("en"):
            checked(reason, numbers_of(person.employee_id))
            found = plan(person)
            if dry_run:
                self._tell(found, goes="would be deleted", stays="would be kept without the person")
                if found.refusal:
                    raise found.refusal
                self.stdout.write("Nothing was changed")
                return
            records = erase(employee=person, reason=reason)
            self._tell(found, goes="deleted", stays="kept without the person")
        self.stdout.write(f"Erased, and recorded as {', '.join(record.pseudonym[:8] for record in records)}")
        if not settings.ERASURES:
            self.stderr.write("ERASURES names no file: after a backup is restored, nobody knows what to erase again.")

    def _tell(self, found: Plan, *, goes: str, stays: str) -> None:
        for line in found.goes:
            self.stdout.write(f"{line.count:,} {line.label}: {goes}")
        for line in found.stays:
            self.stdout.write(f"{line.count:,} {line.label}: {stays}")
