import math
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import IntegrityError, connection

from employees.access import Scope
from employees.tests.factories import DAY, EmployeeFactory, WorkforceDayFactory, leave
from features.models import EmployeeFeatures
from features.tests.factories import EmployeeFeaturesFactory
from predictions import services
from predictions.explanation import strongest_two
from predictions.models import Prediction, ScoringRun
from predictions.registry import current_model
from predictions.selectors import figures
from predictions.services import Caller, NothingToScore, UnknownEmployee
from predictions.tests.conftest import only_postgresql
from predictions.tests.factories import PredictionFactory
from technova.database.bulk import BLOCK

pytestmark = pytest.mark.django_db

LATER = DAY + timedelta(days=1)


def assert_explains_itself(prediction):
    total = prediction.base_value + math.fsum(prediction.contributions.values())
    assert total == pytest.approx(prediction.link.value(prediction.probability), abs=1e-6)


def test_predict_for_employee_is_logged_with_what_it_was_made_from():
    row = EmployeeFeaturesFactory()
    caller = Caller(scope=Scope.EVERYONE)
    prediction = services.predict_for_employee(employee_id=row.employee.employee_id, caller=caller)
    logged = Prediction.objects.get()
    model = current_model()
    assert logged.pk == prediction.pk
    assert (logged.employee, logged.features, logged.payload) == (row.employee, row, None)
    assert (logged.mode, logged.request_id) == (Prediction.Mode.BY_ID, caller.request_id)
    assert (logged.model_version, logged.model_sha256, logged.threshold) == (
        model.version,
        model.sha256,
        model.threshold,
    )
    assert logged.probability == model.score_one(row.values()).probability
    assert logged.predicted_class == (logged.probability >= logged.threshold)
    assert logged.low <= logged.probability <= logged.high
    assert_explains_itself(logged)


def test_predict_for_employee_reads_the_newest_features():
    old = EmployeeFeaturesFactory(heures_supplementaires=0)
    new = EmployeeFeaturesFactory(employee=old.employee, as_of=LATER, heures_supplementaires=1)
    prediction = services.predict_for_employee(
        employee_id=old.employee.employee_id, caller=Caller(scope=Scope.EVERYONE)
    )
    assert prediction.features == new


@pytest.mark.parametrize("departments", [[], ["Consulting"]])
def test_predict_for_employee_outside_the_departments_is_unknown_and_not_logged(departments):
    row = EmployeeFeaturesFactory(employee__departement="Commercial")
    with pytest.raises(UnknownEmployee):
        services.predict_for_employee(
            employee_id=row.employee.employee_id, caller=Caller(scope=Scope.of_departments(departments))
        )
    assert not Prediction.objects.exists()


def test_predict_for_employee_without_features_is_unknown():
    employee = EmployeeFactory()
    with pytest.raises(UnknownEmployee):
        services.predict_for_employee(employee_id=employee.employee_id, caller=Caller(scope=Scope.EVERYONE))


def test_predict_for_features_keeps_the_payload():
    values = EmployeeFeaturesFactory.build(employee=EmployeeFactory.build()).values()
    prediction = services.predict_for_features(values=values, caller=Caller(scope=Scope.EVERYONE))
    prediction.refresh_from_db()
    assert prediction.payload == values
    assert (prediction.employee, prediction.features) == (None, None)
    assert_explains_itself(prediction)


def test_predict_for_features_equals_predict_for_employee():
    row = EmployeeFeaturesFactory()
    by_id = services.predict_for_employee(employee_id=row.employee.employee_id, caller=Caller(scope=Scope.EVERYONE))
    by_features = services.predict_for_features(values=row.values(), caller=Caller(scope=Scope.EVERYONE))
    assert by_features.probability == by_id.probability


def test_predict_for_employees_answers_in_the_order_asked_without_the_unknown():
    first, second = EmployeeFeaturesFactory.create_batch(2)
    one, two = first.employee.employee_id, second.employee.employee_id
    unknown = max(one, two) + 1
    found = services.predict_for_employees(employee_ids=[two, unknown, one, two], caller=Caller(scope=Scope.EVERYONE))
    assert [(asked, score.employee_number) for asked, score in found.items()] == [(two, two), (one, one)]
    assert Prediction.objects.filter(mode=Prediction.Mode.BATCH).count() == 2


def test_predict_for_employees_answers_what_it_logs():
    numbers = [row.employee.employee_id for row in EmployeeFeaturesFactory.create_batch(2)]
    found = services.predict_for_employees(employee_ids=numbers, caller=Caller(scope=Scope.EVERYONE))
    for score in found.values():
        logged = Prediction.objects.get(pk=score.pk)
        assert score == tuple(getattr(logged, name) for name in score._fields)
        assert (logged.main_reason, logged.second_reason) == strongest_two(logged.contributions)
        assert_explains_itself(logged)


def test_predict_for_employees_leaves_out_other_departments():
    row = EmployeeFeaturesFactory(employee__departement="Commercial")
    number = row.employee.employee_id
    consulting = Caller(scope=Scope.of_departments(["Consulting"]))
    assert services.predict_for_employees(employee_ids=[number], caller=consulting) == {}


def test_score_employees_scores_the_newest_features_of_everyone_present():
    old = EmployeeFeaturesFactory(heures_supplementaires=0)
    EmployeeFeaturesFactory(employee=old.employee, as_of=LATER, heures_supplementaires=1)
    EmployeeFeaturesFactory()
    EmployeeFactory()  # without features: not scored
    for presence in ("left", "absent", ""):
        EmployeeFeaturesFactory(employee__presence=presence)
    steps = []
    run = services.score_employees(progress=lambda *step: steps.append(step))
    predictions = list(run.predictions.select_related("features"))
    assert run.employee_count == len(predictions) == 2
    assert steps[-2:] == [("Scoring", 2, 2), ("Storing the run", 0, 0)]
    assert run.expected_departures == pytest.approx(math.fsum(row.probability for row in predictions))
    assert run.above_threshold_count == sum(row.predicted_class for row in predictions)
    for prediction in predictions:
        assert prediction.features == EmployeeFeatures.objects.filter(employee=prediction.employee).latest()
        assert prediction.probability == pytest.approx(
            current_model().score_one(prediction.features.values()).probability, abs=1e-12
        )
        assert_explains_itself(prediction)


def test_score_employees_writes_figures_that_add_up_to_the_run(monkeypatch):
    monkeypatch.setattr(services, "CHUNK_SIZE", 2)
    day = WorkforceDayFactory()
    EmployeeFeaturesFactory.create_batch(3)
    EmployeeFeaturesFactory(employee__departement="Commercial", poste="Manager")
    leave(EmployeeFeaturesFactory().employee)
    run = services.score_employees()
    groups = list(run.groups.all())
    assert [(group.departement, group.poste, group.employee_count) for group in groups] == [
        ("Commercial", "Manager", 1),
        ("Consulting", "Consultant", 3),
    ]
    assert sum(group.employee_count for group in groups) == run.employee_count
    assert sum(group.above_threshold_count for group in groups) == run.above_threshold_count
    assert sum(group.expected_departures for group in groups) == pytest.approx(run.expected_departures)
    assert (run.as_of, run.revision) == (day.as_of, day.revision)


@only_postgresql
def test_score_employees_leaves_statistics_of_the_run():
    EmployeeFeaturesFactory.create_batch(3)
    run = services.score_employees()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT most_common_vals::text::bigint[] FROM pg_stats WHERE tablename = %s AND attname = 'run_id'",
            ["predictions_prediction"],
        )
        assert cursor.fetchone() == ([run.pk],)


def test_score_employees_in_chunks_equals_all_at_once(monkeypatch):
    EmployeeFeaturesFactory.create_batch(5)
    whole = services.score_employees()
    monkeypatch.setattr(services, "CHUNK_SIZE", 2)
    chunked = services.score_employees()
    (employees, probabilities), (expected_employees, expected) = (
        zip(*run.predictions.values_list("employee", "probability").order_by("employee"), strict=True)
        for run in (chunked, whole)
    )
    assert employees == expected_employees
    assert probabilities == pytest.approx(expected, abs=1e-12)  # frames of other sizes add in other orders


def test_score_employees_gives_ids_that_count_nobody():
    EmployeeFeaturesFactory.create_batch(20)
    runs = [services.score_employees(), services.score_employees()]
    first, second = ([*run.predictions.order_by("employee").values_list("pk", flat=True)] for run in runs)
    for ids in (first, second):
        assert ids == sorted(ids)
        assert ids[-1] - ids[0] > BLOCK / 4  # 20 people somewhere in a block whose size says nothing of them
        assert min(later - earlier for earlier, later in pairwise(ids)) > 1
    assert first[-1] < second[0]
    row = EmployeeFeatures.objects.first()
    caller = Caller(scope=Scope.EVERYONE)
    later = services.predict_for_employee(employee_id=row.employee.employee_id, caller=caller)
    assert later.pk > second[-1]


def test_score_employees_without_features_leaves_no_run():
    with pytest.raises(NothingToScore):
        services.score_employees()
    assert not ScoringRun.objects.exists()


def test_score_employees_when_everyone_has_left_leaves_no_run():
    leave(EmployeeFeaturesFactory().employee)
    with pytest.raises(NothingToScore):
        services.score_employees()
    assert not ScoringRun.objects.exists()


def test_is_scoring_due_until_everyone_is_scored_with_the_current_model():
    EmployeeFeaturesFactory()
    assert services.is_scoring_due()
    run = services.score_employees()
    assert not services.is_scoring_due()
    WorkforceDayFactory()
    assert services.is_scoring_due()
    services.score_employees()
    ScoringRun.objects.exclude(pk=run.pk).update(model_version="another")
    assert services.is_scoring_due()


@pytest.mark.parametrize(
    "wrong",
    [
        {"probability": 1.5, "predicted_class": True},
        {"predicted_class": False},
        {"low": 0.9, "high": 0.95},
        {"payload": {"age": 1}},
        {"features": None},
        {"mode": Prediction.Mode.SCORING},
        {"latency_ms": -1},
    ],
)
def test_the_database_refuses_a_prediction_that_contradicts_itself(wrong):
    with pytest.raises(IntegrityError):
        PredictionFactory(**wrong)


def test_groups_of_a_run_are_those_of_its_predictions():
    for department, job, overtime in [("Consulting", "Manager", 1), ("Consulting", "Consultant", 0)] * 3:
        EmployeeFeaturesFactory(
            departement=department, poste=job, heures_supplementaires=overtime, employee__departement=department
        )
    run = services.score_employees()
    counted, aggregated = (
        {(group.departement, group.poste): group for group in groups}
        for groups in (run.groups.all(), figures.aggregate(run, Scope.EVERYONE, is_of_then=True))
    )
    assert counted.keys() == aggregated.keys() == {("Consulting", "Manager"), ("Consulting", "Consultant")}
    for pair, group in counted.items():
        for name in ("employee_count", "above_threshold_count", "histogram", "reasons"):
            assert getattr(group, name) == getattr(aggregated[pair], name)
        assert group.expected_departures == pytest.approx(aggregated[pair].expected_departures)
