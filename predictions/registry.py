"""The model in use and the threshold in force: the one place that gives both.

The model is loaded once a process and replaced within seconds of a promotion. A model whose files change in place is
dropped, and a threshold set by HR is applied, within the same time.
"""

import math
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from django.db import DatabaseError
from django.db.models import OuterRef, Subquery

from predictions.decisions import versions
from predictions.metrics import note_model
from predictions.ml.artifacts import artifact, store
from predictions.ml.assessment.cutoffs import Cutoff
from predictions.models import ModelVersion, ScoringRun, ThresholdDecision

CHECK_INTERVAL = 2.0  # seconds during which a process trusts what it holds


class _Decided:
    """What people have decided, read together: the version in use, and the thresholds of HR, the newest first."""

    def __init__(self):
        self.thresholds: Sequence[ThresholdDecision] = ()
        self.version: str | None = None
        self.is_shipped = False
        self.checked_at = -math.inf

    def refresh(self) -> None:
        if time.monotonic() - self.checked_at >= CHECK_INTERVAL:
            checked_at = time.monotonic()  # set before the read, so that a change during it is seen next time
            self.thresholds, self.version, self.is_shipped = self._read()
            self.checked_at = checked_at

    def _read(self) -> tuple[Sequence[ThresholdDecision], str | None, bool]:
        """One query, or two where nobody has set a threshold."""
        run = ScoringRun.objects.filter(decision=OuterRef("pk")).order_by("-pk")
        fields = ("model_version", "threshold", "last_tied")
        newest = {f"run_{name}": Subquery(run.values(name)[:1]) for name in fields}
        in_use = ModelVersion.objects.in_use()
        of_version = {"version_in_use": in_use.values("name"), "is_shipped": in_use.values("is_shipped")}
        of_version = {name: Subquery(values) for name, values in of_version.items()}
        found = list(ThresholdDecision.objects.in_force().annotate(**of_version, **newest).select_related("decided_by"))
        if found:
            return found, found[0].version_in_use, bool(found[0].is_shipped)
        version = in_use.first()
        return found, version and version.name, bool(version and version.is_shipped)


class _Registry:
    """Holds one loaded model, the directory it came from and the stamp that its files had.

    A caller takes the model once and uses it for its whole request, so that every answer has one version.
    """

    def __init__(self):
        self._lock = threading.Lock()
        self._model: artifact.Model | None = None
        self._source: tuple[Path, store.Stamp] | None = None
        self._checked_at = 0.0

    def model(self, *, asks: bool = True) -> artifact.Model:
        if self._model is not None and time.monotonic() - self._checked_at < CHECK_INTERVAL:
            return self._model
        with self._lock:
            if asks:
                with suppress(DatabaseError):  # the version in use stays the one that it was last
                    _decided.refresh()
            directory = self._directory()
            source = directory, store.stamp_of(directory)  # before it is read: a change meanwhile is seen next time
            if self._model is None or source != self._source:
                model = artifact.load(directory)
                note_model(before=self._model.version if self._model else None, now=model.version)
                self._model, self._source = model, source
            self._checked_at = time.monotonic()
            return self._model

    def _directory(self) -> Path:
        """Of the version in use; before one is recorded, of the one that this machine's directory calls current."""
        if _decided.version:
            return versions.directory_of(_decided.version)
        return store.current_directory(versions.directory())

    def forget(self) -> None:
        with self._lock:
            self._model = None


_decided = _Decided()
_registry = _Registry()


def promoted_model(*, asks: bool = True) -> artifact.Model:
    """The model in use with the threshold of its training; by what this process knows if it ``asks`` no database.

    Reads disk and database at most every 2 s; raises ``ArtifactError`` when it cannot be used.
    """
    return _registry.model(asks=asks)


def is_shipped() -> bool:
    """Whether the model in use came with the program: it has learned from fictional employees alone."""
    _decided.refresh()
    return _decided.is_shipped


def decision_in_force(version: str) -> ThresholdDecision | None:
    """The threshold that HR has set for a version of the model; None where that of its training holds.

    One query at most every 2 s.
    """
    _decided.refresh()
    return next((decision for decision in _decided.thresholds if decision.holds_for(version)), None)


def current_model() -> artifact.Model:
    """The model in use with the threshold in force: the same object until one of them changes.

    Reads disk and database at most every 2 s; raises ``ArtifactError`` when the model cannot be used.
    """
    model = promoted_model()
    decision = decision_in_force(model.version)
    return model_with(model, _cutoff_of(decision, model)) if decision else model


def _cutoff_of(decision: ThresholdDecision, model: artifact.Model) -> Cutoff:
    """The cutoff of the newest run under a decision, so that every answer agrees with the list.

    Before such a run, the cutoff when it was set; a capacity set for another model has none until everyone is scored.
    """
    if decision.run_model_version == model.version:
        return Cutoff(decision.run_threshold, decision.run_last_tied)
    if decision.rule == ThresholdDecision.RuleName.CAPACITY and decision.model_version != model.version:
        return Cutoff(model.threshold)
    return Cutoff(decision.threshold, decision.last_tied)


@lru_cache(maxsize=2)
def model_with(model: artifact.Model, cutoff: Cutoff) -> artifact.Model:
    """The model with another threshold than that of its training."""
    return replace(model, threshold=cutoff.threshold, last_tied=cutoff.last_tied)


def card_of(version: str) -> Mapping:
    """The model card of a version that is still kept; empty if it cannot be read."""
    model = promoted_model()
    return model.card if version == model.version else _kept_card(version)


@lru_cache(maxsize=4)
def _kept_card(version: str) -> Mapping:
    try:
        return store.read(versions.directory_of(version)).card
    except store.ArtifactError:
        return {}


def forget_model() -> None:
    """Reload the model at the next call, for tests; a server detects a promotion itself."""
    _registry.forget()
    _kept_card.cache_clear()


def forget_decisions() -> None:
    """Read the decisions again at the next call: this process has changed them, or needs the newest."""
    _decided.checked_at = -math.inf
