from predictions.clearing import clear
from technova.commands import TechnovaCommand


class Command(TechnovaCommand):
    help = (
        "Deletes expired data, most of it personal: uploaded files that nobody confirmed within a day and the "
        "rejects of such imports, expired sessions, records of sign-ins older than 30 days, the output of "
        "ended imports, exported files older than a day, and deliveries of webhooks and e-mails older than 30 days. "
        "Run it every day."
    )

    def handle(self, **options):
        cleared = clear()
        self.stdout.write(f"{cleared.files:,} uploaded files deleted")
        self.stdout.write(f"{cleared.sessions:,} expired sessions deleted")
        self.stdout.write(f"{cleared.sign_ins:,} records of sign-ins deleted")
        self.stdout.write(f"{cleared.outputs:,} outputs of imports deleted")
        self.stdout.write(f"{cleared.mails:,} e-mails deleted")
        self.stdout.write(f"{cleared.exports:,} exported files deleted")
        self.stdout.write(f"{cleared.webhooks:,} deliveries of webhooks deleted")
