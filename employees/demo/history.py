"""The files that HR would have exported at the end of each of the thirteen months."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from employees.columns import Extract
from employees.demo import published
from employees.demo.calendar import LAST, Calendar
from employees.demo.careers import careers as draw_careers
from employees.demo.directory import directory as draw_directory
from employees.demo.past import past as draw_past
from employees.demo.reporting import reporting as draw_reporting


@dataclass(frozen=True, slots=True)
class Month:
    """What HR exported for the end of a month: the bytes of the four files."""

    as_of: date
    files: Mapping[Extract, bytes]


def months(end: date) -> list[Month]:
    """The thirteen months up to ``end``, oldest first; the last one's extracts are the published ones to the byte.

    The same for each ``end``, save what follows the calendar: the months of appraisals, surveys, pay reviews and
    departures. Raises ``ValueError`` when ``end`` is not the last day of a month.
    """
    calendar = Calendar(end)
    people = published.read()
    careers = draw_careers(people, calendar)
    past = draw_past(people, careers, calendar)
    reporting = draw_reporting(people, past.values["departement"].to_numpy(), careers)
    directory = draw_directory(people, careers, reporting, calendar)

    def month(number: int) -> Month:
        has_joined = careers.joined <= number
        then = past.at(people, number)[has_joined]
        files = {extract: published.write(then, extract) for extract in published.EXTRACTS}
        files[Extract.ANNUAIRE] = published.to_csv(directory.at(number)[has_joined])
        return Month(calendar.month_end(number), files)

    return [month(number) for number in range(LAST + 1)]
