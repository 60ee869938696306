"""The versions of the model that every machine uses: kept in the database, of which ``ARTIFACTS_DIR`` is a cache.

A version's name holds the digest of its files, so that what comes from the database is believed no more than a file.
Before the first promotion is recorded, the version that the directory calls current is in use.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from predictions.decisions.models import ModelVersion, Promotion
from predictions.ml.artifacts import artifact, store

FIELD_OF_FILE = {
    store.MODEL_FILE: "model",
    store.PARAMETERS_FILE: "parameters",
    store.THRESHOLD_FILE: "threshold",
    store.CARD_FILE: "card",
}


def directory() -> Path:
    """This machine's directory of versions."""
    return Path(settings.ARTIFACTS_DIR)


def keep(version: str) -> None:
    """Add a version of the directory to the database, unless it is there. Raises ``ArtifactError``."""
    found = store.version_directory(directory(), version)
    if not ModelVersion.objects.filter(name=version).exists():
        files = {field: (found / name).read_bytes() for name, field in FIELD_OF_FILE.items()}
        ModelVersion.objects.get_or_create(name=version, defaults=files)


def put_in_use(version: str) -> None:
    """Make a version the one that every machine uses. Raises ``ArtifactError`` for an unknown one."""
    keep(version)
    ModelVersion.objects.filter(name=version).update(in_use_since=timezone.now())


def adopt() -> None:
    """Keep the version that the directory calls current, and put it in use if the database has none in use."""
    version = store.current_version(directory())
    if version and ModelVersion.objects.in_use().first() is None:
        put_in_use(version)
        was_trained_here = Promotion.objects.filter(version=version).exclude(promoted_at=None).exists()
        ModelVersion.objects.filter(name=version).update(is_shipped=not was_trained_here)


def current() -> str | None:
    """The version in use by the database or, where it knows of none, by the directory. One query."""
    found = ModelVersion.objects.in_use().first()
    return found.name if found else store.current_version(directory())


def directory_of(version: str) -> Path:
    """The directory of a version, written first if this machine lacks it. Raises ``ArtifactError``."""
    if version not in store.versions(directory()):
        kept = ModelVersion.objects.filter(name=version).first()
        if kept:
            files = {name: bytes(getattr(kept, field)) for name, field in FIELD_OF_FILE.items()}
            artifact.write_directory(directory() / "versions" / version, files)
    return store.version_directory(directory(), version)


def names() -> list[str]:
    """Those of the database and of the directory, oldest first."""
    return sorted({*ModelVersion.objects.values_list("name", flat=True), *store.versions(directory())})


def uses(recorded: Iterable[Promotion]) -> Sequence[tuple[str, datetime]]:
    """Which version was put in use when, oldest first: as recorded with a reason, and by the directory before that."""
    of_directory = [(entry["version"], entry["promoted_at"]) for entry in store.promotions(directory())]
    of_database = [(promotion.version, promotion.promoted_at) for promotion in recorded if promotion.promoted_at]
    return sorted([*of_directory, *(use for use in of_database if use not in of_directory)], key=lambda use: use[1])


def previous(recorded: Iterable[Promotion], now: str | None) -> str:
    """The last version in use that is there and not ``now``: putting it in use twice comes back.

    Raises ``ArtifactMissing`` when there is none. A query for each version that this machine lacks.
    """
    before = (version for version, _at in reversed(uses(recorded)) if version != now and _is_there(version))
    found = next(before, None)
    if found is None:
        raise store.ArtifactMissing(f"No version was in use before {now}: there is nothing to go back to.")
    return found


def _is_there(version: str) -> bool:
    return version in store.versions(directory()) or ModelVersion.objects.filter(name=version).exists()


@dataclass(frozen=True, slots=True)
class Place:
    """A directory of versions as a command sees it: the servers' own, which caches those of the database, or another
    one, which knows its own alone."""

    root: Path

    @property
    def is_ours(self) -> bool:
        """Whether this is the directory from which the servers load their model."""
        return self.root.resolve() == directory().resolve()

    def names(self) -> Sequence[str]:
        return names() if self.is_ours else store.versions(self.root)

    def current(self) -> str | None:
        return current() if self.is_ours else store.current_version(self.root)

    def previous(self) -> str:
        """The version in use before the current one. Raises ``ArtifactMissing``."""
        return (
            previous(Promotion.objects.order_by("pk"), current()) if self.is_ours else store.previous_version(self.root)
        )

    def directory_of(self, version: str) -> Path:
        """Raises ``ArtifactError`` for an unknown version."""
        return directory_of(version) if self.is_ours else store.version_directory(self.root, version)

    def keep(self, version: str) -> None:
        """Add a version of the servers' directory to the database."""
        if self.is_ours:
            keep(version)
