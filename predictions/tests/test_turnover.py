"""Who left in the last months, to the day, also where the newest day falls within a month."""

from datetime import date

import pytest

from employees.access import Scope
from employees.tests.extracts import load, load_all
from predictions.segments.turnover import moves
from predictions.selectors.departures import by_month

FIRST, UNTIL = date(2025, 4, 30), date(2026, 6, 10)
LEFT = {1: date(2025, 6, 5), 2: date(2025, 6, 10), 3: date(2025, 6, 11), 4: date(2026, 1, 15), 5: date(2026, 6, 5)}


@pytest.fixture
def company(db):
    people = {number: {} for number in range(1, 61)}
    load_all(FIRST, people)
    load_all(UNTIL, {number: {} for number in people if number not in LEFT})
    load(UNTIL, annuaire={number: {"date_sortie": day} for number, day in LEFT.items()})


def test_year_up_to_a_day_within_a_month_is_that_of_today(company):
    turnover = moves(Scope.EVERYONE, ()).turnover(55, {})
    assert turnover.since == date(2025, 6, 11) == by_month(Scope.EVERYONE, until=UNTIL).first
    assert turnover.left() == sum(by_month(Scope.EVERYONE, until=UNTIL).people) == 3
    assert turnover.left_late() == 1
    assert turnover.left(6) == 2


def test_year_up_to_the_end_of_a_month_is_twelve_whole_ones(company):
    load_all(date(2026, 6, 30), {number: {} for number in range(6, 61)})
    turnover = moves(Scope.EVERYONE, ()).turnover(55, {})
    assert turnover.since == date(2025, 7, 1) == by_month(Scope.EVERYONE, until=date(2026, 6, 30)).first
    assert turnover.left() == 2
    assert turnover.left_late() == 0
