import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from employees.tests.factories import DAY, EmployeeFactory, EmployeeStateFactory, WorkforceDayFactory
from features.models import EmployeeFeatures
from features.tests.factories import EmployeeFeaturesFactory
from predictions import registry
from predictions.ml import training
from predictions.ml.artifacts import artifact, store
from predictions.tests.workforce import RULE, TINY, people, trained

pytestmark = pytest.mark.slow
CAPACITY = ("--threshold-rule", RULE)
WHY = ("--reason", "a trial")


def run(name, *arguments, **options):
    out, err = StringIO(), StringIO()
    call_command(name, *arguments, stdout=out, stderr=err, **options)
    return out.getvalue() + err.getvalue()


@pytest.fixture
def root(tmp_path):
    training.publish(tmp_path, trained())
    return tmp_path


@pytest.fixture
def workforce(db, monkeypatch):
    """300 employees with known outcomes in the database, and a training that is quick."""
    quick = training.train_classification
    monkeypatch.setattr(
        training, "train_classification", lambda *rows, **options: quick(*rows, **options | {"plan": TINY})
    )
    frame, target = people()
    rows = frame.assign(as_of=DAY, created_at=timezone.now()).to_dict("records")
    people_ = [EmployeeStateFactory(left=True).employee if has_left else EmployeeFactory() for has_left in target]
    EmployeeFeatures.objects.bulk_create(
        EmployeeFeatures(employee=person, **row) for person, row in zip(people_, rows, strict=True)
    )
    WorkforceDayFactory()


def test_train_model_writes_a_version_and_makes_it_current(workforce, tmp_path):
    output = run("train_model", "--output", tmp_path, *CAPACITY)
    version = store.current_version(tmp_path)
    assert f"Version {version} written to {tmp_path} and current" in output
    assert "300 employees" in output
    assert json.loads((tmp_path / "threshold.json").read_text())["rule"] == RULE
    assert artifact.load(tmp_path).card["training"]["employees"] == 300


def test_train_model_again_gives_the_same_version(workforce, tmp_path):
    for _ in range(2):
        run("train_model", "--output", tmp_path, *CAPACITY)
    assert store.versions(tmp_path) == [store.current_version(tmp_path)]
    assert len(store.promotions(tmp_path)) == 1


def test_train_model_without_promotion_leaves_the_current_one(workforce, root):
    before = store.current_version(root)
    output = run("train_model", "--output", root, "--no-promote", "--threshold-rule", "capacity:30")
    assert store.current_version(root) == before
    assert len(store.versions(root)) == 2
    assert "by capacity:30" in output
    assert "and current" not in output


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["train_model", "init_technova"])
def test_commands_name_a_current_that_is_no_link_before_they_train(root, name, settings, monkeypatch):
    monkeypatch.setattr(training, "train_classification", lambda *_, **__: pytest.fail("trained"))
    monkeypatch.setattr(registry, "CHECK_INTERVAL", 0.0)
    EmployeeFeaturesFactory()
    settings.ARTIFACTS_DIR = root
    (root / "current").unlink()
    (root / "current").mkdir()
    registry.forget_model()
    with pytest.raises(CommandError, match=r"current is a directory.*move the directory away"):
        run(name)
    registry.forget_model()


def test_train_model_says_that_the_link_to_the_current_version_leads_nowhere(workforce, root):
    (root / "current").unlink()
    (root / "current").symlink_to("versions/gone")
    assert "current leads nowhere" in run("train_model", "--output", root, *CAPACITY)
    assert artifact.load(root).card["training"]["employees"] == 300


def test_train_model_refuses_an_unreadable_rule(tmp_path):
    with pytest.raises(CommandError, match="'best'"):
        run("train_model", "--output", tmp_path, "--threshold-rule", "best")


@pytest.mark.django_db
def test_train_model_without_known_outcomes_says_so(tmp_path):
    with pytest.raises(CommandError, match="nobody left among the 0 employees"):
        run("train_model", "--output", tmp_path, *CAPACITY)


def test_train_model_with_all_features_is_not_promoted(workforce, tmp_path):
    with pytest.raises(CommandError, match="protected"):
        run("train_model", "--output", tmp_path, "--features", "all", *CAPACITY)
    assert store.versions(tmp_path) == []


def test_train_model_warns_of_a_leak_and_publishes_only_by_force(workforce, tmp_path):
    for presence, rise in (("left", 11.0), ("present", 18.0)):
        rows = EmployeeFeatures.objects.filter(employee__presence=presence)
        rows.update(augmentation_salaire_precedente=rise)
    with pytest.raises(CommandError, match="augmentation_salaire_precedente"):
        run("train_model", "--output", tmp_path, *CAPACITY)
    assert store.versions(tmp_path) == []
    output = run("train_model", "--output", tmp_path, "--force")
    assert "WARNING: ROC-AUC" in output
    assert artifact.load(tmp_path).card["leak"]


def test_promote_model_lists_the_versions(root):
    other = training.publish(root, trained("all"), promote=False)
    current = store.current_version(root)
    assert sorted(run("promote_model", "--output", root).splitlines()) == sorted([f"* {current}", f"  {other}"])


def test_promote_model_and_back(root):
    first = store.current_version(root)
    second = training.publish(root, trained("all"), promote=False)
    assert run("promote_model", second, "--force", *WHY, "--output", root) == f"{second} is current; before: {first}\n"
    assert run("promote_model", "--previous", *WHY, "--output", root) == f"{first} is current; before: {second}\n"
    assert store.current_version(root) == first


def test_promote_model_refuses_protected_features_without_force(root):
    first = store.current_version(root)
    second = training.publish(root, trained("all"), promote=False)
    with pytest.raises(CommandError, match="protected"):
        run("promote_model", second, *WHY, "--output", root)
    assert store.current_version(root) == first


def test_promote_model_that_is_current_says_so(root):
    assert "is current already" in run("promote_model", store.current_version(root), *WHY, "--output", root)


@pytest.mark.parametrize("arguments", [["20200101-00000000"], ["--previous"]])
def test_promote_model_without_such_a_version_fails(root, arguments):
    with pytest.raises(CommandError):
        run("promote_model", *arguments, *WHY, "--output", root)


def test_promote_model_without_any_version_fails(tmp_path):
    with pytest.raises(CommandError, match="holds no version"):
        run("promote_model", "--output", tmp_path)


@pytest.mark.django_db
def test_a_running_server_takes_up_a_promotion(artifacts, monkeypatch):
    monkeypatch.setattr(registry, "CHECK_INTERVAL", 0.0)
    before = registry.current_model()
    version = training.publish(artifacts, trained())
    assert registry.current_model().version == version
    run("promote_model", "--previous", *WHY)
    assert registry.current_model().version == before.version
