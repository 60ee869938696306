import numpy as np
import pytest

from predictions.ml.assessment import curves, thresholds
from predictions.ml.assessment.thresholds import (
    Costs,
    InvalidRule,
    Rule,
    at,
    choose,
    curve,
    describe,
    from_card,
    parse,
    simulate,
)

TARGET = np.array([1, 1, 0, 1, 0, 0, 0, 0, 0, 0])
PROBABILITY = np.array([[0.95, 0.9, 0.8, 0.7, 0.3, 0.25, 0.2, 0.15, 0.1, 0.05]])


@pytest.mark.parametrize(
    "text",
    [
        "f2",
        "capacity:30",
        "cost:departure=30000,talk=500,chance=0.2",
        "cost:departure=1234567,talk=99.95,chance=0.125",
    ],
)
def test_rule_reads_as_it_is_written(text):
    assert str(parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "f1",
        "capacity:0",
        "capacity:-3",
        "capacity:many",
        "cost:departure=0,talk=500,chance=0.2",
        "cost:departure=1,talk=0,chance=0.2",
        "cost:departure=1,talk=1,chance=1.5",
        "cost:departure=1,talk=1,chance=0",
    ],
)
def test_rule_that_cannot_be_read_is_named(text):
    with pytest.raises(InvalidRule, match="none of"):
        parse(text)


def test_curve_by_hand():
    points = curve(TARGET, PROBABILITY)
    at = np.searchsorted(thresholds.GRID, 0.75)
    assert points.flagged[at] == pytest.approx(0.3)
    assert (points.precision[at], points.recall[at]) == pytest.approx((2 / 3, 2 / 3))
    assert points.f2[at] == pytest.approx(10 / 15)


def test_f2_chooses_the_first_of_the_best():
    assert choose(Rule(), TARGET, PROBABILITY) == pytest.approx(0.305)


@pytest.mark.parametrize(("capacity", "flagged"), [(1, 4), (4, 7), (6, 9), (10, 10)])
def test_capacity_flags_as_many_of_those_still_here_as_can_be_met(capacity, flagged):
    threshold = choose(Rule("capacity", capacity=capacity), TARGET, PROBABILITY)
    is_flagged = threshold <= PROBABILITY[0]
    assert is_flagged.sum() == flagged
    assert (is_flagged & (TARGET == 0)).sum() == min(capacity, 7)


def test_capacity_that_nothing_meets_takes_the_last_threshold():
    assert choose(Rule("capacity", capacity=1), TARGET, np.full((1, 10), 0.999)) == thresholds.GRID[-1]


def test_cost_talks_to_all_when_a_talk_is_cheap_and_to_few_when_it_is_dear():
    cheap = choose(Rule("cost", costs=Costs(30_000, 1, 0.5)), TARGET, PROBABILITY)
    dear = choose(Rule("cost", costs=Costs(30_000, 14_000, 0.5)), TARGET, PROBABILITY)
    assert (cheap <= PROBABILITY).sum() == 4
    assert (dear <= PROBABILITY).sum() == 2


def test_cost_counts_talks_and_departures_not_prevented():
    costs = Costs(departure=100, talk=10, chance=0.5)
    at = np.searchsorted(thresholds.GRID, 0.75)
    money = thresholds.cost(curve(TARGET, PROBABILITY), 0.3, costs)[at] * 10
    assert money == pytest.approx(3 * 10 + (3 - 2 * 0.5) * 100)


@pytest.mark.parametrize("rule", ["f2", "capacity:4", "cost:departure=100,talk=10,chance=0.5"])
def test_description_shows_the_chosen_point_first_and_the_other_rules(rule):
    rule = parse(rule)
    threshold = choose(rule, TARGET, PROBABILITY)
    found = describe(rule, threshold, TARGET, PROBABILITY)
    assert (found["value"], found["rule"]) == (threshold, str(rule))
    assert found["choices"][0]["rule"] == str(rule)
    assert found["choices"][0]["threshold"] == threshold
    assert found["choices"][0]["flagged"] == pytest.approx((threshold <= PROBABILITY).mean())
    assert sorted(choice["rule"].split(":")[0] for choice in found["choices"]) == ["capacity", "cost", "f2"]
    assert {len(column) for column in found["curve"].values()} == {len(thresholds.GRID)}


def as_in_a_card(target, probability):
    """The curve as a card keeps it: six significant digits."""
    columns = describe(Rule(), 0.5, target, probability)["curve"]
    return from_card({name: [float(f"{value:.6g}") for value in column] for name, column in columns.items()})


@pytest.mark.parametrize("rule", ["f2", "capacity:7", "capacity:150", "cost:departure=100,talk=10,chance=0.5"])
def test_simulation_on_a_card_chooses_as_training_does(rule):
    random = np.random.default_rng(3)
    probability = random.beta(1, 4, (3, 700))
    target = (random.random(700) < probability[0]).astype(int)
    points = as_in_a_card(target, probability)
    found = simulate(points, parse(rule), employees=700, base_rate=target.mean())
    assert found.threshold == choose(parse(rule), target, probability)


def test_simulation_of_a_capacity_forgives_the_rounding_of_the_card():
    probability = np.where(np.arange(1470) < 30, 0.95, 0.05)[None]
    target = (np.arange(1470) % 6 == 0).astype(int)
    rule = Rule("capacity", capacity=25)  # five of the 30 have left
    found = simulate(as_in_a_card(target, probability), rule, employees=1470, base_rate=target.mean())
    assert found.threshold == choose(rule, target, probability)
    assert (found.flagged, found.here) == pytest.approx((30, 25), rel=1e-4)


def test_simulation_where_all_flagged_have_left_leaves_nobody_here():
    points = as_in_a_card(TARGET[:9], PROBABILITY[:, :9])
    assert [at(points, value, 9, 0.333333, Costs()).here for value in (0.9, 0.98)] == [0, 0]


def test_simulation_counts_people_and_money_by_hand():
    costs = Costs(departure=100, talk=10, chance=0.5)
    points = as_in_a_card(TARGET, PROBABILITY)
    found = at(points, 0.75, 10, 0.3, costs)
    assert (found.flagged, found.leavers, found.here) == pytest.approx((3, 2, 1), rel=1e-5)
    assert (found.precision, found.recall) == pytest.approx((2 / 3, 2 / 3), rel=1e-5)
    assert found.cost == pytest.approx(3 * 10 + (3 - 2 * 0.5) * 100, rel=1e-5)
    assert found.saving == pytest.approx(2 * 0.5 * 100 - 3 * 10, rel=1e-5)


def test_simulation_of_talks_that_cost_more_than_they_save_loses_money():
    points = as_in_a_card(TARGET, PROBABILITY)
    assert at(points, 0.75, 10, 0.3, Costs(departure=100, talk=90, chance=0.5)).saving < 0


def test_list_of_exactly_so_many_is_read_between_two_lengths_and_never_beyond_everyone():
    columns = curves.capacity(np.array([1, 0, 1, 0]), np.array([[0.9, 0.8, 0.7, 0.1]]))
    assert thresholds.measured_first(columns, 1) == (0.25, 1.0, 0.5)
    assert thresholds.measured_first(columns, 3) == pytest.approx((0.75, 2 / 3, 1.0))
    assert thresholds.measured_first(columns, 9) == (1.0, 0.5, 1.0)
    assert thresholds.measured_first({"people": [2, 4], "precision": [0.5, 0.5]}, 1) == pytest.approx((0.25, 0.5, 0.25))
