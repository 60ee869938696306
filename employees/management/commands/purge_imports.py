from employees import imports
from technova.commands import TechnovaCommand


class Command(TechnovaCommand):
    help = (
        "Deletes the uploaded files that wait for a confirmation since more than a day, and the rejects of such "
        "imports. They are personal data: run it every day."
    )

    def handle(self, **options):
        imports.settle()
        self.stdout.write(f"{imports.purge():,} uploaded files deleted")
