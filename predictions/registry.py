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

from predictions.compliance.models import CompanyFact
from predictions.decisions import versions
from predictions.metrics import note_model
from predictions.ml.artifacts import artifact, store
from predictions.ml.assessment.cutoffs import Cutoff
from predictions.models import ModelVersion, ScoringRun, ThresholdDecision

CHECK_INTERVAL = 2.0  # seconds during which a process trusts what it holds
NOTHING_SET = [None, None, None]  # the state of the thresholds where HR has never set one


class _Decided:
    """What people have decided, read together: the version in use, the thresholds of HR, the newest first, and the day
    of the works council's opinion.
    """

    def __init__(self):
        self.thresholds: Sequence[ThresholdDecision] = ()
        self.version: str | None = None
        self.is_shipped = False
        self.consulted_on = ""
        self.checked_at = -math.inf
        self.state: list[object] | None = None  # of the thresholds when they were read

    def refresh(self) -> None:
        if time.monotonic() - self.checked_at >= CHECK_INTERVAL:
            checked_at = time.monotonic()  # set before the read, so that a change during it is seen next time
            self._read()
            self.checked_at = checked_at

    def _read(self) -> None:
        """One query; two after a threshold was set, undone or applied by a run; three without a version in use."""
        consulted = CompanyFact.objects.filter(name="council_on").order_by("-pk").values("value")[:1]
        decisions = ThresholdDecision.objects.order_by()
        applied = ScoringRun.objects.exclude(decision=None).order_by("-pk")
        found = (
            ModelVersion.objects.in_use()
            .annotate(
                consulted_on=Subquery(consulted),
                newest=Subquery(decisions.order_by("-pk").values("pk")[:1]),
                revoked=Subquery(decisions.exclude(revoked_at=None).order_by("-revoked_at").values("revoked_at")[:1]),
                applied=Subquery(applied.values("pk")[:1]),
            )
            .values_list("name", "is_shipped", "consulted_on", "newest", "revoked", "applied")
            .first()
        )
        if found is None:
            self.version, self.is_shipped, state = None, False, None
            consulted_on = consulted.values_list("value", flat=True).first()
        else:
            self.version, self.is_shipped, consulted_on, *state = found
        self.consulted_on = consulted_on or ""
        if state is None or state != self.state:
            self.thresholds = () if state == NOTHING_SET else self._in_force()
            self.state = state

    @staticmethod
    def _in_force() -> Sequence[ThresholdDecision]:
        """The thresholds of HR, each with the cutoff of the newest run under it."""
        run = ScoringRun.objects.filter(decision=OuterRef("pk")).order_by("-pk")
        fields = ("model_version", "threshold", "last_tied")
        cutoff = {f"run_{name}": Subquery(run.values(name)[:1]) for name in fields}
        return list(ThresholdDecision.objects.in_force().annotate(**cutoff).select_related("decided_by"))


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


def is_consultation_recorded() -> bool:
    """Whether the day of the works council's opinion is recorded."""
    _decided.refresh()
    return bool(_decided.consulted_on)


def decision_in_force(horizon: int | None) -> ThresholdDecision | None:
    """The threshold that HR has set for models with a horizon; None where that of the training holds.

    One query at most every 2 s, two after a change.
    """
    _decided.refresh()
    return next((decision for decision in _decided.thresholds if decision.holds_for(horizon)), None)


def current_model() -> artifact.Model:
    """The model in use with the threshold in force: the same object until one of them changes.

    Reads disk and database at most every 2 s; raises ``ArtifactError`` when the model cannot be used.
    """
    model = promoted_model()
    decision = decision_in_force(model.horizon_months)
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
    _decided.checked_at, _decided.state = -math.inf, None
