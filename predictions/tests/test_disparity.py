import numpy as np
import pandas as pd
import pytest

from predictions.ml.assessment import disparity
from predictions.ml.assessment.disparity import beyond_chance, count, gap, rate_of, ratio, ratios


def rates(**counts):
    """Rates of groups by ``name=(part, people)``."""
    return {name: rate_of(*pair) for name, pair in counts.items()}


@pytest.mark.parametrize(
    ("part", "people", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_rate_of_counts_as_published(part, people, low, high):
    """Newcombe 1998, *Statistics in Medicine* 17, 857-872, table I, method 3."""
    found = rate_of(part, people)
    assert (found["value"], found["low"], found["high"]) == pytest.approx((part / people, low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 20), 0.6791, 1.0),
    ],
)
def test_gap_of_two_groups_as_published(one, other, low, high):
    """Newcombe 1998, *Statistics in Medicine* 17, 873-890, table II, method 10."""
    found = gap(rates(one=one, other=other))
    assert (found.highest, found.lowest) == ("one", "other")
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


def test_ratio_is_of_the_lowest_rate_to_the_highest():
    found = ratio(rates(men=(20, 100), women=(40, 100)))
    assert (found.highest, found.lowest, found.value) == ("women", "men", 0.5)
    assert 0.3 < found.low < 0.5 < found.high < 0.8
    assert not found.keeps_four_fifths
    assert ratio(rates(men=(32, 100), women=(40, 100))).keeps_four_fifths


def test_ends_of_a_ratio_are_where_the_interval_of_the_difference_ends_at_zero():
    men, women = rate_of(20, 100), rate_of(40, 100)
    found = ratio({"men": men, "women": women})
    for end, one, other in ((found.low, "low", "high"), (found.high, "high", "low")):
        reach = np.hypot(men[one] - men["value"], end * (women[other] - women["value"]))
        assert abs(men["value"] - end * women["value"]) == pytest.approx(reach)


def test_ratio_leaves_one_out_exactly_where_the_gap_leaves_zero_out_and_chance_is_below_its_level():
    random = np.random.default_rng(3)
    seen = set()
    for _ in range(300):
        groups = {name: rate_of(int(random.integers(20, 50)), 100) for name in "abc"}
        found, difference = ratio(groups), gap(groups)
        is_certain = found.high < 1
        seen.add(is_certain)
        assert is_certain == (difference.low > 0) == (found.p_value < 0.05)
        assert found.p_value == difference.p_value
    assert seen == {True, False}


def test_interval_of_the_extremes_of_several_groups_is_wider_than_that_of_two():
    two, three = rates(a=(40, 100), b=(20, 100)), rates(a=(40, 100), b=(20, 100), c=(30, 100))
    assert gap(three).low < gap(two).low
    assert gap(three).p_value == pytest.approx(3 * gap(two).p_value)
    assert ratios(three)["b"] == {end: getattr(ratio(three), end) for end in ("value", "low", "high")}
    assert ratios(three)["a"] == {"value": 1.0, "low": 1.0, "high": 1.0}


def test_nobody_selected_in_one_group_is_a_ratio_of_zero():
    found = ratio(rates(a=(40, 100), b=(0, 100)))
    assert (found.value, found.low) == (0, 0)
    assert 0 < found.high < 0.8


def test_comparison_of_one_group_or_of_nobody_selected_says_nothing():
    assert ratio(rates(a=(40, 100))) is gap(rates(a=(40, 100))) is None
    assert ratio(rates(a=(0, 100), b=(0, 100))) is None
    assert ratios({}) == {}
    assert beyond_chance([]) == []


def test_rates_without_an_interval_are_never_beyond_chance():
    exact = {name: {"value": value, "low": value, "high": value} for name, value in (("a", 0.4), ("b", 0.2))}
    assert beyond_chance([ratio(exact), gap(exact)]) == [False, False]


def test_something_is_claimed_of_groups_treated_alike_in_one_audit_of_twenty():
    """Two, four and three groups of the sizes of the demo, flagged alike: the same counts by sex, age and status."""
    random = np.random.default_rng(5)
    sizes = ((588, 882), (326, 622, 349, 173), (470, 673, 327))
    claimed = 0
    for _ in range(600):
        audits = ({str(size): rate_of(int(random.binomial(size, 0.27)), size) for size in each} for each in sizes)
        claimed += any(beyond_chance([ratio(each) for each in audits]))
    assert 10 <= claimed <= 44  # 30 expected at most; over 44 in one of a hundred such tests


def test_intervals_hold_a_ratio_and_a_gap_nineteen_times_in_twenty():
    random = np.random.default_rng(11)
    held = np.zeros(2)
    for _ in range(1_000):
        groups = rates(a=(int(random.binomial(150, 0.4)), 150), b=(int(random.binomial(80, 0.2)), 80))
        found = ratio(groups), gap(groups)
        held += [each.low <= truth <= each.high for each, truth in zip(found, (0.5, 0.2), strict=True)]
    assert all(0.935 < share < 0.975 for share in held / 1_000)


# Groups and their counts


@pytest.mark.parametrize("age", [17, 29, 30, 39, 40, 49, 50, 70])
def test_every_age_is_in_exactly_one_band(age):
    frame = pd.DataFrame({"age": [age], "genre": [0], "statut_marital": ["Marié(e)"]})
    bands = [group for attribute, group, member in disparity.groups_of(frame) if attribute == "age" and member[0]]
    assert len(bands) == 1


PEOPLE = pd.DataFrame(
    {
        "genre": [0.0, 0.0, 1.0, np.nan],
        "age": [25.0, 35.0, np.nan, 61.0],
        "statut_marital": ["Marié(e)", "Pacsé(e)", "Pacsé(e)", None],
    }
)
FLAGGED = np.array([True, False, True, True])


def test_count_of_people_and_flagged_by_group_with_the_companys_words_and_the_unknown():
    assert count(PEOPLE, FLAGGED) == {
        "genre": {"Woman": (2, 1), "Man": (1, 1), "": (1, 1)},
        "age": {"Under 30": (1, 1), "30 to 39": (1, 0), "50 and over": (1, 1), "": (1, 1)},
        "statut_marital": {"Married": (1, 1), "Pacsé(e)": (2, 1), "": (1, 1)},
    }


def test_counts_of_parts_add_up_to_those_of_the_whole():
    first = count(PEOPLE[:3], FLAGGED[:3])
    assert count(PEOPLE[3:], FLAGGED[3:], first) == count(PEOPLE, FLAGGED)
    assert count(PEOPLE[:0], FLAGGED[:0]) == {"genre": {}, "age": {}, "statut_marital": {}}
