import numpy as np
import pytest

from predictions.ml.assessment.cutoffs import TIE, Cutoff, Outlooks, break_even, of_capacity, of_costs
from predictions.ml.assessment.thresholds import Costs

NUMBERS = np.arange(1, 11)
COSTS = Costs(departure=30_000, talk=500, chance=0.2)


def flagged(cutoff, probability, number=NUMBERS):
    return (cutoff.part(probability, number) >= cutoff.threshold).sum()


def test_capacity_flags_exactly_as_many_of_whatever_people():
    random = np.random.default_rng(1)
    for _round in range(200):
        people = int(random.integers(1, 60))
        probability = random.choice(random.uniform(size=5), people) if _round % 2 else random.uniform(size=people)
        capacity, number = int(random.integers(1, 70)), random.permutation(people) + 1
        cutoff = of_capacity(capacity, probability, number)
        assert flagged(cutoff, probability, number) == min(capacity, people)


def test_threshold_of_a_capacity_is_a_short_decimal_between_the_last_and_the_next():
    cutoff = of_capacity(2, np.array([0.9123, 0.51234, 0.4999, 0.1]), np.arange(4))
    assert cutoff == Cutoff(0.506)


def test_capacity_for_everyone_flags_the_least_risk_too():
    cutoff = of_capacity(10, np.linspace(0.001, 0.2, 10), NUMBERS)
    assert 0 < cutoff.threshold < 0.001
    assert cutoff.last_tied is None


def test_capacity_that_cuts_through_equal_risks_takes_the_lower_numbers():
    probability = np.array([0.9, 0.3, 0.3, 0.3, 0.1])
    cutoff = of_capacity(3, probability, np.array([9, 7, 2, 5, 1]))
    assert cutoff == Cutoff(0.3, last_tied=5)
    over = cutoff.part(probability, np.array([9, 7, 2, 5, 1])) >= cutoff.threshold
    assert over.tolist() == [True, False, True, True, False]


def test_equal_risks_that_were_summed_in_another_order_are_tied_all_the_same():
    probability = np.array([0.3, 0.3 + 2e-16, 0.3 - 2e-16, 0.1])
    cutoff = of_capacity(2, probability, np.array([3, 2, 1, 4]))
    assert (cutoff.part(probability, np.array([3, 2, 1, 4])) >= cutoff.threshold).tolist() == [False, True, True, False]


def test_parting_moves_nobody_by_more_than_rounding():
    probability = np.array([0.9, 0.3, 0.3, 0.1])
    cutoff = of_capacity(2, probability, np.arange(4))
    assert np.abs(cutoff.part(probability, np.arange(4)) - probability).max() < TIE


@pytest.mark.parametrize(("number", "is_over"), [(1, True), (5, True), (6, False), (None, True)])
def test_one_person_at_the_threshold_is_parted_as_among_others(number, is_over):
    probability = Cutoff(0.3, last_tied=5).part(0.3, number)
    assert type(probability) is float
    assert (probability >= 0.3) is is_over


def test_threshold_of_the_least_cost_is_the_cost_of_a_talk_by_what_it_saves():
    assert of_costs(COSTS) == pytest.approx(500 / (0.2 * 30_000))


@pytest.mark.parametrize(("talk", "threshold"), [(1, 0.01), (10_000, 0.99)])
def test_threshold_of_the_least_cost_stays_within_those_of_training(talk, threshold):
    assert of_costs(Costs(departure=30_000, talk=talk, chance=0.2)) == threshold
    assert (break_even(Costs(departure=30_000, talk=talk, chance=0.2)) >= 1) is (talk == 10_000)


def test_no_other_threshold_costs_less_than_the_closed_form():
    outlooks = Outlooks(np.random.default_rng(2).beta(1, 6, size=2_000))
    least = outlooks.at(of_costs(COSTS), COSTS).cost
    assert all(outlooks.at(value, COSTS).cost >= least - 1e-6 for value in np.linspace(0, 1, 1_001))


def test_outlook_by_hand():
    outlook = Outlooks(np.array([0.1, 0.5, 0.4, 0.2])).at(0.4, Costs(departure=1_000, talk=10, chance=0.5))
    assert (outlook.people, outlook.flagged, outlook.share) == (4, 2, 0.5)
    assert (outlook.expected, outlook.reached) == pytest.approx((1.2, 0.9))
    assert (outlook.precision, outlook.recall) == pytest.approx((0.45, 0.75))
    assert (outlook.saving, outlook.cost) == pytest.approx((450 - 20, 1_200 - 430))


def test_outlook_over_everyone_flags_nobody():
    corrected = Outlooks(np.array([0.1, 0.5, 0.4, 0.2]), 1.5).at(0.4, COSTS)
    assert (corrected.expected, corrected.reached) == pytest.approx((1.8, 1.35))
    outlook = Outlooks(np.array([0.1, 0.2])).at(0.9, COSTS)
    assert (outlook.flagged, outlook.precision, outlook.recall, outlook.saving) == (0, 0.0, 0.0, 0.0)
