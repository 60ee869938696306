"""The directory of models: versions that are written once, verified before they are believed, one of them current.

artifacts/
  versions/<YYYYMMDD>-<first 8 of sha256>/   never changed once written
    modele_classification_technova.joblib    the fitted pipeline, its reference rows and its threshold
    threshold.json                           {"threshold": 0.2, "rule": "f2"}
    model_card.json                          what the model is, how good it is, and the sha256 of the joblib file
  current -> versions/<version>              swapped atomically: a reader sees the old version or the new one
  promotions.jsonl                           which version was promoted when
  the three names -> current/<name>

Nothing here unpickles, nor imports the libraries of a model: every command asks whether there is a usable one.
"""

import hashlib
import json
import platform
from dataclasses import dataclass
from importlib.metadata import version as installed_version
from pathlib import Path

from features.schema import FEATURE_NAMES

MODEL_FILE = "modele_classification_technova.joblib"
THRESHOLD_FILE = "threshold.json"
CARD_FILE = "model_card.json"
FILES = (MODEL_FILE, THRESHOLD_FILE, CARD_FILE)
PROMOTIONS_FILE = "promotions.jsonl"


class ArtifactError(Exception):
    """The model cannot be used; the message names the file, the value and what to do."""


class ArtifactMissing(ArtifactError):
    """There is no model, no such version or a file of it is absent."""


class ArtifactCorrupt(ArtifactError):
    """A file is not what was written: its content cannot be believed."""


class ArtifactMismatch(ArtifactError):
    """The model is whole, but made for other libraries, other features or another threshold than are here."""


class ArtifactExists(ArtifactError):
    """Another model is published under this version; versions are never overwritten."""


class ArtifactUnwritable(ArtifactError):
    """The directory cannot take a version, or cannot make one current."""


# Which versions there are


def versions(root: Path) -> list[str]:
    """Names of the published versions, oldest first."""
    directory = root / "versions"
    return sorted(path.name for path in directory.iterdir() if path.name[0] != ".") if directory.is_dir() else []


def promotions(root: Path) -> list[dict]:
    """What was promoted when, oldest first: ``{"version", "promoted_at"}``."""
    path = root / PROMOTIONS_FILE
    if not path.exists():
        return []
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except ValueError as error:
        raise ArtifactCorrupt(f"{path} is not JSON lines ({error}); promote a version by its name") from error


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
    except (OSError, RuntimeError) as error:  # the latter for a link that leads to itself
        raise ArtifactMissing(f"{directory} leads nowhere; run `manage.py train_model`") from error


def why_not_a_link(root: Path) -> str | None:
    """What to do about a file or a directory in the place of the link to the current version; None without one."""
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
    """Where a published version is. Raises ``ArtifactMissing`` for an unknown one."""
    known = versions(root)
    if version not in known:
        raise ArtifactMissing(f"{root / 'versions'} has no version {version!r}; it has: {', '.join(known) or 'none'}")
    return root / "versions" / version


# Whether one can be believed


@dataclass(frozen=True, slots=True)
class Verified:
    """The files of a version whose model may be unpickled: ``data`` are its bytes, ``sha256`` their digest."""

    directory: Path
    card: dict
    data: bytes
    sha256: str
    threshold: float


def verify(directory: Path) -> Verified:
    """Read a version: ``artifacts`` itself, for the current one, or a directory below ``versions``.

    In this order, each before the next: the card, the sha256 of the model's bytes, the library versions and the
    features, the threshold. Raises an ``ArtifactError``.
    """
    directory = current_directory(Path(directory))
    card = read_card(directory)
    data = _read(directory / MODEL_FILE)
    digest = hashlib.sha256(data).hexdigest()
    if digest != card["sha256"]:
        raise ArtifactCorrupt(
            f"{directory / MODEL_FILE} has sha256 {digest}, its card says {card['sha256']}: "
            "restore the file, promote another version or run `manage.py train_model`"
        )
    _check_versions(directory / CARD_FILE, card)
    return Verified(directory, card, data, digest, _read_threshold(directory / THRESHOLD_FILE))


def read_card(directory: Path) -> dict:
    """The model card of a version, checked for the fields that loading relies on; nothing is unpickled."""
    path = directory / CARD_FILE
    card = _read_json(path)
    for name, kind in (("version", str), ("sha256", str), ("versions", dict), ("features", list)):
        if not isinstance(card.get(name), kind):
            raise ArtifactCorrupt(f"{path} has {name} = {card.get(name)!r}; run `manage.py train_model`")
    return card


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ArtifactMissing(f"{path} is absent; run `manage.py train_model`") from error
    except OSError as error:
        raise ArtifactMissing(f"{path} cannot be read: {error.strerror}") from error


def _read_json(path: Path) -> dict:
    try:
        value = json.loads(_read(path))
    except ValueError as error:  # also undecodable bytes
        raise ArtifactCorrupt(f"{path} is not JSON ({error}); run `manage.py train_model`") from error
    if not isinstance(value, dict):
        raise ArtifactCorrupt(f"{path} holds a {type(value).__name__}, not an object; run `manage.py train_model`")
    return value


def _read_threshold(path: Path) -> float:
    threshold = _read_json(path).get("threshold")
    if type(threshold) not in (int, float) or not 0 <= threshold <= 1:
        raise ArtifactCorrupt(f"{path} has threshold = {threshold!r}, not a probability; run `manage.py train_model`")
    return float(threshold)


def _check_versions(path: Path, card: dict) -> None:
    """Refuse other versions of the libraries whose objects are in the file, and other features.

    Another Python 3 may read it: the file format is the same, and the reference rows show whether the result is.
    """
    here, there = versions_here(), card["versions"]
    for name in ("scikit-learn", "numpy"):
        if there.get(name) != here[name]:
            raise ArtifactMismatch(
                f"{path} was made with {name} {there.get(name)}, {here[name]} is installed: "
                "install that version or run `manage.py train_model`"
            )
    if str(there.get("python")).split(".")[0] != here["python"].split(".")[0]:
        raise ArtifactMismatch(f"{path} was made with Python {there.get('python')}, this is {here['python']}")
    if card["features"] != list(FEATURE_NAMES):
        strange = sorted(map(str, set(card["features"]) ^ set(FEATURE_NAMES))) or ["their order"]
        raise ArtifactMismatch(
            f"{path} names other features than features/schema.py ({', '.join(strange)}): run `manage.py train_model`"
        )


def versions_here() -> dict[str, str]:
    """The versions that a pickled model depends on."""
    return {
        "python": platform.python_version(),
        "scikit-learn": installed_version("scikit-learn"),
        "numpy": installed_version("numpy"),
    }
