import numpy as np
import pytest
from scipy.optimize import check_grad, minimize
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from features import schema
from predictions.ml.pipeline import AdditiveBasis, build_pipeline, used_features
from predictions.tests.workforce import people

pytestmark = pytest.mark.slow


def test_default_features_leave_out_exactly_the_protected_ones():
    assert set(schema.FEATURE_NAMES) - set(used_features("default")) == {
        "age",
        "genre",
        "statut_marital",
        "jeune_surcharge",
    }


def test_all_features_are_the_contract():
    assert used_features("all") == schema.FEATURE_NAMES


def test_unknown_feature_set_is_named():
    with pytest.raises(ValueError, match="'none'"):
        used_features("none")


def test_basis_keeps_the_columns_of_a_feature_together_and_centres_on_the_training_rows():
    frame, _ = people()
    basis = AdditiveBasis(used_features("default")).fit(frame)
    design = basis.transform(frame)
    assert basis.slices_[0].start == 0
    assert basis.slices_[-1].stop == design.shape[1] == len(basis.means_)
    assert basis.means_ == pytest.approx(design.mean(axis=0))


def test_basis_leaves_out_a_feature_that_never_varies():
    frame, _ = people()
    basis = AdditiveBasis(used_features("default")).fit(frame.assign(niveau_education=3.0))
    assert "niveau_education" not in [term.feature for term in basis.terms_]


def test_basis_before_fit_refuses():
    with pytest.raises(NotFittedError):
        AdditiveBasis(["age"]).transform(people()[0])


def test_pipeline_can_be_cloned_with_its_parameters():
    pipeline = clone(build_pipeline(features="all", C=0.7))
    assert pipeline["logistic"].C == 0.7
    assert tuple(pipeline["basis"].features) == schema.FEATURE_NAMES


@pytest.fixture(scope="module")
def fitted():
    frame, target = people()
    pipeline = build_pipeline(C=0.3).fit(frame, target)
    return pipeline["logistic"], pipeline["basis"].transform(frame), target


def objective(coefficients, design, target, penalty):
    """Penalised negative log-likelihood; the intercept, last, is free."""
    log_odds = design @ coefficients[:-1] + coefficients[-1]
    likelihood = np.sum(np.logaddexp(0, log_odds) - target * log_odds)
    return likelihood + coefficients[:-1] @ coefficients[:-1] / (2 * penalty)


def test_coefficients_are_at_the_minimum_of_the_penalised_likelihood(fitted):
    logistic, design, target = fitted
    found = np.r_[logistic.coef_[0], logistic.intercept_]
    best = minimize(objective, found, (design, target, logistic.C), method="BFGS").fun
    assert objective(found, design, target, logistic.C) == pytest.approx(best, abs=1e-6)


def test_covariance_is_the_inverse_curvature_of_the_penalised_likelihood(fitted):
    logistic, design, target = fitted
    found = np.r_[logistic.coef_[0], logistic.intercept_]
    curvature = np.linalg.inv(logistic.covariance_)

    def tangent(coefficients):
        return objective(coefficients, design, target, logistic.C)

    def gradient(coefficients):
        return curvature @ (coefficients - found)

    near = found + 1e-3 * np.random.default_rng(0).standard_normal(len(found))
    assert check_grad(tangent, gradient, near) < 1e-2 * np.linalg.norm(gradient(near))


def test_errors_are_the_standard_errors_of_the_log_odds(fitted):
    logistic, design, _ = fitted
    row = np.r_[design[0], 1.0]
    assert logistic.errors(design[:1])[0] == pytest.approx(np.sqrt(row @ logistic.covariance_ @ row))
