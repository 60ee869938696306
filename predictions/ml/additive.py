"""The estimator: a sum of one curve a feature, monotone for levers, on log-odds or on the log cumulative hazard.

The additive scale is a sum of one function a feature, so that the explanation is exact (Hastie and Tibshirani,
*Generalized Additive Models*, 1990).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from features import schema
from predictions.ml import decay, fitting, terms
from predictions.ml.artifacts.card_format import FEATURE_SETS
from predictions.ml.decay import Decay
from predictions.ml.links import LINKS, Link
from predictions.ml.scorer import slices


def used_features(features: str) -> tuple[str, ...]:
    """Names of the inputs of a model: ``"default"`` leaves out the protected features, ``"all"`` only formulas."""
    if features not in FEATURE_SETS:
        raise ValueError(f"features is {features!r}; it must be one of {', '.join(FEATURE_SETS)}")
    return tuple(f.name for f in schema.FEATURES if f.is_scored and (features == "all" or not f.is_protected))


class AdditiveModel(ClassifierMixin, BaseEstimator):
    """An additive model of whether somebody leaves, with the uncertainty of its coefficients.

    ``link`` is ``"logit"``, for outcomes without dates, or ``"cloglog"``, for person-periods: then ``exposure`` has
    their months, and a coefficient is a log hazard ratio. With the ``person`` and ``start`` of each period it also
    learns how that hazard decays beyond the period. ``C`` is the inverse of the penalty.

    Learned: ``terms_``, one ``ModelTerm`` a feature that varies; ``slices_``, its columns; ``means_``, the ``(p,)``
    mean of each column over the training rows, the point on which contributions are centred; ``coef_``, ``(p,)``;
    ``intercept_``; ``covariance_``, ``(p + 1, p + 1)`` with the intercept last (see ``fitting.Fit``); ``decay_``.
    """

    def __init__(self, features: str = "default", link: str = "logit", C: float = 0.2):
        self.features = features
        self.link = link
        self.C = C

    def fit(
        self,
        X: pd.DataFrame,
        y: np.ndarray,
        exposure: np.ndarray | float = 1.0,
        *,
        person: np.ndarray | None = None,
        start: np.ndarray | None = None,
    ) -> "AdditiveModel":
        """Learn from ``(n,)`` outcomes of 0 and 1 in periods of so many months, of each person from a day on."""
        (fitted,) = fit_path([self], X, y, exposure, person=person, start=start)
        return fitted

    def linear_predictor(self, X: pd.DataFrame) -> np.ndarray:
        """``(n,)`` sums on the additive scale: log-odds, or the log hazard of a month."""
        check_is_fitted(self, "coef_")
        return fitting.Design(self.terms_, X).times(np.r_[self.coef_, self.intercept_])

    def predict_proba(self, X: pd.DataFrame, exposure: np.ndarray | float = 1.0) -> np.ndarray:
        """``(n, 2)`` probabilities to stay and to leave, of a forecast within so many months."""
        probability = self._link.probabilities(self.linear_predictor(X) + self.offset(exposure))
        return np.column_stack([1 - probability, probability])

    def predict(self, X: pd.DataFrame, exposure: np.ndarray | float = 1.0) -> np.ndarray:
        """``(n,)`` booleans as 0 and 1: rather leaves than stays."""
        return (self.predict_proba(X, exposure)[:, 1] >= 0.5).astype(int)

    def errors(self, X: pd.DataFrame) -> np.ndarray:
        """``(n,)`` standard errors of ``linear_predictor``."""
        check_is_fitted(self, "coef_")
        return fitting.Design(self.terms_, X).errors(self.covariance_)

    @property
    def _link(self) -> Link:
        return LINKS[self.link]

    def offset(self, exposure: np.ndarray | float) -> np.ndarray | float:
        """The term that so many months add to ``linear_predictor``."""
        return np.log(self.decay_.months(exposure)) if self.link == "cloglog" else 0.0


def learn_terms(X: pd.DataFrame, names: Sequence[str]) -> tuple[terms.ModelTerm, ...]:
    """The terms of some features, of those that vary."""
    learned = (terms.learn(name, np.asarray(X[name]), direction=schema.BY_NAME[name].direction) for name in names)
    return tuple(term for term in learned if term is not None)


def directions(learned: Sequence[terms.ModelTerm]) -> np.ndarray:
    """``(p,)`` signs that the coefficients of some terms must have, 0 for a free one."""
    return np.concatenate([np.full(term.width, term.direction) for term in learned])


def fit_path(
    models: Sequence[AdditiveModel],
    X: pd.DataFrame,
    y: np.ndarray,
    exposure: np.ndarray | float = 1.0,
    *,
    person: np.ndarray | None = None,
    start: np.ndarray | None = None,
) -> Sequence[AdditiveModel]:
    """Fit models that differ in ``C`` alone, each from the coefficients of the one before: a third of the steps."""
    learned = learn_terms(X, used_features(models[0].features))
    design, signs = fitting.Design(learned, X), directions(learned)
    means, found = design.means(), None
    for model in models:
        model.terms_, model.slices_, model.means_, model.decay_ = learned, slices(learned), means, Decay()
        found = fitting.fit(
            design,
            y,
            link=model._link,
            C=model.C,
            directions=signs,
            offset=model.offset(exposure),
            start=found.coefficients if found else None,
        )
        model.coef_, model.intercept_ = found.coefficients[:-1], float(found.coefficients[-1])
        model.covariance_ = found.covariance
        model.classes_ = np.array([0, 1])
        if model.link == "cloglog" and person is not None and start is not None:
            hazard = np.exp(design.times(found.coefficients))
            model.decay_ = decay.learn(person, start, np.broadcast_to(exposure, len(y)), y, hazard)
    return models
