from predictions.clearing import clear_journal
from technova.commands import TechnovaCommand


class Command(TechnovaCommand):
    help = (
        "Deletes the sealed blocks of the access journal older than JOURNAL_MONTHS, and records it. Workers do "
        "it each night where their database role may; where the application has a role of its own, run it daily as the "
        "role of the purge."
    )

    def handle(self, **options):
        self.stdout.write(f"{clear_journal():,} entries deleted")
