import numpy as np
import pandas as pd
import pytest

from predictions.ml.assessment import drift
from predictions.tests.workforce import people


@pytest.fixture(scope="module")
def training():
    frame, _ = people(1_000)
    return frame, np.random.default_rng(5).beta(1, 4, (2, 1_000))


@pytest.fixture(scope="module")
def reference(training):
    return drift.reference(*training)


def check(frame, probability, reference):
    return drift.compare(drift.count(frame, probability, reference), reference)


def drifted(shifts):
    return {shift.name for shift in shifts if shift.is_drift}


def test_reference_holds_no_more_than_counts(reference):
    assert reference["employees"] == 1_000
    assert set(reference["bins"]) == {*drift.WATCHED, drift.SCORES}
    for name, bins in reference["bins"].items():
        assert sum(bins["counts"]) == pytest.approx(1_000), name
        assert len(bins["counts"]) <= 11, name
    assert "jeune_surcharge" not in reference["bins"]
    assert "age" in reference["bins"]


@pytest.mark.parametrize(
    ("bins", "expected"),
    [
        ({"levels": ["A", "B", "C"], "counts": [1, 5, 2, 0]}, "B"),
        ({"cuts": [10.0, 20.0, 30.0], "counts": [1, 2, 4, 1]}, 20.0),
        ({"cuts": [10.0, 20.0, 30.0], "counts": [2, 2, 2, 2]}, 20.0),
        ({"cuts": [10.0, 20.0], "counts": [9, 1, 1]}, 9.0),
        ({"cuts": [1.0], "counts": [3, 2]}, 1.0),
        ({"cuts": [], "counts": [7]}, 1.0),
    ],
)
def test_typical_is_the_most_frequent_level_or_the_low_end_of_the_bin_of_the_median(bins, expected):
    assert drift.typical(bins, minimum=1.0) == expected


def test_typical_of_each_watched_feature_is_near_its_median(training, reference):
    frame, _ = training
    for name in ("age", "revenu_mensuel", "satisfaction_moyenne"):
        below, above = np.quantile(frame[name], (0.35, 0.65))
        assert below <= drift.typical(reference["bins"][name], 0) <= above, name


def test_the_training_data_have_not_drifted(training, reference):
    frame, probability = training
    shifts = check(frame, probability[0], reference)
    assert len(shifts) == len(drift.WATCHED) + 1
    assert drifted(shifts) == set()
    assert max(shift.effect for shift in shifts if shift.name != drift.SCORES) == 0


def test_another_draw_from_the_same_workforce_has_not_drifted(reference):
    frame, _ = people(1_000, seed=2)
    assert drifted(check(frame, np.random.default_rng(6).beta(1, 4, 1_000), reference)) == set()


@pytest.mark.slow
def test_a_small_workforce_that_has_not_changed_rarely_alarms(training):
    frame, probability = training
    random = np.random.default_rng(8)
    alarms = 0
    for _ in range(60):
        before, after = random.integers(0, 1_000, 1_000), random.integers(0, 1_000, 200)
        reference = drift.reference(frame.iloc[before], probability[:, before])
        alarms += bool(drifted(check(frame.iloc[after], probability[0, after], reference)))
    assert alarms <= 8  # 3 expected; over 8 in one of 200 such tests


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("heures_supplementaires", lambda values: np.where(np.arange(len(values)) % 3 == 0, 1, values)),
        ("revenu_mensuel", lambda values: values * 1.3),
        ("departement", lambda values: np.where(np.arange(len(values)) % 4 == 0, "Commercial", values)),
        ("departement", lambda values: np.where(np.arange(len(values)) % 4 == 0, "Nouveau", values)),
    ],
)
def test_a_real_change_is_drift_and_names_its_feature(reference, name, change):
    frame, _ = people(1_000, seed=2)
    frame = frame.assign(**{name: change(frame[name].to_numpy())})
    shifts = check(frame, np.random.default_rng(6).beta(1, 4, 1_000), reference)
    assert drifted(shifts) == {name}
    assert shifts[0].name == name
    assert shifts[0].effect >= drift.LARGE


def test_scores_that_rise_are_drift(reference):
    frame, _ = people(1_000, seed=2)
    assert drifted(check(frame, np.random.default_rng(6).beta(2, 4, 1_000), reference)) == {drift.SCORES}


def test_a_small_change_in_a_huge_workforce_is_no_drift(training, reference):
    frame, probability = training
    many = pd.concat([frame] * 100, ignore_index=True)
    overtime = many["heures_supplementaires"].to_numpy().copy()
    overtime[:3_000] = 1
    shifts = check(many.assign(heures_supplementaires=overtime), np.tile(probability[0], 100), reference)
    assert drifted(shifts) == set()


def test_fewer_than_thirty_people_say_nothing(training, reference):
    frame, probability = training
    assert check(frame[:29], probability[0, :29], reference) == []
    assert check(frame[:30], probability[0, :30], reference) != []


def test_counts_of_parts_add_up(training, reference):
    frame, probability = training
    whole = drift.count(frame, probability[0], reference)
    first = drift.count(frame[:400], probability[0, :400], reference)
    second = drift.count(frame[400:], probability[0, 400:], reference)
    for name, counts in whole.items():
        assert np.array_equal(counts, first[name] + second[name]), name


def test_homogeneity_of_a_textbook_table():
    assert drift.homogeneity(np.array([20, 30]), np.array([30, 20])) == pytest.approx(0.0455, abs=1e-4)


def test_homogeneity_merges_bins_too_small_to_tell():
    assert drift.homogeneity(np.array([50, 50, 1]), np.array([50, 50, 0])) == pytest.approx(
        drift.homogeneity(np.array([50, 51]), np.array([50, 50]))
    )
    assert drift.homogeneity(np.array([1, 100]), np.array([2, 100])) == 1.0


def test_holm_by_hand():
    assert drift.holm(np.array([0.01, 0.04, 0.03])) == pytest.approx([0.03, 0.06, 0.06])
    assert drift.holm(np.array([0.9, 0.8])) == pytest.approx([1, 1])


KNOWN = 10**12  # people learned from, so many that the probabilities are known


def test_outcome_of_equal_chances_is_binomial():
    found = drift.outcome(np.full(20, 0.5), np.arange(20) < 15, learned_from=KNOWN)
    assert (found.people, found.expected, found.observed) == (20, 10, 15)
    assert (found.low, found.high) == (6, 14)
    assert found.is_more_than_expected


@pytest.mark.parametrize(("left", "more", "less"), [(10, False, False), (5, False, True), (15, True, False)])
def test_outcome_says_which_way(left, more, less):
    found = drift.outcome(np.full(20, 0.5), np.arange(20) < left, learned_from=KNOWN)
    assert (found.is_more_than_expected, found.is_less_than_expected) == (more, less)


def test_outcome_of_unequal_chances_against_every_case():
    chances = np.array([0.1, 0.2, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9])
    cases = [(sum(case), np.prod(np.where(case, chances, 1 - chances))) for case in np.ndindex(*[2] * len(chances))]
    at_most = [sum(weight for total, weight in cases if total <= count) for count in range(len(chances) + 1)]
    found = drift.outcome(chances, np.zeros(len(chances), dtype=bool), learned_from=KNOWN)
    assert found.low == min(count for count, chance in enumerate(at_most) if chance >= 0.025)
    assert found.high == min(count for count, chance in enumerate(at_most) if chance >= 0.975)


@pytest.mark.parametrize("learned_from", [KNOWN, 2_500])
def test_outcome_of_a_large_workforce_agrees_with_the_exact_one(monkeypatch, learned_from):
    random = np.random.default_rng(1)
    chances = random.beta(1, 5, 2_500)
    left = random.random(2_500) < chances
    exact = drift.outcome(chances, left, learned_from=learned_from)
    monkeypatch.setattr(drift, "EXACT_UP_TO", 0)
    normal = drift.outcome(chances, left, learned_from=learned_from)
    assert (normal.low, normal.high) == pytest.approx((exact.low, exact.high), abs=1)


def test_outcome_varies_twice_as_much_for_as_many_people_as_were_learned_from():
    chances = np.full(1_000, 0.2)
    found = drift.outcome(chances, chances > 1, learned_from=1_000)
    assert (found.low, found.high) == pytest.approx((200 - 1.96 * 320**0.5, 200 + 1.96 * 320**0.5), abs=1)


@pytest.mark.slow
def test_outcome_holds_what_happens_19_times_in_20_when_the_probabilities_are_learned():
    """A model of three groups learns their rates from 300 people, and is asked of 300 others."""
    random = np.random.default_rng(4)
    truth = np.repeat([0.05, 0.2, 0.5], 100)
    outside = 0
    for _ in range(400):
        learned = np.repeat((random.random(300) < truth).reshape(3, 100).mean(axis=1), 100)
        found = drift.outcome(learned, random.random(300) < truth, learned_from=300)
        outside += found.is_more_than_expected or found.is_less_than_expected
    assert outside <= 31  # 20 expected, over 31 in one of 150 such tests; 69 if the probabilities were known


@pytest.mark.parametrize("exact_up_to", [drift.EXACT_UP_TO, 0])
@pytest.mark.parametrize(("chance", "low", "high"), [(0.02, 0, 1), (0.98, 2, 3)])
def test_outcome_is_no_count_that_is_impossible(monkeypatch, exact_up_to, chance, low, high):
    monkeypatch.setattr(drift, "EXACT_UP_TO", exact_up_to)
    found = drift.outcome(np.full(3, chance), np.arange(3) < 1, learned_from=1)
    assert (found.low, found.high) == (low, high)


def test_outcome_of_nobody_expects_nothing():
    found = drift.outcome(np.array([]), np.array([], dtype=bool), learned_from=KNOWN)
    assert (found.expected, found.observed, found.low, found.high) == (0, 0, 0, 0)
    assert not found.is_more_than_expected


def test_what_is_unknown_is_neither_counted_nor_compared():
    frame, probability = people()[0], np.full(300, 0.2)
    known = drift.reference(frame, probability)
    unknown = frame.assign(age=pd.array([None] * len(frame), dtype="Int64"), statut_marital=None)
    counts = drift.count(unknown, probability, known)
    assert counts["age"].sum() == counts["statut_marital"].sum() == 0
    shifts = drift.compare(counts, known)
    assert "age" not in {shift.name for shift in shifts}
    assert not any(shift.is_drift for shift in shifts)
