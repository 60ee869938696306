"""Forecast against outcome: the interval of the departures, and what is called wrong."""

from datetime import date

import numpy as np
import pytest

from predictions.ml.assessment.outcomes import CALLS, LEVEL, Call, Outcome, call, interval, within
from predictions.ml.decay import Decay

KNOWN = 10**12  # departures learned from, so many that the probabilities are known


def outcome(**values):
    values = {"left": 0, "left_otherwise": 0, "unknown": 0} | values
    return Outcome(run=1, day=date(2026, 3, 31), version="v", months=6, people=100, **values)


def exact(chances, level):
    """The interval of a sum of unequal coin tosses, one toss at a time."""
    at = np.ones(1)
    for chance in chances:
        at = np.convolve(at, [1 - chance, chance])
    low, high = np.searchsorted(np.cumsum(at), (level / 2, 1 - level / 2))
    return int(low), int(high)


@pytest.mark.parametrize("people", [12, 100, 1_500])
@pytest.mark.parametrize("level", [0.05, LEVEL])
def test_interval_of_known_probabilities_is_that_of_unequal_coin_tosses(people, level):
    chances = np.random.default_rng(people).beta(1, 5, people)
    found = interval(chances.sum(), (chances * (1 - chances)).sum(), people=people, departures=KNOWN, level=level)
    assert found == pytest.approx(exact(chances, level), abs=1)


def test_interval_of_equal_chances_is_binomial():
    assert interval(10, 5, people=20, departures=KNOWN, level=0.05) == (6, 14)


def test_interval_allows_for_the_departures_that_the_rate_was_learned_from():
    """As many as are expected: the variance doubles for a rare departure."""
    low, high = interval(100, 99, people=10_000, departures=100, level=0.05)
    assert (low, high) == pytest.approx((100 - 1.96 * 199**0.5, 100 + 1.96 * 199**0.5), abs=2)


@pytest.mark.slow
def test_interval_holds_a_count_whose_rate_was_learned():
    random = np.random.default_rng(4)
    rate, people, outside = 0.15, 400, 0
    for _ in range(2_000):
        learned = max(1, random.binomial(people, rate))
        chance = learned / people
        low, high = interval(people * chance, people * chance * (1 - chance), people=people, departures=learned)
        outside += not low <= random.binomial(people, rate) <= high
    assert outside / 2_000 <= LEVEL


@pytest.mark.parametrize(("expected", "found"), [(0, (0, 0)), (0.001, (0, 0)), (3, (3, 3))])
def test_interval_at_its_ends(expected, found):
    assert interval(expected, 0 if expected == 3 else expected, people=3, departures=KNOWN) == found


@pytest.mark.parametrize("variance", [9.99999, 10, 10.00001])
def test_interval_of_a_poisson_count_whatever_side_of_it(variance):
    assert interval(10, variance, people=10_000, departures=KNOWN, level=0.05) == (4, 17)


def test_probability_within_fewer_months_follows_a_hazard_in_proportion_to_time():
    assert within(0.36, 6, 12, Decay()) == pytest.approx(0.2)
    assert within(np.array([0.0, 1.0]), 3, 12, Decay()).tolist() == [0, 1]


def test_probability_within_other_months_follows_the_decay():
    decay = Decay(0.02, 0.01)
    assert within(within(0.3, 3, 12, decay), 12, 3, decay) == pytest.approx(0.3)
    assert within(0.36, 6, 12, decay) > 0.2  # the first half of a year has more of its departures


@pytest.mark.parametrize(
    ("left", "unknown", "said"),
    [
        (21, 0, Call.MORE),
        (20, 0, Call.AS_EXPECTED),
        (10, 0, Call.AS_EXPECTED),
        (9, 0, Call.FEWER),
        (9, 1, Call.OPEN),
        (5, 4, Call.FEWER),
        (15, 6, Call.OPEN),
        (21, 30, Call.MORE),
    ],
)
def test_call_counts_those_absent_as_unknown(left, unknown, said):
    assert call(left, unknown, 10, 20) == said
    assert outcome(left=left, unknown=unknown, expected=15.0, low=10, high=20).call == said


def test_outcome_against_what_was_expected():
    found = outcome(left=40).against(20, 16, departures=200)
    assert (found.expected, found.call, found.is_alarm) == (20, Call.MORE, True)
    assert found.low < 20 < found.high < 40


def test_outcome_without_a_horizon_is_no_alarm():
    assert (outcome(left=90).call, outcome(left=90).is_alarm) == (Call.NO_HORIZON, False)


@pytest.mark.parametrize(("left", "call"), [(20, Call.HINDSIGHT), (50, Call.MORE), (2, Call.FEWER)])
def test_outcome_in_hindsight_is_called_only_where_the_model_misses_even_what_it_learned(left, call):
    found = outcome(left=left, is_hindsight=True).against(20, 16, departures=200)
    assert (found.call, found.is_alarm) == (call, call != Call.HINDSIGHT)


def test_every_call_has_its_words():
    assert CALLS.keys() == set(Call)
