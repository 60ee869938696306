import math

import numpy as np
import pytest
from django.utils import translation

from employees.access import PAY, SURVEY, WORK, Readable
from features import schema
from features.engineering import engineer_one
from features.tests.factories import INPUTS
from predictions import explanation
from predictions.explanation import reasons, strongest_two, strongest_two_of_each, tenths, why_not_enough
from predictions.ml.links import CLOGLOG, LOGIT

pytestmark = pytest.mark.django_db  # the labels of the words
VALUES = {
    "heures_supplementaires": 1,
    "distance_domicile_travail": 12,
    "revenu_mensuel": 2090,
    "departement": "Commercial",
    "augmentation_salaire_precedente": 11.0,
    "nonlinaire_charge_contrainte": 0.0083,
    "ratio_heures_sup_salaire": 0.0005,
}


def explain(contributions, base_value=-1.6, **options):
    options = {"readable": Readable.EVERYTHING, "link": LOGIT} | options
    return reasons(values=VALUES, base_value=base_value, contributions=contributions, **options)


@pytest.fixture(autouse=True)
def in_english():
    with translation.override("en"):
        yield


def test_reasons_are_ordered_by_weight_and_leave_zeros_out():
    found = explain({"heures_supplementaires": 0.4, "departement": -0.9, "revenu_mensuel": 0.0})
    assert [reason.name for reason in found] == ["departement", "heures_supplementaires"]


def test_what_a_formula_weighs_is_told_under_the_feature_that_people_know():
    (reason,) = explain({"heures_supplementaires": 0.4, "nonlinaire_charge_contrainte": 0.3, "risque_global": -0.1})
    assert reason.name == "heures_supplementaires"
    assert reason.contribution == pytest.approx(0.6)
    assert reason.phrase == "Works overtime"


def test_every_feature_is_told_under_one_that_tells_for_itself():
    assert set(explanation.SUBJECTS) == set(schema.FEATURE_NAMES)
    assert all(explanation.SUBJECTS[name] == name for name in explanation.SUBJECTS.values())
    assert all(
        explanation.SUBJECTS[feature.name] == feature.name for feature in schema.FEATURES if feature.is_protected
    )


def test_reasons_limit_keeps_the_heaviest():
    found = explain({"heures_supplementaires": 0.4, "departement": -0.9}, limit=1)
    assert [reason.name for reason in found] == ["departement"]


@pytest.mark.parametrize("link", [LOGIT, CLOGLOG])
@pytest.mark.parametrize("weights", [(0.7, -0.2), (0.5, -0.5), (1e-12, -2e-12), (3.0, 1.2), (-30.0, -700.0)])
def test_points_sum_to_the_distance_from_the_average_and_keep_their_signs(weights, link):
    contributions = dict(zip(("heures_supplementaires", "distance_domicile_travail"), weights, strict=True))
    found = explain(contributions, link=link)
    expected = link.probability(-1.6 + math.fsum(weights)) - link.probability(-1.6)
    assert sum(reason.points for reason in found) == pytest.approx(expected, abs=1e-9)
    assert all(reason.points * reason.contribution > 0 for reason in found)
    assert all(reason.raises_risk == (reason.points > 0) for reason in found)


@pytest.mark.parametrize("link", [LOGIT, CLOGLOG])
@pytest.mark.parametrize("seed", range(20))
def test_shown_points_add_up_from_the_average_shown_to_the_probability_shown(seed, link):
    random = np.random.default_rng(seed)
    names = random.choice(["distance_domicile_travail", "revenu_mensuel", "heures_supplementaires"], 3, replace=False)
    contributions = dict(zip(names.tolist(), random.normal(size=3).tolist(), strict=True))
    found = explain(contributions, base_value=-1.6, link=link)
    ends = [round(link.probability(value), 3) for value in (-1.6, -1.6 + sum(contributions.values()))]
    assert round(sum(reason.shown for reason in found), 9) == round(ends[1] - ends[0], 9)
    assert all(abs(reason.shown - reason.points) < 0.001 for reason in found)


def test_tenths_are_given_by_the_largest_remainder():
    assert tenths([0.0104, 0.0207, -0.0102], 21) == [10, 21, -10]
    assert tenths([0.0104, 0.0104, 0.0104], 32) == [11, 11, 10]
    assert tenths([], 0) == []


def test_what_is_not_enough_names_the_values_that_nobody_has_together():
    values = VALUES | {"annees_dans_le_poste_actuel": 12, "annees_dans_l_entreprise": 5, "poste": "Tech Lead"}
    pairs = [("annees_dans_le_poste_actuel", "annees_dans_l_entreprise"), ("departement", "poste")]
    years, together = why_not_enough(values, pairs, Readable.EVERYTHING)
    assert years == (
        "Years in the current job (12\N{NO-BREAK SPACE}years) cannot exceed "
        "Years with the company (5\N{NO-BREAK SPACE}years)."
    )
    assert together == "Nobody it has learned from combines “Department: Sales” with “Job: Tech lead”."
    (new,) = why_not_enough(values | {"departement": "Recherche"}, [("departement",)], Readable.EVERYTHING)
    assert new == "Nobody it has learned from has “Department: Recherche”."
    pay = [("poste", "revenu_mensuel")]
    assert why_not_enough(values, pay, Readable.of_matters([WORK])) == []


def test_points_of_a_limited_list_are_those_of_the_whole():
    contributions = {"heures_supplementaires": 0.4, "departement": -0.9}
    assert explain(contributions, limit=1)[0] == explain(contributions)[0]


def test_sentence_states_the_value_and_the_signed_points():
    (reason,) = explain({"distance_domicile_travail": 1.0}, base_value=0.0)
    assert reason.sentence == "Lives 12\N{NO-BREAK SPACE}km from work: +23.1 points"
    (reason,) = explain({"distance_domicile_travail": -1.0}, base_value=0.0)
    assert reason.sentence.endswith("−23.1 points")


@pytest.mark.parametrize("weight", [0.0004, -0.0004])
def test_sentence_has_no_sign_where_the_points_round_to_none(weight):
    (reason,) = explain({"distance_domicile_travail": weight}, base_value=0.0)
    assert reason.sentence == "Lives 12\N{NO-BREAK SPACE}km from work: 0.0 points"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("heures_supplementaires", 1, "Works overtime"),
        ("heures_supplementaires", 0, "Works no overtime"),
        ("departement", "Commercial", "Department: Sales"),
        ("frequence_deplacement", 2, "Business travel: Frequent"),
        ("augmentation_salaire_precedente", 11.0, "Last pay rise: 11%"),
        ("augmentation_salaire_precedente", 11.25, "Last pay rise: 11.25%"),
        ("revenu_mensuel", 12090, "Monthly income: €12,090"),
        ("annees_dans_l_entreprise", 0, "With the company for less than a year"),
        ("annees_dans_l_entreprise", 1, "With the company for 1\N{NO-BREAK SPACE}year"),
        ("annees_dans_l_entreprise", 2, "With the company for 2\N{NO-BREAK SPACE}years"),
        ("nonlinaire_charge_contrainte", 0.0083, "Overtime combined with the commute: 0.0083"),
    ],
)
def test_phrase_puts_the_value_in_words(name, value, expected):
    assert explanation.phrase(schema.BY_NAME[name], value) == expected


def test_every_feature_has_a_phrase_for_each_of_its_bounds():
    for feature in schema.FEATURES:
        for value in feature.values or (feature.minimum, feature.maximum):
            text = explanation.phrase(feature, value)
            assert text
            assert "%(" not in text


def test_rating_is_told_with_its_scale_in_words_and_alone_as_a_number():
    feature = schema.BY_NAME["note_evaluation_actuelle"]
    assert explanation.phrase(feature, 3) == "Current appraisal: 3 out of 4"
    assert explanation.in_full(feature, 3) == "3 out of 4"
    assert explanation.display(feature, 3) == "3"
    assert explanation.in_full(schema.BY_NAME["age"], 3) == "3\N{NO-BREAK SPACE}years"


def test_strongest_two_names_what_raises_the_risk_most():
    assert strongest_two({"age": 0.1, "poste": -3.0, "genre": 0.5, "departement": 0.2}) == ("genre", "departement")
    assert strongest_two({"age": 0.1, "poste": -3.0}) == ("age", "")
    assert strongest_two({}) == ("", "")
    formulas = {"heures_supplementaires": 0.2, "ratio_heures_sup_salaire": 0.2, "departement": 0.3, "poste": 0.25}
    assert strongest_two(formulas) == ("heures_supplementaires", "departement")


def test_strongest_two_of_each_are_the_strongest_two_of_every_row():
    rows = np.random.default_rng(0).normal(size=(300, len(schema.FEATURE_NAMES)))
    rows[:100] -= 2  # some of these have one that raises the risk, or none
    rows[rows > 2] = 0
    rows[0] = 0
    expected = [strongest_two(dict(zip(schema.FEATURE_NAMES, row, strict=True))) for row in rows.tolist()]
    assert list(zip(*strongest_two_of_each(rows), strict=True)) == expected
    assert {len([name for name in names if name]) for names in expected} == {0, 1, 2}
    assert strongest_two_of_each(rows[:0]) == ([], [])


def test_texts_follow_the_language_from_one_call_to_the_next():
    def texts(language):
        with translation.override(language):
            (reason,) = explain({"augmentation_salaire_precedente": 1.0}, base_value=0.0)
        return reason.value, reason.sentence[-12:]

    english, french, again = texts("en"), texts("fr"), texts("en")
    assert "23.1" in english[1]
    assert "23,1" in french[1]
    assert english == again


def test_reason_has_its_label_and_its_value_in_words():
    (reason,) = explain({"distance_domicile_travail": 1.0})
    assert (reason.label, reason.value) == (schema.BY_NAME[reason.name].label, "12\N{NO-BREAK SPACE}km")


def test_what_may_not_be_read_is_told_together_without_a_value():
    contributions = {"distance_domicile_travail": 0.4, "revenu_mensuel": 0.5, "augmentation_salaire_precedente": 0.3}
    first, second = explain(contributions, readable=Readable.of_matters([WORK]))
    assert (first.name, first.label, first.value, first.phrase) == (
        "",
        "Pay and survey answers",
        "",
        "Pay and survey answers",
    )
    assert first.contribution == pytest.approx(0.8)
    assert first.sentence == f"Pay and survey answers: +{first.shown * 100:.1f} points"
    assert first.shown == pytest.approx(first.points, abs=0.001)
    assert second.name == "distance_domicile_travail"
    assert sum(reason.points for reason in (first, second)) == pytest.approx(
        LOGIT.probability(-0.4) - LOGIT.probability(-1.6)
    )


def test_formula_of_what_may_not_be_read_is_not_told_under_what_may_be():
    contributions = {
        "heures_supplementaires": 0.4,
        "nonlinaire_charge_contrainte": 0.3,
        "ratio_heures_sup_salaire": 1.0,
    }
    pay, overtime = explain(contributions, readable=Readable.of_matters([WORK, SURVEY]))
    assert (pay.phrase, pay.contribution) == ("Pay", 1.0)
    assert (overtime.name, overtime.contribution) == ("heures_supplementaires", pytest.approx(0.7))


def test_what_may_not_be_read_needs_no_value():
    found = reasons(
        values={},
        base_value=-1.6,
        contributions={"age": 0.3},
        link=LOGIT,
        readable=Readable.of_matters([WORK, PAY, SURVEY]),
    )
    assert [reason.phrase for reason in found] == ["What the law protects (age, sex, family status)"]


def test_weights_that_cancel_out_are_no_reason():
    contributions = {"revenu_mensuel": 0.5, "satisfaction_moyenne": -0.5}
    assert explain(contributions, readable=Readable.of_matters([WORK])) == []


@pytest.mark.parametrize("matters", [(), (WORK,), (WORK, PAY), (WORK, SURVEY)])
def test_raising_most_are_the_first_two_of_the_reasons_that_raise(matters):
    values, readable = engineer_one(INPUTS), Readable.of_matters(matters)
    weights = [0.3, -0.8, 0.1, 0.5, -0.2, 0.4, 0.05]
    for start in range(len(weights)):
        contributions = {name: weights[(start + place) % 7] for place, name in enumerate(schema.FEATURE_NAMES)}
        found = reasons(values=values, base_value=-1.6, contributions=contributions, link=LOGIT, readable=readable)
        raising = [reason.phrase for reason in found if reason.raises_risk][:2]
        assert explanation.raising_most(values=values, contributions=contributions, readable=readable) == raising
