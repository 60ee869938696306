import csv
import json
from collections.abc import Iterator

from employees.models import WorkforceDay
from employees.workforce.listing import VIEWS, Person, people_on
from technova.commands import TechnovaCommand, day

TITLES = ("number", "presence", "since", "department", "job", "why not scored")


class Command(TechnovaCommand):
    help = "Lists the workforce as of a day: number, presence and since when, department, job, and why not scored."

    def add_arguments(self, parser):
        parser.add_argument("--as-of", metavar="DATE", type=day, help="as 2026-10-31; the newest day by default")
        parser.add_argument("--presence", choices=VIEWS, help="only these; everyone of the workforce by default")
        parser.add_argument("--format", choices=("table", "csv", "json"), default="table")

    def handle(self, **options):
        people = people_on(options["as_of"], options["presence"])
        match options["format"]:
            case "csv":
                writer = csv.writer(self.stdout, lineterminator="\n")
                writer.writerow(TITLES)
                writer.writerows(self._cells(person) for person in people)
            case "json":
                self._write_json(people)
            case _:
                self._write_table(people)

    def _write_json(self, people: Iterator[Person]) -> None:
        before = "["
        for person in people:
            cells = json.dumps(dict(zip(TITLES, self._cells(person), strict=True)), ensure_ascii=False)
            self.stdout.write(f"{before}{cells}", ending="")
            before = ",\n"
        self.stdout.write("]" if before != "[" else "[]")

    def _write_table(self, people: Iterator[Person]) -> None:
        counts: dict[str, int] = {}
        for person in people:
            counts[person.presence] = counts.get(person.presence, 0) + 1
            number, presence, since, department, job, why = self._cells(person)
            self.stdout.write(f"{number:>10}  {presence:<8}  {since:<10}  {department:<24}  {job:<28}  {why}".rstrip())
        total = ", ".join(f"{count:,} {presence}" for presence, count in sorted(counts.items()))
        nobody = "Nobody" if WorkforceDay.objects.exists() else "No extract is loaded: see seed_from_csv"
        self.stdout.write(total or f"{nobody}.")

    def _cells(self, person: Person) -> list[str]:
        since = person.since.isoformat() if person.since else ""
        return [str(person.number), person.presence, since, person.department, person.job, person.why_not_scored]
