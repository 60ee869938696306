import itertools

import pytest

from employees import columns
from employees.columns import BY_NAME as RAW
from features import schema
from features.schema import FEATURES, SATISFACTIONS, FeatureKind

# The contract, in its order: the payload of POST /predict/by-features and the input of the model.
CONTRACT = """
note_evaluation_precedente niveau_hierarchique_poste note_evaluation_actuelle heures_supplementaires
augmentation_salaire_precedente age genre revenu_mensuel statut_marital departement poste nombre_experiences_precedentes
annee_experience_totale annees_dans_l_entreprise annees_dans_le_poste_actuel nombre_participation_pee
nb_formations_suivies distance_domicile_travail niveau_education domaine_etude frequence_deplacement
annees_depuis_la_derniere_promotion annees_sous_responsable_actuel satisfaction_moyenne nonlineaire_participation_pee
ratio_heures_sup_salaire nonlinaire_charge_contrainte nonlinaire_surmenage_insatisfaction jeune_surcharge
anciennete_sans_promotion mobilite_carriere risque_global
""".split()  # noqa: SIM905 - reads as the contract's own listing
ENGINEERED = CONTRACT[CONTRACT.index("satisfaction_moyenne") :]


def names(which):
    return {feature.name for feature in FEATURES if getattr(feature, which)}


def test_features_are_those_of_the_contract_in_its_order():
    assert list(schema.FEATURE_NAMES) == CONTRACT
    assert list(schema.BY_NAME) == CONTRACT


def test_engineered_features_are_the_last_nine():
    assert [feature.name for feature in FEATURES if feature.is_engineered] == ENGINEERED


def test_protected_features_are_what_the_law_names_and_what_derives_from_it():
    assert names("is_protected") == {"age", "genre", "statut_marital", "jeune_surcharge"}


def test_business_inputs_are_the_features_that_are_not_engineered_and_the_four_satisfactions():
    assert [feature.name for feature in SATISFACTIONS] == list(columns.SATISFACTIONS)
    assert list(schema.INPUT_NAMES) == CONTRACT[: -len(ENGINEERED)] + list(columns.SATISFACTIONS)
    assert [feature.name for feature in schema.business_inputs()] == list(schema.INPUT_NAMES)


def test_actionable_features_are_business_inputs_that_are_not_protected():
    actionable = {feature.name for feature in (*FEATURES, *SATISFACTIONS) if feature.is_actionable}
    assert actionable
    assert actionable <= set(schema.INPUT_NAMES) - names("is_protected")


def test_sources_of_a_formula_of_formulas_are_the_columns_at_the_end():
    assert schema.sources_of("risque_global") == {
        *columns.SATISFACTIONS,
        *("heures_supplementaires", "revenu_mensuel", "annees_dans_l_entreprise"),
        "annees_depuis_la_derniere_promotion",
    }


@pytest.mark.parametrize("name", ["revenu_mensuel", "satisfaction_employee_equipe", "ayant_enfants", "no such column"])
def test_source_of_what_is_no_formula_is_itself(name):
    assert schema.sources_of(name) == {name}


@pytest.mark.parametrize("feature", [*FEATURES, *SATISFACTIONS], ids=lambda feature: feature.name)
def test_bounds_and_choices_of_a_raw_feature_are_those_of_its_column(feature):
    if feature.is_engineered or feature.name in ("genre", "frequence_deplacement", "heures_supplementaires"):
        return
    column = RAW[feature.name]
    assert (feature.minimum, feature.maximum) == (column.minimum, column.maximum)
    assert set(feature.values) == set(column.choices)


def test_encoded_features_have_the_numbers_of_the_contract():
    assert schema.BY_NAME["genre"].values == (0, 1)
    assert schema.BY_NAME["genre"].label_of(0) == "Woman"
    assert schema.BY_NAME["frequence_deplacement"].values == (0, 1, 2, 3)
    assert schema.BY_NAME["heures_supplementaires"].values == (0, 1)


@pytest.mark.parametrize("feature", [*FEATURES, *SATISFACTIONS], ids=lambda feature: feature.name)
def test_every_feature_has_a_label_a_phrase_and_limits(feature):
    assert feature.label
    assert "%(value)s" in feature.phrase or feature.kind == FeatureKind.BOOLEAN
    if feature.kind == FeatureKind.CHOICE:
        assert feature.choices
        assert feature.minimum is None
    else:
        assert feature.minimum < feature.maximum
    if feature.kind == FeatureKind.BOOLEAN:
        assert feature.phrase_no
        assert (feature.minimum, feature.maximum) == (0, 1)
    if feature.kind == FeatureKind.ORDINAL:
        assert feature.values == tuple(range(feature.minimum, feature.maximum + 1))


def test_label_of_an_unnamed_value_is_the_value():
    assert schema.BY_NAME["age"].label_of(41) == "41"


def test_integers_are_the_counted_the_named_and_the_booleans():
    assert {feature.kind for feature in FEATURES if feature.is_integer} == {
        FeatureKind.INTEGER,
        FeatureKind.BOOLEAN,
        FeatureKind.ORDINAL,
    }


def test_labels_tell_the_features_apart():
    for one, other in itertools.combinations((*FEATURES, *SATISFACTIONS), 2):
        assert one.label != other.label
