"""Training: from a dated history, or from one table, to a model, its threshold and its card; publishing it.

``train_forecast`` and ``train_classification`` are deterministic: the same rows in the same order, on the same library
versions, give the same bytes.
"""

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from features.schema import FEATURE_NAMES
from predictions.ml.additive import AdditiveModel, used_features
from predictions.ml.artifacts import artifact, card
from predictions.ml.artifacts.card_format import FEATURE_SETS, Card, Figure, LearnedHistory, OutOfTime
from predictions.ml.artifacts.plain import Plain
from predictions.ml.assessment import evaluation, gates, out_of_time, thresholds, uncertainty
from predictions.ml.assessment.drift import Year
from predictions.ml.assessment.evaluation import DEFAULT_PLAN, Plan, Progress, Rows, silent
from predictions.ml.assessment.thresholds import DEFAULT_RULE, Rule
from predictions.ml.periods import PersonPeriods, cohort, departures, departures_known, months_after, starts
from predictions.ml.scorer import Parameters
from predictions.ml.support import Support

HORIZONS = (12, 6, 3)  # horizons of a forecast in months; the first that the history allows is used
AS_WORDS = "3, 6 or 12"
FEWEST = 10  # of those who left and of those who stayed, needed for an evaluation
REFERENCE_ROWS = 1500
SIMULATED_ROWS = 15_000  # at most, to simulate outcomes on
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
    """A trained model; ``leak`` is why its figures are implausible, if they are; ``doubts`` are why it may be
    useless."""

    content: artifact.Content
    leak: str | None
    doubts: tuple[str, ...]

    @property
    def threshold(self) -> float:
        return self.content.threshold

    @property
    def card(self) -> Card:
        return self.content.card


def train_classification(
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
    """Train a model on one table without dates: it classifies who has left, not when.

    ``frame``: ``(n, 32)`` clean features; ``target``: ``(n,)`` of 0 and 1, 1 for those who left; ``as_of``: the day on
    which the others were present. Protected features that are not used may be unknown: the audit leaves out people
    whose value is unknown. Half a minute with the default plan on 1,470 rows. Raises ``TrainingError`` for data that
    cannot train a model.
    """
    people = _plain(frame)
    target = _checked(people, target, used_features(features))
    rows = Rows.of_people(people, target)
    return _train(
        rows,
        rows,
        people[target == 0],
        features=features,
        horizon=None,
        history=None,
        judge=lambda _penalty: None,
        as_of=as_of,
        year=None,
        rule=rule,
        plan=plan,
        seed=seed,
        progress=progress,
    )


def train_forecast(
    periods: PersonPeriods,
    present: pd.DataFrame,
    *,
    horizon: int | None = None,
    features: str = "default",
    rule: Rule = DEFAULT_RULE,
    plan: Plan | None = None,
    seed: int = 7,
    progress: Progress = silent,
) -> Trained:
    """Train a model of who leaves within ``horizon`` months, by default the most that the history allows.

    ``present``: ``(m, 32)`` clean features of those present at the end of the history. It is evaluated on those present
    ``horizon`` months earlier: by cross-validation, and out of time (``out_of_time.judge``). Raises ``TrainingError``
    for a history that cannot train a model.
    """
    if horizon and horizon not in HORIZONS:
        raise TrainingError(f"a horizon is {AS_WORDS} months, not {horizon}")
    horizon = horizon or longest_horizon(periods)
    if not horizon or months_of(periods) < horizon - 0.5:
        raise TrainingError(
            f"the history has {months_of(periods):.0f} months: a forecast within {horizon or HORIZONS[-1]} months "
            "needs as many; load earlier extracts or ask for fewer months"
        )
    days, months = starts(periods)
    since = days[np.searchsorted(-np.cumsum(months[::-1])[::-1], -(horizon - 0.5), side="right") - 1]
    judged = cohort(periods, since)
    frame = _plain(judged.frame)
    _checked(frame, judged.event > 0, used_features(features))
    learned = PersonPeriods(_plain(periods.frame), periods.person, periods.start, periods.exposure, periods.event)
    return _train(
        Rows.of_periods(learned),
        Rows(frame, (judged.event > 0).astype(int), judged.person, np.full(len(judged), float(horizon))),
        _plain(present),
        features=features,
        horizon=horizon,
        history=(history := _history(periods)),
        as_of=history["until"],
        year=_last_year(learned),
        judge=lambda penalty: out_of_time.judge(learned, features=features, C=penalty, horizon=horizon, seed=seed),
        rule=rule,
        plan=plan or evaluation.plan_for(len(present)),
        seed=seed,
        progress=progress,
    )


def months_of(periods: PersonPeriods) -> float:
    """The months that a history spans."""
    return float(starts(periods)[1].sum())


def longest_horizon(periods: PersonPeriods) -> int | None:
    """The longest of ``HORIZONS`` that can be evaluated on a history; None if none can."""
    return next((months for months in HORIZONS if months_of(periods) >= months - 0.5), None)


def _train(
    learned: Rows,
    judged: Rows,
    present: pd.DataFrame,
    *,
    features: str,
    horizon: int | None,
    history: LearnedHistory | None,
    judge: Callable[[float], OutOfTime | None],
    as_of: date | None,
    year: Year | None,
    rule: Rule,
    plan: Plan,
    seed: int,
    progress: Progress,
) -> Trained:
    """Evaluate, choose the penalty and the threshold, fit on everything and describe the result."""
    link = "logit" if horizon is None else "cloglog"
    digest = data_hash(learned)
    people = judged
    learned, judged = _learnable(learned), _learnable(judged)
    # One thread: sums in another order would change the last bits, and so the hash.
    with threadpool_limits(limits=1):
        sides = {
            name: evaluation.cross_predict(
                learned, judged, features=name, link=link, rule=rule, plan=plan, seed=seed, progress=progress
            )
            for name in FEATURE_SETS
        }
        probability = sides[features].probability
        penalty, *_ = evaluation.choose_penalty(learned, judged, features=features, link=link, plan=plan, seed=seed)
        model = AdditiveModel(features=features, link=link, C=penalty)
        learned.fit(model)
        figures = card.metrics(judged.outcome, sides[features])
        leak = _leak(figures, judged.outcome, model, judged.frame)
        threshold = thresholds.choose(rule, judged.outcome, probability)
        doubts = gates.doubts(judged.outcome, probability, threshold, auc_low=figures["roc_auc"]["low"])
        scale, simulated = _uncertainty(model, learned, plan=plan, seed=seed)
        reference = reference_profiles(learned.frame[list(used_features(features))], seed=seed)
        decay = model.decay_
        parameters = Parameters(
            terms=model.terms_,
            coefficients=np.r_[model.coef_, model.intercept_],
            means=model.means_,
            covariance=model.covariance_,
            interval_scale=scale,
            widest=math.hypot(model.errors(learned.frame).max(), decay.slope(horizon or 1.0) * decay.error),
            support=Support.of(learned.frame, learned.person, [term.feature for term in model.terms_]),
            horizon_months=horizon,
            decay=decay,
        )
        content = artifact.Content(
            model=model,
            plain=Plain(
                parameters,
                {name: np.asarray(reference[name], dtype=_dtype(reference[name])) for name in reference},
                model.predict_proba(reference, horizon or 1.0)[:, 1],
            ),
            threshold=threshold,
            rule=str(rule),
            card=card.build(
                people,
                present,
                sides,
                model,
                horizon=horizon,
                history=history and {**history, "decay": {"rate": decay.rate, "error": decay.error}},
                out_of_time=judge(penalty),
                plan=plan,
                seed=seed,
                training_sha256=digest,
                threshold=thresholds.describe(rule, threshold, judged.outcome, probability),
                uncertainty=simulated,
                leak=leak,
                doubts=doubts,
                as_of=as_of,
                year=year,
            ),
        )
    return Trained(content, leak, tuple(doubts))


def _last_year(periods: PersonPeriods) -> Year | None:
    """The year before the newest period, or as much of it as there is; None with a single period."""
    days, months = starts(periods)
    ago = np.cumsum(months[:-1][::-1])[::-1]  # from the start of each period but the newest to that of the newest
    if not len(ago):
        return None
    first = int(np.argmax(ago < 12.5)) if (ago < 12.5).any() else len(ago) - 1

    def people(day: np.datetime64) -> pd.DataFrame:
        there = periods.where(periods.start == day)
        return there.frame.set_axis(there.person)

    return Year(float(ago[first]), people(days[first]), people(days[-1]))


def _history(periods: PersonPeriods) -> LearnedHistory:
    days, months = starts(periods)
    gone = departures(periods)
    return {
        "since": days[0].item(),
        "until": months_after(days[-1].item(), round(months[-1])),
        "people": len(np.unique(periods.person)),
        "periods": len(periods),
        "left": gone.left,
        "vanished": gone.vanished,
        "departures_known": departures_known(periods),
        "decay": {"rate": 0.0, "error": 0.0},  # known once the model is fitted
    }


def publish(
    root: Path,
    trained: Trained,
    *,
    promote: bool = True,
    force: bool = False,
    now: datetime | None = None,
    promoter: Callable[[Path, str], object] = artifact.promote,
) -> str:
    """Write the model as a new version under ``root``, promote it with ``promoter`` and return the version.

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
        promoter(root, version)
    return version


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """The 32 features in order as floats and text, without negative zeros: SQLite does not keep their sign."""
    return pd.DataFrame(
        {
            name: frame[name].to_numpy() + frame[name].dtype.type(0)
            if pd.api.types.is_float_dtype(frame[name])
            else frame[name].to_numpy(float)
            if pd.api.types.is_numeric_dtype(frame[name])
            else frame[name].to_numpy(object)
            for name in FEATURE_NAMES
        }
    )


def _dtype(column: pd.Series) -> type:
    return float if pd.api.types.is_numeric_dtype(column) else str


def _learnable(rows: Rows) -> Rows:
    """The rows with each partly unknown feature set to 0 for everyone, so that a model learns nothing from it."""
    unknown = [name for name in FEATURE_NAMES if rows.frame[name].isna().any()]
    return replace(rows, frame=rows.frame.assign(**dict.fromkeys(unknown, 0.0)))


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
    if min(leavers, stayers) < FEWEST:
        few = f"{leavers} left" if leavers < FEWEST else f"{stayers} stayed"
        raise TrainingError(f"only {few}, at least {FEWEST} are needed to judge a model at all")
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


def data_hash(rows: Rows) -> str:
    """sha256 of the training rows, in their order."""
    digest = hashlib.sha256()
    for name in FEATURE_NAMES:
        values = rows.frame[name]
        is_text = not pd.api.types.is_numeric_dtype(values)
        content = repr(values.tolist()).encode() if is_text else values.to_numpy(float).tobytes()
        digest.update(repr(name).encode() + content)
    for array in (rows.outcome.astype(np.uint8), rows.person.astype(np.int64), rows.exposure.astype(float)):
        digest.update(array.tobytes())
    return digest.hexdigest()


def _uncertainty(model: AdditiveModel, learned: Rows, *, plan: Plan, seed: int) -> tuple[float, dict]:
    """The factor on the intervals, learned on half of the simulations, and their coverage on the other half."""
    random = np.random.default_rng(seed)
    everyone = np.unique(learned.person)
    enough = min(plan.sample, math.ceil(len(everyone) * SIMULATED_ROWS / len(learned)))
    some = learned.of(random.choice(everyone, enough, replace=False)) if len(everyone) > enough else learned
    scale = uncertainty.interval_scale(*uncertainty.misses(model, some, draws=plan.draws, random=random))
    held_out = uncertainty.misses(model, some, draws=plan.draws, random=random)
    return scale, {"interval_scale": scale, "coverage": uncertainty.coverage(*held_out, scale), "draws": plan.draws}


def _leak(found: dict[str, Figure], target: np.ndarray, model: AdditiveModel, frame: pd.DataFrame) -> str | None:
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
    heaviest = ", ".join(shape["feature"] for shape in card.shapes(model, frame)[:3])
    return (
        f"{' and '.join(over)}: too good to be true on departures. Some feature probably knows the outcome, or people "
        f"stand in the data twice; the features that weigh most are {heaviest}"
    )
