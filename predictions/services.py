"""Services: score, and log every prediction before it is returned."""

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import wraps

import numpy as np
from django.db import IntegrityError

from employees import terms
from employees.access import Scope
from employees.models import Employee, WorkforceDay
from employees.selectors import persons_of
from features import readable_features, schema
from features import selectors as features
from features.models import EmployeeFeatures
from predictions.events import services as events
from predictions.events.models import Event
from predictions.log import writes
from predictions.log.row_builder import COLUMNS, BatchScore, Caller, milliseconds_since, prediction_of, rows_of
from predictions.metrics import count_predictions
from predictions.ml.assessment import cutoffs, disparity, drift
from predictions.ml.assessment.cutoffs import Cutoff
from predictions.ml.scorer import Model
from predictions.models import Prediction, RunGroup, ScoringRun, ThresholdDecision
from predictions.registry import (
    current_model,
    decision_in_force,
    forget_decisions,
    model_with,
    promoted_model,
)
from predictions.segments.counting import CellCounter
from predictions.selectors import figures
from predictions.selectors.group_counts import group_counts
from predictions.workforce_checks import check_workforce
from technova.commands import Progress
from technova.database.bulk import bulk_insert, check_keys_at_once, refresh_statistics, reserve_sparse_keys
from technova.database.locks import exclusive

CHUNK_SIZE = 10_000


class UnknownEmployee(LookupError):
    """No clean features for this number within the caller's scope."""


class OutOfScope(LookupError):
    """A simulated employee unlike anyone in the caller's scope: ``name`` is the feature, with its ``value``."""

    def __init__(self, name: str, value: object):
        super().__init__(f"{name} is {value!r}, which nobody in the caller's scope has")
        self.name, self.value = name, value

    @property
    def label(self) -> str:
        """The value in the active language."""
        return terms.label(self.name, str(self.value))


class NothingToScore(LookupError):
    """No employee present has clean features."""


def _again_if_someone_vanished(predict: Callable) -> Callable:
    """Retry once if the write fails because the employee was deleted after the read."""

    @wraps(predict)
    def predict_again(**arguments):
        try:
            return predict(**arguments)
        except IntegrityError:
            return predict(**arguments)

    return predict_again


@_again_if_someone_vanished
def predict_for_employee(*, employee_id: int, caller: Caller) -> Prediction:
    """Score the newest clean features of one employee; a merged number stands for its person. One read and one write.

    Two more reads for a number without rows of its own. Raises ``UnknownEmployee`` when there are no features within
    the caller's scope, ``ArtifactError`` without a model.
    """
    started = time.perf_counter()
    model = current_model()
    row = features.newest_features(employee_id)
    if (row is None or not row.employee.presence) and (person := persons_of([employee_id])):
        row = features.newest_features(person[employee_id])
    if row is None or not _is_seen(row, caller.scope):
        raise UnknownEmployee(employee_id)
    return _logged(
        prediction_of(
            model.score_one(row.values()),
            model=model,
            caller=caller,
            mode=Prediction.Mode.BY_ID,
            started=started,
            employee=row.employee,
            features=row,
        )
    )


def _is_seen(row: EmployeeFeatures, scope: Scope) -> bool:
    """Whether somebody is in the scope, and was on the day of the features."""
    return scope.sees_everyone or (scope.sees(row.employee) and scope.sees_recorded(str(row.values()["departement"])))


def predict_for_features(
    *,
    values: Mapping[str, object],
    caller: Caller,
    mode: Prediction.Mode = Prediction.Mode.BY_FEATURES,
    employee: Employee | None = None,
) -> Prediction:
    """Score 32 ready-made features, already validated; ``employee`` is the starting point of a simulation. One write.

    Features derived from a switched-off column are treated and logged as unknown. Raises ``OutOfScope`` for a
    department that the caller does not see, or a job or field of study found only in other
    departments: the score would reveal their risk. Two more queries for a limited caller.
    """
    if employee is None:
        _check_scope(values, caller.scope)
    started = time.perf_counter()
    model = current_model()
    payload = {name: None if readable_features.is_off(name) else values[name] for name in schema.FEATURE_NAMES}
    return _logged(
        prediction_of(
            model.score_one(payload),
            model=model,
            caller=caller,
            mode=mode,
            started=started,
            employee=employee,
            payload=payload,
        )
    )


def _logged(prediction: Prediction) -> Prediction:
    writes.store(prediction)
    count_predictions(prediction.mode, total=1, leave=prediction.predicted_class)
    return prediction


def _check_scope(values: Mapping[str, object], scope: Scope) -> None:
    """Raise ``OutOfScope`` for a department, job or field of study that the scope does not include."""
    if scope.sees_everyone:
        return
    if not scope.sees_department(str(values["departement"])):
        raise OutOfScope("departement", values["departement"])
    seen = scope.narrow(EmployeeFeatures.objects.all(), "employee__departement")
    for name in ("poste", "domaine_etude"):
        if not seen.filter(**{name: values[name]}).exists():
            raise OutOfScope(name, values[name])


@_again_if_someone_vanished
def predict_for_employees(*, employee_ids: Iterable[int], caller: Caller) -> dict[int, BatchScore]:
    """Score several employees: the score of each number asked for that has clean features, in the order asked.

    A merged number stands for its person. Two reads and one bulk write, of tuples and arrays: a model instance for each
    row would take longer than its score. A person asked for twice is scored once.
    """
    started = time.perf_counter()
    model = current_model()
    asked = dict.fromkeys(employee_ids)
    person = {number: number for number in asked} | persons_of(asked)
    people = Employee.objects.within(caller.scope).filter(employee_id__in=set(person.values()))
    frame = features.newest_frame(people)
    if not caller.scope.sees_everyone:
        frame = frame[frame["departement"].map(caller.scope.sees_recorded).astype(bool)].reset_index(drop=True)
    scores = model.score_frame(frame)
    latency_ms = milliseconds_since(started)
    rows = rows_of(scores, frame=frame, model=model, caller=caller, mode=Prediction.Mode.BATCH, latency_ms=latency_ms)
    keys = writes.store_many(rows)
    given = {score.employee_number: score for score in rows.answers(keys, frame["employee_id"].tolist())}
    leave = sum(score.predicted_class for score in given.values())
    count_predictions(Prediction.Mode.BATCH, total=len(given), leave=leave)
    return {number: given[person[number]] for number in asked if person[number] in given}


def score_employees(*, as_of: date | None = None, progress: Progress | None = None) -> ScoringRun:
    """Score everyone present with the current model, as one run and in one transaction.

    ``as_of`` is an earlier day: it scores those present then with their features of then. The figures of its groups are
    part of the run; a run of the newest day is then checked for drift and accuracy. Reads and writes in chunks of
    10,000 employees, so memory does not grow with the workforce; under a capacity it reads everyone twice. Raises
    ``NothingToScore``, ``Busy`` while another writer is at work, and ``ArtifactError`` without a usable model.
    """
    started = time.perf_counter()
    model = promoted_model()
    with exclusive():
        total = features.employees_with_features(as_of)
        if not total:
            raise NothingToScore("No employee present has clean features: run seed_from_csv, then build_features.")
        newest = WorkforceDay.objects.last()
        day = WorkforceDay.objects.filter(as_of=as_of).first() if as_of else newest
        forget_decisions()
        decision = decision_in_force(model.version)
        if decision:
            model = model_with(model, _cutoff(decision, model, as_of))
        run = ScoringRun.objects.create(
            model_version=model.version,
            horizon_months=model.horizon_months,
            threshold=model.threshold,
            seen_correction=model.card["training"]["seen_correction"],
            decision=decision,
            last_tied=model.last_tied,
            employee_count=0,
            above_threshold_count=0,
            expected_departures=0,
            duration_ms=0,
            as_of=day.as_of if day else None,
            revision=day.revision if day else None,
        )
        caller = Caller()
        check_keys_at_once()
        keys = reserve_sparse_keys(Prediction, total)  # or they would reveal how many others were scored
        counts: dict[str, np.ndarray] = {}
        by_group: disparity.Counts = {}
        expectations, expected_over = [], 0.0
        cells = CellCounter(day.as_of) if day and day == newest else None
        for chunk in features.feature_chunks(CHUNK_SIZE, as_of):
            chunk_started = time.perf_counter()
            scores = model.score_frame(chunk)
            rows = rows_of(
                scores,
                frame=chunk,
                model=model,
                caller=caller,
                mode=Prediction.Mode.SCORING,
                latency_ms=milliseconds_since(chunk_started) / len(chunk),
                run=run,
            )
            of_chunk = keys[run.employee_count : run.employee_count + len(chunk)].tolist()
            with_keys = ((key, *row) for key, row in zip(of_chunk, rows, strict=True))
            bulk_insert(Prediction, with_keys, ["id", *COLUMNS])
            run.employee_count += len(chunk)
            by_group = disparity.count(chunk, rows.is_over, by_group)
            if cells:
                cells.add(chunk, scores, rows.is_over)
            expectations.append(scores.expectation)
            expected_over += float(scores.probability[rows.is_over].sum())
            for name, people in drift.count(chunk, scores.probability, model.card["drift"]).items():
                counts[name] = people + counts.get(name, 0)
            if progress:
                progress("Scoring", run.employee_count, total)
        groups = RunGroup.objects.bulk_create(figures.aggregate(run, Scope.EVERYONE, is_of_then=True))
        run.above_threshold_count = sum(group.above_threshold_count for group in groups)
        expectation = sum(expectations[1:], start=expectations[0])
        run.expected_departures = expectation.total * run.seen_correction
        run.expected_above_threshold = expected_over * run.seen_correction
        run.expected_low, run.expected_high = (end * run.seen_correction for end in expectation.interval)
        run.drift_counts = {name: people.tolist() for name, people in counts.items()}
        run.group_counts = group_counts(run, by_group)
        run.duration_ms = milliseconds_since(started)
        run.save()
        if cells:
            cells.store(run)
        _tell(run)
    refresh_statistics(Prediction)  # or the next reader's plan sorts instead of using an index
    if day is None or day.as_of == WorkforceDay.objects.latest().as_of:
        check_workforce()
    count_predictions(Prediction.Mode.SCORING, total=run.employee_count, leave=run.above_threshold_count)
    return run


def _tell(run: ScoringRun) -> None:
    events.emit(
        Event.RUN_FINISHED,
        about=f"run {run.pk}",
        data={
            "run_id": run.pk,
            "as_of": run.day.isoformat(),
            "model_version": run.model_version,
            "employee_count": run.employee_count,
            "above_threshold_count": run.above_threshold_count,
            "link": events.address("employees"),
        },
    )


def _cutoff(decision: ThresholdDecision, model: Model, as_of: date | None) -> Cutoff:
    """The cutoff of a decision among the people of a run, known for a capacity only once all of them have been
    scored."""
    if decision.capacity is None:
        return Cutoff(decision.threshold)
    scored = [
        (model.score_frame(chunk).probability, chunk["employee_id"].to_numpy())
        for chunk in features.feature_chunks(CHUNK_SIZE, as_of)
    ]
    return cutoffs.of_capacity(decision.capacity, *map(np.concatenate, zip(*scored, strict=True)))


def is_scoring_due(day: WorkforceDay | None = None) -> bool:
    """Whether the newest run is missing, or made with another model or threshold or on another state of the workforce.

    ``day`` is the newest one, if the caller has it. Two queries, or one with ``day``.
    """
    run = ScoringRun.objects.first()
    if run is None or not is_by_what_is_in_use(run):
        return True
    day = day or WorkforceDay.objects.last()
    return day is not None and run.revision != day.revision


def is_by_what_is_in_use(run: ScoringRun) -> bool:
    """Whether a run was made with the model in use and the threshold in force."""
    version = promoted_model().version
    decision = decision_in_force(version)
    return run.model_version == version and run.decision_id == (decision and decision.pk)
