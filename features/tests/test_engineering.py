import itertools

import pandas as pd
import pytest

from employees.tests.files import extracts, joined
from features import schema
from features.engineering import DTYPES, MissingInputs, engineer, engineer_one
from features.tests.factories import INPUTS


def one(**changes):
    return engineer_one(INPUTS | changes)


@pytest.mark.parametrize(
    ("name", "changes", "expected"),
    [
        (
            "satisfaction_moyenne",
            dict(zip(schema.INPUT_NAMES[-4:], (1, 2, 4, 4), strict=True)),
            2.75,
        ),
        ("nonlineaire_participation_pee", {"nombre_participation_pee": 3, "annees_dans_l_entreprise": 8}, 3 / 12),
        ("nonlineaire_participation_pee", {"nombre_participation_pee": 0, "annees_dans_l_entreprise": 0}, 0),
        ("ratio_heures_sup_salaire", {"heures_supplementaires": 1, "revenu_mensuel": 4999}, 1 / 5000),
        ("ratio_heures_sup_salaire", {"heures_supplementaires": 0, "revenu_mensuel": 4999}, 0),
        ("nonlinaire_charge_contrainte", {"heures_supplementaires": 1, "distance_domicile_travail": 10}, 10 / 400),
        ("nonlinaire_charge_contrainte", {"heures_supplementaires": 1, "distance_domicile_travail": 30}, 30 / 1600),
        ("nonlinaire_charge_contrainte", {"heures_supplementaires": 0, "distance_domicile_travail": 30}, 0),
        ("nonlinaire_surmenage_insatisfaction", {"heures_supplementaires": 1}, 1 - 2),
        ("nonlinaire_surmenage_insatisfaction", {"heures_supplementaires": 0}, 0),
        ("jeune_surcharge", {"age": 29, "heures_supplementaires": 1}, 1),
        ("jeune_surcharge", {"age": 30, "heures_supplementaires": 1}, 0),
        ("jeune_surcharge", {"age": 29, "heures_supplementaires": 0}, 0),
        (
            "anciennete_sans_promotion",
            {"annees_dans_l_entreprise": 9, "annees_depuis_la_derniere_promotion": 4},
            5 / 10,
        ),
        ("mobilite_carriere", {"nombre_experiences_precedentes": 3, "annee_experience_totale": 11}, 3 / 12),
        (
            "risque_global",
            {"revenu_mensuel": 999, "annees_dans_l_entreprise": 9, "annees_depuis_la_derniere_promotion": 4},
            1 / 1000 * 0.5 * (1 - 2),
        ),
        ("genre", {"genre": "F"}, 0),
        ("genre", {"genre": "M"}, 1),
        ("frequence_deplacement", {"frequence_deplacement": "Aucun"}, 0),
        ("frequence_deplacement", {"frequence_deplacement": "Occasionnel"}, 1),
        ("frequence_deplacement", {"frequence_deplacement": "Frequent"}, 2),
        ("frequence_deplacement", {"frequence_deplacement": 3}, 3),
        ("heures_supplementaires", {"heures_supplementaires": True}, 1),
        ("heures_supplementaires", {"heures_supplementaires": False}, 0),
    ],
)
def test_feature_follows_the_formula(name, changes, expected):
    assert one(**changes)[name] == pytest.approx(expected, abs=1e-12)


def test_other_inputs_pass_straight_through():
    features = one()
    for name in set(schema.FEATURE_NAMES) & INPUTS.keys():
        assert features[name] == INPUTS[name]


def test_features_are_the_contract_in_order_with_its_types():
    frame = engineer(pd.DataFrame([INPUTS, INPUTS | {"age": 20}], index=[7, 3]))
    assert tuple(frame.columns) == schema.FEATURE_NAMES
    assert frame.dtypes.astype(str).to_dict() == DTYPES
    assert frame.index.tolist() == [7, 3]


def test_one_employee_is_plain_python_values():
    assert {type(value) for value in one().values()} == {int, float, str}
    assert tuple(one()) == schema.FEATURE_NAMES


def test_one_employee_equals_the_same_among_others():
    rows = [INPUTS, INPUTS | {"age": 20, "genre": "M", "revenu_mensuel": 2000}]
    rows[0] = rows[0] | {"genre": "F"}
    frame = engineer(pd.DataFrame(rows))
    for place, row in enumerate(rows):
        assert frame.iloc[place].to_dict() == engineer_one(row)


def test_frame_of_the_extracts_is_engineered_as_it_is():
    features = engineer(joined(*extracts(genre="M", heure_supplementaires="Non").values()))
    assert features["genre"].tolist() == [0, 1, 0]
    assert features["heures_supplementaires"].tolist() == [1, 0, 1]
    assert features["poste"].tolist() == ["Représentant Commercial"] * 3


def test_inputs_are_left_as_they_are():
    raw = pd.DataFrame([INPUTS | {"genre": "F"}])
    before = raw.copy()
    engineer(raw)
    pd.testing.assert_frame_equal(raw, before)


@pytest.mark.parametrize("name", schema.INPUT_NAMES)
def test_absent_input_is_named(name):
    with pytest.raises(MissingInputs) as caught:
        engineer(pd.DataFrame([{key: value for key, value in INPUTS.items() if key != name}]))
    assert caught.value.names == [name]


@pytest.mark.parametrize("name", [name for name in schema.INPUT_NAMES if name not in schema.OPTIONAL_INPUTS])
def test_input_without_a_value_is_named(name):
    for call in (engineer_one, lambda inputs: engineer(pd.DataFrame([inputs, INPUTS]))):
        with pytest.raises(MissingInputs) as caught:
            call(INPUTS | {name: None})
        assert caught.value.names == [name]


def test_all_missing_inputs_are_named_at_once():
    with pytest.raises(MissingInputs, match="revenu_mensuel, poste"):
        one(revenu_mensuel=None, poste=None)


def test_unknown_age_sex_and_marital_status_stay_unknown_with_what_is_made_of_them():
    values = one(age=None, genre=None, statut_marital=None)
    unknown = {name for name, value in values.items() if value is None}
    assert unknown == {"age", "genre", "statut_marital", "jeune_surcharge"} == schema.OPTIONAL_FEATURES


def test_word_that_is_not_of_the_extracts_is_a_missing_input():
    with pytest.raises(MissingInputs, match="genre"):
        one(genre="X")


def test_permitted_inputs_give_permitted_features():
    """At every corner of what the inputs may hold, so anywhere between them: each formula is monotonic in each."""
    limits = {
        name: sorted({bound for bound in (feature.minimum, feature.maximum, peak) if bound is not None})
        for feature in schema.business_inputs()
        for name, peak in [(feature.name, 10 if feature.name == "distance_domicile_travail" else None)]
        if feature.minimum is not None
    }
    weighing = [
        "heures_supplementaires",
        "revenu_mensuel",
        "distance_domicile_travail",
        "nombre_participation_pee",
        "annees_dans_l_entreprise",
        "annees_depuis_la_derniere_promotion",
        "nombre_experiences_precedentes",
        "annee_experience_totale",
        "satisfaction_employee_equipe",
        "age",
    ]
    satisfactions = [feature.name for feature in schema.SATISFACTIONS]
    corners = itertools.product(*(limits[name] for name in weighing))
    rows = [INPUTS | dict(zip(weighing, corner, strict=True)) for corner in corners]
    for row in rows:
        row |= dict.fromkeys(satisfactions, row["satisfaction_employee_equipe"])
    frame = engineer(pd.DataFrame(rows))
    for feature in schema.FEATURES:
        if feature.minimum is not None:
            assert frame[feature.name].between(feature.minimum, feature.maximum).all(), feature.name


def test_formula_moves_with_its_sources_and_with_nothing_else():
    formulas = [feature.name for feature in schema.FEATURES if feature.is_engineered]
    start = INPUTS | {"age": 25, "annees_depuis_la_derniere_promotion": 2, "nombre_participation_pee": 1}
    other = {"age": 45, "heures_supplementaires": 0, "departement": "Commercial", "poste": "Manager"}
    other |= {"domaine_etude": "Autre", "statut_marital": "Divorcé(e)"}
    before = engineer_one(start)
    moving = {formula: set() for formula in formulas}
    for name, value in start.items():
        after = engineer_one(start | {name: other[name] if name in other else value + 1})
        for formula in formulas:
            if after[formula] != before[formula]:
                moving[formula].add(name)
    assert moving == {formula: schema.sources_of(formula) for formula in formulas}
