import shutil

import pytest

from predictions import registry
from predictions.ml.store import ArtifactError


def test_current_model_is_loaded_once(artifacts):
    assert registry.current_model() is registry.current_model()


def test_current_model_follows_a_promotion_after_the_interval(artifacts, monkeypatch):
    before = registry.current_model()
    other = artifacts / "versions" / "another"
    shutil.copytree((artifacts / "current").resolve(), other)
    (artifacts / "current").unlink()
    (artifacts / "current").symlink_to("versions/another")
    assert registry.current_model() is before
    monkeypatch.setattr(registry, "CHECK_INTERVAL", 0.0)
    assert registry.current_model() is not before


def test_current_model_without_an_artifact_is_a_named_error(artifacts):
    shutil.rmtree(artifacts)
    with pytest.raises(ArtifactError, match=str(artifacts)):
        registry.current_model()
