from dataclasses import replace

import numpy as np
import pytest

from predictions.ml.additive import AdditiveModel
from predictions.ml.assessment import evaluation, thresholds
from predictions.ml.assessment.evaluation import Plan, Rows, choose_penalty, cross_predict
from predictions.ml.periods import cohort
from predictions.tests.workforce import TINY, history, people

pytestmark = pytest.mark.slow


def test_everybody_is_predicted_once_a_repeat_and_every_part_is_judged():
    rows = Rows.of_people(*people())
    found = cross_predict(rows, rows, plan=Plan(folds=3, repeats=2, inner_folds=2, penalties=(0.3,)))
    assert found.probability.shape == found.fold.shape == (2, len(rows))
    assert ((found.probability > 0) & (found.probability < 1)).all()
    assert [np.unique(row).tolist() for row in found.fold] == [[0, 1, 2]] * 2
    assert not np.array_equal(found.fold[0], found.fold[1])


class Halves:
    """Folds that do not depend on the outcomes."""

    def __init__(self, **options): ...

    def split(self, frame, target):
        halves = np.array_split(np.arange(len(frame)), 2)
        return [halves, halves[::-1]]


def test_people_have_no_say_in_their_own_prediction(monkeypatch):
    monkeypatch.setattr(evaluation, "RepeatedStratifiedKFold", Halves)
    frame, target = people()
    other = target.copy()
    other[:150] = 1 - other[:150]
    before, after = (
        cross_predict(rows, rows, plan=TINY)
        for rows in (Rows.of_people(frame, outcomes) for outcomes in (target, other))
    )
    for name in ("probability", "is_flagged"):
        first, second = getattr(before, name)[0], getattr(after, name)[0]
        assert np.array_equal(first[:150], second[:150]), name
        assert not np.array_equal(first[150:], second[150:]), name


def test_cross_predict_repeats_itself():
    rows = Rows.of_people(*people())
    runs = [cross_predict(rows, rows, plan=TINY).probability for _ in range(2)]
    assert np.array_equal(*runs)


def test_chosen_penalty_has_the_least_log_loss():
    rows = Rows.of_people(*people())
    plan = Plan(penalties=(1e-4, 0.3))
    chosen, *_ = choose_penalty(rows, rows, features="default", link="logit", plan=plan, seed=7)
    assert chosen == 0.3


def test_progress_counts_the_outer_fits():
    rows = Rows.of_people(*people())
    seen = []
    cross_predict(rows, rows, plan=TINY, progress=lambda *step: seen.append(step))
    assert [done for _, done, _ in seen] == [0, 1, 2]
    assert {total for _, _, total in seen} == {2}


@pytest.mark.parametrize(("capacity", "expected"), [(30, 24), (1, 1)])
def test_capacity_is_the_same_share_of_a_training_part(capacity, expected):
    rule = evaluation._scaled(thresholds.Rule("capacity", capacity=capacity), 80, 100)
    assert rule.capacity == expected


def test_a_rule_without_a_count_is_not_scaled():
    assert evaluation._scaled(thresholds.DEFAULT_RULE, 80, 100) is thresholds.DEFAULT_RULE


def test_nobody_is_in_a_training_part_with_one_period_and_judged_with_another(monkeypatch):
    learned = Rows.of_periods(periods := history())
    judged = Rows.of_periods(cohort(periods, periods.start.min()))
    taught, fit = [], AdditiveModel.fit

    def note(self, frame, *rest):
        taught.append(set(learned.person[frame.index]))
        return fit(self, frame, *rest)

    monkeypatch.setattr(AdditiveModel, "fit", note)
    found = cross_predict(learned, judged, link="cloglog", plan=TINY)
    for part, seen in enumerate(taught):
        assert seen.isdisjoint(judged.person[found.fold[0] == part])


def test_a_penalty_is_chosen_from_no_more_people_than_the_sample():
    rows = Rows.of_people(*people())
    plan = replace(TINY, sample=120)
    _, chosen_on, probability = choose_penalty(rows, rows, features="default", link="logit", plan=plan, seed=7)
    assert len(chosen_on) == len(probability) == 120
