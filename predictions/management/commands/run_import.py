from contextlib import suppress

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from employees.models import Import
from predictions.import_process import run_import
from technova.commands import TechnovaCommand


class Command(TechnovaCommand):
    help = (
        "Checks or loads the files of an import. The import page starts it in the background and reads the progress "
        "that it prints: step, done and total, separated by tabs."
    )

    def add_arguments(self, parser):
        parser.add_argument("import", metavar="ID", help="the import's id, as in the address of its page")

    def handle(self, **options):
        try:
            upload = Import.objects.get(pk=options["import"])
        except (Import.DoesNotExist, ValidationError) as error:
            raise CommandError(f"There is no import {options['import']}.") from error
        run_import(upload=upload, progress=self.print_progress)

    def print_progress(self, step: str, done: int, total: int) -> None:
        with suppress(OSError):  # no room for it, which is no reason to stop
            self.stdout.write(f"{step}\t{done}\t{total}")
            self.stdout.flush()
