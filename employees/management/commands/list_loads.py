from django.db.models import Prefetch

from employees.models import Load, LoadedExtract
from technova.commands import TechnovaCommand


class Command(TechnovaCommand):
    help = (
        "Lists the loads, newest first: their number, the day that they describe, their files, and who took one back."
    )

    def add_arguments(self, parser):
        parser.add_argument("--all", action="store_true", help="also those that were taken back")

    def handle(self, **options):
        loads = Load.objects.all() if options["all"] else Load.objects.in_force()
        for load in loads.prefetch_related(Prefetch("extracts", LoadedExtract.objects.marked())).select_related(
            "recorded_by"
        ):
            self.stdout.write(self._line(load))
        if not loads:
            self.stdout.write("No load is in force: load extracts with seed_from_csv or on the import page.")

    def _line(self, load: Load) -> str:
        extracts = ", ".join(
            f"{extract.kind} {extract.row_count:,}{' (replaced)' if extract.is_replaced else ''}"
            for extract in load.extracts.all()
        )
        by = load.recorded_by or "a command"
        line = f"{load.pk:>6}  {load.as_of}  {extracts}; loaded {load.recorded_at:%Y-%m-%d %H:%M} by {by}"
        if load.overridden:
            line += f"; {len(load.overridden)} alarms overridden"
        if load.withdrawn_at:
            line += f"; taken back {load.withdrawn_at:%Y-%m-%d %H:%M}: {load.withdrawal_reason}"
        return line
