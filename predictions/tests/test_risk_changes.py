"""What changed in the risk list from one scoring run to another."""

from datetime import timedelta

import pytest

from predictions.models import ScoringRun, ThresholdDecision
from predictions.selectors.risk_changes import RiskChange, RunPair, around
from predictions.tests.factories import ScoringRunFactory
from predictions.tests.scoring import score

pytestmark = pytest.mark.django_db


def scored(threshold, risks, known=()):
    """A run of people by number; those of an earlier one are the same people."""
    run = ScoringRunFactory(threshold=threshold, employee_count=len(risks))
    employees = {row.employee.employee_id: row.employee for row in known}
    return run, [
        score(run, number, risk, **({"employee": employees[number]} if number in employees else {}))
        for number, risk in risks.items()
    ]


@pytest.fixture
def pair():
    """Two runs by other thresholds: 1, 2 and 7 stay, 3 rises, 4 falls, 5 is gone, 6 is new."""
    before, known = scored(0.5, {1: 0.6, 2: 0.1, 3: 0.35, 4: 0.55, 5: 0.9, 7: 0.45})
    after, _rows = scored(0.4, {1: 0.6, 2: 0.1, 3: 0.45, 4: 0.35, 6: 0.8, 7: 0.45}, known)
    return RunPair(before, after)


def numbers(pair, change):
    return [row.employee.employee_id for row in pair.people(change)]


def test_both_runs_are_compared_at_the_newer_threshold(pair):
    assert {change: numbers(pair, change) for change in RiskChange} == {
        "over": [3],
        "under": [4],
        "joined": [6],
        "gone": [5],
    }


def test_counts_are_those_of_the_lists(pair):
    assert pair.counts() == {change: len(numbers(pair, change)) for change in RiskChange}


def test_people_have_the_risk_before_and_after(pair):
    found = {change: [(row.previous, row.risk) for row in pair.people(change)] for change in RiskChange}
    assert found == {"over": [(0.35, 0.45)], "under": [(0.55, 0.35)], "joined": [(None, 0.8)], "gone": [(0.9, None)]}


def test_each_list_under_one_capacity_has_its_own_threshold(pair, django_user_model):
    decision = ThresholdDecision.objects.create(
        rule="capacity",
        capacity=3,
        threshold=0.5,
        flagged=3,
        people=6,
        model_version="a",
        reason="three talks",
        decided_by=django_user_model.objects.create(username="hr"),
    )
    ScoringRun.objects.update(decision=decision)
    pair = RunPair(*ScoringRun.objects.order_by("pk"))
    assert [numbers(pair, change) for change in (RiskChange.OVER, RiskChange.UNDER)] == [[3, 7], [4]]


def test_runs_around_an_instant_are_the_last_before_and_the_first_after(pair):
    between = pair.after.created_at
    assert around(between) == pair
    assert around(pair.before.created_at) is None
    assert around(between + timedelta(days=1)) is None
