"""A made-up workforce for tests of the model: plausible features, and departures that follow a known rule."""

import functools

import numpy as np
import pandas as pd
from scipy.special import expit

from features import schema
from features.engineering import engineer
from predictions.ml import training
from predictions.ml.assessment import evaluation, thresholds
from predictions.ml.periods import PersonPeriods
from predictions.ml.support import YOUNGEST

TINY = evaluation.Plan(folds=2, repeats=1, inner_folds=2, penalties=(0.1, 0.3), resamples=20, draws=2)
START = np.datetime64("2025-01", "M")
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
    worked = np.maximum(columns["annee_experience_totale"], columns["annees_dans_l_entreprise"])
    columns["age"] = np.maximum(random.integers(18, 61, n), worked + YOUNGEST)
    columns["revenu_mensuel"] = random.integers(1_000, 20_000, n)
    columns["frequence_deplacement"] = random.integers(0, 3, n)
    raw = pd.DataFrame(columns).infer_objects()
    frame = engineer(raw)
    risk = 2.6 * frame["heures_supplementaires"] - 1.95 * (frame["satisfaction_moyenne"] - 2.5)
    risk = risk - frame["revenu_mensuel"] / 6_154
    return frame, (random.random(n) < expit(risk.to_numpy() - 0.65)).astype(int)


@functools.cache
def trained(features: str = "default") -> training.Trained:
    """A small classification of that workforce, trained once a process."""
    return training.train_classification(*people(), features=features, rule=thresholds.parse(RULE), plan=TINY)


def history(n: int = 300, *, seed: int = 1, quarters: int = 4) -> PersonPeriods:
    """A year of that workforce: in each quarter those who are left, of whom some leave by the same rule."""
    frame, _ = people(n, seed=seed)
    random = np.random.default_rng(seed)
    risk = 1.5 * frame["heures_supplementaires"] - 1.2 * (frame["satisfaction_moyenne"] - 2.5)
    hazard = np.exp((risk - frame["revenu_mensuel"] / 8_000).to_numpy() - 2.2)
    is_there, parts = np.ones(n, dtype=bool), []
    for quarter in range(quarters):
        event = np.where(random.random(n) < -np.expm1(-hazard), random.choice([1, 1, 1, 2], n), 0)
        parts.append((np.flatnonzero(is_there), quarter, event[is_there]))
        is_there &= event == 0
    rows = np.concatenate([row for row, *_ in parts])
    starts = np.concatenate([np.full(len(row), START + 3 * quarter) for row, quarter, _ in parts])
    return PersonPeriods(
        frame=frame.iloc[rows].reset_index(drop=True),
        person=rows + 1,
        start=(starts + 1).astype("datetime64[D]") - 1,  # the ends of months
        exposure=np.full(len(rows), 3.0),
        event=np.concatenate([event for *_, event in parts]).astype(np.int8),
    )


@functools.cache
def trained_forecast() -> training.Trained:
    """A small forecast of that workforce, trained once a process."""
    periods = history()
    return training.train_forecast(periods, present(periods), rule=thresholds.parse(RULE), plan=TINY)


def present(periods: PersonPeriods) -> pd.DataFrame:
    """The features of those who are there at the end of a history."""
    return periods.frame[(periods.start == periods.start.max()) & (periods.event == 0)]
