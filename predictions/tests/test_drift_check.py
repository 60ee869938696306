"""The check of the workforce against the training data, from what the scoring runs keep."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from employees.models import Employee
from employees.tests.extracts import load
from employees.tests.factories import EmployeeStateFactory, leave
from features import selectors as features
from features.tests.factories import EmployeeFeaturesFactory
from predictions import services
from predictions.log.purge import purge_predictions
from predictions.ml.assessment import drift as measure
from predictions.registry import current_model
from predictions.selectors import drift_check as drift
from predictions.tests.factories import PredictionFactory, ScoringRunFactory

pytestmark = pytest.mark.django_db


def run_on(day, **fields):
    return ScoringRunFactory(created_at=timezone.now() - timedelta(days=day), **fields)


def scored_like_training():
    """The fields of a run of the current model over people like those of the training data."""
    bins = current_model().card["drift"]["bins"]
    return {
        "model_version": current_model().version,
        "drift_counts": {name: each["counts"] for name, each in bins.items()},
    }


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
    assert drift.check(current_model()) is None


def test_check_compares_the_newest_run_with_the_training_data():
    reference = current_model().card["drift"]
    same = {name: bins["counts"] for name, bins in reference["bins"].items()}
    moved = same | {"heures_supplementaires": [0, 1470]}
    run_on(2, model_version=current_model().version, drift_counts=same)
    newest = run_on(1, model_version=current_model().version, drift_counts=moved)
    run_on(0, drift_counts=same)  # of another version
    found = drift.check(current_model())
    assert found.run == newest
    assert [shift.name for shift in found.drifted] == ["heures_supplementaires"]


def test_outcome_counts_departures_since_the_run_among_those_who_were_there():
    run = run_on(10)
    day = timezone.localdate(run.created_at)
    before, since = day - timedelta(days=5), day + timedelta(days=5)

    def someone():
        return PredictionFactory(scored=True, run=run, probability=0.5).employee

    leave(someone(), day=since)
    leave(someone(), day=since, left_after=before)
    EmployeeStateFactory(employee=someone(), as_of=since)
    EmployeeStateFactory(employee=absent(someone()), as_of=since, presence="absent", is_listed=False)
    someone()
    leave(someone(), day=before)  # had left already, as a later load says
    leave(someone(), day=day)
    found = drift.outcome(run, learned_from=1470)
    assert (found.people, found.expected, found.observed) == (5, 2.5, 2)


def absent(employee):
    employee.presence = "absent"
    employee.save()
    return employee


def test_outcome_counts_departures_since_the_day_that_the_run_describes():
    run = run_on(0, as_of=date(2026, 3, 31))
    for day in (date(2026, 3, 31), date(2026, 4, 1)):
        leave(PredictionFactory(scored=True, run=run, probability=0.5).employee, day=day)
    found = drift.outcome(run, learned_from=1470)
    assert (found.people, found.expected, found.observed) == (1, 0.5, 1)


@pytest.mark.parametrize("exact_up_to", [measure.EXACT_UP_TO, 0])
def test_outcome_does_not_count_a_departure_that_was_corrected_since(monkeypatch, exact_up_to):
    monkeypatch.setattr(measure, "EXACT_UP_TO", exact_up_to)
    january, february = date(2026, 1, 31), date(2026, 2, 28)
    load(january, sirh={1: {}, 2: {}})
    run = run_on(0, as_of=january)
    for employee in Employee.objects.all():
        PredictionFactory(scored=True, run=run, employee=employee)
    load(february, sondage={number: {"a_quitte_l_entreprise": True} for number in (1, 2)})
    assert drift.outcome(run, learned_from=1470).observed == 2
    load(february, sondage={1: {"a_quitte_l_entreprise": False}, 2: {"a_quitte_l_entreprise": True}})
    assert drift.outcome(run, learned_from=1470).observed == 1


def test_outcome_of_a_large_workforce_is_counted_in_the_database(monkeypatch, django_assert_num_queries):
    run = run_on(10, employee_count=4)
    for days in (5, None, None, 15):
        row = PredictionFactory(scored=True, run=run, probability=0.4)
        if days:
            leave(row.employee, day=timezone.localdate() - timedelta(days=days))
    exact = drift.outcome(run, learned_from=1470)
    monkeypatch.setattr(measure, "EXACT_UP_TO", 0)
    with django_assert_num_queries(1):
        found = drift.outcome(run, learned_from=1470)
    assert (found.people, found.expected, found.observed) == (3, pytest.approx(1.2), 1)
    assert (exact.people, exact.expected, exact.observed) == (3, pytest.approx(1.2), 1)


def test_outcome_of_a_large_run_whose_people_had_all_left_expects_nothing(monkeypatch):
    run = run_on(10)
    row = PredictionFactory(scored=True, run=run)
    leave(row.employee, day=timezone.localdate() - timedelta(days=15))
    monkeypatch.setattr(measure, "EXACT_UP_TO", 0)
    assert drift.outcome(run, learned_from=1470).people == 0


def test_outcome_allows_for_the_people_that_the_model_learned_from(monkeypatch):
    run = run_on(9, **scored_like_training())
    PredictionFactory.create_batch(20, scored=True, run=run, probability=0.5)
    model = current_model()
    many = drift.check(model).outcome
    monkeypatch.setitem(model.card, "training", model.card["training"] | {"employees": 20})
    few = drift.check(model).outcome
    assert [(many.low, many.high), (few.low, few.high)] == [(6, 14), (4, 16)]


def test_outcome_starts_with_the_oldest_run_of_the_model():
    first, newest = (run_on(day, **scored_like_training()) for day in (9, 1))
    PredictionFactory(scored=True, run=first, probability=0.75)
    PredictionFactory(scored=True, run=newest, probability=0.25)
    found = drift.check(current_model())
    assert found.oldest == first
    assert found.outcome.expected == 0.75


def test_outcome_starts_with_the_oldest_run_that_the_purge_left():
    first, second = (run_on(day, **scored_like_training()) for day in (401, 30))
    PredictionFactory(scored=True, run=first, probability=0.75, created_at=first.created_at)
    PredictionFactory(scored=True, run=second, probability=0.25)
    purge_predictions(older_than=timedelta(days=400))
    found = drift.check(current_model())
    assert found.oldest == second
    assert (found.outcome.people, found.outcome.expected) == (1, 0.25)


def test_check_without_any_prediction_left_has_no_outcome():
    run = run_on(401, **scored_like_training())
    PredictionFactory(scored=True, run=run, created_at=run.created_at)
    PredictionFactory(scored=True, run=run_on(400))  # the newest run, of another version
    purge_predictions(older_than=timedelta(days=400))
    found = drift.check(current_model())
    assert found.run == run
    assert len(found.shifts) > 0
    assert (found.oldest, found.outcome) == (None, None)


def test_check_asks_a_fixed_number_of_queries(django_assert_num_queries):
    for day in (9, 5, 1):
        PredictionFactory(scored=True, run=run_on(day, **scored_like_training()))
    with django_assert_num_queries(3):
        drift.check(current_model())
