from employees import imports
from employees.access import sign_ins
from predictions import import_process
from technova.commands import TechnovaCommand
from technova.server import detached


class Command(TechnovaCommand):
    help = (
        "Deletes what is kept for a while only: the uploaded files that wait for a confirmation since more than a day "
        "and the rejects of such imports, sessions that expired, records of sign-ins that are older than 30 days, and "
        "what the imports that ended have printed. Most of it is personal data: run it every day."
    )

    def handle(self, **options):
        import_process.settle()
        self.stdout.write(f"{imports.purge():,} uploaded files deleted")
        sessions, records = sign_ins.purge()
        self.stdout.write(f"{sessions:,} expired sessions deleted")
        self.stdout.write(f"{records:,} records of sign-ins deleted")
        self.stdout.write(f"{detached.clear():,} outputs of imports deleted")
