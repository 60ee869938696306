from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from features.engineering import engineer
from features.schema import INPUT_NAMES, SATISFACTIONS
from predictions.ml.assessment import drift
from predictions.tests.workforce import people


def probability_of(frame):
    """Of leaving within a year: overtime, dissatisfaction, a low pay and a short time with the company make people
    leave, those of sales more than others."""
    risk = 1.3 * frame["heures_supplementaires"] - 0.8 * (frame["satisfaction_moyenne"] - 2.5)
    risk = risk - frame["revenu_mensuel"] / 15_000 + 0.6 * (frame["departement"] == "Commercial")
    return expit((risk - 0.3 * frame["annees_dans_l_entreprise"].clip(upper=3) - 0.8).to_numpy(float))


def workforce(n, *, seed=1, overtime=0.28):
    """People of whom a share works overtime."""
    frame, _ = people(n, seed=seed)
    values = np.random.default_rng(seed).random(n) < overtime
    return frame.assign(heures_supplementaires=values.astype(int))


def reference_of(frame, **options):
    later = [probability_of(drift.aged(frame, years)) for years in drift.YEARS]
    return drift.reference(frame, probability_of(frame), later=later, **options)


def check(frame, reference, *, years=0.0):
    return drift.compare(drift.count(frame, probability_of(frame), reference), reference, years=years)


def drifted(shifts):
    return {shift.name for shift in shifts if shift.is_drift}


@pytest.fixture(scope="module")
def training():
    return workforce(1_470)


@pytest.fixture(scope="module")
def reference(training):
    return reference_of(training, as_of=date(2026, 6, 30))


def test_reference_holds_no_more_than_counts(reference, training):
    assert reference["employees"] == 1_470
    assert reference["as_of"] == "2026-06-30"
    assert set(reference["bins"]) == {*drift.WATCHED, drift.SCORES}
    for name, bins in reference["bins"].items():
        assert sum(bins["counts"]) == 1_470, name
        assert sum(bins["expected"]) == pytest.approx(probability_of(training).sum()), name
        assert [sum(then) for then in bins["later"]] == pytest.approx([1_470] * 3), name
        assert {len(each) for each in (bins["counts"], bins["expected"], *bins["later"])} == {len(bins["counts"])}
        assert len(bins["counts"]) <= 11, name
    assert "jeune_surcharge" not in reference["bins"]
    assert "age" in reference["bins"]


def test_aged_people_are_older_and_their_formulas_follow():
    frame, _ = people(50)
    raw = frame.assign(**dict.fromkeys((each.name for each in SATISFACTIONS), frame["satisfaction_moyenne"]))
    raw = raw[list(INPUT_NAMES)].assign(**{name: np.minimum(frame[name] + 2, top) for name, top in TOPS.items()})
    pd.testing.assert_frame_equal(drift.aged(frame, 2), engineer(raw))


TOPS = {name: drift.BY_NAME[name].maximum for name in drift.DURATIONS}


def test_reference_weights_those_of_later_years_by_their_chance_of_being_there():
    frame = workforce(400)
    chance = np.where(frame["heures_supplementaires"] == 1, 0.5, 0.0)
    with_overtime = int(frame["heures_supplementaires"].sum())
    bins = drift.reference(frame, chance)["bins"]["heures_supplementaires"]
    for years, then in zip(drift.YEARS, bins["later"], strict=True):
        left = with_overtime * 0.5**years
        assert then[1] == pytest.approx(400 * left / (400 - with_overtime + left))
    of_six_months = drift.reference(frame, chance, months=6)["bins"]["heures_supplementaires"]
    assert of_six_months["later"][0] == pytest.approx(bins["later"][1])


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
    for name in ("age", "revenu_mensuel", "satisfaction_moyenne"):
        below, above = np.quantile(training[name], (0.35, 0.65))
        assert below <= drift.typical(reference["bins"][name], 0) <= above, name


def test_the_training_data_have_not_drifted(training, reference):
    shifts = check(training, reference)
    assert len(shifts) == len(drift.WATCHED) + 1
    assert drifted(shifts) == set()
    assert max(shift.moved for shift in shifts) == pytest.approx(0)
    assert max(abs(shift.effect) for shift in shifts) == pytest.approx(0)


def test_another_draw_from_the_same_workforce_has_not_drifted(reference):
    assert drifted(check(workforce(1_470, seed=2), reference)) == set()


def starters(n=1_470):
    """Recently hired people: a year more makes a large difference to their durations."""
    frame = workforce(n)
    few = np.random.default_rng(3).integers(0, 3, (len(drift.DURATIONS), n))
    return frame.assign(**{name: frame[name] % 1 + values for name, values in zip(drift.DURATIONS, few, strict=True)})


def test_a_year_more_for_everyone_is_no_drift():
    frame = starters()
    reference = reference_of(frame)
    older = drift.aged(frame, 1)
    assert drifted(check(older, reference, years=1)) == set()
    assert "annees_dans_l_entreprise" in drifted(check(older, reference))
    half = pd.concat([older[: len(frame) // 2], frame[len(frame) // 2 :]])
    assert drifted(check(half, reference, years=0.5)) == set()
    assert drifted(check(drift.aged(frame, 9), reference, years=1)) >= {"annees_dans_l_entreprise"}


def test_those_whom_a_year_without_anyone_hired_leaves_are_no_drift():
    frame = workforce(14_700)
    reference = reference_of(frame)
    stays = np.random.default_rng(4).random(len(frame)) >= probability_of(frame)
    left_over = drift.aged(frame[stays].reset_index(drop=True), 1)
    assert drifted(check(left_over, reference, years=1)) == set()
    assert "heures_supplementaires" in drifted(check(left_over, reference))


def test_a_shift_says_how_far_time_alone_explains_it():
    frame = starters()
    found = {shift.name: shift for shift in check(drift.aged(frame, 1), reference_of(frame), years=2)}
    assert found["annees_dans_l_entreprise"].years == pytest.approx(1, abs=0.3)
    assert found["annees_dans_l_entreprise"].moved < 0.1


@pytest.mark.parametrize(
    ("name", "change", "least"),
    [
        ("revenu_mensuel", lambda values: values * 12, 1),
        ("departement", lambda values: np.where(np.arange(len(values)) % 3 == 0, "Commercial", values), 1),
        ("departement", lambda values: np.where(np.arange(len(values)) % 9 == 0, "Nouveau", values), 1),
        ("satisfaction_moyenne", lambda values: 5 - values + 0.4, 1),
    ],
)
def test_a_real_change_is_drift_and_names_its_feature(reference, name, change, least):
    frame = workforce(1_470, seed=2)
    shifts = check(frame.assign(**{name: change(frame[name].to_numpy())}), reference)
    assert name in drifted(shifts)
    assert shifts[0].is_drift


def test_overtime_from_28_to_37_percent_is_drift(reference):
    shifts = check(workforce(1_470, seed=2, overtime=0.37), reference)
    assert "heures_supplementaires" in drifted(shifts)
    (found,) = (shift for shift in shifts if shift.name == "heures_supplementaires")
    assert found.moved == pytest.approx(0.09, abs=0.02)
    assert found.effect > 0.05


def year_of(frame, *, newcomers=0.15, overtime=0.2, seed=5):
    """A year in which so many people are replaced, and of the others so many draw their overtime anew."""
    random = np.random.default_rng(seed)
    is_new, draws = random.random(len(frame)) < newcomers, random.random(len(frame)) < overtime
    works = frame["heures_supplementaires"].to_numpy()
    before = np.where(draws, random.random(len(frame)) < works.mean(), works)
    scored = frame.assign(**{drift.SCORES: probability_of(frame)})
    then = scored.assign(heures_supplementaires=before)
    person = np.arange(len(frame))
    return drift.Year(12.0, then.set_axis(np.where(is_new, -1 - person, person)), scored.set_axis(person))


def test_who_is_new_or_has_another_value_a_year_later_is_learned(training):
    bins = reference_of(training, year=year_of(training))["bins"]
    assert bins["heures_supplementaires"]["renewed"] == pytest.approx(1 - 0.85 * 0.8, abs=0.05)
    assert bins["departement"]["renewed"] == pytest.approx(0.15, abs=0.03)
    assert bins["annees_dans_l_entreprise"]["renewed"] == 1


def test_a_part_of_a_year_is_taken_for_as_much_of_one(training):
    year = year_of(training)
    part = drift.Year(6.0, year.before, year.after)
    bins = reference_of(training, year=part)["bins"]["departement"]
    assert bins["renewed"] == pytest.approx(1 - 0.85**2, abs=0.05)


def test_what_a_year_renews_tells_more_overtime_among_two_hundred_people():
    before = workforce(200)
    works = np.r_[np.ones(56), np.zeros(144)].astype(int)
    before = before.assign(heures_supplementaires=works)
    after = before.assign(heures_supplementaires=np.r_[np.ones(74), np.zeros(126)].astype(int))
    assert "heures_supplementaires" not in drifted(check(after, reference_of(before), years=1))
    known = reference_of(before, year=year_of(before, overtime=0.05))
    assert "heures_supplementaires" in drifted(check(after, known, years=1))


def test_effect_is_the_change_of_the_mean_probability_by_the_means_of_training():
    bins = {"counts": [60, 40], "expected": [6.0, 16.0]}  # of leaving: 0.1 and 0.4, on average 0.22
    effect = drift._effect(bins, np.array([0.6, 0.4]), np.array([0.5, 0.5]))
    assert effect == pytest.approx(0.25 / 0.22 - 1)


def test_of_an_unseen_value_nothing_is_expected():
    bins = {"counts": [100, 0], "expected": [22.0, 0.0]}
    assert drift._effect(bins, np.array([1.0, 0.0]), np.array([0.9, 0.1])) == pytest.approx(-0.1)


def test_a_shift_that_does_not_matter_is_no_drift(training, reference):
    """Some have another level of education, which has no part in leaving."""
    levels = training["niveau_education"].to_numpy().copy()
    lowest = np.flatnonzero(levels == 1)
    levels[lowest[: len(levels) // 14]] = 5
    shifts = check(training.assign(niveau_education=levels), reference)
    (found,) = (shift for shift in shifts if shift.name == "niveau_education")
    assert found.adjusted < drift.LEVEL
    assert not found.is_drift


def test_a_third_of_the_people_with_another_value_that_moves_no_score_are_no_drift(training, reference):
    fields = np.where(np.arange(len(training)) % 3 == 0, "Autre", training["domaine_etude"])
    shifts = check(training.assign(domaine_etude=fields), reference)
    (found,) = (shift for shift in shifts if shift.name == "domaine_etude")
    assert found.moved > 0.2
    assert not found.is_drift


def test_a_small_change_in_a_huge_workforce_is_no_drift(training, reference):
    many = pd.concat([training] * 100, ignore_index=True)
    overtime = many["heures_supplementaires"].to_numpy().copy()
    overtime[:2_000] = 1
    shifts = check(many.assign(heures_supplementaires=overtime), reference)
    assert drifted(shifts) == set()


def test_fewer_than_thirty_people_say_nothing(training, reference):
    assert check(training[:29], reference) == []
    assert check(training[:30], reference) != []


def test_counts_of_parts_add_up(training, reference):
    whole = drift.count(training, probability_of(training), reference)
    first, second = (drift.count(part, probability_of(part), reference) for part in (training[:400], training[400:]))
    for name, counts in whole.items():
        assert np.array_equal(counts, first[name] + second[name]), name


@pytest.mark.parametrize(
    ("as_of", "day", "years"),
    [("2026-06-30", date(2027, 6, 30), 1), ("2026-06-30", date(2026, 5, 31), 0), (None, date(2027, 6, 30), 0)],
)
def test_years_between_the_reference_and_a_day(as_of, day, years):
    assert drift.years_between({"as_of": as_of}, day) == pytest.approx(years, abs=0.01)


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


def test_holm_with_weights_by_hand():
    """In the order of p / weight: 0.02 / 2, then 0.03 / 1; the weights left are 3, then 1."""
    assert drift.holm(np.array([0.03, 0.02]), np.array([1.0, 2.0])) == pytest.approx([0.03, 0.03])
    assert drift.holm(np.array([0.01, 0.01]), np.array([1.0, 3.0])) == pytest.approx([0.04 / 3, 0.04 / 3])


def test_the_weight_of_a_feature_is_the_spread_of_the_mean_probability_over_its_bins():
    assert drift._spread({"counts": [50, 50], "expected": [5.0, 15.0]}) == pytest.approx(0.5)
    assert drift._spread({"counts": [50, 50], "expected": [10.0, 10.0]}) == drift.LEAST_WEIGHT
    assert drift._spread({"counts": [50, 50], "expected": [0.0, 0.0]}) == drift.LEAST_WEIGHT


def test_homogeneity_allows_for_people_who_change_together():
    assert drift.homogeneity(np.array([160, 240]), np.array([240, 160]), 8) == pytest.approx(
        drift.homogeneity(np.array([20, 30]), np.array([30, 20]))
    )


def test_what_is_unknown_is_neither_counted_nor_compared():
    frame, probability = people()[0], np.full(300, 0.2)
    known = drift.reference(frame, probability)
    unknown = frame.assign(age=pd.array([None] * len(frame), dtype="Int64"), statut_marital=None)
    counts = drift.count(unknown, probability, known)
    assert counts["age"].sum() == counts["statut_marital"].sum() == 0
    shifts = drift.compare(counts, known)
    assert "age" not in {shift.name for shift in shifts}
    assert not any(shift.is_drift for shift in shifts)


def test_reference_of_people_whose_age_is_partly_unknown():
    frame = people()[0]
    frame = frame.assign(age=pd.array([None, *frame["age"][1:]], dtype="Int64"))
    bins = drift.reference(frame, np.full(300, 0.2))["bins"]["age"]
    assert sum(bins["counts"]) == 299
    assert sum(bins["later"][0]) == pytest.approx(299)
