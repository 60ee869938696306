"""Trainings of the model: by the command, or as a task that the model's page or the schedule asks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from employees.models import WorkforceDay
from features import selectors
from features.schema import TARGET
from predictions import rescoring
from predictions.decisions import promotions, versions
from predictions.ml.artifacts import artifact, store
from predictions.ml.assessment import thresholds
from predictions.models import Promotion, Training
from predictions.selectors.person_periods import CHUNK_SIZE, person_periods
from technova import jobs
from technova.commands import Progress

if TYPE_CHECKING:
    from predictions.ml.training import Trained

RULE = "f2"  # of the threshold, until HR sets another
BY_THE_SCHEDULE = "schedule"  # in place of an account, and as the reason
NO_HORIZON = "The extracts span less than three months: this is a classification, without a horizon."

Problem = Training.Problem


def fit(
    *,
    rule: thresholds.Rule,
    horizon: int | None = None,
    features: str = "default",
    warn: Callable[[str], None] = lambda text: None,
    progress: Progress | None = None,
) -> Trained:
    """Train on the history, or, where it is short, on who has left. Raises ``training.TrainingError``."""
    from predictions.ml import training

    tell = progress or training.silent
    history = person_periods(progress=tell)
    if horizon or training.longest_horizon(history):
        present = selectors.present_frame(CHUNK_SIZE)
        return training.train_forecast(history, present, horizon=horizon, features=features, rule=rule, progress=tell)
    warn(NO_HORIZON)
    frame = selectors.training_frame()
    day = WorkforceDay.objects.values_list("as_of", flat=True).last()
    return training.train_classification(
        frame, frame[TARGET].to_numpy(), as_of=day, features=features, rule=rule, progress=tell
    )


@transaction.atomic
def ask(*, user, reason: str) -> Training:
    """Have a new version trained, and put in use by this account; without one, it waits for somebody's approval."""
    training = Training.objects.create(asked_by=user, reason=reason)
    train.enqueue(
        str(training.pk), if_refused=lambda error: _finish(training, problem=Problem.BROKEN, error=str(error))
    )
    return training


@jobs.task
def train_by_schedule(*, progress: Progress | None = None) -> None:
    """Have a version trained that waits for approval; none while another one waits or is being trained."""
    newest = Training.objects.first()
    is_at_work = newest is not None and newest.finished_at is None and train.state(str(newest.pk)) is not None
    if not is_at_work and not Promotion.objects.waiting().exists():
        ask(user=None, reason=BY_THE_SCHEDULE)


@jobs.task
def train(pk: str, *, progress: Progress | None = None) -> None:
    """Train, keep the version, and put it in use or let it wait. What stands against it is recorded; a defect is raised
    as well."""
    training = Training.objects.select_related("asked_by").get(pk=pk)
    if training.finished_at is None:
        try:
            version = _version_of(training, progress)
        except (OperationalError, InterfaceError):
            raise  # the database comes back, and the work is done again
        except Exception as error:
            _finish(training, problem=_problem(error), error=str(error))
            if _problem(error) is Problem.BROKEN:
                raise
        else:
            _finish(training, version=version)
            rescoring.rescore.enqueue()


def _version_of(training: Training, progress: Progress | None) -> str:
    from predictions.ml.training import publish

    root, by = versions.directory(), training.asked_by
    artifact.check_writable(root, promote=True)
    trained = fit(rule=thresholds.parse(RULE), progress=progress)
    version = publish(
        root,
        trained,
        promoter=lambda root, version: promotions.ask(
            root=root, version=version, reason=training.reason, author=by or BY_THE_SCHEDULE, waits=by is None
        ),
    )
    versions.keep(version)
    return version


def _problem(error: Exception) -> Training.Problem:
    from predictions.ml import training

    match error:
        case training.TrainingError():
            return Problem.TOO_LITTLE
        case training.LeakSuspected():
            return Problem.LEAK
        case training.Doubtful() | training.ProtectedFeatures():
            return Problem.DOUBTFUL
        case promotions.AlreadySettled() | promotions.SecondPerson():
            return Problem.ANOTHER_WAITS
        case store.ArtifactError():
            return Problem.UNUSABLE
    return Problem.BROKEN


def _finish(training: Training, *, version: str = "", problem: str = "", error: str = "") -> None:
    training.version, training.problem, training.error = version, problem, error[:2000]
    training.finished_at = timezone.now()
    training.save(update_fields=["version", "problem", "error", "finished_at"])
