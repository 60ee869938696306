from predictions.clearing import clear, held
from technova.commands import TechnovaCommand


class Command(TechnovaCommand):
    help = (
        "Deletes expired data, most of it personal, by the table of retention: files and rejects of imports, sessions, "
        "records of sign-ins, exports, e-mails, deliveries of webhooks, notes of talks, the logs where the database's "
        "role may, and people who left LEFT_MONTHS ago. Each deletion is recorded. Run it every day."
    )

    def add_arguments(self, parser):
        parser.add_argument("--dry-run", action="store_true", help="say how many would be deleted; delete nothing")

    def handle(self, *, dry_run, **options):
        for name, count in clear(dry_run=dry_run).items():
            done = "would be deleted" if dry_run else "deleted"
            self.stdout.write(f"{count:,} {NAMES[name]} {done}")
        if people := held():
            self.stdout.write(f"People held for a dispute, of whom nothing is deleted: {people:,}")


NAMES = {
    "files": "uploaded files",
    "sessions": "expired sessions",
    "sign_ins": "records of sign-ins",
    "outputs": "outputs of imports",
    "webhooks": "deliveries of webhooks",
    "exports": "exported files",
    "mails": "e-mails",
    "notes": "notes of talks",
    "left": "people who had left",
    "predictions": "predictions",
    "journal": "entries of the access journal",
}
