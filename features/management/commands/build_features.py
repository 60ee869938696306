from features.services import build_features
from technova.commands import TechnovaCommand


class Command(TechnovaCommand):
    help = (
        "Builds the clean features of the days that changed since the last build; adds a row for each employee and day "
        "where values differ from those before."
    )

    def add_arguments(self, parser):
        parser.add_argument("--dry-run", action="store_true", help="do the work, show the counts, write nothing")

    def handle(self, **options):
        result = build_features(dry_run=options["dry_run"], progress=self.progress)
        if not result.days:
            self.stdout.write("Nothing has changed since the last build")
        self.print_counts(
            "employees of the newest day",
            result.read,
            changed=result.changed,
            unchanged=result.unchanged,
            left_out=len(result.left_out),
        )
        self.stdout.write(
            f"Days built: {len(result.days):,}; rows written: {result.written:,}, superseded: {result.superseded:,}"
        )
        for reason, count in result.reasons.items():
            first = ", ".join(str(row.employee_id) for row in result.left_out if row.reason == reason)[:80]
            self.stdout.write(f"  left out, {reason}: {count:,} ({first})")
        if options["dry_run"]:
            self.stdout.write("Dry run: nothing was written")
