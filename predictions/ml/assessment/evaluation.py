"""Honest evaluation: nested, repeated, stratified cross-validation, and the figures that come out of it.

The penalty and the threshold are chosen inside each outer training part by an inner cross-validation, and evaluated on
the outer test part (Varma and Simon 2006).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.metrics import log_loss
from sklearn.model_selection import RepeatedStratifiedKFold, StratifiedKFold

from predictions.ml.assessment import thresholds
from predictions.ml.assessment.thresholds import DEFAULT_RULE, Rule
from predictions.ml.pipeline import AdditiveBasis, LaplaceLogisticRegression, build_pipeline, used_features

Progress = Callable[[str, int, int], None]  # the step, how many are done, out of how many


@dataclass(frozen=True, slots=True)
class Plan:
    """How thoroughly to evaluate. The defaults are those of every published figure; tests use fewer."""

    folds: int = 5
    repeats: int = 10
    inner_folds: int = 5
    penalties: tuple[float, ...] = (0.06, 0.1, 0.14, 0.17, 0.2, 0.25, 0.35)
    resamples: int = 1000  # of the fairness intervals
    draws: int = 40  # simulated outcomes to learn the width of the intervals from, and as many to check it


DEFAULT_PLAN = Plan()


@dataclass(frozen=True, slots=True, eq=False)
class OutOfFold:
    """Predictions on people unseen in training, one row a repeat."""

    probability: np.ndarray  # (repeats, n)
    is_flagged: np.ndarray  # (repeats, n): over the threshold chosen inside the fold
    fold: np.ndarray  # (repeats, n): which test part of that repeat
    penalties: np.ndarray  # (repeats * folds,): the C chosen inside each fold


def silent(step: str, done: int, total: int) -> None:
    """Ignore progress."""


def choose_penalty(
    frame: pd.DataFrame, target: np.ndarray, *, features: str, plan: Plan, seed: int
) -> tuple[float, np.ndarray]:
    """The C of the least out-of-fold log loss, and the ``(n,)`` out-of-fold probabilities that it gave."""
    probability = np.empty((len(plan.penalties), len(target)))
    splits = StratifiedKFold(plan.inner_folds, shuffle=True, random_state=seed).split(frame, target)
    for train, test in splits:
        basis = AdditiveBasis(used_features(features)).fit(frame.iloc[train])
        design, unseen = basis.transform(frame.iloc[train]), basis.transform(frame.iloc[test])
        for i, penalty in enumerate(plan.penalties):
            model = LaplaceLogisticRegression(C=penalty).fit(design, target[train])
            probability[i, test] = model.predict_proba(unseen)[:, 1]
    best = int(np.argmin([log_loss(target, row) for row in probability]))
    return plan.penalties[best], probability[best]


def cross_predict(
    frame: pd.DataFrame,
    target: np.ndarray,
    *,
    features: str = "default",
    rule: Rule = DEFAULT_RULE,
    plan: Plan = DEFAULT_PLAN,
    seed: int = 7,
    progress: Progress = silent,
) -> OutOfFold:
    """Predict everybody ``plan.repeats`` times by models that had not seen them."""
    shape = (plan.repeats, len(target))
    probability, is_flagged, fold = np.empty(shape), np.empty(shape, dtype=bool), np.empty(shape, dtype=int)
    penalties = []
    splitter = RepeatedStratifiedKFold(n_splits=plan.folds, n_repeats=plan.repeats, random_state=seed)
    total = plan.folds * plan.repeats
    step = f"Cross-validation ({features} features)"
    for i, (train, test) in enumerate(splitter.split(frame, target)):
        progress(step, i, total)
        repeat = i // plan.folds
        seen, outcome = frame.iloc[train], target[train]
        penalty, inner = choose_penalty(seen, outcome, features=features, plan=plan, seed=seed)
        threshold = thresholds.choose(_scaled(rule, len(train), len(target)), outcome, inner[None])
        model = build_pipeline(features=features, C=penalty).fit(seen, outcome)
        probability[repeat, test] = model.predict_proba(frame.iloc[test])[:, 1]
        is_flagged[repeat, test] = probability[repeat, test] >= threshold
        fold[repeat, test] = i % plan.folds
        penalties.append(penalty)
    progress(step, total, total)
    return OutOfFold(probability, is_flagged, fold, np.array(penalties))


def _scaled(rule: Rule, part: int, whole: int) -> Rule:
    """The same share of a smaller workforce, for a rule that counts people."""
    if not rule.capacity:
        return rule
    return Rule(rule.name, max(1, round(rule.capacity * part / whole)), rule.costs)
