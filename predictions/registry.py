"""The model in use: loaded once a process, replaced within seconds when another version is promoted.

A model whose files change in place is dropped as quickly, not at the next start of the server.
"""

import threading
import time
from collections.abc import Mapping
from pathlib import Path

from django.conf import settings

from predictions.ml.artifacts import artifact, store
from technova.server.metrics import note_model

CHECK_INTERVAL = 2.0  # seconds during which a process trusts what it holds


class _Registry:
    """Holds one loaded model, the directory it came from and the stamp that its files had.

    A caller takes the model once and uses it for its whole request, so that every answer has one version.
    """

    def __init__(self):
        self._lock = threading.Lock()
        self._model: artifact.Model | None = None
        self._source: tuple[Path, store.Stamp] | None = None
        self._checked_at = 0.0

    def model(self) -> artifact.Model:
        if self._model is not None and time.monotonic() - self._checked_at < CHECK_INTERVAL:
            return self._model
        with self._lock:
            directory = store.current_directory(Path(settings.ARTIFACTS_DIR))
            source = directory, store.stamp_of(directory)  # before it is read: a change meanwhile is seen next time
            if self._model is None or source != self._source:
                model = artifact.load(directory)
                note_model(before=self._model.version if self._model else None, now=model.version)
                self._model, self._source = model, source
            self._checked_at = time.monotonic()
            return self._model

    def forget(self) -> None:
        with self._lock:
            self._model = None


_registry = _Registry()


def current_model() -> artifact.Model:
    """The promoted model. Reads the disk at most every 2 s; raises ``ArtifactError`` when it cannot be used."""
    return _registry.model()


def card_of(version: str) -> Mapping:
    """The model card of a version that is still kept; empty if it cannot be read."""
    model = current_model()
    if version == model.version:
        return model.card
    try:
        return store.read(store.version_directory(Path(settings.ARTIFACTS_DIR), version)).card
    except store.ArtifactError:
        return {}


def forget_model() -> None:
    """Reload the model at the next call, for tests; a server detects a promotion itself."""
    _registry.forget()
