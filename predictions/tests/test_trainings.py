"""Trainings as a task: from the model's page, by the schedule, and what becomes of them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError, OperationalError
from django.utils import timezone

from predictions import trainings
from predictions.decisions import promotions, versions
from predictions.ml import training as ml
from predictions.ml.artifacts.store import ArtifactError
from predictions.ml.assessment import thresholds
from predictions.models import Promotion, Training
from predictions.tests import workforce
from technova.jobs import State, Step, Task

pytestmark = pytest.mark.django_db

Problem = Training.Problem


@pytest.fixture
def trained(monkeypatch):
    """A training that takes no time."""
    monkeypatch.setattr(trainings, "fit", lambda **options: workforce.trained())


@pytest.fixture(autouse=True)
def root(artifacts, started):
    return artifacts


def asked(user=None, reason="more months"):
    return trainings.ask(user=user, reason=reason)


def train(training):
    try:
        trainings.train(str(training.pk))
    finally:
        training.refresh_from_db()


@pytest.fixture
def hr(browse):
    return browse("RH")


def test_version_that_a_person_asked_for_is_put_in_use_and_everyone_scored(hr, trained, started):
    hr.post("/model/versions/train/", {"reason": "more months"})
    training = Training.objects.get()
    assert (training.asked_by, training.reason) == (hr.account, "more months")
    assert started == [("train", str(training.pk))]
    train(training)
    assert training.version == versions.current()
    promotion = Promotion.objects.get()
    assert (promotion.author, promotion.reason, promotion.is_waiting) == (hr.account, "more months", False)
    assert started[-1] == ("rescore",)
    assert f"gave version {training.version}" in hr.get("/model/?tab=all").text


def test_version_waits_for_a_second_person_where_two_promote(hr, trained, settings):
    settings.TWO_PEOPLE_PROMOTE = True
    before = versions.current()
    training = asked(hr.account)
    train(training)
    assert Promotion.objects.get().is_waiting
    assert versions.current() == before


def test_version_by_the_schedule_waits_for_a_person(hr, trained, started):
    before = versions.current()
    trainings.train_by_schedule()
    training = Training.objects.get()
    train(training)
    promotion = Promotion.objects.get()
    assert (promotion.by, promotion.is_waiting, versions.current()) == ("schedule", True, before)
    hr.post(f"/model/versions/{promotion.pk}/approve/")
    assert versions.current() == training.version


def test_schedule_trains_nothing_while_a_version_waits_or_is_trained(trained, monkeypatch):
    trainings.train_by_schedule()
    with monkeypatch.context() as patch:
        patch.setattr(Task, "state", lambda task, *arguments: State.WAITING)
        trainings.train_by_schedule()
    assert Training.objects.count() == 1
    train(Training.objects.get())
    trainings.train_by_schedule()
    assert Training.objects.count() == 1


def test_training_that_learns_the_same_again_says_that_nothing_has_changed(trained, hr, started):
    train(asked(hr.account))
    before, promotions_before = versions.current(), Promotion.objects.count()
    del started[:]
    again = asked(hr.account, reason="once more")
    train(again)
    assert (again.version, again.is_unchanged) == (before, True)
    assert (versions.current(), Promotion.objects.count()) == (before, promotions_before)
    assert ("rescore",) not in started
    page = " ".join(hr.get("/model/?tab=versions").text.split())
    assert f"nothing has changed, version {before} stays in use." in page
    assert f"Nothing has changed: the same as version {before}" in page


def test_training_on_other_rows_is_a_new_version(trained, hr):
    train(asked(hr.account))
    assert trainings.repeats(workforce.trained())
    other = workforce.trained()
    changed = replace(other.content, card=other.card | {"training": other.card["training"] | {"sha256": "other"}})
    assert not trainings.repeats(replace(other, content=changed))


@pytest.mark.parametrize(
    ("reason", "english", "french"),
    [
        ("Trained anew", "Trained anew", "Nouvel entraînement"),
        ("schedule", "Trained by the schedule", "Entraînement planifié"),
        ("more months", "more months", "more months"),
    ],
)
def test_reason_that_no_person_wrote_is_told_in_the_language_of_the_page(hr, reason, english, french):
    Training.objects.create(reason=reason, version="a version", finished_at=timezone.now())
    for language, words in (("en", english), ("fr", french)):
        page = hr.get("/model/?tab=versions", headers={"Accept-Language": language}).text
        assert f'<span class="soft small">{words}</span>' in page


def test_training_that_is_done_again_changes_nothing(trained, hr):
    training = asked(hr.account)
    train(training)
    finished_at = training.finished_at
    train(training)
    assert (training.finished_at, Promotion.objects.count()) == (finished_at, 1)


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (ml.TrainingError("too few"), Problem.TOO_LITTLE),
        (ml.LeakSuspected("pay"), Problem.LEAK),
        (ml.Doubtful("no better than chance"), Problem.DOUBTFUL),
        (promotions.AlreadySettled("waits"), Problem.ANOTHER_WAITS),
        (ArtifactError("no room"), Problem.UNUSABLE),
    ],
)
def test_what_stands_against_a_version_is_told(hr, monkeypatch, error, problem):
    def fail(**options):
        raise error

    monkeypatch.setattr(trainings, "fit", fail)
    before = versions.current()
    training = asked(hr.account)
    train(training)
    assert (training.problem, training.error, training.version) == (problem, str(error), "")
    assert versions.current() == before
    page = hr.get("/model/?tab=all").text
    assert str(problem.label) in page
    assert str(error) in page


def test_defect_is_recorded_and_raised(monkeypatch):
    monkeypatch.setattr(trainings, "fit", lambda **options: 1 / 0)
    training = asked()
    with pytest.raises(ZeroDivisionError):
        train(training)
    assert training.problem == Problem.BROKEN


def test_outage_leaves_the_training_to_be_done_again(monkeypatch):
    def fail(**options):
        raise OperationalError("gone")

    monkeypatch.setattr(trainings, "fit", fail)
    training = asked()
    with pytest.raises(OperationalError):
        train(training)
    assert training.finished_at is None


@pytest.mark.parametrize(
    ("state", "text"), [(State.RUNNING, "is being trained"), (State.WAITING, "waits to be trained")]
)
def test_page_shows_the_training_at_work_and_takes_no_other(hr, monkeypatch, state, text):
    asked(hr.account)
    monkeypatch.setattr(Task, "state", lambda task, *arguments: state if task.function.__name__ == "train" else None)
    monkeypatch.setattr(Task, "progress", lambda task, *arguments: Step("Training", 3, 10))
    page = hr.get("/model/?tab=all").text
    assert text in page
    assert 'value="3"' in page
    hr.post("/model/versions/train/", {"reason": "again"})
    assert Training.objects.count() == 1


def test_page_tells_of_a_training_that_was_interrupted(hr):
    training = asked(hr.account)
    assert "was interrupted" not in hr.get("/model/?tab=all").text
    Training.objects.filter(pk=training.pk).update(asked_at=timezone.now() - timedelta(minutes=5))
    assert "was interrupted" in hr.get("/model/?tab=all").text


def test_training_needs_a_reason(hr):
    assert "give a reason" in hr.post("/model/versions/train/", {"reason": " "}, follow=True).text
    assert not Training.objects.exists()


@pytest.mark.parametrize(
    ("group", "departments"), [("Manager", ["Consulting"]), ("RH", ["Consulting"]), ("Auditeur", [])]
)
def test_who_does_not_decide_trains_nothing(browse, group, departments):
    browser = browse(group, *departments)
    assert browser.post("/model/versions/train/", {"reason": "more"}).status_code == 403
    assert "Train a new version" not in browser.get("/model/?tab=all").text


def test_database_refuses_a_training_that_ends_with_nothing():
    with pytest.raises(IntegrityError):
        Training.objects.create(reason="more", finished_at=timezone.now())


@pytest.mark.parametrize(("asked", "of_the_company", "used"), [(None, None, None), (None, 6, 6), (3, 6, 3)])
def test_training_takes_the_horizon_asked_for_or_else_the_companys(monkeypatch, settings, asked, of_the_company, used):
    settings.HORIZON_MONTHS = of_the_company
    taken = []
    monkeypatch.setattr(trainings, "person_periods", lambda **options: workforce.history())
    monkeypatch.setattr(ml, "train_forecast", lambda *args, horizon, **options: taken.append(horizon))
    trainings.fit(rule=thresholds.parse("f2"), horizon=asked)
    assert taken == [used]
