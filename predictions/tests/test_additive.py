import numpy as np
import pytest
from scipy.optimize import check_grad, minimize
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from features import schema
from predictions.ml import fitting
from predictions.ml.additive import AdditiveModel, directions, fit_path, used_features
from predictions.ml.links import LINKS
from predictions.tests.workforce import history, people

pytestmark = pytest.mark.slow

FORMULAS = {
    "nombre_participation_pee",  # its share of the seniority is scored instead
    "ratio_heures_sup_salaire",
    "nonlinaire_charge_contrainte",
    "nonlinaire_surmenage_insatisfaction",
    "anciennete_sans_promotion",
    "mobilite_carriere",
    "risque_global",
}
PROTECTED = {"age", "genre", "statut_marital", "jeune_surcharge"}


def test_default_features_leave_out_the_protected_ones_and_the_formulas():
    assert set(schema.FEATURE_NAMES) - set(used_features("default")) == FORMULAS | PROTECTED


def test_all_features_leave_out_the_formulas_alone():
    assert set(schema.FEATURE_NAMES) - set(used_features("all")) == FORMULAS


def test_no_two_scored_features_are_told_under_one_subject():
    told = [schema.BY_NAME[name].subject or name for name in used_features("all")]
    assert len(set(told)) == len(told)


def test_unknown_feature_set_is_named():
    with pytest.raises(ValueError, match="'none'"):
        used_features("none")


def test_a_feature_that_never_varies_has_no_term():
    frame, target = people()
    model = AdditiveModel().fit(frame.assign(niveau_education=3.0), target)
    assert "niveau_education" not in [term.feature for term in model.terms_]


def test_columns_of_a_feature_are_together_and_centred_on_the_training_rows():
    frame, target = people()
    model = AdditiveModel().fit(frame, target)
    columns = [term.columns(np.asarray(frame[term.feature])) for term in model.terms_]
    assert model.means_ == pytest.approx(np.concatenate(columns, axis=1).mean(axis=0))
    assert [part.stop - part.start for part in model.slices_] == [term.width for term in model.terms_]


def test_model_before_fit_refuses():
    with pytest.raises(NotFittedError):
        AdditiveModel().predict_proba(people()[0])


def test_model_can_be_cloned_with_its_parameters():
    assert clone(AdditiveModel(features="all", link="cloglog", C=0.7)).get_params() == {
        "features": "all",
        "link": "cloglog",
        "C": 0.7,
    }


def material(link):
    """Rows, outcomes and months to fit a model with this link."""
    if link == "logit":
        frame, target = people()
        return frame, target, np.ones(len(target))
    periods = history()
    return periods.frame, (periods.event > 0).astype(int), periods.exposure


@pytest.fixture(scope="module", params=LINKS)
def fitted(request):
    frame, outcome, exposure = material(request.param)
    return AdditiveModel(link=request.param, C=0.3).fit(frame, outcome, exposure), frame, outcome, exposure


def objective(coefficients, model, design, outcome, offset):
    """Penalised negative log-likelihood by its definition; the intercept, last, is free."""
    value = design @ coefficients + offset
    if model.link == "logit":
        likelihood = np.sum(np.logaddexp(0, value) - outcome * value)
    else:
        stays = np.exp(-np.exp(value))
        likelihood = -np.sum(np.where(outcome == 1, np.log(1 - stays), np.log(stays)))
    return likelihood + coefficients[:-1] @ coefficients[:-1] / (2 * model.C)


def pieces(fitted):
    """The coefficients of a model, and the arguments of its objective."""
    model, frame, outcome, exposure = fitted
    columns = [term.columns(np.asarray(frame[term.feature])) for term in model.terms_]
    design = np.column_stack([*columns, np.ones(len(frame))])
    return np.r_[model.coef_, model.intercept_], (model, design, outcome, model.offset(exposure))


def test_coefficients_are_at_the_minimum_of_the_penalised_likelihood_within_their_bounds(fitted):
    found, rest = pieces(fitted)
    signs = np.r_[directions(fitted[0].terms_), 0]
    bounds = [(0 if sign > 0 else None, 0 if sign < 0 else None) for sign in signs]
    best = minimize(objective, found, rest, method="L-BFGS-B", bounds=bounds).fun
    assert objective(found, *rest) == pytest.approx(best, abs=1e-6)
    assert (found * signs >= 0).all()
    assert ((found == 0) & (signs != 0)).any(), "no bound was needed: this shows nothing"


def test_covariance_is_the_inverse_curvature_of_the_penalised_likelihood(fitted):
    found, rest = pieces(fitted)
    curvature = np.linalg.inv(fitted[0].covariance_)
    near = 1e-3 * np.random.default_rng(0).standard_normal(len(found))

    def rise(step):
        """How far the gradient is from the one here: half of both sides, so that the first order cancels."""
        return (objective(found + step, *rest) + objective(found - step, *rest)) / 2

    assert check_grad(rise, lambda step: curvature @ step, near) < 1e-2 * np.linalg.norm(curvature @ near)


def test_errors_are_the_standard_errors_of_the_sum(fitted):
    model, frame, *_ = fitted
    _, (_, design, _, _) = pieces(fitted)
    row = design[0]
    assert model.errors(frame[:1])[0] == pytest.approx(np.sqrt(row @ model.covariance_ @ row))


def test_a_path_of_penalties_gives_the_models_of_single_fits():
    frame, target = people()
    models = fit_path([AdditiveModel(C=C) for C in (0.05, 0.3)], frame, target)
    for model in models:
        assert model.coef_ == pytest.approx(AdditiveModel(C=model.C).fit(frame, target).coef_, abs=1e-4)


def test_blocks_of_rows_give_the_same_fit_as_all_at_once(monkeypatch):
    frame, target = people()
    whole = AdditiveModel().fit(frame, target)
    monkeypatch.setattr(fitting, "BLOCK", 64)
    parts = AdditiveModel().fit(frame, target)
    assert parts.coef_ == pytest.approx(whole.coef_, abs=1e-9)
    assert parts.errors(frame) == pytest.approx(whole.errors(frame), abs=1e-9)


def test_a_fit_that_does_not_settle_says_so(monkeypatch):
    monkeypatch.setattr(fitting, "MAX_STEPS", 1)
    with pytest.raises(fitting.DidNotConverge, match="1 steps"):
        AdditiveModel().fit(*people())


def test_hazard_of_twice_the_months_is_twice_as_high():
    frame, outcome, exposure = material("cloglog")
    model = AdditiveModel(link="cloglog").fit(frame, outcome, exposure)
    six, twelve = (-np.log1p(-model.predict_proba(frame, months)[:, 1]) for months in (6.0, 12.0))
    assert twelve == pytest.approx(2 * six)


MOVES = {  # what HR can do, and the direction in which the risk may then go
    "augmentation_salaire_precedente": (2, -1),
    "niveau_hierarchique_poste": (1, -1),
    "nb_formations_suivies": (1, -1),
    "revenu_mensuel": (500, -1),
    "satisfaction_moyenne": (0.5, -1),
    "nonlineaire_participation_pee": (0.1, -1),
    "heures_supplementaires": (1, 1),
    "frequence_deplacement": (1, 1),
    "distance_domicile_travail": (3, 1),
    "annees_depuis_la_derniere_promotion": (2, 1),
    "annees_dans_le_poste_actuel": (2, 1),
    "annees_sous_responsable_actuel": (2, 1),
}
JUST_PROMOTED = {"annees_depuis_la_derniere_promotion": 0, "annees_dans_le_poste_actuel": 0}
NEW_MANAGER = {"annees_sous_responsable_actuel": 0}


@pytest.mark.parametrize("link", LINKS)
def test_no_lever_moves_anybody_the_wrong_way(link):
    frame, outcome, exposure = material(link)
    noise = np.random.default_rng(5).permutation(outcome)  # where nothing is true, half of the curves would turn
    model = AdditiveModel(link=link, C=5.0).fit(frame, noise, exposure)
    before = model.linear_predictor(frame)
    for name, (step, direction) in MOVES.items():
        moved = model.linear_predictor(frame.assign(**{name: frame[name] + step})) - before
        assert (moved * direction >= -1e-9).all(), name
    higher = {"niveau_hierarchique_poste": frame["niveau_hierarchique_poste"] + 1}
    for change in (JUST_PROMOTED, higher | JUST_PROMOTED, higher | NEW_MANAGER, JUST_PROMOTED | NEW_MANAGER):
        assert (model.linear_predictor(frame.assign(**change)) <= before + 1e-9).all(), change


def test_every_lever_of_the_schema_was_moved():
    assert set(MOVES) == {feature.name for feature in schema.FEATURES if feature.direction}
