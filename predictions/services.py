"""Services: score, and log every prediction before it is returned."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date
from functools import wraps

import numpy as np
import pandas as pd
from django.db import IntegrityError

from employees import terms
from employees.access import Scope
from employees.models import Employee, WorkforceDay
from employees.selectors import own_numbers, persons_of
from features import readable_features, schema
from features import selectors as features
from features.models import EmployeeFeatures
from predictions.events import services as events
from predictions.events.models import Event
from predictions.followup.lottery import draw
from predictions.log import writes
from predictions.log.row_builder import COLUMNS, BatchScore, Caller, milliseconds_since, prediction_of, rows_of
from predictions.metrics import count_predictions
from predictions.ml.assessment import cutoffs, disparity, drift
from predictions.ml.assessment.cutoffs import Cutoff
from predictions.ml.expectation import Expectation
from predictions.ml.scorer import Model
from predictions.models import Prediction, RunGroup, ScoringRun, ThresholdDecision
from predictions.registry import (
    current_model,
    decision_in_force,
    forget_decisions,
    model_with,
    promoted_model,
)
from predictions.rights.services import note_agreed
from predictions.segments.counting import CellCounter, GroupCounter
from predictions.selectors import figures
from predictions.selectors.group_counts import group_counts
from predictions.workforce_checks import check_workforce
from technova.commands import Progress
from technova.database.bulk import (
    Block,
    check_keys_at_once,
    insert_blocks,
    inserting,
    refresh_statistics,
    reserve_sparse_keys,
)
from technova.database.locks import exclusive

CHUNK_SIZE = 10_000
_COLUMNS = ["id", *COLUMNS]  # of a row of a run


class UnknownEmployee(LookupError):
    """No clean features for this number within the caller's scope."""


class ObjectsToScoring(LookupError):
    """The person objects to being scored, and no score is made."""


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
    the caller's scope, ``ObjectsToScoring``, and ``ArtifactError`` without a model.
    """
    started = time.perf_counter()
    model = current_model()
    row = features.newest_features(employee_id)
    if (row is None or not row.employee.presence) and (person := persons_of([employee_id])):
        row = features.newest_features(person[employee_id])
    if row is None or not _is_seen(row, caller.scope):
        raise UnknownEmployee(employee_id)
    if row.employee.objected_on:
        raise ObjectsToScoring(employee_id)
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
    seen = scope.narrow(EmployeeFeatures.objects.all())
    for name in ("poste", "domaine_etude"):
        if not seen.filter(**{name: values[name]}).exists():
            raise OutOfScope(name, values[name])


@_again_if_someone_vanished
def predict_for_employees(*, employee_ids: Iterable[int], caller: Caller) -> dict[int, BatchScore]:
    """Score several employees: the score of each number asked for that has clean features, in the order asked.

    A merged number stands for its person; whoever objects to being scored has none. Two reads and one bulk write,
    of tuples and arrays: a model instance for each row would take longer than its score. A person asked for twice is
    scored once.
    """
    started = time.perf_counter()
    model = current_model()
    asked = dict.fromkeys(employee_ids)
    person = own_numbers(asked)
    people = Employee.objects.within(caller.scope).to_score().filter(employee_id__in=set(person.values()))
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


def objecting(employee_ids: Collection[int], scope: Scope) -> set[int]:
    """Those of some numbers, in the scope, whose persons object to being scored. Two queries, none for no number."""
    if not employee_ids:
        return set()
    person = own_numbers(employee_ids)
    people = Employee.objects.within(scope).exclude(objected_on=None).filter(employee_id__in=set(person.values()))
    found = set(people.values_list("employee_id", flat=True))
    return {number for number in employee_ids if person[number] in found}


def score_employees(*, as_of: date | None = None, progress: Progress | None = None) -> ScoringRun:
    """Score everyone present with the current model, as one run and in one transaction; without those who object.

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
        is_newest = day is None or day == newest
        forget_decisions()
        decision = decision_in_force(model.horizon_months)
        if decision:
            model = model_with(model, _cutoff(decision, model, as_of))
        scoring = _Scoring(model, decision, day, CellCounter(day.as_of) if day and is_newest else None)
        run = scoring.run
        check_keys_at_once()
        keys = reserve_sparse_keys(Prediction, total)  # or they would reveal how many others were scored
        block: list[Block] = []  # of the chunk before
        for make_frame in features.fetched_chunks(CHUNK_SIZE, as_of):
            with inserting(Prediction, block, _COLUMNS):
                chunk = make_frame()
                block = [scoring.add(chunk, keys[run.employee_count :])] if len(chunk) else []
            scoring.add_cells(chunk)
            if progress:
                progress("Scoring", run.employee_count, total)
        if progress:
            progress("Storing the run", 0, 0)
        insert_blocks(Prediction, block, _COLUMNS)
        scoring.store(started)
        if is_newest:
            draw(run)
            note_agreed()
        _tell(run)
    refresh_statistics(Prediction)  # or the next reader's plan sorts instead of using an index
    if day is None or day.as_of == WorkforceDay.objects.latest().as_of:
        check_workforce()
    count_predictions(Prediction.Mode.SCORING, total=run.employee_count, leave=run.above_threshold_count)
    return run


class _Scoring:
    """A run in progress, which counts the people as they are scored."""

    def __init__(
        self, model: Model, decision: ThresholdDecision | None, day: WorkforceDay | None, cells: CellCounter | None
    ):
        self.model = model
        self.run = ScoringRun.objects.create(
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
        self.cells = cells
        self.groups = GroupCounter(self.run)
        self.by_group: disparity.Counts = {}
        self.drift: dict[str, np.ndarray] = {}
        self.expectations: list[Expectation] = []
        self.expected_over = 0.0

    def add(self, chunk: pd.DataFrame, keys: np.ndarray) -> Block:
        """Score and count a chunk; the rows of the log, with the first of the keys. No query."""
        started = time.perf_counter()
        self.scores = self.model.score_frame(chunk)
        self.rows = rows_of(
            self.scores,
            frame=chunk,
            model=self.model,
            caller=Caller(),
            mode=Prediction.Mode.SCORING,
            latency_ms=milliseconds_since(started) / len(chunk),
            run=self.run,
        )
        probability, is_over = self.scores.probability, self.rows.is_over
        self.run.employee_count += len(chunk)
        self.groups.add(chunk, *(self.rows.columns[name] for name in ("probability", "main_reason", "second_reason")))
        self.by_group = disparity.count(chunk, is_over, self.by_group)
        self.expectations.append(self.scores.expectation)
        self.expected_over += float(probability[is_over].sum())
        for name, people in drift.count(chunk, probability, self.model.card["drift"]).items():
            self.drift[name] = people + self.drift.get(name, 0)
        return self.rows.block(keys[: len(chunk)])

    def add_cells(self, chunk: pd.DataFrame) -> None:
        """Count the cells of the chunk that was scored last. Asks for its directory."""
        if self.cells and len(chunk):
            self.cells.add(chunk, self.scores, self.rows.is_over)

    def store(self, started: float) -> None:
        """Store the run with its figures; ``started`` is when it began, as ``time.perf_counter`` tells."""
        run = self.run
        RunGroup.objects.bulk_create(self.groups.groups.values())
        run.above_threshold_count = figures.counts(self.groups.groups.values()).above_threshold
        expectation = sum(self.expectations[1:], start=self.expectations[0])
        run.expected_departures = expectation.total * run.seen_correction
        run.expected_above_threshold = self.expected_over * run.seen_correction
        run.expected_low, run.expected_high = (end * run.seen_correction for end in expectation.interval)
        run.drift_counts = {name: people.tolist() for name, people in self.drift.items()}
        run.group_counts = group_counts(run, self.by_group)
        run.duration_ms = milliseconds_since(started)
        run.save()
        if self.cells:
            self.cells.store(run)


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
        },
        page="employees",
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
    model = promoted_model()
    decision = decision_in_force(model.horizon_months)
    return run.model_version == model.version and run.decision_id == (decision and decision.pk)
