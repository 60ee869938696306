from dataclasses import replace

import numpy as np
import pytest

from predictions.ml.additive import AdditiveModel
from predictions.ml.assessment import uncertainty
from predictions.ml.assessment.evaluation import Rows
from predictions.tests.workforce import people

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def simulated():
    frame, target = people(400)
    model, rows = AdditiveModel(C=0.2).fit(frame, target), Rows.of_people(frame, target)
    return model, rows, uncertainty.misses(model, rows, draws=20, random=np.random.default_rng(7))


def test_intervals_hold_the_truth_about_nine_times_in_ten(simulated):
    _, _, (off, truth) = simulated
    scale = uncertainty.interval_scale(off, truth)
    found = uncertainty.coverage(off, truth, scale)
    assert 0.9 <= found["overall"] < 0.97
    assert min(fifth["coverage"] for fifth in found["by_risk"]) >= 0.89
    assert scale < 1.4


def test_intervals_of_half_the_width_do_not(simulated):
    _, _, (off, truth) = simulated
    assert uncertainty.coverage(off, truth, 0.5)["overall"] < 0.7


def test_scale_widens_intervals_that_are_too_narrow(simulated):
    _, _, (off, truth) = simulated
    assert uncertainty.interval_scale(3 * off, truth) == pytest.approx(3 * uncertainty.interval_scale(off, truth))


def test_scale_never_narrows():
    assert uncertainty.interval_scale(np.full((2, 10), 0.1), np.tile(np.arange(10.0), (2, 1))) == 1.0


def test_coverage_by_risk_orders_the_fifths(simulated):
    _, _, (off, truth) = simulated
    rows = uncertainty.coverage(off, truth, 1.0)["by_risk"]
    assert [row["low"] for row in rows[1:]] == [row["high"] for row in rows[:-1]]
    assert np.mean([row["coverage"] for row in rows]) == pytest.approx(
        uncertainty.coverage(off, truth, 1.0)["overall"], abs=1e-3
    )


def test_simulation_leaves_the_model_alone_and_repeats_itself(simulated):
    model, rows, (off, _) = simulated
    before = model.coef_.copy()
    again, _ = uncertainty.misses(model, rows, draws=20, random=np.random.default_rng(7))
    assert np.array_equal(off, again)
    assert np.array_equal(before, model.coef_)


def test_expected_departures_are_the_sum_of_the_probabilities(simulated):
    model, rows, _ = simulated
    found = uncertainty.expected(model, rows)
    assert found.total == pytest.approx(model.predict_proba(rows.frame)[:, 1].sum())
    low, high = found.interval
    assert low < found.total < high


def test_interval_of_the_departures_is_wider_than_chance_alone(simulated):
    model, rows, _ = simulated
    found = uncertainty.expected(model, rows)
    low, high = replace(found, sensitivity=np.zeros_like(found.sensitivity)).interval
    assert found.interval[0] < low
    assert found.interval[1] > high


def test_departures_of_two_groups_add_up(simulated):
    model, rows, _ = simulated
    is_first = np.arange(len(rows)) < 100
    parts = uncertainty.expected(model, rows[is_first]) + uncertainty.expected(model, rows[~is_first])
    assert parts.interval == pytest.approx(uncertainty.expected(model, rows).interval)
