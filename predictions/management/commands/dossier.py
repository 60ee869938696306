import json
import sys

from django.conf import settings
from django.core.management import CommandError
from django.core.serializers.json import DjangoJSONEncoder
from django.utils.translation import override

from employees import journal
from employees.models import Employee
from employees.selectors import own_number
from predictions.pages.pdf import DOCUMENT, data_of
from predictions.pages.rights.dossier_document import document
from predictions.rights.dossier import dossier
from predictions.rights.services import dossier_made
from technova.commands import TechnovaCommand, system_account
from technova.files import typesetting


class Command(TechnovaCommand):
    help = (
        "Prints all that is kept about one person, for whoever asks for their own data: every raw value with its file "
        "and day, features, scores with their reasons in words, what would change the score, cases and notes, and who "
        "looked. As JSON, or as a PDF in plain words, which goes into a file: dossier 12 --format pdf > dossier.pdf. "
        "It is entered in the access journal, and as a request of the person. Give it to nobody but the person."
    )
    expected_errors = (typesetting.TypesettingError,)

    def add_arguments(self, parser):
        parser.add_argument("number", type=int, metavar="NUMBER", help="the employee number, or one merged into it")
        parser.add_argument("--format", choices=["json", "pdf"], default="json", help="json unless pdf is asked for")
        languages = [code for code, _name in settings.LANGUAGES]
        parser.add_argument("--language", choices=languages, default=settings.LANGUAGE_CODE, help="of the words")
        parser.add_argument("--without-notes", action="store_true", help="leave out the notes of talks, and say so")

    def handle(self, **options):
        employee = Employee.objects.filter(employee_id=own_number(options["number"])).first()
        if employee is None:
            raise CommandError(f"Nobody has the number {options['number']}.")
        is_pdf = options["format"] == "pdf"
        if is_pdf and sys.stdout.isatty():
            raise CommandError("A PDF is no text for a terminal: add > dossier.pdf")
        journal.record(journal.What.FILE, client=journal.command("dossier"), employee=employee)
        with override(options["language"]):
            dossier_made(employee=employee, by=system_account())
            found = dossier(employee, has_notes=not options["without_notes"])
            if is_pdf:
                sys.stdout.buffer.write(typesetting.pdf(DOCUMENT, data_of(document(found))))
                return
        self.stdout.write(json.dumps(found, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2))
