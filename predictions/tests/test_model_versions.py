"""Two machines with directories of their own and one database: a version published on one serves on both."""

import shutil
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import OperationalError

from predictions import registry
from predictions.decisions import versions
from predictions.ml.artifacts import store
from predictions.models import ModelVersion, Promotion
from predictions.tests.test_promotions import promote, two  # noqa: F401 - a fixture

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def elsewhere(two, artifacts, tmp_path, settings):  # noqa: F811
    """Call it to be another machine, whose directory has the first version alone."""
    first, second = two
    there = tmp_path / "elsewhere"
    shutil.copytree(artifacts, there, symlinks=True)
    shutil.rmtree(there / "versions" / second)
    (there / "current").unlink()
    (there / "current").symlink_to(f"versions/{first}")

    def move():
        settings.ARTIFACTS_DIR = there
        registry.forget_model()
        registry.forget_decisions()
        return there

    return move


def test_version_put_in_use_on_one_machine_serves_on_another(two, elsewhere):  # noqa: F811
    first, second = two
    promote(first, "--reason", "a trial")
    promote(second, "--reason", "back again")
    there = elsewhere()
    assert store.current_version(there) == first
    assert registry.current_model().version == second
    assert (there / "versions" / second / store.MODEL_FILE).exists()


def test_version_is_gone_back_to_on_a_machine_that_lacks_it(two, elsewhere):  # noqa: F811
    first, second = two
    promote(first, "--reason", "a trial")
    promote(second, "--reason", "back again")
    promote(first, "--reason", "once more")
    elsewhere()
    assert versions.previous(Promotion.objects.order_by("pk"), first) == second
    promote("--previous", "--reason", "and back")
    assert registry.current_model().version == second


def test_version_that_was_changed_in_the_database_is_refused(two, elsewhere):  # noqa: F811
    first, second = two
    promote(first, "--reason", "a trial")
    promote(second, "--reason", "back again")
    ModelVersion.objects.filter(name=second).update(threshold=b'{"threshold": 0.9, "rule": "f2"}')
    elsewhere()
    with pytest.raises(store.ArtifactCorrupt, match=second):
        registry.current_model()


def test_first_start_keeps_the_version_of_the_directory(two):  # noqa: F811
    versions.adopt()
    versions.adopt()
    assert versions.current() == two[1]
    kept = ModelVersion.objects.get()
    assert (kept.name, kept.is_shipped) == (two[1], True)


def test_first_start_after_an_upgrade_keeps_a_version_that_was_trained_here(two):  # noqa: F811
    promote(two[0], "--reason", "a trial")
    ModelVersion.objects.all().delete()
    versions.adopt()
    assert not ModelVersion.objects.get().is_shipped


def test_every_page_says_that_the_model_came_with_the_program(two, browse):  # noqa: F811
    text = "has learned from fictional employees"
    versions.adopt()
    registry.forget_decisions()
    hr = browse("RH")
    assert text in hr.get("/").text
    promote(two[0], "--reason", "trained on our own")
    registry.forget_decisions()
    assert text not in hr.get("/").text


def test_model_in_use_serves_on_while_the_database_cannot_be_reached(two, elsewhere, monkeypatch):  # noqa: F811
    versions.adopt()
    there = elsewhere()
    assert registry.current_model().version == two[1]

    def refuse():
        raise OperationalError

    monkeypatch.setattr(registry._decided, "_read", refuse)
    monkeypatch.setattr(registry, "CHECK_INTERVAL", 0.0)
    assert registry.promoted_model().version == two[1]
    monkeypatch.setattr(registry._decided, "version", None)  # as in a process that has never reached it
    assert registry.promoted_model().version == store.current_version(there)


def test_command_lists_the_versions_of_the_database_too(two, elsewhere):  # noqa: F811
    promote(two[0], "--reason", "a trial")
    promote(two[1], "--reason", "back again")
    elsewhere()
    out = StringIO()
    call_command("promote_model", stdout=out)
    assert sorted(out.getvalue().split()) == sorted(["*", *two])
