import tracemalloc

import numpy as np
import pytest

from features import schema
from predictions.ml.assessment import fairness
from predictions.ml.assessment.evaluation import OutOfFold
from predictions.tests.workforce import people, trained


def predicted(probability, threshold=0.5, repeats=2):
    probability = np.repeat(probability[None], repeats, axis=0)
    return OutOfFold(probability, probability >= threshold, np.zeros(probability.shape, dtype=int), np.array([0.2]))


@pytest.fixture(scope="module")
def audited():
    """Women are flagged twice as often as men for the same outcomes."""
    n = 400
    frame, _ = people(n)
    is_woman = np.arange(n) % 2 == 0
    frame = frame.assign(genre=np.where(is_woman, 0, 1))
    rank = np.arange(n) // 2
    target = (rank % 4 == 0).astype(int)
    probability = np.where(rank % np.where(is_woman, 2, 4) == 0, 0.6, 0.1)
    return fairness.audit(frame, target, predicted(probability), resamples=200, seed=7)


def entry(entries, group):
    return next(each for each in entries if each["group"] == group)


def test_audit_covers_every_group_at_the_threshold_and_at_the_top(audited):
    assert list(audited) == ["threshold", "top_20"]
    for entries in audited.values():
        assert [each["group"] for each in entries] == [
            *("Woman", "Man"),
            *("Under 30", "30 to 39", "40 to 49", "50 and over"),
            *("Single", "Married", "Divorced"),
        ]
        for attribute in fairness.ATTRIBUTES:
            assert sum(each["n"] for each in entries if each["attribute"] == attribute) == 400


def test_audit_by_hand(audited):
    woman, man = entry(audited["threshold"], "Woman"), entry(audited["threshold"], "Man")
    assert (woman["n"], woman["leavers"], man["leavers"]) == (200, 50, 50)
    assert (woman["selection_rate"]["value"], man["selection_rate"]["value"]) == pytest.approx((0.5, 0.25))
    assert (woman["selection_ratio"]["value"], man["selection_ratio"]["value"]) == pytest.approx((2, 0.5))
    assert (woman["recall"]["value"], man["recall"]["value"]) == pytest.approx((1, 1))
    assert (woman["precision"]["value"], man["precision"]["value"]) == pytest.approx((0.5, 1))
    assert woman["observed_to_expected"]["value"] == pytest.approx(50 / (100 * 0.6 + 100 * 0.1))


def test_audit_intervals_hold_their_value_and_a_gap_of_two_is_no_chance(audited):
    ratio = entry(audited["threshold"], "Woman")["selection_ratio"]
    assert 1 < ratio["low"] < ratio["value"] < ratio["high"]


def test_resamples_in_blocks_are_those_drawn_at_once():
    drawn = np.random.default_rng(7).multinomial(30, np.full(30, 1 / 30), size=100)
    blocks = list(fairness._resamples(30, 100, np.random.default_rng(7)))
    assert np.array_equal(np.vstack(blocks), np.vstack([np.ones(30), drawn]))
    assert max(len(block) for block in blocks) == fairness.BLOCK


@pytest.mark.parametrize("resamples", [1, fairness.BLOCK - 1, fairness.BLOCK, 2 * fairness.BLOCK + 3])
def test_audit_is_the_same_in_one_block_and_in_several(monkeypatch, resamples):
    frame, target = people(200)
    out_of_fold = predicted(np.random.default_rng(1).random(200))
    several = fairness.audit(frame, target, out_of_fold, resamples=resamples, seed=7)
    monkeypatch.setattr(fairness, "BLOCK", 10_000)
    for name, entries in fairness.audit(frame, target, out_of_fold, resamples=resamples, seed=7).items():
        for one, other in zip(entries, several[name], strict=True):
            assert one["selection_ratio"] == pytest.approx(other["selection_ratio"], rel=1e-12)
            assert one["observed_to_expected"] == pytest.approx(other["observed_to_expected"], rel=1e-12)


@pytest.mark.slow
def test_audit_of_more_resamples_takes_no_more_memory():
    frame, target = people(2_000)
    out_of_fold = predicted(np.random.default_rng(1).random(2_000))

    def peak(resamples):
        tracemalloc.start()
        fairness.audit(frame, target, out_of_fold, resamples=resamples, seed=7)
        _now, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(10 * fairness.BLOCK) < 1.5 * peak(fairness.BLOCK)


def test_audit_at_the_top_selects_a_fifth(audited):
    for attribute in fairness.ATTRIBUTES:
        chosen = [
            each["n"] * each["selection_rate"]["value"]
            for each in audited["top_20"]
            if each["attribute"] == attribute and each["selection_rate"]
        ]
        assert sum(chosen) == pytest.approx(80)


@pytest.mark.parametrize(("members", "leavers", "is_small"), [(49, 30, True), (50, 20, False), (50, 19, True)])
def test_audit_flags_small_groups(members, leavers, is_small):
    frame, _ = people(400)
    is_woman = np.arange(400) < members
    target = np.where(is_woman, np.arange(400) < leavers, np.arange(400) % 2).astype(int)
    found = fairness.audit(
        frame.assign(genre=np.where(is_woman, 0, 1)), target, predicted(np.full(400, 0.4)), resamples=10, seed=7
    )
    assert entry(found["threshold"], "Woman")["is_small"] is is_small


def test_audit_of_nobody_selected_has_no_precision():
    frame, target = people(200)
    found = fairness.audit(frame, target, predicted(np.full(200, 0.4)), resamples=10, seed=7)
    assert {each["precision"] is None for each in found["threshold"]} == {True}
    assert {each["selection_rate"]["value"] for each in found["threshold"]} == {0}


def test_audit_leaves_out_a_group_without_people():
    frame, target = people(200)
    found = fairness.audit(frame.assign(genre=1), target, predicted(np.full(200, 0.6)), resamples=10, seed=7)
    assert [each["group"] for each in found["threshold"] if each["attribute"] == "genre"] == ["Man"]


@pytest.mark.slow
def test_proxies_find_the_feature_that_stands_for_an_attribute():
    frame, _ = people(400)
    frame = frame.assign(annee_experience_totale=frame["age"] - 18.0)
    found = {row["attribute"]: row for row in fairness.proxies(frame, seed=7)}
    assert found["age"]["features"][0]["feature"] == "annee_experience_totale"
    assert found["age"]["features"][0]["share"] > 0.95
    assert found["age"]["together"] > 0.9
    assert found["genre"]["together"] < 0.05
    assert found["genre"]["features"][0]["share"] < 0.1


@pytest.mark.slow
def test_proxies_of_many_people_are_those_of_some(monkeypatch):
    frame, _ = people(400)
    seen, explained = set(), fairness._explained
    monkeypatch.setattr(fairness, "MOST", 150)
    monkeypatch.setattr(
        fairness, "_explained", lambda design, values: seen.add(len(design)) or explained(design, values)
    )
    found = fairness.proxies(frame.assign(annee_experience_totale=frame["age"] - 18.0), seed=7)
    assert seen == {150}
    (age,) = (entry for entry in found if entry["attribute"] == "age")
    assert age["features"][0]["feature"] == "annee_experience_totale"


@pytest.mark.slow
def test_proxies_leave_out_an_attribute_that_never_varies():
    frame, _ = people(200)
    assert [row["attribute"] for row in fairness.proxies(frame.assign(genre=1), seed=7)] == ["age", "statut_marital"]


PROTECTED = [feature for feature in schema.FEATURES if feature.is_protected]


@pytest.mark.slow
@pytest.mark.parametrize("feature", PROTECTED, ids=lambda feature: feature.name)
def test_changing_a_protected_feature_changes_no_score(feature, model):
    frame, _ = people(50)
    values = feature.values or (feature.minimum, (feature.minimum + feature.maximum) // 2, feature.maximum)
    before = model.score_frame(frame)
    row = frame.iloc[0].to_dict()
    for value in values:
        after = model.score_frame(frame.assign(**{feature.name: value}))
        for name in ("probability", "low", "high", "is_extrapolated", "contributions"):
            assert np.array_equal(getattr(before, name), getattr(after, name)), (feature.name, value, name)
        assert model.score_one(row | {feature.name: value}) == model.score_one(row)


@pytest.mark.slow
def test_changing_the_same_features_changes_scores_of_the_model_that_uses_them():
    frame, _ = people(50)
    estimator = trained("all").content.model
    before = estimator.predict_proba(frame)[:, 1]
    for feature in PROTECTED:
        value = feature.values[-1] if feature.values else feature.maximum
        assert not np.array_equal(before, estimator.predict_proba(frame.assign(**{feature.name: value}))[:, 1])


@pytest.fixture
def model(artifacts):
    from predictions.registry import current_model

    return current_model()
