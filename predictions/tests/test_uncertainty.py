import numpy as np
import pytest

from predictions.ml.assessment import uncertainty
from predictions.ml.pipeline import build_pipeline
from predictions.ml.scorer import Z_90
from predictions.tests.workforce import people

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def simulated():
    frame, target = people(400)
    pipeline = build_pipeline(C=0.2).fit(frame, target)
    return pipeline, frame, uncertainty.misses(pipeline, frame, draws=20, random=np.random.default_rng(7))


def test_intervals_hold_the_truth_about_nine_times_in_ten(simulated):
    _, _, (off, truth) = simulated
    scale = uncertainty.interval_scale(off)
    assert uncertainty.coverage(off, truth, scale)["overall"] == pytest.approx(0.9, abs=0.04)
    assert scale < 1.2


def test_intervals_of_half_the_width_do_not(simulated):
    _, _, (off, truth) = simulated
    assert uncertainty.coverage(off, truth, 0.5)["overall"] < 0.7


def test_scale_widens_intervals_that_are_too_narrow(simulated):
    _, _, (off, truth) = simulated
    scale = uncertainty.interval_scale(3 * off)
    assert scale == pytest.approx(3 * np.quantile(off, 0.9) / Z_90)
    assert uncertainty.coverage(3 * off, truth, scale)["overall"] == pytest.approx(0.9, abs=0.01)


def test_scale_never_narrows():
    assert uncertainty.interval_scale(np.full((2, 10), 0.1)) == 1.0


def test_coverage_by_risk_orders_the_fifths(simulated):
    _, _, (off, truth) = simulated
    rows = uncertainty.coverage(off, truth, 1.0)["by_risk"]
    assert [row["low"] for row in rows[1:]] == [row["high"] for row in rows[:-1]]
    assert np.mean([row["coverage"] for row in rows]) == pytest.approx(
        uncertainty.coverage(off, truth, 1.0)["overall"], abs=1e-3
    )


def test_simulation_leaves_the_model_alone_and_repeats_itself(simulated):
    pipeline, frame, (off, _) = simulated
    before = pipeline["logistic"].coef_.copy()
    again, _ = uncertainty.misses(pipeline, frame, draws=20, random=np.random.default_rng(7))
    assert np.array_equal(off, again)
    assert np.array_equal(before, pipeline["logistic"].coef_)
