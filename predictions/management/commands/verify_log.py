from pathlib import Path

from django.core.management import CommandError

from predictions.log.verification import verify
from technova.commands import TechnovaCommand


class Command(TechnovaCommand):
    help = (
        "Compares every row of the prediction log and of the access journal with its seal. Names the blocks in which a "
        "row was changed, removed or inserted, and ends with an error then."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "--heads", type=Path, metavar="FILE", help="compare the blocks with the heads of SEAL_HEADS too"
        )

    def handle(self, **options):
        if options["heads"] and not options["heads"].is_file():
            raise CommandError(f"{options['heads']} is no file.")
        found = verify(heads=options["heads"], progress=self.progress)
        for fault in found.faults:
            self.stdout.write(f"Block {fault.block}: {fault.text}" if fault.block else fault.text.capitalize())
        self.stdout.write(f"{found.blocks:,} blocks with {found.rows:,} rows compared, {found.purged:,} of them purged")
        if found.faults:
            blocks = sorted({fault.block for fault in found.faults if fault.block})
            named = ", ".join(map(str, blocks))
            raise CommandError(f"The log is not as it was sealed: see block {named}." if named else "See above.")
