"""Writes: every prediction is scored here, and is in the log before it is answered."""

import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from itertools import repeat
from typing import NamedTuple

import numpy as np
import pandas as pd
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from employees.access import Scope
from employees.models import Departure, Employee, EmployeeSnapshot
from features import schema
from features import selectors as features
from features.models import EmployeeFeatures
from predictions.explanation import strongest_two, strongest_two_of_each
from predictions.ml import drift
from predictions.ml.scorer import Model, Score, ScoreFrame
from predictions.models import APIKey, Prediction, RunGroup, ScoringRun
from predictions.registry import current_model
from predictions.selectors import figures
from technova.commands import Progress
from technova.db import bulk_insert, exclusive, refresh_statistics, reserve_keys
from technova.metrics import count_predictions
from technova.prepared import insert

CHUNK_SIZE = 10_000


class UnknownEmployee(LookupError):
    """No clean features for this number among the employees that the caller may see."""


class OutOfScope(LookupError):
    """Someone imagined in a department, the argument, whose people the caller does not see."""


class NothingToScore(LookupError):
    """No employee has clean features."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks for a prediction and whom they may see: nobody unless a scope is given."""

    api_key: APIKey | None = None
    user: User | None = None
    scope: Scope = Scope.NOBODY
    request_id: uuid.UUID = field(default_factory=uuid.uuid4)


class BatchScore(NamedTuple):
    """What a batch says of one employee, under the names that ``Prediction`` has for it."""

    pk: int
    employee_number: int
    probability: float
    low: float
    high: float
    is_extrapolated: bool
    predicted_class: bool
    threshold: float
    model_version: str


def _again_if_someone_vanished(predict: Callable) -> Callable:
    """Predict once more when the write fails for an employee deleted since the read: the second read finds none."""

    @wraps(predict)
    def predict_again(**arguments):
        try:
            return predict(**arguments)
        except IntegrityError:
            return predict(**arguments)

    return predict_again


@_again_if_someone_vanished
def predict_for_employee(*, employee_id: int, caller: Caller) -> Prediction:
    """Score the newest clean features of one employee. One read and one write.

    Raises ``UnknownEmployee`` when there are none within the caller's scope, ``ArtifactError`` without a model.
    """
    started = time.perf_counter()
    model = current_model()
    row = features.newest_features(employee_id)
    if row is None or not caller.scope.sees(row.employee):
        raise UnknownEmployee(employee_id)
    score = model.score_one(row.values())
    prediction = _prediction(model, score, caller, started, mode=Prediction.Mode.BY_ID)
    prediction.employee = row.employee
    prediction.features = row
    insert(prediction)
    count_predictions(prediction.mode, total=1, leave=prediction.predicted_class)
    return prediction


def predict_for_features(
    *,
    values: Mapping[str, object],
    caller: Caller,
    mode: Prediction.Mode = Prediction.Mode.BY_FEATURES,
    employee: Employee | None = None,
) -> Prediction:
    """Score 32 ready-made features, already validated; ``employee`` is whom a simulation starts from. One write.

    Raises ``OutOfScope`` for someone imagined in a department that the caller does not see: what changes with the
    department is how its people do.
    """
    if employee is None and not caller.scope.sees_department(str(values["departement"])):
        raise OutOfScope(values["departement"])
    started = time.perf_counter()
    model = current_model()
    payload = {name: values[name] for name in schema.FEATURE_NAMES}
    prediction = _prediction(model, model.score_one(payload), caller, started, mode=mode)
    prediction.employee = employee
    prediction.payload = payload
    insert(prediction)
    count_predictions(prediction.mode, total=1, leave=prediction.predicted_class)
    return prediction


@_again_if_someone_vanished
def predict_for_employees(*, employee_ids: Sequence[int], caller: Caller) -> tuple[list[BatchScore], list[int]]:
    """Score several employees; returns their scores in the order asked and the numbers without clean features.

    One read and one bulk write, of tuples and arrays: a model instance a row would take longer than its score. A number
    asked twice is scored once and answered twice.
    """
    started = time.perf_counter()
    model = current_model()
    frame = features.newest_frame(Employee.objects.within(caller.scope).filter(employee_id__in=set(employee_ids)))
    scores = model.score_frame(frame)
    will_leave = scores.probability >= model.threshold
    rows = _log_rows(
        model,
        frame,
        scores,
        created_at=timezone.now(),
        request_id=caller.request_id,
        mode=Prediction.Mode.BATCH.value,
        run_id=None,
        api_key_id=caller.api_key and caller.api_key.pk,
        user_id=caller.user and caller.user.pk,
        latency_ms=_milliseconds_since(started),
    )
    with transaction.atomic():
        keys = reserve_keys(Prediction, len(frame))
        bulk_insert(Prediction, ((key, *row) for key, row in zip(keys, rows, strict=True)), ["id", *_LOG_COLUMNS])
    columns = (frame["employee_id"], scores.probability, scores.low, scores.high, scores.is_extrapolated, will_leave)
    by_number = {
        number: BatchScore(key, number, probability, low, high, is_extrapolated, leaves, model.threshold, model.version)
        for key, number, probability, low, high, is_extrapolated, leaves in zip(
            keys, *(column.tolist() for column in columns), strict=True
        )
    }
    count_predictions(Prediction.Mode.BATCH, total=len(by_number), leave=int(will_leave.sum()))
    found = [by_number[number] for number in employee_ids if number in by_number]
    return found, [number for number in dict.fromkeys(employee_ids) if number not in by_number]


def score_employees(*, progress: Progress | None = None) -> ScoringRun:
    """Score everyone who has clean features with the current model, as one run and in one transaction.

    The figures of its groups are part of the run. Reads and writes in chunks of 10,000 employees, so memory does not
    grow with the workforce. Raises ``NothingToScore``, ``Busy`` while another writer is at work, and
    ``ArtifactError`` without a usable model.
    """
    started = time.perf_counter()
    model = current_model()
    with exclusive():
        total = features.employees_with_features()
        if not total:
            raise NothingToScore("No employee has clean features: run seed_from_csv, then build_features.")
        run = ScoringRun.objects.create(
            model_version=model.version,
            threshold=model.threshold,
            employee_count=0,
            above_threshold_count=0,
            expected_departures=0,
            duration_ms=0,
            newest_snapshot=EmployeeSnapshot.objects.aggregate(Max("pk"))["pk__max"],
            newest_departure=Departure.objects.aggregate(Max("pk"))["pk__max"],
        )
        request_id = uuid.uuid4()
        counts: dict[str, np.ndarray] = {}
        for chunk in features.feature_chunks(CHUNK_SIZE):
            chunk_started = time.perf_counter()
            scores = model.score_frame(chunk)
            rows = _log_rows(
                model,
                chunk,
                scores,
                created_at=run.created_at,
                request_id=request_id,
                mode=Prediction.Mode.SCORING.value,
                run_id=run.pk,
                api_key_id=None,
                user_id=None,
                latency_ms=_milliseconds_since(chunk_started) / len(chunk),
            )
            bulk_insert(Prediction, rows, _LOG_COLUMNS)
            run.employee_count += len(chunk)
            run.above_threshold_count += int((scores.probability >= model.threshold).sum())
            run.expected_departures += float(scores.probability.sum())
            for name, people in drift.count(chunk, scores.probability, model.card["drift"]).items():
                counts[name] = people + counts.get(name, 0)
            if progress:
                progress("Scoring", run.employee_count, total)
        RunGroup.objects.bulk_create(figures.aggregate(run, Scope.EVERYONE))
        run.drift_counts = {name: people.tolist() for name, people in counts.items()}
        run.duration_ms = _milliseconds_since(started)
        run.save()
    refresh_statistics(Prediction)  # or whoever reads the run next sorts what an index has in order
    count_predictions(Prediction.Mode.SCORING, total=run.employee_count, leave=run.above_threshold_count)
    return run


def is_scoring_due() -> bool:
    """Whether the newest run is missing, of another model than the current one, or older than some features."""
    run = ScoringRun.objects.first()
    if run is None or run.model_version != current_model().version:
        return True
    return EmployeeFeatures.objects.filter(created_at__gt=run.created_at).exists()


_LOG_COLUMNS = [field.attname for field in Prediction._meta.concrete_fields if not field.primary_key]


def _log_rows(model: Model, chunk: pd.DataFrame, scores: ScoreFrame, **common: object) -> Iterator[tuple]:
    """The log rows of a frame of employees, in the order of ``_LOG_COLUMNS``; ``common`` holds what they share."""
    common |= {
        "payload": None,
        "threshold": model.threshold,
        "model_version": model.version,
        "model_sha256": model.sha256,
        "base_value": scores.base_value,
    }
    main, second = strongest_two_of_each(scores.contributions)
    columns = {name: repeat(value) for name, value in common.items()} | {
        "employee_id": chunk["employee_pk"].tolist(),
        "features_id": chunk["features_pk"].tolist(),
        "probability": scores.probability.tolist(),
        "low": scores.low.tolist(),
        "high": scores.high.tolist(),
        "is_extrapolated": scores.is_extrapolated.tolist(),
        "predicted_class": (scores.probability >= model.threshold).tolist(),
        "contributions": _sparse(scores.contributions),
        "main_reason": main,
        "second_reason": second,
    }
    return zip(*(columns[name] for name in _LOG_COLUMNS), strict=False)  # what is repeated has no end


def _sparse(contributions: np.ndarray) -> Iterable[dict[str, float]]:
    """Contributions of ``(n, 32)`` as one dict a row, features that weigh nothing left out."""
    used = [(place, name) for place, name in enumerate(schema.FEATURE_NAMES) if contributions[:, place].any()]
    for row in contributions.tolist():
        yield {name: row[place] for place, name in used if row[place]}


def _prediction(model: Model, score: Score, caller: Caller, started: float, *, mode: Prediction.Mode) -> Prediction:
    contributions = {name: weight for name, weight in score.contributions.items() if weight}
    main, second = strongest_two(contributions)
    return Prediction(
        created_at=timezone.now(),
        request_id=caller.request_id,
        mode=mode,
        api_key=caller.api_key,
        user=caller.user,
        probability=score.probability,
        low=score.low,
        high=score.high,
        is_extrapolated=score.is_extrapolated,
        predicted_class=score.probability >= model.threshold,
        threshold=model.threshold,
        model_version=model.version,
        model_sha256=model.sha256,
        latency_ms=_milliseconds_since(started),
        base_value=score.base_value,
        contributions=contributions,
        main_reason=main,
        second_reason=second,
    )


def _milliseconds_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
