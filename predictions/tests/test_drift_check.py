"""The check of the workforce against the training data, from what the scoring runs keep, and its record."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.utils import timezone

from employees.models import Employee
from employees.tests.extracts import load_all
from employees.tests.factories import DAY, WorkforceDayFactory
from features import selectors as features
from features.services import build_features, switch_off
from features.tests.factories import EmployeeFeaturesFactory
from predictions import services
from predictions.ml.assessment import drift as measure
from predictions.ml.assessment.outcomes import Outcome
from predictions.models import WorkforceCheck
from predictions.registry import current_model
from predictions.selectors import drift_check, followed_forecasts
from predictions.selectors.drift_check import Found, read
from predictions.tests.factories import ScoringRunFactory
from predictions.workforce_checks import check_workforce

pytestmark = pytest.mark.django_db


def run_on(day, **fields):
    return ScoringRunFactory(created_at=timezone.now() - timedelta(days=day), **fields)


def scored_like_training(**moved):
    """The fields of a run of the current model over people like those of the training data, but for what moved."""
    bins = current_model().card["drift"]["bins"]
    return {
        "model_version": current_model().version,
        "drift_counts": {name: each["counts"] for name, each in bins.items()} | moved,
    }


def outcome(months=12, **values):
    counts = {"people": 100, "left": 10, "left_otherwise": 0, "unknown": 0, "expected": 10.0, "low": 4, "high": 18}
    return Outcome(run=1, day=date(2026, 1, 31), version="v", months=months, **counts | values)


def test_a_run_counts_its_people_in_the_bins_of_the_card(monkeypatch):
    EmployeeFeaturesFactory.create_batch(3)
    EmployeeFeaturesFactory(employee__departement="Commercial", poste="Manager", heures_supplementaires=0)
    monkeypatch.setattr(services, "CHUNK_SIZE", 2)
    run = services.score_employees()
    frame = features.newest_frame(Employee.objects.all())
    probability = current_model().score_frame(frame).probability
    whole = measure.count(frame, probability, current_model().card["drift"])
    run.refresh_from_db()
    assert run.drift_counts == {name: counts.tolist() for name, counts in whole.items()}
    assert sum(run.drift_counts["departement"]) == 4


def test_check_before_the_first_run_of_the_model_says_nothing():
    run_on(1)  # of another version
    run_on(1, model_version=current_model().version)  # from before runs kept counts
    assert check_workforce() is None


def test_check_compares_the_newest_run_with_the_training_data():
    run_on(2, **scored_like_training())
    newest = run_on(1, **scored_like_training(heures_supplementaires=[200, 1033]))
    run_on(0, drift_counts=scored_like_training()["drift_counts"])  # of another version
    check = check_workforce()
    assert check.run == newest
    assert "heures_supplementaires" in [shift.name for shift in read(check).drifted]
    assert check.is_alarm


def test_check_allows_for_the_years_since_training(monkeypatch):
    asked = []
    monkeypatch.setattr(measure, "compare", lambda counts, reference, *, years: asked.append(years) or [])
    trained = date.fromisoformat(current_model().card["drift"]["as_of"])
    run_on(0, as_of=trained + timedelta(days=365), **scored_like_training())
    check_workforce()
    assert asked == [pytest.approx(1, abs=0.01)]


def test_check_is_stored_once_for_a_run_and_a_state_of_the_workforce():
    run = run_on(0, **scored_like_training())
    WorkforceDayFactory()
    first = check_workforce()
    assert check_workforce() == first == run.checks.get()
    WorkforceDayFactory(as_of=DAY + timedelta(days=30))
    assert check_workforce() != first
    run_on(0, **scored_like_training())
    check_workforce()
    assert WorkforceCheck.objects.count() == 3


def test_a_stored_check_reads_as_what_was_found(monkeypatch):
    found_then = [outcome(12), outcome(3, expected=None, low=None, high=None)]
    monkeypatch.setattr(followed_forecasts, "followed", lambda: found_then)
    run = run_on(0, **scored_like_training())
    check = check_workforce()
    check.refresh_from_db()
    found = read(check)
    assert found == drift_check.find(run, current_model())
    assert found.outcomes == found_then


@pytest.mark.parametrize(
    ("followed", "is_alarm"),
    [
        ([outcome()], False),
        ([outcome(left=19)], True),
        ([outcome(left=3)], True),
        ([outcome(left=3, unknown=5)], False),
        ([outcome(), outcome(left=19)], False),  # an older forecast
        ([outcome(), outcome(3, left=19)], True),
    ],
)
def test_alarm_is_raised_by_the_newest_forecast_of_any_number_of_months(followed, is_alarm):
    assert Found([], followed).is_alarm is is_alarm


@pytest.fixture
def told(monkeypatch):
    """The events."""
    events = []
    monkeypatch.setattr("predictions.workforce_checks.events.emit", lambda *_, data, **__: events.append(data))
    return events


@pytest.mark.parametrize(
    ("then", "now", "count"),
    [
        ([outcome(left=19)], [outcome(left=20, unknown=1)], 1),
        ([outcome(left=19)], [outcome(left=3)], 2),
        ([outcome(left=19)], [outcome(left=19), outcome(3, left=19)], 2),
        ([outcome(left=19), outcome(3, left=19)], [outcome(left=19)], 1),
        ([outcome(left=19)], [replace(outcome(left=19), day=date(2026, 2, 28))], 2),
        ([outcome()], [outcome(left=19)], 1),
    ],
)
def test_alarm_is_told_again_only_with_something_new(monkeypatch, told, then, now, count):
    for followed in (then, now):
        monkeypatch.setattr(followed_forecasts, "followed", lambda found=followed: found)
        run_on(0, **scored_like_training())
        check_workforce()
    assert len(told) == count


def test_feature_that_still_drifts_is_told_once(told):
    for moved in ({"heures_supplementaires": [200, 1033]}, {"heures_supplementaires": [210, 1023]}):
        run_on(0, **scored_like_training(**moved))
        check_workforce()
    assert [each["drifted_count"] for each in told] == [1]


def test_a_column_that_is_switched_off_is_in_no_check():
    run_on(0, **scored_like_training(age=[0] * 9 + [1233]))
    check = check_workforce()
    assert "age" in [shift.name for shift in read(check).drifted]
    switch_off(column="age", reason="not needed")
    assert "age" not in [shift.name for shift in read(check).shifts]
    assert "age" not in [shift.name for shift in drift_check.find(check.run, current_model()).shifts]


def test_a_scoring_run_is_checked():
    EmployeeFeaturesFactory.create_batch(3)
    run = services.score_employees()
    assert WorkforceCheck.objects.get().run == run


def test_a_scoring_of_an_earlier_day_is_not_checked():
    for day in (DAY - timedelta(days=30), DAY):
        load_all(day, {1: {}, 2: {}})
    build_features()
    services.score_employees(as_of=DAY - timedelta(days=30))
    assert not WorkforceCheck.objects.exists()
    run = services.score_employees(as_of=DAY)
    assert WorkforceCheck.objects.get().run == run


def test_check_asks_a_fixed_number_of_queries(django_assert_num_queries):
    for day in (9, 5, 1):
        run_on(day, **scored_like_training())
    WorkforceDayFactory()
    check_workforce()
    with django_assert_num_queries(3):
        check_workforce()
