"""The estimator: an additive logistic regression on broken lines, with the uncertainty of its coefficients.

``build_pipeline`` gives a scikit-learn ``Pipeline`` of two steps: ``AdditiveBasis`` turns each feature into columns of
its own, ``LaplaceLogisticRegression`` weighs them. The log-odds are a sum of one function a feature, so that the
explanation is exact (Hastie and Tibshirani, *Generalized Additive Models*, 1990).
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from features import schema
from predictions.ml import terms
from predictions.ml.artifacts.card_format import FEATURE_SETS


def used_features(features: str) -> tuple[str, ...]:
    """Names of the inputs of a model: ``"default"`` leaves out the protected features, ``"all"`` none."""
    if features not in FEATURE_SETS:
        raise ValueError(f"features is {features!r}; it must be one of {', '.join(FEATURE_SETS)}")
    return tuple(f.name for f in schema.FEATURES if features == "all" or not f.is_protected)


def build_pipeline(*, features: str = "default", C: float = 0.2) -> Pipeline:
    """An unfitted additive model; ``C`` is the inverse of the penalty on the coefficients."""
    return Pipeline([("basis", AdditiveBasis(used_features(features))), ("logistic", LaplaceLogisticRegression(C=C))])


class AdditiveBasis(TransformerMixin, BaseEstimator):
    """Each feature by itself to design columns: levels, a line or a broken line (see ``terms.learn``).

    Learned: ``terms_``, one ``Term`` a feature that varies; ``slices_``, its columns; ``means_``, the ``(p,)`` mean of
    each column over the training rows, the point on which contributions are centred.
    """

    def __init__(self, features: Iterable[str], n_knots: int = 6, max_line_values: int = 4):
        self.features = features
        self.n_knots = n_knots
        self.max_line_values = max_line_values

    def fit(self, X: pd.DataFrame, y=None):
        learned = (
            terms.learn(X[name], n_knots=self.n_knots, max_line_values=self.max_line_values) for name in self.features
        )
        self.terms_ = tuple(term for term in learned if term is not None)
        stops = np.cumsum([term.width for term in self.terms_])
        self.slices_ = tuple(
            slice(int(stop - term.width), int(stop)) for term, stop in zip(self.terms_, stops, strict=True)
        )
        self.means_ = self.transform(X).mean(axis=0)
        return self

    def transform(self, X: pd.DataFrame) -> np.ndarray:
        """``(n, p)`` design matrix of ``n`` employees."""
        check_is_fitted(self, "terms_")
        design = np.empty((len(X), self.slices_[-1].stop))
        for term, columns in zip(self.terms_, self.slices_, strict=True):
            design[:, columns] = term.columns(X[term.feature])
        return design

    def is_unseen(self, X: pd.DataFrame) -> np.ndarray:
        """``(n,)`` booleans: at least one value outside what the training data held."""
        return np.logical_or.reduce([term.is_unseen(X[term.feature]) for term in self.terms_])


class LaplaceLogisticRegression(LogisticRegression):
    """L2-penalised logistic regression that also learns the covariance of its coefficients.

    ``covariance_``, shape ``(p + 1, p + 1)`` with the intercept last, is the Laplace approximation: the inverse of the
    penalised log-likelihood's curvature at its maximum, the penalty read as a Gaussian prior of variance ``C``
    (MacKay 1992, *The evidence framework applied to classification networks*).
    """

    def __init__(self, C: float = 1.0, max_iter: int = 5000):
        super().__init__(C=C, max_iter=max_iter, solver="newton-cholesky", tol=1e-8)

    def fit(self, X: np.ndarray, y: np.ndarray, sample_weight=None):
        super().fit(X, y, sample_weight)
        design = np.column_stack([X, np.ones(len(X))])
        probability = expit(design @ np.r_[self.coef_[0], self.intercept_[0]])
        weights = probability * (1 - probability)
        precision = (design * weights[:, None]).T @ design
        precision[np.diag_indices(X.shape[1])] += 1 / self.C
        self.covariance_ = np.linalg.inv(precision)
        return self

    def errors(self, X: np.ndarray) -> np.ndarray:
        """``(n,)`` standard errors of the log-odds of ``n`` design rows."""
        design = np.column_stack([X, np.ones(len(X))])
        return np.sqrt(np.einsum("ij,jk,ik->i", design, self.covariance_, design, optimize=True))
