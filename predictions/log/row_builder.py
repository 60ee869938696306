"""The rows of the log: every column is set here, for one prediction or for a frame."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from django.contrib.auth.models import User
from django.utils import timezone

from employees.access import Scope
from employees.models import Employee
from features.models import EmployeeFeatures
from predictions.explanation import strongest_two, strongest_two_of_each
from predictions.ml.assessment.cutoffs import Cutoff
from predictions.ml.scorer import Model, Score, ScoreFrame
from predictions.models import APIKey, Prediction, ScoringRun
from technova.database.bulk import Block, is_column, python_values

COLUMNS = [field.attname for field in Prediction._meta.concrete_fields if not field.primary_key]


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller of a prediction and their scope; without a scope they see nobody."""

    api_key: APIKey | None = None
    user: User | None = None
    scope: Scope = Scope.NOBODY
    request_id: uuid.UUID = field(default_factory=uuid.uuid4)


class BatchScore(NamedTuple):
    """The answer of a batch for one employee, under the names that ``Prediction`` has for it."""

    pk: int
    employee_number: int
    probability: float
    low: float | None  # None without enough data
    high: float | None
    is_extrapolated: bool
    predicted_class: bool
    threshold: float
    model_version: str
    horizon_months: int | None


@dataclass(frozen=True, slots=True)
class LogRows:
    """The rows of a frame of employees, by column: faster than model instances."""

    columns: Mapping[str, Any]
    count: int

    def __len__(self) -> int:
        return self.count

    @property
    def is_over(self) -> np.ndarray:
        """Whether each is over the threshold, booleans ``(n,)``."""
        return self.columns["predicted_class"]

    def block(self, keys: Sequence[int] | np.ndarray) -> Block:
        """The rows under these keys, with the columns ``id`` and ``COLUMNS``."""
        return {"id": np.asarray(keys), **self.columns}

    def answers(self, keys: Iterable[int], employee_numbers: Iterable[int]) -> Iterator[BatchScore]:
        """The answers of a batch."""
        columns = (self.columns[name] for name in BatchScore._fields[2:])
        values = (python_values(column) if is_column(column) else repeat(column) for column in columns)
        return map(BatchScore._make, zip(keys, employee_numbers, *values, strict=False))


def prediction_of(
    score: Score,
    *,
    model: Model,
    caller: Caller,
    mode: Prediction.Mode,
    started: float,
    employee: Employee | None,
    features: EmployeeFeatures | None = None,
    payload: dict[str, object] | None = None,
) -> Prediction:
    """The unsaved row of one score; ``started`` is the ``time.perf_counter`` at the start of the work."""
    contributions = {name: weight for name, weight in score.contributions.items() if weight}
    number = employee and employee.employee_id
    shared = _columns(score, number, contributions, strongest_two(contributions), model, caller, mode)
    return Prediction(
        **shared, latency_ms=milliseconds_since(started), employee=employee, features=features, payload=payload
    )


def rows_of(
    scores: ScoreFrame,
    *,
    frame: pd.DataFrame,
    model: Model,
    caller: Caller,
    mode: Prediction.Mode,
    latency_ms: float,
    run: ScoringRun | None = None,
) -> LogRows:
    """The unsaved rows of a frame of employees."""
    contributions = scores.contributions
    numbers, reasons = frame["employee_id"].to_numpy(), strongest_two_of_each(scores.contributions)
    columns = _columns(scores, numbers, contributions, reasons, model, caller, mode) | {
        "latency_ms": latency_ms,
        "employee_id": frame["employee_pk"].to_numpy(),
        "features_id": frame["features_pk"].to_numpy(),
        "payload": None,
    }
    if run is not None:
        columns |= {"run_id": run.pk, "created_at": run.created_at}
    return LogRows(columns, len(frame))


def _columns(
    scores: Score | ScoreFrame,
    number: object,
    contributions: object,
    reasons: tuple,
    model: Model,
    caller: Caller,
    mode: Prediction.Mode,
) -> dict[str, object]:
    """All columns except employee and latency: a value each, or many for a frame."""
    probability = Cutoff(model.threshold, model.last_tied).part(scores.probability, number)
    return {
        "created_at": timezone.now(),
        "request_id": caller.request_id,
        "mode": mode.value,
        "run_id": None,
        "api_key_id": caller.api_key and caller.api_key.pk,
        "user_id": caller.user and caller.user.pk,
        "probability": probability,
        "low": _known(scores.low, scores.is_extrapolated),
        "high": _known(scores.high, scores.is_extrapolated),
        "is_extrapolated": scores.is_extrapolated,
        "predicted_class": probability >= model.threshold,
        "threshold": model.threshold,
        "model_version": model.version,
        "model_sha256": model.sha256,
        "horizon_months": model.horizon_months,
        "base_value": scores.base_value,
        "contributions": contributions,
        "main_reason": reasons[0],
        "second_reason": reasons[1],
    }


def _known(end: float | np.ndarray, is_extrapolated: bool | np.ndarray) -> object:
    """An end of the interval, None without enough data; for a frame NaN."""
    if isinstance(end, np.ndarray):
        return np.where(is_extrapolated, np.nan, end)
    return None if is_extrapolated else end


def milliseconds_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
