"""The moment before which something must have been recorded to count as known on a day."""

from datetime import UTC, date, datetime

import pytest
from django.utils import timezone

from employees.tests.factories import LoadedExtractFactory
from employees.workforce.knowledge import known_before

pytestmark = pytest.mark.django_db
DECEMBER, JANUARY, FEBRUARY = date(2025, 12, 31), date(2026, 1, 31), date(2026, 2, 28)


def at(month, day, hour=9):
    return datetime(2026, month, day, hour, tzinfo=UTC)


def deliver(as_of, recorded, kind="sirh", *, withdrawn=False):
    taken_back = timezone.now() if withdrawn else None
    LoadedExtractFactory(kind=kind, load__as_of=as_of, load__recorded_at=recorded, load__withdrawn_at=taken_back)


def test_everything_is_known_of_a_day_before_the_product_was_in_use():
    deliver(DECEMBER, at(1, 5))
    deliver(JANUARY, at(2, 3))
    assert known_before(DECEMBER) is None
    assert known_before(date(2026, 1, 4)) is None


def test_everything_is_known_without_a_load():
    assert known_before(JANUARY) is None


def test_known_is_what_comes_within_a_day_of_the_sirh_extract():
    deliver(DECEMBER, at(1, 5))
    deliver(JANUARY, at(2, 1), "eval")
    deliver(JANUARY, at(2, 3))
    deliver(JANUARY, at(6, 9))  # a correction
    deliver(FEBRUARY, at(3, 3))
    assert known_before(JANUARY) == at(2, 4)
    assert known_before(FEBRUARY) == at(3, 4)


def test_known_is_only_what_came_before_any_file_of_a_later_day():
    deliver(DECEMBER, at(1, 5))
    deliver(FEBRUARY, at(3, 3))
    deliver(JANUARY, at(3, 3, 10))  # late
    assert known_before(JANUARY) == at(3, 3)
    assert known_before(date(2026, 2, 10)) == at(3, 3)  # a day that no file describes


def test_withdrawn_loads_bound_nothing():
    deliver(DECEMBER, at(1, 5))
    deliver(JANUARY, at(2, 1), withdrawn=True)
    deliver(FEBRUARY, at(2, 2), withdrawn=True)
    assert known_before(JANUARY) is None
    deliver(JANUARY, at(2, 3))
    assert known_before(JANUARY) == at(2, 4)
