"""A made-up workforce for tests of the model: plausible features, and departures that follow a known rule."""

import functools

import numpy as np
import pandas as pd
from scipy.special import expit

from features import schema
from features.engineering import engineer
from predictions.ml import training
from predictions.ml.assessment import evaluation, thresholds

TINY = evaluation.Plan(folds=2, repeats=1, inner_folds=2, penalties=(0.1, 0.3), resamples=20, draws=2)
RULE = "capacity:40"  # the best F2 would flag more than half of these people


def people(n: int = 300, *, seed: int = 1) -> tuple[pd.DataFrame, np.ndarray]:
    """``(n, 32)`` features and ``(n,)`` outcomes; overtime, dissatisfaction and low pay make people leave."""
    random = np.random.default_rng(seed)
    columns = {}
    for feature in schema.business_inputs():
        if feature.choices:
            columns[feature.name] = random.choice(np.array(feature.values, dtype=object), n)
        else:
            top = min(feature.maximum, 40 if feature.unit == "years" else feature.maximum)
            columns[feature.name] = random.integers(int(feature.minimum), int(top) + 1, n)
    columns["age"] = random.integers(18, 61, n)
    columns["revenu_mensuel"] = random.integers(1_000, 20_000, n)
    columns["frequence_deplacement"] = random.integers(0, 3, n)
    raw = pd.DataFrame(columns).infer_objects()
    frame = engineer(raw)
    risk = 2 * frame["heures_supplementaires"] - 1.5 * (frame["satisfaction_moyenne"] - 2.5)
    risk = risk - frame["revenu_mensuel"] / 8_000
    return frame, (random.random(n) < expit(risk.to_numpy() - 0.5)).astype(int)


@functools.cache
def trained(features: str = "default") -> training.Trained:
    """A small model of that workforce, trained once a process."""
    return training.train(*people(), features=features, rule=thresholds.parse(RULE), plan=TINY)
