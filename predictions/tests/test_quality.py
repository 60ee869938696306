import numpy as np
import pytest
from scipy.special import expit

from predictions.ml.assessment import curves, quality

TARGET = np.array([1, 1, 0, 1, 0, 0, 0, 0, 0, 0])
PROBABILITY = np.array([0.95, 0.9, 0.8, 0.7, 0.3, 0.25, 0.2, 0.15, 0.1, 0.05])


def test_figures_of_a_small_ranking_by_hand():
    found = quality.figures(TARGET, PROBABILITY)
    assert found["roc_auc"] == pytest.approx(20 / 21)
    assert found["average_precision"] == pytest.approx((1 + 1 + 3 / 4) / 3)
    assert found["best_f2"] == pytest.approx(5 * 3 / (4 + 4 * 3))
    assert found["best_f1"] == pytest.approx(2 * 3 / (4 + 3))
    assert found["brier"] == pytest.approx(np.mean((PROBABILITY - TARGET) ** 2))
    assert found["precision_top_10"] == 1.0
    assert found["recall_top_20"] == pytest.approx(2 / 3)


@pytest.mark.parametrize("stretch", [0.5, 1.0, 2.0])
def test_calibration_slope_is_below_one_for_overconfident_probabilities(stretch):
    random = np.random.default_rng(1)
    log_odds = random.normal(-1, 1.5, 20_000)
    target = (random.random(20_000) < expit(log_odds)).astype(int)
    slope, intercept = quality.calibration_line(target, expit(stretch * log_odds))
    assert slope == pytest.approx(1 / stretch, abs=0.05)
    assert intercept == pytest.approx(0, abs=0.05)


def test_calibration_of_certain_probabilities_is_a_number():
    slope, intercept = quality.calibration_line(TARGET, np.where(PROBABILITY > 0.5, 1.0, 0.0))
    assert np.isfinite([slope, intercept]).all()


def test_decisions_by_hand():
    found = quality.decisions(TARGET, PROBABILITY >= 0.75)
    assert found == pytest.approx(
        {"flagged": 0.3, "precision": 2 / 3, "recall": 2 / 3, "specificity": 6 / 7, "f1": 4 / 6, "f2": 10 / 15}
    )


def test_decisions_that_flag_nobody_are_zero():
    found = quality.decisions(TARGET, np.zeros(10, dtype=bool))
    assert (found["precision"], found["f2"], found["specificity"]) == (0, 0, 1)


def test_spread_is_wider_than_independent_folds_would_be():
    values = [0.7, 0.8, 0.9, 0.8, 0.8]
    found = quality.spread([{"roc_auc": value} for value in values], folds=5)["roc_auc"]
    sd = np.std(values, ddof=1)
    assert (found["mean"], found["sd"]) == (pytest.approx(0.8), pytest.approx(sd))
    assert found["high"] - found["mean"] == pytest.approx(2.776 * sd * np.sqrt(1 / 5 + 1 / 4), rel=1e-3)
    assert found["low"] + found["high"] == pytest.approx(2 * found["mean"])


def test_spread_of_one_fold_claims_no_interval():
    assert quality.spread([{"roc_auc": 0.8}], folds=2)["roc_auc"] == {"mean": 0.8, "sd": 0, "low": 0.8, "high": 0.8}


def test_binomial_interval_of_a_textbook_case_and_of_the_ends():
    assert curves.binomial_interval(4, 20) == pytest.approx((0.0573, 0.4366), abs=1e-4)
    assert curves.binomial_interval(0, 10) == pytest.approx((0, 0.3085), abs=1e-4)
    assert curves.binomial_interval(10, 10) == pytest.approx((0.6915, 1), abs=1e-4)


@pytest.fixture(scope="module")
def predicted():
    """Two repeats of calibrated probabilities for 2,000 people."""
    random = np.random.default_rng(3)
    probability = expit(random.normal(-1.5, 1, (1, 2_000)))
    return (random.random(2_000) < probability[0]).astype(int), np.repeat(probability, 2, axis=0)


def test_reliability_of_calibrated_probabilities(predicted):
    found = curves.reliability(*predicted)
    assert sum(each["n"] for each in found["bins"]) == 2_000
    assert sum(each["low"] <= each["predicted"] <= each["high"] for each in found["bins"]) >= 9
    assert found["expected_calibration_error"] < 0.04


def test_reliability_sees_inflated_probabilities(predicted):
    target, probability = predicted
    found = curves.reliability(target, np.sqrt(probability))
    gap = np.sqrt(probability[0]).mean() - target.mean()
    assert found["expected_calibration_error"] == pytest.approx(gap, abs=0.02)
    assert not found["bins"][-1]["low"] <= found["bins"][-1]["predicted"] <= found["bins"][-1]["high"]


def test_departures_by_group_are_within_for_calibrated_and_not_for_inflated_probabilities(predicted):
    target, probability = predicted
    groups = np.where(np.arange(2_000) < 1_200, "a", "b")
    found = curves.departures_by_group(groups, target, probability)
    assert [(row["group"], row["n"], row["observed"]) for row in found] == [
        ("a", 1_200, target[:1_200].sum()),
        ("b", 800, target[1_200:].sum()),
    ]
    assert all(row["is_within"] for row in found)
    inflated = curves.departures_by_group(groups, target, np.sqrt(probability))
    assert not any(row["is_within"] for row in inflated)


def test_roc_curve_area_is_the_auc(predicted):
    target, probability = predicted
    found = curves.roc(target, probability)
    assert (found["true_positive_rate"][-1], found["false_positive_rate"][0]) == (1, 0)
    area = np.trapezoid(found["true_positive_rate"], found["false_positive_rate"])
    assert area == pytest.approx(quality.figures(target, probability[0])["roc_auc"], abs=2e-3)


def test_precision_recall_ends_at_the_base_rate(predicted):
    target, probability = predicted
    found = curves.precision_recall(target, probability)
    assert found["precision"][-1] == pytest.approx(target.mean(), abs=0.02)
    assert np.mean(found["precision"]) == pytest.approx(
        quality.figures(target, probability[0])["average_precision"], abs=0.02
    )


def test_capacity_meets_everybody_in_the_end(predicted):
    found = curves.capacity(*predicted)
    assert found["people"][-1] == 2_000
    assert (found["recall"][-1], found["lift"][-1]) == (1, 1)
    assert found["precision"][0] > 2 * found["precision"][-1]


def test_capacity_of_fewer_people_than_points():
    assert curves.capacity(TARGET, PROBABILITY[None])["people"] == list(range(1, 11))
