from pathlib import Path

from django.conf import settings
from django.core.management import CommandError

from predictions.rights.erasure import UnknownKey, erase_again
from technova.commands import TechnovaCommand


class Command(TechnovaCommand):
    help = (
        "Erases again whoever was erased since the backup that was restored, by the file of ERASURES: run it after "
        "each restore, before anybody works. Running it again changes nothing."
    )
    expected_errors = (UnknownKey,)

    def add_arguments(self, parser):
        parser.add_argument(
            "--file", type=Path, metavar="FILE", help="the records of erasures; by default the file of ERASURES"
        )

    def handle(self, **options):
        path = options["file"] or (Path(settings.ERASURES) if settings.ERASURES else None)
        if path is None:
            raise CommandError("ERASURES names no file: say with --file where the erasures were recorded.")
        if not path.is_file():
            raise CommandError(f"{path} is no file.")
        records = erase_again(path=path)
        self.stdout.write(f"{len(records):,} numbers erased again")
