"""How the hazard of the people of a day decays with the months since, learned from made-up histories."""

import numpy as np
import pytest

from predictions.ml import decay
from predictions.ml.decay import Decay

QUARTERS = 8


def history(*, seed=7, settle=0.0, leave_otherwise=0.0, quarters=QUARTERS, size=4_000):
    """Person-periods whose hazard falls by ``settle`` a quarter since someone joined, known when it is learned.

    Gives the arguments of ``learn``; the hazard is that of the day on which a row starts. People join as others leave.
    """
    random = np.random.default_rng(seed)
    joined = np.zeros(size)  # quarters since, of those there
    person, known = np.arange(size), size
    rows = []
    for quarter in range(-20, quarters):
        hazard = 0.02 * np.exp(-settle * np.minimum(joined, 12))
        leaves = random.random(len(person)) < -np.expm1(-3 * hazard)
        otherwise = ~leaves & (random.random(len(person)) < leave_otherwise)
        if quarter >= 0:
            start = np.datetime64("2024-01-31") + np.timedelta64(91 * quarter, "D")
            exposure = np.where(otherwise, 1.5, 3.0)
            rows.append((person, np.full(len(person), start), exposure, leaves.astype(int), hazard))
        stays = ~(leaves | otherwise)
        new = size - int(stays.sum())
        joined = np.concatenate([joined[stays] + 1, np.zeros(new)])
        person, known = np.concatenate([person[stays], known + np.arange(new)]), known + new
    return [np.concatenate(column) for column in zip(*rows, strict=True)]


def test_no_decay_gives_the_months_as_they_are():
    assert Decay().months(12) == 12
    assert Decay().months(np.array([3.0, 6.0])).tolist() == [3, 6]


def test_the_first_quarter_counts_in_full_and_later_ones_less():
    found = Decay(0.02)
    assert found.months(3) == pytest.approx(3)
    assert found.months(12) / 3 == pytest.approx(sum(np.exp(-0.02 * 3 * quarter) for quarter in range(4)))


def test_slope_is_the_derivative_of_the_log():
    higher, lower = Decay(0.0201).months(12), Decay(0.0199).months(12)
    assert Decay(0.02).slope(12) == pytest.approx(np.log(higher / lower) / 0.0002, rel=1e-4)
    assert Decay().slope(12) == pytest.approx(-4.5, rel=0.01)  # minus half of the months after the first quarter


def test_people_whose_hazard_stays_have_no_decay():
    found = decay.learn(*history())
    assert abs(found.rate) < 2.5 * found.error
    assert 0 < found.error < 0.01


def test_the_decay_of_people_who_settle_forecasts_their_departures():
    """The people of a day, within a year: their departures in 20 histories, beside those that the decay expects."""
    happened, expected, unchanged = 0.0, 0.0, 0.0
    for seed in range(20):
        person, start, exposure, outcome, hazard = history(seed=seed, settle=0.15, quarters=QUARTERS + 4)
        days = np.unique(start)
        is_past = start < days[QUARTERS]
        found = decay.learn(*(each[is_past] for each in (person, start, exposure, outcome, hazard)))
        assert found.rate > 0
        today = start == days[QUARTERS]
        happened += (outcome[(start >= days[QUARTERS]) & np.isin(person, person[today])]).sum()
        expected += -np.expm1(-hazard[today] * found.months(12)).sum()
        unchanged += -np.expm1(-hazard[today] * 12).sum()
    assert expected == pytest.approx(happened, rel=0.03)
    assert unchanged > 1.05 * happened


def test_those_who_leave_otherwise_leave_fewer_departures_to_come():
    rates = [decay.learn(*history(seed=seed, leave_otherwise=0.03)).rate for seed in range(10)]
    # three in a hundred fewer are there a quarter later, one in a hundred a month
    assert np.mean(rates) == pytest.approx(0.01, abs=0.003)


def test_more_departures_in_a_late_quarter_are_no_decay():
    """Twice as many of the newest quarter's departures, of everybody alike: a year effect, not a change with time."""
    person, start, exposure, outcome, hazard = history()
    random = np.random.default_rng(3)
    is_last = start == start.max()
    outcome = np.where(is_last, random.random(len(outcome)) < 2 * -np.expm1(-3 * hazard), outcome).astype(int)
    found = decay.learn(person, start, exposure, outcome, hazard)
    assert abs(found.rate) < 2.5 * found.error


def test_the_error_is_the_spread_of_the_rate():
    found = [decay.learn(*history(seed=seed, settle=0.1, size=1_000, quarters=4)) for seed in range(60)]
    assert np.mean([each.error for each in found]) == pytest.approx(np.std([each.rate for each in found]), rel=0.3)


def test_a_single_quarter_has_no_decay():
    assert decay.learn(*history(quarters=1)) == Decay()


def test_few_departures_are_held_back_by_the_prior():
    rates = [decay.learn(*history(seed=seed, size=40, quarters=3)) for seed in range(20)]
    assert all(abs(each.rate) < decay.STEEPEST / 2 and each.error <= decay.PRIOR for each in rates)


def test_a_history_without_departures_has_no_decay():
    person, start, exposure, outcome, hazard = history()
    assert decay.learn(person, start, exposure, np.zeros_like(outcome), hazard) == Decay()


def test_widened_adds_the_error_to_everybody_alike():
    factor = np.diag([1.0, 2.0])
    found = Decay(0.01, 0.005).widened(factor, 12)
    assert found.shape == (2, 3)
    assert found[0, -1] == 0
    assert found[-1, -1] == pytest.approx(Decay(0.01).slope(12) * 0.005)
