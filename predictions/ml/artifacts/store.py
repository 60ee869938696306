"""The directory of models: immutable versions, verified before use, one of them current.

artifacts/
  versions/<YYYYMMDD>-<20 digits>/           never changed once written; named by the day and the digest of its files
    modele_classification_technova.joblib    the fitted estimator, for study: nothing here loads it
    parameters.npz                           what it learned as plain arrays, from which people are scored
    threshold.json                           {"threshold": 0.2, "rule": "f2"}
    model_card.json                          what the model is and how good it is
  current -> versions/<version>              swapped atomically: a reader sees the old version or the new one
  promotions.jsonl                           which version was promoted when
  the four names -> current/<name>

Nothing here unpickles, nor imports the libraries of a model, so that every command can check for a usable one.
"""

import hashlib
import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version as installed_version
from pathlib import Path

from features.schema import FEATURE_NAMES
from predictions.ml.artifacts import card_format
from predictions.ml.artifacts.card_format import PromotionLine, PublishedCard, Threshold

MODEL_FILE = "modele_classification_technova.joblib"
PARAMETERS_FILE = "parameters.npz"
THRESHOLD_FILE = "threshold.json"
CARD_FILE = "model_card.json"
FILES = (MODEL_FILE, PARAMETERS_FILE, THRESHOLD_FILE, CARD_FILE)
PROMOTIONS_FILE = "promotions.jsonl"
Stamp = tuple[tuple[int, int, int], ...]  # of each file: modified (ns), bytes, inode
DIGITS = 20  # of the digest in a version's name: 80 bits, too many to forge another card or threshold for


class ArtifactError(Exception):
    """The model cannot be used; the message names the file, the value and the remedy."""


class ArtifactMissing(ArtifactError):
    """There is no model, no such version or a file of it is absent."""


class ArtifactCorrupt(ArtifactError):
    """A file differs from what was written."""


class ArtifactMismatch(ArtifactError):
    """The model is intact, but made for other features or another threshold rule than those of this program."""


class ArtifactUnwritable(ArtifactError):
    """The directory cannot take a version, or cannot make one current."""


# Which versions there are


def versions(root: Path) -> list[str]:
    """Names of the published versions, oldest first."""
    directory = root / "versions"
    return sorted(path.name for path in directory.iterdir() if path.name[0] != ".") if directory.is_dir() else []


def promotions(root: Path) -> list[PromotionLine]:
    """The promotions with their times, oldest first."""
    path = root / PROMOTIONS_FILE
    if not path.exists():
        return []
    try:
        return card_format.read_promotions(_read(path))
    except card_format.InvalidFile as error:
        raise ArtifactCorrupt(f"{path} cannot be read ({error}); promote a version by its name") from error


def current_directory(root: Path) -> Path:
    """The directory of the current version, with links resolved: read all files of one model from there.

    A directory without ``current`` is taken as a version itself. Raises ``ArtifactMissing`` when there is none, and
    ``ArtifactCorrupt`` when ``current`` is no link.
    """
    if reason := why_not_a_link(root):
        raise ArtifactCorrupt(reason)
    link = root / "current"
    directory = link if link.is_symlink() else root
    try:
        return directory.resolve(strict=True)
    except (OSError, RuntimeError) as error:  # the latter for a link to itself
        raise ArtifactMissing(f"{directory} leads nowhere; run `manage.py train_model`") from error


def why_not_a_link(root: Path) -> str | None:
    """The remedy for a file or directory in place of the link to the current version; None without one."""
    link = root / "current"
    if link.is_symlink() or not link.exists():
        return None
    kind = "directory" if link.is_dir() else "file"
    there = versions(root)
    repair = f"promote_model {there[-1]}" if there else "train_model"
    return (
        f"{link} is a {kind}, where a link to one of the versions belongs; a copy may have lost it: "
        f"move the {kind} away and run `manage.py {repair}`"
    )


def is_dangling(root: Path) -> bool:
    """Whether ``current`` leads to a version that is absent."""
    return (root / "current").is_symlink() and not has_current(root)


def has_current(root: Path) -> bool:
    """Whether some version is promoted; it may still be unusable."""
    return (root / "current").exists()


def current_version(root: Path) -> str | None:
    """Name of the current version, or None."""
    link = root / "current"
    return link.readlink().name if link.is_symlink() else None


def previous_version(root: Path) -> str:
    """The last promoted version that is there and not current: promoting it twice comes back.

    Raises ``ArtifactMissing`` when there is none.
    """
    current = current_version(root)
    there = set(versions(root)) - {current}
    before = [entry["version"] for entry in promotions(root) if entry["version"] in there]
    if not before:
        raise ArtifactMissing(f"{root / PROMOTIONS_FILE} names no version before {current}: nothing to go back to")
    return before[-1]


def version_directory(root: Path, version: str) -> Path:
    """The directory of a published version. Raises ``ArtifactMissing`` for an unknown one."""
    known = versions(root)
    if version not in known:
        raise ArtifactMissing(f"{root / 'versions'} has no version {version!r}; it has: {', '.join(known) or 'none'}")
    return root / "versions" / version


# Whether one can be believed


@dataclass(frozen=True, slots=True)
class Verified:
    """The verified content of a version: ``parameters`` is the bytes of that file."""

    directory: Path
    parameters: bytes
    threshold: float
    card: PublishedCard

    @property
    def version(self) -> str:
        return self.directory.name


def digest_of(files: Mapping[str, bytes]) -> str:
    """The first digits of the digest of a version's four files. It is the sha256 of the output of ``sha256sum`` on
    them, so anyone can check it in the directory: ``sha256sum modele_classification_technova.joblib parameters.npz
    threshold.json model_card.json | sha256sum``.
    """
    lines = "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in FILES)
    return hashlib.sha256(lines.encode()).hexdigest()[:DIGITS]


def version_of(files: Mapping[str, bytes], created_on: date) -> str:
    """The name of the version that holds these files."""
    return f"{created_on:%Y%m%d}-{digest_of(files)}"


def stamp_of(directory: Path) -> Stamp:
    """A stamp that changes when a file of a version is written or replaced; empty if one is absent. Reads no file."""
    try:
        found = [(directory / name).stat() for name in FILES]
    except OSError:  # the read reports which
        return ()
    return tuple((status.st_mtime_ns, status.st_size, status.st_ino) for status in found)


def verify(directory: Path) -> Verified:
    """A version that may be used here: ``read``, then the features.

    ``directory`` is ``artifacts`` itself, for the current one, or a version. Raises an ``ArtifactError``.
    """
    found = read(current_directory(Path(directory)))
    _check_features(found.directory / CARD_FILE, found.card)
    return found


def read(directory: Path) -> Verified:
    """The content of a version, for whichever features it was made.

    The files are used only if their digest is the one in the directory's name. Raises an
    ``ArtifactError``.
    """
    _check_name(directory)
    files = {name: _read(directory / name) for name in FILES}
    digest = digest_of(files)
    if not directory.name.endswith(f"-{digest}"):
        raise ArtifactCorrupt(
            f"{directory} does not hold what was published under that name, the digest of its files is {digest}: "
            "restore them, promote another version, or delete the directory and run `manage.py train_model`"
        )
    card, threshold = _parse(directory, files)
    if version_of(files, card["created_on"]) != directory.name:
        raise ArtifactCorrupt(f"{directory} was published on {card['created_on']}: give it the name of that day")
    if (threshold["threshold"], threshold["rule"]) != (card["threshold"]["value"], card["threshold"]["rule"]):
        raise ArtifactMismatch(
            f"{directory / THRESHOLD_FILE} has {threshold['threshold']:g} by {threshold['rule']!r}, its card "
            f"{card['threshold']['value']:g} by {card['threshold']['rule']!r}: run `manage.py train_model`"
        )
    return Verified(directory, files[PARAMETERS_FILE], threshold["threshold"], card)


def _check_name(directory: Path) -> None:
    """Refuse a directory whose name holds no digest."""
    if re.fullmatch(r"\d{8}-[0-9a-f]{8}", directory.name):
        raise ArtifactMismatch(
            f"{directory} is of a former format, in which nothing vouched for the card and the threshold: "
            "train the model anew with `manage.py train_model`"
        )
    if not re.fullmatch(rf"\d{{8}}-[0-9a-f]{{{DIGITS}}}", directory.name):
        raise ArtifactMissing(f"{directory} is no version of a model: run `manage.py train_model`")


def _parse(directory: Path, files: Mapping[str, bytes]) -> tuple[PublishedCard, Threshold]:
    path = directory / CARD_FILE
    try:
        card = card_format.read_card(files[CARD_FILE])
        path = directory / THRESHOLD_FILE
        return card, card_format.read_threshold(files[THRESHOLD_FILE])
    except card_format.InvalidFile as error:
        raise ArtifactMismatch(f"{path}: {error}; run `manage.py train_model`") from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ArtifactMissing(f"{path} is absent; run `manage.py train_model`") from error
    except OSError as error:
        raise ArtifactMissing(f"{path} cannot be read: {error.strerror}") from error


def _check_features(path: Path, card: PublishedCard) -> None:
    """Refuse a model with other features."""
    if card["features"] != list(FEATURE_NAMES):
        strange = sorted(set(card["features"]) ^ set(FEATURE_NAMES)) or ["their order"]
        raise ArtifactMismatch(
            f"{path} names other features than features/schema.py ({', '.join(strange)}): run `manage.py train_model`"
        )


def versions_here() -> dict[str, str]:
    """The versions of the libraries that train a model."""
    return {
        "python": platform.python_version(),
        "scikit-learn": installed_version("scikit-learn"),
        "numpy": installed_version("numpy"),
    }
