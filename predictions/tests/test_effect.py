"""Did it help? The statistics: few claims where nothing helps, most effects found, and nothing said of too few."""

import numpy as np
import pytest

from predictions.followup import effect
from predictions.followup.effect import People


def people(forecast, *, group="a", day=10, values=None):
    forecast = np.array(forecast, dtype=float)
    groups = np.array(group if isinstance(group, list) else [group] * len(forecast), dtype=object)
    days = np.array(day if isinstance(day, list) else [day] * len(forecast))
    known = np.zeros((len(forecast), 0)) if values is None else np.array(values, dtype=float)[:, None]
    return People(groups, forecast, days, known)


def lots(random, number, helps):
    forecast = random.uniform(0.15, 0.6, number)
    is_drawn = random.permutation(np.arange(number) % 2 == 0)
    left = random.random(number) < np.where(is_drawn, forecast - helps, forecast)
    return {"is_drawn": is_drawn, "left": left, "forecast": forecast, "draw": np.arange(number) % 3}


def test_fewer_than_thirty_on_a_side_are_too_few():
    some, few = np.zeros(30, dtype=bool), np.zeros(29, dtype=bool)
    assert effect.naive(some, some) is not None
    assert effect.naive(few, some) is None
    assert effect.naive(some, few) is None
    drawn = lots(np.random.default_rng(1), 59, 0.0)
    assert effect.drawn(**drawn) is None  # 30 and 29


def test_naive_interval_is_that_of_newcombe():
    """His example of 56 of 70 and 48 of 80, at two-sided 95 %, is 0.0524 to 0.3339."""
    done, alone = np.arange(80) < 48, np.arange(70) < 56
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(effect, "Z", 1.959964)
        found = effect.naive(done, alone)
    assert (found.points, found.low, found.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)


def test_pairs_share_their_group_and_about_their_forecast():
    done = people([0.30, 0.50, 0.30], group=["run 1 job a", "run 1 job a", "run 1 job b"])
    alone = people([0.31, 0.90, 0.30, 0.29], group=["run 1 job a"] * 2 + ["run 2 job a", "run 1 job b"])
    assert effect.match(done, alone) == [(0, [0]), (2, [3])]


def test_most_alike_within_the_caliper_comes_first():
    done = people([0.30], values=[1])
    alone = people([0.301, 0.31, 0.90], values=[0, 1, 1])
    assert effect.match(done, alone) == [(0, [1, 0])]


def test_unknown_value_is_taken_for_the_mean():
    done = people([0.30], values=[np.nan])
    alone = people([0.30, 0.30, 0.90], values=[5, 1, 0])
    assert effect.match(done, alone) == [(0, [1, 0])]


def test_nobody_is_beside_one_who_was_still_there_when_the_other_had_left_or_got_a_case():
    done, alone = people([0.3], day=100), people([0.3, 0.31, 0.9], day=[99, 100, 100])
    assert effect.match(done, alone) == [(0, [1])]


def test_nobody_is_taken_twice_and_everyone_gets_a_first_before_a_second():
    done, alone = people([0.30, 0.301]), people([0.30, 0.302, 0.304, 0.9])
    pairs = dict(effect.match(done, alone))
    taken = [each for beside in pairs.values() for each in beside]
    assert len(taken) == len(set(taken)) == 3
    assert pairs.keys() == {0, 1}


def test_matched_effect_is_corrected_for_the_forecast_that_is_left():
    """Each pair differs by two points of the forecast, and so in how many leave; nothing helps."""
    random = np.random.default_rng(3)
    forecast = random.uniform(0.2, 0.5, 4_000)
    others = forecast - random.uniform(0, 0.1, 4_000)
    left = random.random(4_000) < forecast
    stayed = random.random(4_000) < others
    found = effect.matched(
        [(place, [place]) for place in range(4_000)],
        done=left.astype(float),
        alone=[stayed[[place]] for place in range(4_000)],
        forecast=forecast,
        others=others,
    )
    assert found.left_alone < found.left_done - 0.03
    assert found.low < 0 < found.high
    assert abs(found.points) < 0.05


def test_draw_in_which_everyone_was_drawn_says_nothing():
    drawn = lots(np.random.default_rng(5), 120, 0.0)
    before = effect.drawn(**drawn)
    more = {
        "is_drawn": np.append(drawn["is_drawn"], [True] * 40),
        "left": np.append(drawn["left"], [False] * 40),
        "forecast": np.append(drawn["forecast"], [0.9] * 40),
        "draw": np.append(drawn["draw"], [7] * 40),
    }
    assert effect.drawn(**more) == before


def test_lottery_claims_little_where_nothing_helps_and_finds_most_of_what_does():
    claims = {
        helps: np.mean([effect.drawn(**lots(np.random.default_rng(seed), 600, helps)).helped for seed in range(200)])
        for helps in (0.0, 0.1)
    }
    assert claims[0.0] <= 0.05
    assert claims[0.1] >= 0.7  # of a risk of 0.38 on average, more than in the benchmark


def test_balance_counts_standard_deviations_and_leaves_out_what_is_unknown():
    done, alone = {"x": np.array([1.0, 3.0, np.nan])}, {"x": np.array([0.0, 2.0])}
    spread = effect.spreads(done, alone)
    assert spread == {"x": pytest.approx(2**0.5)}
    assert effect.balance(done, alone, spread) == {"x": pytest.approx(1 / 2**0.5)}
    assert effect.balance({"x": np.array([np.nan])}, alone, spread) == {"x": 0.0}
