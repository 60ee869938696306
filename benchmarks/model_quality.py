"""How good the model is and how honest its intervals are, on the demo's people.

    python benchmarks/model_quality.py [--repeats 10]

First the table of the model without protected features, the one with all of them and a plain logistic regression, on
exactly the folds of ``RepeatedStratifiedKFold(n_splits=5, n_repeats=10, random_state=7)``: the mean over the 50 test
parts, and in brackets the spread. Then the coverage of the 90 % intervals when outcomes are drawn from a truth that is
known, the penalty chosen anew each time, and their width beside that of bootstrap refits.
"""

import argparse
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import RepeatedStratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from predictions.ml import fitting
from predictions.ml.additive import AdditiveModel, directions, used_features
from predictions.ml.artifacts import card
from predictions.ml.assessment import evaluation, quality, uncertainty
from predictions.ml.assessment.evaluation import Rows
from predictions.ml.links import LOGIT
from predictions.ml.scorer import Z_90

SHOWN = {
    "roc_auc": "ROC-AUC",
    "average_precision": "AP",
    "best_f2": "F2",
    "brier": "Brier",
    "precision_top_10": "top 10 %",
    "recall_top_20": "rec. 20 %",
    "calibration_slope": "slope",
}
SIMULATIONS = 20
BOOTSTRAPS = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=10, help="of the five folds; the published figures use 10")
    plan = replace(evaluation.DEFAULT_PLAN, repeats=parser.parse_args().repeats)
    frame, target = demo()
    with threadpool_limits(limits=1):
        compare_models(frame, target, plan)
        intervals(frame, target, plan)


def demo() -> tuple[pd.DataFrame, np.ndarray]:
    """The training rows that the product itself makes of the demo's extracts, in a database in memory."""
    os.environ |= {"DATABASE_URL": "sqlite://:memory:", "DEBUG": "False", "ALLOWED_HOSTS": "localhost"}
    os.environ |= {"SECRET_KEY": "benchmark", "DJANGO_SETTINGS_MODULE": "technova.settings"}
    import django

    django.setup()
    from django.core.management import call_command

    from features import selectors
    from features.schema import TARGET
    from features.services import build_features
    from predictions.ml.training import _plain

    with open(os.devnull, "w") as silence:
        call_command("migrate", verbosity=0)
        call_command("seed_from_csv", demo=True, stdout=silence)
    build_features()
    rows = selectors.training_frame()
    return _plain(rows), rows[TARGET].to_numpy(int)


def compare_models(frame: pd.DataFrame, target: np.ndarray, plan: evaluation.Plan) -> None:
    """Print the table."""
    print(f"{len(target):,} employees, {target.sum()} left; {plan.folds} folds, {plan.repeats} repeats")
    print(f"{'':<27}" + "".join(f"{label:>17}" for label in SHOWN.values()) + f"{'CPU s':>8}")
    for name, label in (("default", "this model"), ("all", "with all features")):
        started = time.process_time()
        rows = Rows.of_people(frame, target)
        sides = evaluation.cross_predict(rows, rows, features=name, plan=plan)
        show(label, card.metrics(target, sides), time.process_time() - started)
    started = time.process_time()
    show("plain logistic regression", plain(frame, target, plan), time.process_time() - started)


def show(label: str, metrics: dict, seconds: float) -> None:
    cells = (f"{metrics[name]['mean']:.4f} ({metrics[name]['sd']:.4f})" for name in SHOWN)
    print(f"{label:<27}" + "".join(f"{cell:>17}" for cell in cells) + f"{seconds:>8.1f}", flush=True)


def plain(frame: pd.DataFrame, target: np.ndarray, plan: evaluation.Plan) -> dict:
    """One-hot choices, standardised numbers, scikit-learn's defaults; without the protected features."""
    names = list(used_features("default"))
    choices = [name for name in names if not pd.api.types.is_numeric_dtype(frame[name])]
    columns = ColumnTransformer(
        [("choices", OneHotEncoder(handle_unknown="ignore"), choices)], remainder=StandardScaler()
    )
    model = make_pipeline(columns, LogisticRegression(max_iter=5000))
    rows = []
    splitter = RepeatedStratifiedKFold(n_splits=plan.folds, n_repeats=plan.repeats, random_state=7)
    for train, test in splitter.split(frame, target):
        fitted = model.fit(frame[names].iloc[train], target[train])
        rows.append(quality.figures(target[test], fitted.predict_proba(frame[names].iloc[test])[:, 1]))
    return quality.spread(rows, folds=plan.folds)


def intervals(frame: pd.DataFrame, target: np.ndarray, plan: evaluation.Plan) -> None:
    """Coverage with the penalty chosen anew for each simulated outcome, and bootstrap refits beside it."""
    random, rows = np.random.default_rng(7), Rows.of_people(frame, target)
    chosen = {"features": "default", "link": "logit", "plan": plan}
    penalty, *_ = evaluation.choose_penalty(rows, rows, **chosen, seed=7)
    model = AdditiveModel(C=penalty).fit(frame, target)
    scale = uncertainty.interval_scale(*uncertainty.misses(model, rows, draws=40, random=random))
    factor, fitted = np.linalg.cholesky(model.covariance_), np.r_[model.coef_, model.intercept_]
    design = fitting.Design(model.terms_, frame)
    off, truth = np.empty((SIMULATIONS, len(frame))), np.empty((SIMULATIONS, len(frame)))
    for i in range(SIMULATIONS):
        drawn = fitted + factor @ random.standard_normal(len(fitted))
        drawn[:-1] = np.where(drawn[:-1] * directions(model.terms_) < 0, 0.0, drawn[:-1])
        log_odds = design.times(drawn)
        truth[i] = LOGIT.probabilities(log_odds)
        again = replace(rows, outcome=(random.random(len(frame)) < truth[i]).astype(int))
        best, *_ = evaluation.choose_penalty(again, again, **chosen, seed=i)
        refitted = AdditiveModel(C=best).fit(frame, again.outcome)
        off[i] = np.abs(refitted.linear_predictor(frame) - log_odds) / refitted.errors(frame)
    covered = uncertainty.coverage(off, truth, scale)
    fifths = ", ".join(f"{row['coverage']:.3f}" for row in covered["by_risk"])
    print(
        f"\n90 % intervals (scale {scale:.3f}) hold the truth in {covered['overall']:.3f} of cases; by risk: {fifths}"
    )

    refits = np.empty((BOOTSTRAPS, len(frame)))
    for i in range(BOOTSTRAPS):
        drawn = random.integers(0, len(frame), len(frame))
        refits[i] = AdditiveModel(C=penalty).fit(frame.iloc[drawn], target[drawn]).linear_predictor(frame)
    low, high = np.quantile(refits, (0.05, 0.95), axis=0)
    width = np.median((high - low) / (2 * Z_90 * scale * model.errors(frame)))
    print(f"intervals from {BOOTSTRAPS} bootstrap refits are {width:.2f} times as wide in the log-odds (median)")


if __name__ == "__main__":
    main()
