import shutil
from pathlib import Path

import pytest
from django.conf import settings as project_settings

from predictions import registry

ARTIFACTS = Path(project_settings.ARTIFACTS_DIR)


@pytest.fixture
def artifacts(tmp_path, settings):
    """A copy of the artifacts that a test may change; the registry holds none of it before or after."""
    directory = tmp_path / "artifacts"
    shutil.copytree(ARTIFACTS, directory, symlinks=True)
    settings.ARTIFACTS_DIR = directory
    registry.forget_model()
    yield directory
    registry.forget_model()
