"""Who left in the last months, to the day, also where the newest day falls within a month."""

from datetime import date

import pytest

from employees.access import Readable, Scope, scope_of
from employees.tests.extracts import load, load_all
from features.services import build_features
from predictions.segments.cube import cube_of
from predictions.segments.turnover import moves
from predictions.selectors.departures import by_month
from predictions.services import score_employees

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


@pytest.mark.parametrize(("level", "left", "people"), [(2, 3, 10), (3, 9, 29)])
def test_who_left_of_the_own_job_is_counted_as_those_present_are(started, browse, level, left, people):
    """Number 4 leads five people and sees the department too. Nine have left: two of level 1, one of the team, and six
    others of level 2."""
    everyone = {
        number: {
            "departement": "Consulting",
            "poste": "Consultant",
            "niveau_hierarchique_poste": 1 if number in range(25, 31) or number in (37, 38) else 2,
        }
        for number in range(1, 40)
    }
    everyone[4]["niveau_hierarchique_poste"] = level
    managers = {number: {"responsable": 4 if number in (5, 6, 7, 8, 39) else 1} for number in everyone if number != 1}
    gone = range(31, 40)
    load_all(FIRST, everyone)
    load(FIRST, annuaire=managers)
    build_features()
    load_all(
        date(2026, 6, 30),
        {number: each for number, each in everyone.items() if number not in gone},
        accept_implausible=True,
    )
    load(
        date(2026, 6, 30),
        annuaire={
            number: each | ({"date_sortie": date(2026, 6, 15)} if number in gone else {})
            for number, each in managers.items()
        },
    )
    build_features()
    run = score_employees()
    scope = scope_of(browse("Manager", "Consulting", team_of=4).account)
    present = cube_of(run, scope, Readable.EVERYTHING).whole.people
    for conditions in ({}, {"departement": "Consulting"}):
        turnover = moves(scope, conditions).turnover(present, conditions)
        assert (present, turnover.left()) == (people, left)
        assert turnover.months[0].mean_people == people + left
        assert turnover.mean_people() == people + left - left / 2 / 12
