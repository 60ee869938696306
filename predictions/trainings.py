"""Trainings of the model: by the command, or as a task that the model's page or the schedule asks for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.models import User
from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from employees.disclosure import is_small
from employees.models import Employee, WorkforceDay
from features import selectors
from features.schema import TARGET
from predictions import rescoring
from predictions.decisions import promotions, versions
from predictions.decisions.models import BY_THE_SCHEDULE
from predictions.ml.artifacts import artifact, store
from predictions.ml.assessment import gates, thresholds
from predictions.models import Promotion, Training
from predictions.selectors.person_periods import CHUNK_SIZE, person_periods
from technova import jobs
from technova.commands import Progress

if TYPE_CHECKING:
    from predictions.ml.training import Trained

RULE = "f2"  # of the threshold, until HR sets another
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
    """Train on the history, or, where it is short, on who has left. Raises ``training.TrainingError``.

    Without a ``horizon`` it is the company's, ``HORIZON_MONTHS``, or else the longest that the history allows.
    """
    from predictions.ml import training

    tell = progress or training.silent
    objecting = Employee.objects.exclude(objected_on=None).count()
    history = person_periods(progress=tell)
    if horizon or training.longest_horizon(history):
        horizon = horizon or settings.HORIZON_MONTHS
        present = selectors.present_frame(CHUNK_SIZE)
        trained = training.train_forecast(
            history, present, horizon=horizon, features=features, rule=rule, progress=tell
        )
        return _counted(trained, objecting)
    warn(NO_HORIZON)
    frame = selectors.training_frame()
    day = WorkforceDay.objects.values_list("as_of", flat=True).last()
    trained = training.train_classification(
        frame, frame[TARGET].to_numpy(), as_of=day, features=features, rule=rule, progress=tell
    )
    return _counted(trained, objecting)


def _counted(trained: Trained, objecting: int) -> Trained:
    """The same, whose card says how many people it did not learn from; where nobody objects it says nothing."""
    if objecting:
        trained.card["training"]["objecting"] = None if is_small(objecting) else objecting
    return trained


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
    """Train, keep the version, and put it in use or let it wait; the one in use stays if it learned the same.

    What stands against it is recorded; a defect is raised as well.
    """
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
            if not training.is_unchanged:
                rescoring.rescore.enqueue()


def _version_of(training: Training, progress: Progress | None) -> str:
    from predictions.ml.training import publish

    root, by = versions.directory(), training.asked_by
    artifact.check_writable(root, promote=True)
    trained = fit(rule=thresholds.parse(RULE), progress=progress)
    training.objections = gates.objections(trained.card)
    in_use = versions.current()
    if in_use and repeats(trained):
        training.is_unchanged = True
        return in_use
    version = publish(
        root,
        trained,
        promoter=lambda root, version: promotions.ask(
            root=root, version=version, reason=training.reason, author=by or BY_THE_SCHEDULE, waits=by is None
        ),
    )
    versions.keep(version)
    return version


def repeats(trained: Trained) -> bool:
    """Whether the version in use has learned the same from the same rows, so that nothing would change.

    Their cards tell: on another kind of processor the last digits of the coefficients differ.
    """
    in_use = versions.current()
    if in_use is None:
        return False
    try:
        published = store.read(versions.directory_of(in_use)).card
    except store.ArtifactError:
        return False
    before = {name: value for name, value in published.items() if name in trained.card}
    return _as_read(before) == _as_read(trained.card)


def _as_read(card: Mapping) -> dict:
    return json.loads(json.dumps(card, default=str))  # days are texts


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
    training.save()


@contextmanager
def recorded(*, author: User | str, reason: str, promotes: bool, is_ours: bool) -> Iterator[Training]:
    """A training by a command, saved once it has ended: with the version that the caller sets, or with what stopped it.

    Nothing is saved unless ``is_ours``: of a training into another directory than the servers'.
    """
    named = {"system_account": author} if isinstance(author, str) else {"asked_by": author}
    training = Training(reason=reason, promotes=promotes, **named)
    try:
        yield training
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        if is_ours:
            _finish(training, problem=_problem(error), error=str(error))
        raise
    if is_ours:
        _finish(training, version=training.version)
