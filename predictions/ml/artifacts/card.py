"""The model card: everything that the model page and ``docs/model_card.md`` show, as one JSON object.

``card_format`` defines its keys. Its texts are gettext message ids (marked here, translated where they are shown), its
features are names of ``features.schema``, its numbers have six significant digits. ``models`` has two models:
``default``, without protected features, and ``all``, with them; the card belongs to one of them, ``feature_set``, and
was computed on the same folds for both.
"""

from collections.abc import Callable
from datetime import date
from typing import cast

import numpy as np
import pandas as pd

from features.schema import BY_NAME, FEATURES
from predictions.ml.additive import AdditiveModel, used_features
from predictions.ml.artifacts import card_texts
from predictions.ml.artifacts.card_format import Card, Figure, LearnedHistory, OutOfTime, Shape, Side
from predictions.ml.assessment import curves, drift, fairness, quality
from predictions.ml.assessment.drift import Year
from predictions.ml.assessment.evaluation import OutOfFold, Plan, Rows
from predictions.ml.scorer import Z_90
from predictions.ml.terms import Levels


def build(
    judged: Rows,
    present: pd.DataFrame,
    sides: dict[str, OutOfFold],
    model: AdditiveModel,
    *,
    horizon: int | None,
    history: LearnedHistory | None,
    out_of_time: OutOfTime | None,
    plan: Plan,
    seed: int,
    training_sha256: str,
    threshold: dict,
    uncertainty: dict,
    leak: str | None,
    doubts: list[str],
    as_of: date | None,
    year: Year | None,
) -> Card:
    """Put the card together.

    ``judged``: a row a person; ``sides`` has their out-of-fold predictions by each feature set, on the same folds.
    ``present``: the people of today, the reference for later workforces; ``year``: the year that led to them.
    """
    features = model.features
    frame, target = judged.frame, judged.outcome
    used = used_features(features)
    chosen, counts = np.unique(sides[features].penalties, return_counts=True)
    models = {name: side(frame, target, each, features=name, plan=plan, seed=seed) for name, each in sides.items()}
    unknown = [feature.name for feature in FEATURES if frame[feature.name].isna().all()]

    def score(people: pd.DataFrame) -> np.ndarray:
        return model.predict_proba(people, horizon or 1.0)[:, 1]

    card = {
        "purpose": card_texts.PURPOSE,
        "misuse": card_texts.MISUSE,
        "method": card_texts.METHOD_OF_FORECAST if horizon else card_texts.METHOD_OF_CLASSIFICATION,
        "limits": card_texts.LIMITS_OF_FORECAST if horizon else card_texts.LIMITS_OF_CLASSIFICATION,
        "horizon_months": horizon,
        "feature_set": features,
        "uses_protected": uses_protected(features),
        "used": list(used),
        "left_out": [feature.name for feature in FEATURES if feature.is_protected and feature.name not in used],
        "training": {
            "employees": len(target),
            "leavers": int(target.sum()),
            "base_rate": float(target.mean()),
            "sha256": training_sha256,
            "feature_set": features,
            "seed": seed,
            "C": model.C,
            "C_chosen": [{"C": float(c), "folds": int(n)} for c, n in zip(chosen, counts, strict=True)],
            "seen_correction": 1.0 if horizon else _seen_correction(judged, sides[features], model),
        },
        "history": history,
        "out_of_time": out_of_time,
        "evaluation": {"folds": plan.folds, "repeats": plan.repeats, "inner_folds": plan.inner_folds},
        "metrics": models[features]["metrics"],
        "models": models,
        "group_curves": fairness.curves(frame, target, sides[features].probability),
        "threshold": threshold,
        "uncertainty": uncertainty,
        "shapes": shapes(model, frame),
        "proxies": fairness.proxies(frame, seed=seed),
        "drift": reference(present, score, as_of=as_of, months=horizon or 12, year=year),
        "leak": leak,
        "unknown": unknown,
        "doubts": doubts,
    }
    return cast(Card, rounded(card))


def reference(
    present: pd.DataFrame,
    score: Callable[[pd.DataFrame], np.ndarray],
    *,
    as_of: date | None,
    months: int,
    year: Year | None,
) -> dict:
    """The reference for drift: those present on the day, with the scores of the published model.

    ``months`` is their horizon, 12 for a classification; ``year`` is a year of the past, without scores.
    """
    later = [score(drift.aged(present, years)) for years in drift.YEARS]
    if year:
        frames = (frame.assign(**{drift.SCORES: score(frame)}) for frame in (year.before, year.after))
        year = Year(year.months, *frames)
    return drift.reference(present, score(present), as_of=as_of, later=later, months=months, year=year)


def _seen_correction(judged: Rows, out_of_fold: OutOfFold, model: AdditiveModel) -> float:
    """The ratio of the departures expected among those present out of fold to those that the model itself expects."""
    stayed = judged.outcome == 0
    unseen = out_of_fold.probability[:, stayed].mean(axis=0).sum()
    return float(unseen / model.predict_proba(judged.frame[stayed])[:, 1].sum())


def uses_protected(features: str) -> bool:
    return any(BY_NAME[name].is_protected for name in used_features(features))


def side(
    frame: pd.DataFrame, target: np.ndarray, out_of_fold: OutOfFold, *, features: str, plan: Plan, seed: int
) -> Side:
    """The card's part on one feature set."""
    probability = out_of_fold.probability
    found = {
        "features": list(used_features(features)),
        "uses_protected": uses_protected(features),
        "metrics": metrics(target, out_of_fold),
        "calibration": curves.reliability(target, probability),
        "departures": {
            name: curves.departures_by_group(frame[name].to_numpy(), target, probability)
            for name in ("departement", "poste")
        },
        "roc": curves.roc(target, probability),
        "precision_recall": curves.precision_recall(target, probability),
        "capacity": curves.capacity(target, probability),
        "fairness": fairness.audit(frame, target, out_of_fold, resamples=plan.resamples, seed=seed),
    }
    return cast(Side, found)


def metrics(target: np.ndarray, out_of_fold: OutOfFold) -> dict[str, Figure]:
    """Mean and spread over the outer test parts of every figure."""
    rows = []
    for probability, is_flagged, fold in zip(
        out_of_fold.probability, out_of_fold.is_flagged, out_of_fold.fold, strict=True
    ):
        for number in np.unique(fold):
            part = fold == number
            rows.append(
                quality.figures(target[part], probability[part]) | quality.decisions(target[part], is_flagged[part])
            )
    return quality.spread(rows, folds=int(out_of_fold.fold.max()) + 1)


def shapes(model: AdditiveModel, frame: pd.DataFrame) -> list[Shape]:
    """The effect of each feature, the one that moves scores most first."""
    found: list[Shape] = []
    for term, columns in zip(model.terms_, model.slices_, strict=True):
        at = term.levels.tolist() if isinstance(term, Levels) else term.knots.tolist()
        centred = term.columns(at) - model.means_[columns]
        coefficients = model.coef_[columns]
        effect = centred @ coefficients
        margin = Z_90 * np.sqrt(np.einsum("ij,jk,ik->i", centred, model.covariance_[columns, columns], centred))
        moved = (term.columns(np.asarray(frame[term.feature])) - model.means_[columns]) @ coefficients
        found.append(
            {
                "feature": term.feature,
                "is_levels": isinstance(term, Levels),
                "at": at,
                "effect": effect.tolist(),
                "low": (effect - margin).tolist(),
                "high": (effect + margin).tolist(),
                "weight": float(np.abs(moved).mean()),
            }
        )
    return sorted(found, key=lambda shape: -shape["weight"])


def rounded(value):
    """The same object with six significant digits, and lists for tuples."""
    if isinstance(value, dict):
        return {key: rounded(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(each) for each in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return float(f"{value:.6g}")
    return value
