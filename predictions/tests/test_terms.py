import numpy as np
import pytest

from predictions.ml import terms

pytestmark = pytest.mark.slow


def learn(values, name="age", **options):
    return terms.learn(name, np.asarray(values), **options)


def test_text_becomes_one_column_a_level_and_zeros_for_an_unseen_one():
    term = learn(["b", "a", "b"])
    assert term.levels.tolist() == ["a", "b"]
    assert term.columns(np.array(["a", "b", "c"])).tolist() == [[1, 0], [0, 1], [0, 0]]


def test_a_number_that_never_varies_has_no_term():
    assert learn([3.0, 3.0]) is None


def test_few_distinct_numbers_become_their_standardised_value():
    values = np.array([0.0, 0.0, 1.0, 2.0])
    term = learn(values)
    assert term.columns(values)[:, 0] == pytest.approx((values - values.mean()) / values.std())


def test_many_distinct_numbers_bend_at_quantiles_of_the_distinct_values():
    term = learn(np.r_[np.zeros(500), np.arange(11.0)])
    assert term.knots == pytest.approx([0, 2, 4, 6, 8, 10])


def heights(term):
    """The ``(k, k)`` columns at the knots: coefficients to heights."""
    return term.columns(term.knots)


def test_broken_line_is_straight_between_its_knots():
    term = learn(np.arange(11.0))
    middle = term.columns((term.knots[:-1] + term.knots[1:]) / 2)
    ends = heights(term)
    assert middle == pytest.approx((ends[:-1] + ends[1:]) / 2)


def test_broken_line_takes_any_heights_at_its_knots():
    assert np.linalg.matrix_rank(heights(learn(np.arange(11.0)))) == 6


def test_ridge_on_a_broken_line_is_the_penalty_on_its_steps_and_heights():
    term = learn(np.arange(11.0))
    wanted = np.array([0.0, 1.0, -2.0, 0.5, 3.0, 3.0])
    coefficients = np.linalg.solve(heights(term), wanted)
    penalty = (np.sum(np.diff(wanted) ** 2) + terms.FLATNESS * np.sum(wanted**2)) / 2
    assert coefficients @ coefficients == pytest.approx(penalty)


def test_curve_is_constant_outside_the_training_range():
    term = learn(np.arange(11.0))
    outside = np.array([-5.0, 15.0])
    assert term.columns(outside) == pytest.approx(term.columns(np.array([0.0, 10.0])))


def test_columns_of_a_lever_rise_everywhere():
    term = learn(np.arange(11.0), direction=-1)
    at = term.columns(np.linspace(-1, 11, 200))
    assert (np.diff(at, axis=0) >= 0).all()
    assert term.direction == -1


def test_ridge_on_a_lever_is_the_penalty_on_its_steps():
    term = learn(np.arange(11.0), direction=1)
    steps = np.array([0.0, 1.0, 2.0, 0.5, 3.0])
    coefficients = np.linalg.lstsq(heights(term), np.r_[0, np.cumsum(steps)])[0]
    assert coefficients @ coefficients == pytest.approx(np.sum(steps**2) / 2)


def test_few_distinct_numbers_of_a_lever_are_a_line_with_its_direction():
    assert learn([0.0, 1.0, 1.0], direction=1).direction == 1
