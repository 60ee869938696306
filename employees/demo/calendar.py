"""Month ends, and the months of the demo by number: 0 is the oldest of the thirteen, 12 the published one."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

LAST = 12
NEVER = LAST + 1


def last_month_end(today: date) -> date:
    """The last end of a month before a day: 31 October for every day of November."""
    return today.replace(day=1) - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The thirteen months that end with ``end``. Raises ``ValueError`` where that is not the last day of a month."""

    end: date

    def __post_init__(self) -> None:
        if self.end.day != monthrange(self.end.year, self.end.month)[1]:
            raise ValueError(f"{self.end} is not the end of a month")

    def year_and_month(self, number: int) -> tuple[int, int]:
        """The year and calendar month of a month by number, which is negative for the years before."""
        year, month = divmod(self.end.year * 12 + self.end.month - 1 + int(number) - LAST, 12)
        return year, month + 1

    def month_end(self, number: int) -> date:
        """The last day of a month."""
        year, month = self.year_and_month(number)
        return date(year, month, monthrange(year, month)[1])

    def day(self, number: int, day: int) -> date:
        """A day of a month."""
        return date(*self.year_and_month(number), int(day))

    def number_of(self, month: int) -> int:
        """The number (1 to 12) of the one month of the last twelve that is a given month of the calendar."""
        return LAST - (self.end.month - month) % 12

    def by_month(self, values: tuple[float, ...]) -> np.ndarray:
        """Values given for January to December, (12,) in the order of the months 1 to 12."""
        return np.array([values[self.year_and_month(number)[1] - 1] for number in range(1, NEVER)])
