from employees import uploads
from employees.access import sign_ins
from predictions import import_process
from technova.commands import TechnovaCommand
from technova.jobs import detached


class Command(TechnovaCommand):
    help = (
        "Deletes expired data, most of it personal: uploaded files that nobody confirmed within a day and the "
        "rejects of such imports, expired sessions, records of sign-ins older than 30 days, and the output of "
        "ended imports. Run it every day."
    )

    def handle(self, **options):
        import_process.settle()
        self.stdout.write(f"{uploads.purge():,} uploaded files deleted")
        sessions, records = sign_ins.purge()
        self.stdout.write(f"{sessions:,} expired sessions deleted")
        self.stdout.write(f"{records:,} records of sign-ins deleted")
        self.stdout.write(f"{detached.clear():,} outputs of imports deleted")
