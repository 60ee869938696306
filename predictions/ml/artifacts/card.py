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

from employees.messages import gettext_noop as _
from features.schema import BY_NAME, FEATURES
from predictions.ml.additive import AdditiveModel, used_features
from predictions.ml.artifacts.card_format import Card, Figure, History, OutOfTime, Shape, Side
from predictions.ml.assessment import curves, drift, fairness, quality
from predictions.ml.assessment.evaluation import OutOfFold, Plan, Rows
from predictions.ml.scorer import Z_90
from predictions.ml.terms import Levels

PURPOSE = [
    _(
        "Rank employees by their risk of leaving, with reasons, so that HR can offer a talk before they decide to"
        " leave."
    ),
    _("Count the departures to expect in a department or a job, so that they can be prepared for."),
    _("A score is advice: a person decides, hears the employee first, and may set the score aside with a reason."),
]
MISUSE = [
    _("To dismiss, sanction, refuse a promotion, a pay rise or a training, or to choose whom to hire."),
    _("To decide anything about a person without a human who looks at the whole case."),
    _("To infer what a person feels, intends or is, or to watch anyone."),
    _("On people unlike those it was trained on: it says so when a profile lies outside what it has seen."),
]
_CURVES = _(
    "Every number bends at a few points and is held back by a penalty on its bends; an inner cross-validation"
    " chooses how strong that penalty is."
)
_LEVERS = _(
    "What HR can change acts in one direction only: more overtime, travel or distance never lowers the risk; more pay, "
    "a larger rise, a higher level, a promotion, training, savings plan and satisfaction never raise it."
)
_THRESHOLD = _(
    "The threshold is chosen on such predictions too, and judged by thresholds chosen without the people judged."
)
_INTERVALS = _(
    "The interval of a probability is meant to hold the truth nine times in ten: the Laplace approximation of"
    " the coefficients' uncertainty, checked by simulation."
)
METHOD_OF_CLASSIFICATION = [
    _(
        "Logistic regression on one curve a feature: the log-odds of a departure are a sum of effects, one a "
        "feature, and the reasons given are exactly those effects."
    ),
    _CURVES,
    _LEVERS,
    _(
        "Each figure comes from people whom the model that scored them had not seen, in repeated nested cross-"
        "validation."
    ),
    _THRESHOLD,
    _("No class weights and no resampling: a probability of 0.2 means that 20 in 100 such people leave."),
    _INTERVALS,
]
METHOD_OF_FORECAST = [
    _(
        "A hazard model on quarters: for each person and each three months, whether they left in it, given what was "
        "known at its start. No later extract, correction or survey goes into a feature."
    ),
    _(
        "The log of the cumulative hazard is a sum of effects, one a feature, and the reasons given are exactly those "
        "effects. One model serves every horizon: the hazard of six months is half of that of twelve."
    ),
    _CURVES,
    _LEVERS,
    _(
        "Departures that HR knows to be a retirement, a dismissal, the end of a contract or a transfer end the "
        "observation and are not forecast. Whoever vanished from the files counts as gone."
    ),
    _(
        "Each figure comes from people whom the model that scored them had not seen, in repeated nested cross-"
        "validation; beside it stands what was forecast on an earlier day and happened after it."
    ),
    _THRESHOLD,
    _INTERVALS,
]
# Every card holds it; of a model that uses them it is not true, and not shown.
LIMIT_OF_LEAVING_OUT = _(
    "Leaving out sex, age and family status does not remove every gap between groups: other features stand "
    "for them in part. The gaps are shown as they are."
)
_FICTIONAL = _(
    "The demonstration's employees are fictional; figures on real people will differ and have to be measured again."
)
_NO_CAUSE = _(
    "It finds what goes with departures, not what causes them: changing a feature need not change the outcome."
)
_PAST = _(
    "An interval holds what the training data leave uncertain, not that the future may differ from the past. "
    "It may hold the truth less often for the people least at risk; the shares that were measured are shown."
)
_ERRORS = _("Many people over the threshold will stay, and some who leave were under it; the shares are shown.")
LIMITS_OF_CLASSIFICATION = [
    _FICTIONAL,
    _NO_CAUSE,
    _("It was trained on one table without dates: it classifies, and has no horizon by which a departure is expected."),
    LIMIT_OF_LEAVING_OUT,
    _PAST,
    _ERRORS,
]
LIMITS_OF_FORECAST = [
    _FICTIONAL,
    _NO_CAUSE,
    _("Expected departures are of the people who are there today: those of people to be hired are no part of it."),
    _(
        "A year unlike those it learned from, in which many more or many fewer people leave everywhere, is in no "
        "interval: the departures of such a year lie outside it about every second time."
    ),
    _("Features are those of today: a rise, a move or a promotion to come is not foreseen."),
    LIMIT_OF_LEAVING_OUT,
    _PAST,
    _ERRORS,
]

# Measured on the demonstration's 1,470 employees and exactly the folds used here; see docs/model_notes.md.
REFERENCE = {
    "name": _("The replaced system: XGBoost, 32 features, balanced weights"),
    "metrics": {
        "roc_auc": 0.831,
        "average_precision": 0.621,
        "best_f2": 0.659,
        "brier": 0.135,
        "precision_top_10": 0.69,
        "recall_top_20": 0.62,
    },
    "expected_departures": 484,
    "training_sha256": "5eaa8990e714bcb20696e684313408a331cab4d5340d4a6e95f046c1728eee03",
}


def build(
    judged: Rows,
    present: pd.DataFrame,
    sides: dict[str, OutOfFold],
    model: AdditiveModel,
    *,
    horizon: int | None,
    history: History | None,
    out_of_time: OutOfTime | None,
    plan: Plan,
    seed: int,
    training_sha256: str,
    threshold: dict,
    uncertainty: dict,
    leak: str | None,
    doubts: list[str],
    as_of: date | None,
) -> Card:
    """Put the card together.

    ``judged``: a row a person; ``sides`` has their out-of-fold predictions by each feature set, on the same folds.
    ``present``: the people of today, with whom later ones are compared.
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
        "purpose": PURPOSE,
        "misuse": MISUSE,
        "method": METHOD_OF_FORECAST if horizon else METHOD_OF_CLASSIFICATION,
        "limits": LIMITS_OF_FORECAST if horizon else LIMITS_OF_CLASSIFICATION,
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
        "reference": REFERENCE | {"is_same_data": training_sha256 == REFERENCE["training_sha256"]},
        "threshold": threshold,
        "uncertainty": uncertainty,
        "shapes": shapes(model, frame),
        "proxies": fairness.proxies(frame, seed=seed),
        "drift": reference(present, score, as_of=as_of, months=horizon or 12),
        "leak": leak,
        "unknown": unknown,
        "doubts": doubts,
    }
    return cast(Card, _rounded(card))


def reference(
    present: pd.DataFrame, score: Callable[[pd.DataFrame], np.ndarray], *, as_of: date | None, months: int
) -> dict:
    """The reference of drift: those present on the day, with the scores that the published model gives them.

    ``months`` is the horizon of these; a classification was told who had left within 12.
    """
    later = [score(drift.aged(present, years)) for years in drift.YEARS]
    return drift.reference(present, score(present), as_of=as_of, later=later, months=months)


def _seen_correction(judged: Rows, out_of_fold: OutOfFold, model: AdditiveModel) -> float:
    """How much more of those who stayed leave by models that had not seen them, than by the one that had."""
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


def _rounded(value):
    """The same object with six significant digits, and lists for tuples."""
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(each) for each in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return float(f"{value:.6g}")
    return value
