from contextlib import suppress

from django.core.management.base import CommandError

from technova.commands import TechnovaCommand
from technova.jobs import task_of


class Command(TechnovaCommand):
    help = (
        "Runs a task. On SQLite the server starts it in the background and reads the progress that it prints: step, "
        "done and total, separated by tabs."
    )

    def add_arguments(self, parser):
        parser.add_argument("path", metavar="TASK", help="the task's path, as predictions.rescoring.rescore")
        parser.add_argument("arguments", nargs="*", metavar="ARGUMENT", help="what it is given")

    def handle(self, **options):
        try:
            task = task_of(options["path"])
        except LookupError as error:
            raise CommandError(f"{error}.") from error
        task(*options["arguments"], progress=self.print_progress)

    def print_progress(self, step: str, done: int, total: int) -> None:
        with suppress(OSError):  # no room for it, which is no reason to stop
            self.stdout.write(f"{step}\t{done}\t{total}")
            self.stdout.flush()
