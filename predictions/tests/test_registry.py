import os
import shutil
import subprocess
import sys

import pytest

from predictions import registry
from predictions.ml.artifacts import artifact
from predictions.ml.artifacts.store import CARD_FILE, FILES, ArtifactError, ArtifactMissing
from predictions.tests import published

pytestmark = pytest.mark.django_db


def test_current_model_is_loaded_once(artifacts):
    assert registry.current_model() is registry.current_model()


@pytest.mark.slow
def test_current_model_follows_a_promotion_after_the_interval(artifacts, monkeypatch):
    before = registry.current_model()
    copied = shutil.copytree(artifacts / "versions" / before.version, artifacts / "versions" / f"{before.version}-copy")
    other = published.change(copied, card=lambda card: None)  # the same card in other bytes
    (artifacts / "current").unlink()
    (artifacts / "current").symlink_to(f"versions/{other.name}")
    assert registry.current_model() is before
    monkeypatch.setattr(registry, "CHECK_INTERVAL", 0.0)
    assert registry.current_model().version == other.name != before.version


def test_current_model_without_an_artifact_is_a_named_error(artifacts):
    shutil.rmtree(artifacts)
    with pytest.raises(ArtifactError, match=str(artifacts)):
        registry.current_model()


@pytest.fixture
def in_use(artifacts, monkeypatch):
    """The directory of a model that is loaded, and looked at again at each call."""
    monkeypatch.setattr(registry, "CHECK_INTERVAL", 0.0)
    registry.current_model()
    return (artifacts / "current").resolve()


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_current_model_that_was_damaged_in_place_is_refused_until_it_is_restored(in_use, name):
    path = in_use / name
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"1", b"2", 1))
    for _ in range(2):
        with pytest.raises(ArtifactError, match=in_use.name):
            registry.current_model()
    path.write_bytes(whole)
    assert registry.current_model().version == in_use.name


def test_current_model_whose_file_was_deleted_is_refused(in_use):
    (in_use / CARD_FILE).unlink()
    with pytest.raises(ArtifactMissing, match=CARD_FILE):
        registry.current_model()


def test_current_model_is_trusted_within_the_interval(in_use, monkeypatch):
    monkeypatch.setattr(registry, "CHECK_INTERVAL", 60.0)
    (in_use / CARD_FILE).unlink()
    assert registry.current_model().version == in_use.name


def test_current_model_is_loaded_anew_only_when_a_file_was_written(in_use, monkeypatch):
    loaded = []
    load = artifact.load
    monkeypatch.setattr(artifact, "load", lambda directory: loaded.append(directory) or load(directory))
    before = registry.current_model()
    assert (registry.current_model() is before, loaded) == (True, [])
    os.utime(in_use / CARD_FILE, ns=(0, 0))
    assert (registry.current_model().version, loaded) == (before.version, [in_use])


SERVE = """
import sys
import technova.wsgi
from predictions.registry import promoted_model
promoted_model()
print(*sorted({"sklearn", "scipy", "joblib", "pandas.core"} & sys.modules.keys()))
"""


@pytest.mark.slow
def test_process_that_serves_imports_no_library_that_trains(settings):
    done = subprocess.run(
        [sys.executable, "-c", SERVE], cwd=settings.BASE_DIR, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""
