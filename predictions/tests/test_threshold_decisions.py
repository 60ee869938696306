"""A threshold that HR sets decides everywhere, without a training; what was given before stays."""

import csv
import io
import math
from itertools import pairwise

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from employees.access import Scope
from employees.tests.factories import EmployeeFactory, WorkforceDayFactory, leave
from features.tests.factories import EmployeeFeaturesFactory
from predictions import registry, rescoring
from predictions.decisions import versions
from predictions.decisions.threshold_decisions import (
    NotInForce,
    NotScored,
    RuleName,
    Wish,
    scored_now,
    set_threshold,
    undo,
)
from predictions.ml.assessment.thresholds import Costs
from predictions.models import Prediction, RunGroup, ScoringRun, ThresholdDecision
from predictions.registry import current_model, decision_in_force, promoted_model
from predictions.selectors import figures, ranking, runs
from predictions.services import Caller, is_scoring_due, predict_for_employee, predict_for_features, score_employees

pytestmark = pytest.mark.django_db

EVERYONE = Caller(scope=Scope.EVERYONE)
INCOMES = [1_500, 2_000, 2_500, 3_000, 4_000, 5_000, 6_000, 8_000, 10_000, 15_000]
COSTS = Costs(departure=30_000, talk=500, chance=0.2)


@pytest.fixture
def browser(browse):
    return browse("RH")


@pytest.fixture
def hr(browser):
    return browser.account


@pytest.fixture
def people():
    """Ten people of ten risks, scored."""
    for number, income in enumerate(INCOMES, start=1):
        EmployeeFeaturesFactory(employee__employee_id=number, revenu_mensuel=income, heures_supplementaires=number % 2)
    score_employees()


@pytest.fixture
def twins():
    """Five people of one risk, and one of a higher one; the numbers are not in the order of the rows."""
    for number in (40, 20, 50, 10, 30):
        EmployeeFeaturesFactory(employee__employee_id=number)
    EmployeeFeaturesFactory(employee__employee_id=60, heures_supplementaires=1, satisfaction_moyenne=1.0)
    score_employees()


def decided(hr, rule=RuleName.CAPACITY, *, reason="room for a few talks", **parameter):
    return set_threshold(wish=Wish(rule, **parameter), reason=reason, user=hr, accepts_over_half=True)


def over_in_newest_run():
    over = Prediction.objects.filter(run=ScoringRun.objects.first(), predicted_class=True)
    return sorted(over.values_list("employee__employee_id", flat=True))


def over_by_id():
    """Whom a prediction by number says to leave, of everybody."""
    numbers = Prediction.objects.filter(run=ScoringRun.objects.first()).values_list("employee__employee_id", flat=True)
    return [n for n in sorted(numbers) if predict_for_employee(employee_id=n, caller=EVERYONE).predicted_class]


def test_without_a_decision_the_threshold_is_that_of_training(people):
    assert current_model() is promoted_model()
    assert ScoringRun.objects.first().decision is None


@pytest.mark.parametrize("capacity", [1, 3, 9, 10, 25])
def test_capacity_flags_exactly_the_people_at_most_risk(hr, people, capacity):
    riskiest = list(Prediction.objects.order_by("-probability").values_list("employee__employee_id", flat=True))
    decision = decided(hr, capacity=capacity)
    rescoring.rescore()
    assert over_in_newest_run() == sorted(riskiest[:capacity]) == over_by_id()
    assert (decision.flagged, decision.people) == (min(capacity, 10), 10)


@pytest.mark.parametrize("capacity", [1, 2, 3, 5, 6])
def test_capacity_among_equal_risks_flags_the_lower_numbers_everywhere(hr, twins, capacity, api, browser):
    decided(hr, capacity=capacity)
    rescoring.rescore()
    expected = sorted([60, 10, 20, 30, 40, 50][:capacity])
    assert over_in_newest_run() == expected == over_by_id()
    run, _before = runs.latest_two()
    over = ranking.narrowed(run, Scope.EVERYONE, ranking.Narrowing(band=ranking.OVER))
    assert sorted(row.employee_number for row in over) == expected
    assert run.above_threshold_count == capacity
    assert figures.total(figures.current_groups(run, Scope.EVERYONE)).above_threshold == capacity
    scores = api.get("/scores/?will_leave=true").json()["results"]
    assert sorted(row["employee_id"] for row in scores) == expected
    exported = browser.get("/employees/export.csv?band=over")
    rows = list(csv.reader(io.StringIO(b"".join(exported.streaming_content).decode("utf-8-sig"))))
    assert sorted(int(row[0]) for row in rows[1:]) == expected


def test_capacity_counts_those_present(hr, people):
    first = ranking.ordered(Prediction.objects.all())[0].employee
    leave(first)
    WorkforceDayFactory()
    decision = decided(hr, capacity=3)
    assert decision.people == 9
    score_employees()
    assert len(over_in_newest_run()) == 3
    assert first.employee_id not in over_in_newest_run()


def test_capacity_of_an_earlier_day_is_asked_of_those_of_then(hr, people):
    decided(hr, capacity=2)
    day = ScoringRun.objects.first().as_of
    assert score_employees(as_of=day).above_threshold_count == 2


def test_capacity_is_found_in_chunks(hr, people, monkeypatch):
    monkeypatch.setattr("predictions.services.CHUNK_SIZE", 3)
    decided(hr, capacity=4)
    assert score_employees().above_threshold_count == 4


def test_costs_set_the_closed_form(hr, people):
    decision = decided(hr, RuleName.COST, costs=COSTS)
    assert decision.threshold == current_model().threshold == pytest.approx(500 / 6_000)
    assert decision.costs == COSTS


def test_value_is_in_every_answer_at_once(hr, people, api):
    decided(hr, RuleName.VALUE, value=0.77)
    answer = api.call("/predict/by-id/1").json()
    assert (answer["threshold"], answer["will_leave"]) == (0.77, answer["turnover_probability"] >= 0.77)
    batch = api.call("/predict/batch", {"employee_ids": [1, 2]}).json()
    assert {row["threshold"] for row in batch} == {0.77}
    values = EmployeeFeaturesFactory().values()
    assert predict_for_features(values=values, caller=EVERYONE).threshold == 0.77
    assert api.get("/predictions/latest?limit=1").json()[0]["threshold_used"] == 0.77


def test_runs_and_predictions_of_before_stay_as_they_were_given(hr, people):
    before = list(Prediction.objects.values("pk", "threshold", "predicted_class", "probability"))
    old = ScoringRun.objects.values().get()
    decided(hr, capacity=1)
    rescoring.rescore()
    assert list(
        Prediction.objects.filter(run=old["id"]).values("pk", "threshold", "predicted_class", "probability")
    ) == (before)
    assert ScoringRun.objects.values().get(pk=old["id"]) == old


def test_decision_makes_a_scoring_due_until_the_newest_run_is_by_it(hr, people):
    assert not is_scoring_due()
    decision = decided(hr, capacity=2)
    assert is_scoring_due()
    rescoring.rescore()
    assert not is_scoring_due()
    undo(key=decision.pk, user=hr)
    assert is_scoring_due()


def test_figures_of_the_new_run_follow_the_threshold(hr, people):
    decided(hr, capacity=4)
    rescoring.rescore()
    run = ScoringRun.objects.first()
    groups = RunGroup.objects.filter(run=run)
    assert sum(group.above_threshold_count for group in groups) == run.above_threshold_count == 4


def test_newest_decision_holds_and_undone_the_one_before_it(hr, people):
    first, second = decided(hr, capacity=3), decided(hr, RuleName.VALUE, value=0.9)
    assert current_model().threshold == 0.9
    undo(key=second.pk, user=hr)
    assert current_model().threshold == first.threshold
    undo(key=first.pk, user=hr)
    assert current_model() is promoted_model()
    undone = ThresholdDecision.objects.get(pk=second.pk)
    assert undone.revoked_by == hr
    assert undone.revoked_at > undone.decided_at


def test_decision_that_is_not_in_force_cannot_be_undone(hr, people):
    first, second = decided(hr, capacity=3), decided(hr, capacity=4)
    for key in (first.pk, second.pk + 1):
        with pytest.raises(NotInForce):
            undo(key=key, user=hr)
    undo(key=second.pk, user=hr)
    with pytest.raises(NotInForce):
        undo(key=second.pk, user=hr)


def of_another_model():
    """As if another version had been promoted since the decisions and the runs of today."""
    ThresholdDecision.objects.update(model_version="20250101-0")
    ScoringRun.objects.update(model_version="20250101-0")
    registry.forget_decisions()


@pytest.mark.parametrize(
    ("rule", "parameter"), [(RuleName.VALUE, {"value": 0.3}), (RuleName.COST, {"costs": COSTS}), (None, {})]
)
def test_threshold_set_survives_another_version_of_the_model(hr, people, rule, parameter):
    decision = decided(hr, rule, **parameter) if rule else None
    expected = decision.threshold if decision else promoted_model().threshold
    of_another_model()
    assert current_model().threshold == expected
    assert score_employees().decision == decision


def test_value_holds_within_its_horizon_alone_and_what_was_set_before_holds_again(hr, people):
    decided(hr, RuleName.COST, costs=COSTS)
    decision = decided(hr, RuleName.VALUE, value=0.9)
    assert decision.horizon_months == promoted_model().horizon_months
    ThresholdDecision.objects.update(horizon_months=18)
    registry.forget_decisions()
    assert current_model().threshold == pytest.approx(500 / 6_000)


def test_capacity_asked_of_another_model_holds_once_everyone_is_scored(hr, people):
    decided(hr, capacity=3)
    of_another_model()
    assert current_model().threshold == promoted_model().threshold
    rescoring.rescore()
    registry.forget_decisions()
    assert len(over_in_newest_run()) == len(over_by_id()) == 3


def test_nothing_is_set_before_anybody_is_scored_by_the_model_in_use(hr, people):
    ScoringRun.objects.update(model_version="20250101-0")
    with pytest.raises(NotScored):
        decided(hr, capacity=1)
    assert not ThresholdDecision.objects.exists()


def test_nothing_is_set_where_all_who_were_scored_are_gone(hr):
    EmployeeFeaturesFactory()
    score_employees()
    leave(EmployeeFeaturesFactory._meta.model.objects.get().employee)
    WorkforceDayFactory()
    with pytest.raises(NotScored):
        decided(hr, capacity=1)


def test_preview_knows_the_people_of_a_new_run(hr, people):
    assert len(scored_now().number) == 10
    EmployeeFeaturesFactory(employee=EmployeeFactory())
    score_employees()
    assert len(scored_now().number) == 11


def test_current_model_is_the_same_object_until_a_decision_changes(hr, people):
    models = [current_model(), current_model()]
    decided(hr, RuleName.VALUE, value=0.5)
    models += [current_model(), current_model()]
    decided(hr, RuleName.VALUE, value=0.6)
    models.append(current_model())
    assert [one is other for one, other in pairwise(models)] == [True, False, True, False]


def test_another_process_follows_within_the_interval(hr, people, monkeypatch):
    decided(hr, RuleName.VALUE, value=0.5)
    assert current_model().threshold == 0.5
    ThresholdDecision.objects.update(threshold=0.6)  # as another process would
    assert current_model().threshold == 0.5
    monkeypatch.setattr(registry, "CHECK_INTERVAL", 0.0)
    assert current_model().threshold == 0.6


def test_decisions_are_read_by_one_query_an_interval_and_one_more_after_a_change(
    hr, people, monkeypatch, django_assert_num_queries
):
    versions.adopt()
    decision = decided(hr, capacity=3)
    for queries in (2, 1):
        monkeypatch.setattr(registry._decided, "checked_at", -math.inf)
        with django_assert_num_queries(queries):
            current_model()
            current_model()
    ThresholdDecision.objects.filter(pk=decision.pk).update(revoked_at=timezone.now(), revoked_by=hr)
    monkeypatch.setattr(registry._decided, "checked_at", -math.inf)  # as in another process than the one that undid it
    assert decision_in_force(12) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"reason": ""},
        {"rule": "capacity", "capacity": None},
        {"rule": "value", "capacity": 3},
        {"capacity": 0},
        {"rule": "cost", "capacity": None, "departure": 1, "talk": 1},
        {"rule": "cost", "capacity": None, "departure": 1, "talk": 1, "chance": 0},
        {"threshold": 1.5},
        {"flagged": 11},
        {"revoked_by": None, "revoked_at": "2026-01-01T00:00:00Z"},
    ],
)
def test_decision_that_contradicts_itself_is_refused_by_the_database(hr, people, fields):
    decision = decided(hr, capacity=3)
    with pytest.raises(IntegrityError), transaction.atomic():
        ThresholdDecision.objects.filter(pk=decision.pk).update(**fields)


def test_wish_without_its_parameter_is_a_defect(people):
    with pytest.raises(ValueError, match="without its parameter"):
        Wish(RuleName.VALUE).cutoff(scored_now())
