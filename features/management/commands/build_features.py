from features.services import build_features
from technova.commands import TechnovaCommand


class Command(TechnovaCommand):
    help = "Builds the clean features of every employee from the raw data; adds a row only where values changed."

    def add_arguments(self, parser):
        parser.add_argument("--dry-run", action="store_true", help="do the work, show the counts, write nothing")

    def handle(self, **options):
        result = build_features(dry_run=options["dry_run"], progress=self.progress)
        self.print_counts(
            "employees read",
            result.read,
            written=result.written,
            unchanged=result.unchanged,
            left_out=len(result.left_out),
        )
        for reason, count in result.reasons.items():
            first = ", ".join(str(row.employee_id) for row in result.left_out if row.reason == reason)[:80]
            self.stdout.write(f"  left out, {reason}: {count:,} ({first})")
        if options["dry_run"]:
            self.stdout.write("Dry run: nothing was written")
