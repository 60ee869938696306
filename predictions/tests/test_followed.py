"""What became of those scored on a day, from the extracts in force."""

from datetime import date

import pandas as pd
import pytest

from employees.models import Employee, Load, WorkforceDay
from employees.tests.extracts import load
from employees.workforce.answers import answer_left
from employees.workforce.loading import withdraw_load
from predictions.ml.assessment.outcomes import Call
from predictions.selectors.followed_forecasts import followed
from predictions.tests.factories import PredictionFactory, ScoringRunFactory

pytestmark = pytest.mark.django_db

MONTHS = [day.date() for day in pd.date_range("2026-01-31", "2026-10-31", freq="ME")]
JANUARY, FEBRUARY, MARCH, APRIL, MAY, JUNE, JULY = MONTHS[:7]
CARD = {
    "horizon_months": 12,
    "training": {"leavers": 200},
    "drift": {"as_of": "2025-12-31"},
    "created_on": date(2026, 1, 1),
}


@pytest.fixture(autouse=True)
def cards(monkeypatch):
    """The cards by version; any other is of a forecast of 12 months that was trained before the first month."""
    cards = {}
    monkeypatch.setattr("predictions.registry.card_of", lambda version: cards.get(version, CARD))
    return cards


def deliver(day, *numbers, **directory):
    """A SIRH extract of some people, and a directory of those said to have left: ``n2=(day, reason)``."""
    load(day, options={"accept_implausible": True}, sirh={number: {} for number in numbers})
    if directory:
        rows = {
            int(name[1:]): {"date_sortie": pd.Timestamp(exit_), "motif_sortie": reason}
            for name, (exit_, reason) in directory.items()
        }
        load(day, options={"accept_implausible": True}, annuaire=rows)


def forecast(day, numbers, probability=0.36, **fields):
    """A run of a day as it is now, that scored some people."""
    revision = WorkforceDay.objects.get(as_of=day).revision
    run = ScoringRunFactory(as_of=day, revision=revision, employee_count=len(numbers), **fields)
    for number in numbers:
        employee = Employee.objects.get(employee_id=number)
        PredictionFactory(scored=True, run=run, employee=employee, probability=probability)
    return run


def counts(found):
    return {each.months: (each.people, each.left, each.left_otherwise, each.unknown) for each in found}


def test_nobody_is_followed_before_three_months_have_passed():
    assert followed() == []
    deliver(MARCH, 1, 2)
    forecast(MARCH, [1, 2])
    deliver(MAY, 1)
    assert followed() == []


def test_people_of_a_forecast_are_counted_by_what_became_of_them():
    deliver(JANUARY, 1, 2, 3, 4, 5, 6)
    forecast(JANUARY, [1, 2, 3, 4, 5, 6])
    exits = {"n2": (MARCH, "Démission"), "n3": (MARCH, "Retraite"), "n5": (JUNE, None)}
    deliver(JULY, 1, 6, **exits)
    found = followed()
    assert [each.day for each in found] == [JANUARY, JANUARY]
    # 4 is absent from July on; 5 left in June: nobody knows why
    assert counts(found) == {3: (6, 1, 1, 0), 6: (6, 2, 1, 1)}


def test_whoever_vanished_counts_as_unknown_until_hr_answers():
    deliver(JANUARY, 1, 2)
    forecast(JANUARY, [1, 2])
    deliver(FEBRUARY, 1)
    deliver(APRIL, 1)
    assert counts(followed()) == {3: (2, 0, 0, 1)}
    answer_left(numbers=[2], left_by=None, because="")
    assert counts(followed()) == {3: (2, 1, 0, 0)}


def test_whoever_left_and_came_back_has_left():
    deliver(JANUARY, 1, 2)
    forecast(JANUARY, [1, 2])
    deliver(FEBRUARY, 1, n2=(FEBRUARY, "Démission"))
    deliver(APRIL, 1, 2)
    assert counts(followed()) == {3: (2, 1, 0, 0)}


def test_whoever_was_missing_and_came_back_was_there():
    deliver(JANUARY, 1, 2)
    forecast(JANUARY, [1, 2])
    deliver(FEBRUARY, 1)
    deliver(APRIL, 1, 2)
    assert counts(followed()) == {3: (2, 0, 0, 0)}


def test_whoever_had_left_by_the_day_as_is_known_now_was_not_forecast():
    deliver(JANUARY, 1, 2)
    forecast(JANUARY, [1, 2])
    deliver(APRIL, 1, n2=(date(2026, 1, 15), "Démission"))
    (found,) = followed()
    assert (found.people, found.left) == (1, 0)
    assert found.expected == pytest.approx(1 - 0.64**0.25)


def test_expected_departures_are_in_proportion_to_the_months():
    deliver(JANUARY, *range(1, 11))
    forecast(JANUARY, range(1, 11))
    deliver(JULY, *range(1, 11))
    three, six = followed()
    assert (three.expected, six.expected) == (pytest.approx(10 * (1 - 0.64**0.25)), pytest.approx(2))
    assert three.low <= three.expected <= three.high
    assert (three.call, six.call) == (Call.AS_EXPECTED, Call.AS_EXPECTED)


def test_interval_allows_for_every_departure_of_the_history_that_was_learned_from(cards):
    people = range(1, 61)
    deliver(JANUARY, *people)
    deliver(APRIL, *people)
    widths = []
    for version, history in (("judged", None), ("short", (15, 5)), ("long", (1_500, 500))):
        cards[version] = CARD | ({"history": {"left": history[0], "vanished": history[1]}} if history else {})
        forecast(JANUARY, people, probability=0.9, model_version=version)
        widths += [each.high - each.low for each in followed()]
    judged, short, long = widths
    assert long < judged < short


def test_more_and_fewer_than_expected_are_called():
    people = range(1, 41)
    deliver(JANUARY, *people)
    forecast(JANUARY, people, probability=0.02)
    deliver(FEBRUARY, *people)
    forecast(FEBRUARY, people, probability=0.999)
    deliver(JUNE, *range(1, 31), **{f"n{number}": (MARCH, "Démission") for number in range(31, 41)})
    january = [each.call for each in followed() if each.day == JANUARY]
    assert january == [Call.MORE]
    february = [each for each in followed() if each.day == FEBRUARY]
    assert [each.call for each in february] == [Call.FEWER]
    assert february[0].left == 10


def test_a_classification_is_followed_without_an_expectation(cards):
    cards["old"] = {key: value for key, value in CARD.items() if key != "horizon_months"}
    deliver(JANUARY, 1, 2)
    forecast(JANUARY, [1, 2], model_version="old")
    deliver(APRIL, 1, n2=(MARCH, "Démission"))
    (found,) = followed()
    assert (found.left, found.expected, found.call) == (1, None, Call.NO_HORIZON)


def test_a_model_whose_card_is_gone_expects_nothing(cards):
    cards["gone"] = {}
    deliver(JANUARY, 1)
    forecast(JANUARY, [1], model_version="gone")
    deliver(APRIL, 1)
    assert [each.call for each in followed()] == [Call.NO_HORIZON]


def test_a_model_that_learned_from_later_days_is_no_test(cards):
    cards["later"] = CARD | {"drift": {"as_of": "2026-04-30"}}
    deliver(JANUARY, 1)
    forecast(JANUARY, [1], model_version="later")
    deliver(APRIL, 1)
    assert [each.call for each in followed()] == [Call.HINDSIGHT]
    forecast(JANUARY, [1], model_version="then")
    forecast(JANUARY, [1], model_version="later")
    assert [(each.version, each.call) for each in followed()] == [("then", Call.AS_EXPECTED)]


def test_the_last_forecast_of_a_month_is_followed():
    for day in (date(2026, 1, 10), date(2026, 1, 20)):
        deliver(day, 1)
        forecast(day, [1])
    newest = forecast(date(2026, 1, 20), [1])
    deliver(MAY, 1)
    assert [each.run for each in followed()] == [newest.pk]


def test_a_forecast_of_a_day_that_has_changed_is_followed_until_there_is_another():
    deliver(JANUARY, 1, 2)
    first = forecast(JANUARY, [1, 2])
    deliver(APRIL, 1)
    deliver(JANUARY, 1, 2, 3)
    assert [each.run for each in followed()] == [first.pk]
    again = forecast(JANUARY, [1, 2, 3])
    assert [each.run for each in followed()] == [again.pk]


def test_forecasts_stay_when_an_old_load_comes_late_and_is_withdrawn():
    deliver(JANUARY, 1, 2)
    run = forecast(JANUARY, [1, 2])
    deliver(APRIL, 1)
    deliver(date(2025, 6, 30), 1, 2)
    withdraw_load(load=Load.objects.get(as_of=date(2025, 6, 30)).pk, reason="wrong day")
    assert [each.run for each in followed()] == [run.pk]


def test_a_forecast_of_a_load_that_was_withdrawn_is_left_out():
    deliver(JANUARY, 1, 2)
    deliver(FEBRUARY, 1, 2, 3)
    forecast(FEBRUARY, [1, 2, 3])
    deliver(JUNE, 1, 2)
    assert len(followed()) == 1
    withdraw_load(load=Load.objects.get(as_of=FEBRUARY).pk, reason="wrong")
    assert followed() == []


def test_a_forecast_whose_predictions_were_purged_is_left_out():
    deliver(JANUARY, 1)
    deliver(APRIL, 1)
    ScoringRunFactory(as_of=JANUARY, revision=WorkforceDay.objects.get(as_of=JANUARY).revision)
    assert followed() == []


def test_forecasts_are_followed_with_a_fixed_number_of_queries(django_assert_num_queries):
    for day in MONTHS:
        deliver(day, 1, 2, 3)
        forecast(day, [1, 2, 3])
    with django_assert_num_queries(5):
        found = followed()
    assert [(each.day, each.months) for each in found] == [
        *((JULY, 3), (JUNE, 3), (MAY, 3)),
        *((day, months) for day in (APRIL, MARCH, FEBRUARY, JANUARY) for months in (3, 6)),
    ]
