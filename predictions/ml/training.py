"""Training: from clean features with known departures to a model, its threshold and its card; publishing it.

``train`` is deterministic: the same rows in the same order, on the same library versions, give the same bytes.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from features.schema import FEATURE_NAMES
from predictions.ml.artifacts import artifact, card
from predictions.ml.artifacts.card_format import FEATURE_SETS, Card, Figure
from predictions.ml.assessment import evaluation, gates, thresholds, uncertainty
from predictions.ml.assessment.evaluation import DEFAULT_PLAN, Plan, Progress, silent
from predictions.ml.assessment.thresholds import DEFAULT_RULE, Rule
from predictions.ml.pipeline import build_pipeline, used_features

MINIMUM_LEAVERS = 30
REFERENCE_ROWS = 1500
LEAK_ROC_AUC = 0.90
LEAK_F1 = 0.70
LEAK_F1_BASE_RATE = 1 / 3  # where more people leave, flagging everyone already has a high F1


class TrainingError(ValueError):
    """The data cannot train a model; the message gives the reason."""


class LeakSuspected(Exception):
    """The model is too good to be true: some feature probably knows the outcome."""


class Doubtful(Exception):
    """The model is not worth acting on; the message gives the reasons."""


class ProtectedFeatures(Exception):
    """The model uses protected features: it is for comparison, not for use."""


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A trained model; ``leak`` is why its figures are implausible, if they are, ``doubts`` why it is of no use."""

    content: artifact.Content
    leak: str | None
    doubts: tuple[str, ...]

    @property
    def threshold(self) -> float:
        return self.content.threshold

    @property
    def card(self) -> Card:
        return self.content.card


def train(
    frame: pd.DataFrame,
    target: np.ndarray | pd.Series,
    *,
    features: str = "default",
    rule: Rule = DEFAULT_RULE,
    plan: Plan = DEFAULT_PLAN,
    seed: int = 7,
    as_of: date | None = None,
    progress: Progress = silent,
) -> Trained:
    """Evaluate, choose the penalty and the threshold, fit on everybody and describe the result.

    ``frame``: ``(n, 32)`` clean features; ``target``: ``(n,)`` of 0 and 1, 1 for those who left; ``as_of``: the day on
    which the others were present. The model with the other feature set is evaluated beside it. Protected features that
    are not used may be unknown: the audit leaves out whoever they are unknown of. About a minute with the default plan
    on 1,470 rows. Raises ``TrainingError`` for data that cannot train a model.
    """
    people = _plain(frame)
    target = _checked(people, target, used_features(features))
    frame = _learnable(people)
    # One thread: sums in another order would change the last bits, and so the hash.
    with threadpool_limits(limits=1):
        sides = {
            name: evaluation.cross_predict(
                frame, target, features=name, rule=rule, plan=plan, seed=seed, progress=progress
            )
            for name in FEATURE_SETS
        }
        out_of_fold = sides[features].probability
        penalty, _ = evaluation.choose_penalty(frame, target, features=features, plan=plan, seed=seed)
        pipeline = build_pipeline(features=features, C=penalty).fit(frame, target)
        figures = card.metrics(target, sides[features])
        leak = _leak(figures, target, pipeline, frame)
        threshold = thresholds.choose(rule, target, out_of_fold)
        doubts = gates.doubts(target, out_of_fold, threshold, auc_low=figures["roc_auc"]["low"])
        scale, simulated = _uncertainty(pipeline, frame, draws=plan.draws, seed=seed)
        reference = reference_profiles(frame[list(used_features(features))], seed=seed)
        content = artifact.Content(
            pipeline=pipeline,
            interval_scale=scale,
            widest=float(pipeline["logistic"].errors(pipeline["basis"].transform(frame)).max()),
            threshold=threshold,
            rule=str(rule),
            reference=reference,
            reference_probability=pipeline.predict_proba(reference)[:, 1],
            card=card.build(
                people,
                target,
                sides,
                pipeline,
                features=features,
                plan=plan,
                seed=seed,
                training_sha256=data_hash(people, target),
                threshold=thresholds.describe(rule, threshold, target, out_of_fold),
                uncertainty=simulated,
                leak=leak,
                doubts=doubts,
                as_of=as_of,
            ),
        )
    return Trained(content, leak, tuple(doubts))


def publish(
    root: Path, trained: Trained, *, promote: bool = True, force: bool = False, now: datetime | None = None
) -> str:
    """Write the model as a new version under ``root`` and make it the current one; return the version.

    Raises ``LeakSuspected``, ``Doubtful``, or ``ProtectedFeatures`` when it would be promoted, unless ``force``; then
    nothing is written. The card of a forced model holds the reasons against it.
    """
    if trained.leak and not force:
        raise LeakSuspected(f"{trained.leak}. Nothing was written; --force publishes it all the same.")
    if trained.doubts and not force:
        raise Doubtful(f"{' '.join(trained.doubts)} Nothing was written; --force publishes it all the same.")
    if promote and trained.card["uses_protected"] and not force:
        raise ProtectedFeatures("this model uses protected features: it can be written for comparison, not promoted")
    version = artifact.write_version(root, trained.content, now=now)
    if promote:
        artifact.promote(root, version)
    return version


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """The 32 features in order as floats and text, without negative zeros: SQLite does not keep their sign."""
    return pd.DataFrame(
        {
            name: frame[name].to_numpy(float) + 0.0
            if pd.api.types.is_numeric_dtype(frame[name])
            else frame[name].to_numpy(object)
            for name in FEATURE_NAMES
        }
    )


def _learnable(frame: pd.DataFrame) -> pd.DataFrame:
    """The same with what is unknown of somebody alike for everyone, so that a model learns nothing from it."""
    unknown = [name for name in FEATURE_NAMES if frame[name].isna().any()]
    return frame.assign(**dict.fromkeys(unknown, 0.0))


def _checked(frame: pd.DataFrame, target: np.ndarray | pd.Series, needed: Sequence[str]) -> np.ndarray:
    """The target as integers, after refusing data that cannot train a model."""
    target = np.asarray(target)
    if len(target) != len(frame):
        raise TrainingError(f"{len(frame)} employees but {len(target)} outcomes")
    if not np.isin(target, (0, 1)).all():
        raise TrainingError("an outcome is neither 0 nor 1; train on employees whose departure is known")
    target = target.astype(int)
    leavers, stayers = int(target.sum()), int(len(target) - target.sum())
    if min(leavers, stayers) == 0:
        which = "nobody left" if leavers == 0 else "everybody left"
        raise TrainingError(f"{which} among the {len(target)} employees with a known outcome: nothing to learn from")
    if min(leavers, stayers) < MINIMUM_LEAVERS:
        few = f"{leavers} left" if leavers < MINIMUM_LEAVERS else f"{stayers} stayed"
        raise TrainingError(f"only {few}, at least {MINIMUM_LEAVERS} are needed to train and to judge a model")
    incomplete = [name for name in needed if frame[name].isna().any()]
    if incomplete:
        raise TrainingError(f"missing values in {', '.join(incomplete)}")
    return target


def reference_profiles(frame: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Profiles on which a loaded model is checked: every column shuffled by itself.

    They hold every value of every feature that the training data hold, up to 1,500 rows, and no row is a person.
    """
    order = np.random.default_rng(seed)
    return pd.DataFrame({name: frame[name].to_numpy()[order.permutation(len(frame))] for name in frame})[
        :REFERENCE_ROWS
    ]


def data_hash(frame: pd.DataFrame, target: np.ndarray) -> str:
    """sha256 of the training rows as ``_plain`` gives them, in their order."""
    digest = hashlib.sha256()
    for name in FEATURE_NAMES:
        digest.update(repr((name, frame[name].tolist())).encode())
    digest.update(np.asarray(target, dtype=np.uint8).tobytes())
    return digest.hexdigest()


def _uncertainty(pipeline: Pipeline, frame: pd.DataFrame, *, draws: int, seed: int) -> tuple[float, dict]:
    """The factor on the intervals, learned on half of the simulations, and their coverage on the other half."""
    random = np.random.default_rng(seed)
    off, _ = uncertainty.misses(pipeline, frame, draws=draws, random=random)
    scale = uncertainty.interval_scale(off)
    held_out = uncertainty.misses(pipeline, frame, draws=draws, random=random)
    return scale, {"interval_scale": scale, "coverage": uncertainty.coverage(*held_out, scale), "draws": draws}


def _leak(found: dict[str, Figure], target: np.ndarray, pipeline: Pipeline, frame: pd.DataFrame) -> str | None:
    """Why the figures are too good to be true, with the first suspects; None if they are plausible."""
    limits = {"roc_auc": ("ROC-AUC", LEAK_ROC_AUC)}
    if target.mean() <= LEAK_F1_BASE_RATE:
        limits["best_f1"] = ("F1", LEAK_F1)
    over = [
        f"{label} {found[name]['mean']:.3f} is over {limit:.2f}"
        for name, (label, limit) in limits.items()
        if found[name]["mean"] > limit
    ]
    if not over:
        return None
    heaviest = ", ".join(shape["feature"] for shape in card.shapes(pipeline, frame)[:3])
    return (
        f"{' and '.join(over)}: too good to be true on departures. Some feature probably knows the outcome, or people "
        f"stand in the data twice; the features that weigh most are {heaviest}"
    )
