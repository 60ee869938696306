import math

import numpy as np
import pytest

from predictions.ml.links import CLOGLOG, LINKS, LOGIT, of_horizon

VALUES = [-20.0, -3.0, -0.1, 0.0, 0.7, 2.0]


@pytest.mark.parametrize("link", LINKS.values(), ids=LINKS)
def test_numbers_and_arrays_agree_and_the_inverse_leads_back(link):
    found = [link.probability(value) for value in VALUES]
    assert link.probabilities(np.array(VALUES)) == pytest.approx(found, rel=1e-12)
    assert link.slopes(np.array(VALUES)) == pytest.approx([link.slope(value) for value in VALUES], rel=1e-12)
    assert [link.value(probability) for probability in found] == pytest.approx(VALUES, abs=1e-6)


@pytest.mark.parametrize("link", LINKS.values(), ids=LINKS)
def test_slope_is_the_derivative_of_the_probability(link):
    for value in VALUES:
        rise = link.probability(value + 1e-6) - link.probability(value - 1e-6)
        assert link.slope(value) == pytest.approx(rise / 2e-6, rel=1e-4, abs=1e-12)


@pytest.mark.parametrize("link", LINKS.values(), ids=LINKS)
def test_far_out_nothing_overflows(link):
    assert (link.probability(-1e4), link.probability(1e4)) == (0.0, 1.0)
    assert link.probabilities(np.array([-1e4, 1e4])).tolist() == [0.0, 1.0]
    loss, first, second = link.derivatives(np.array([-50.0, 50.0]), np.array([1, 0]))
    assert np.isfinite([loss, *first, *second]).all()


@pytest.mark.parametrize("outcome", [0, 1])
@pytest.mark.parametrize("link", LINKS.values(), ids=LINKS)
def test_derivatives_are_those_of_the_likelihood(link, outcome):
    outcomes = np.array([outcome])

    def at(value):
        return link.derivatives(np.array([value]), outcomes)

    for value in (-4.0, -0.5, 1.0):
        probability = link.probability(value)
        assert at(value)[0] == pytest.approx(-math.log(probability if outcome else 1 - probability))
        assert at(value)[1][0] == pytest.approx((at(value + 1e-5)[0] - at(value - 1e-5)[0]) / 2e-5, rel=1e-4)
        assert at(value)[2][0] == pytest.approx((at(value + 1e-5)[1][0] - at(value - 1e-5)[1][0]) / 2e-5, rel=1e-4)


def test_a_forecast_adds_on_the_log_cumulative_hazard_and_a_classification_on_log_odds():
    assert (of_horizon(12), of_horizon(None)) == (CLOGLOG, LOGIT)
    twelve, six = CLOGLOG.probability(-1.0), CLOGLOG.probability(-1.0 + math.log(0.5))
    assert 1 - twelve == pytest.approx((1 - six) ** 2)
