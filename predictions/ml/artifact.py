"""The model on disk: versions that are written once, verified before they are believed, and promoted in one step.

artifacts/
  versions/<YYYYMMDD>-<first 8 of sha256>/   never changed once written
    modele_classification_technova.joblib    the fitted pipeline, its reference rows and its threshold
    threshold.json                           {"threshold": 0.2, "rule": "f2"}
    model_card.json                          what the model is, how good it is, and the sha256 of the joblib file
  current -> versions/<version>              swapped atomically: a reader sees the old version or the new one
  promotions.jsonl                           which version was promoted when
  the three names -> current/<name>
"""

import hashlib
import io
import json
import os
import platform
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import sklearn
from sklearn.pipeline import Pipeline

from features.schema import FEATURE_NAMES
from predictions.ml.card import Card
from predictions.ml.scorer import Model, Scorer

MODEL_FILE = "modele_classification_technova.joblib"
THRESHOLD_FILE = "threshold.json"
CARD_FILE = "model_card.json"
FILES = (MODEL_FILE, THRESHOLD_FILE, CARD_FILE)
TOLERANCE = 1e-9
FORMAT = 1  # of the joblib file's content; a reader of another format refuses it


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


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """What a version holds: all that scoring needs, and the card that describes it.

    ``reference`` has the used features of profiles with known ``reference_probability``, ``(n,)``: a loaded model
    must reproduce them.
    """

    pipeline: Pipeline
    interval_scale: float
    widest: float
    threshold: float
    rule: str
    reference: pd.DataFrame
    reference_probability: np.ndarray
    card: dict


def versions_here() -> dict[str, str]:
    """The versions that a pickled model depends on."""
    return {"python": platform.python_version(), "scikit-learn": sklearn.__version__, "numpy": np.__version__}


# Writing


def write_version(root: Path, content: Content, *, now: datetime | None = None) -> str:
    """Write a new version under ``root/versions`` without promoting it, and return its name.

    It appears whole or not at all. Writing the same model on the same day again changes nothing; a different one
    under the same name is refused with ``ArtifactExists``.
    """
    data = to_bytes(content)
    digest = hashlib.sha256(data).hexdigest()
    now = now or datetime.now(UTC)
    version = f"{now:%Y%m%d}-{digest[:8]}"
    directory = root / "versions" / version
    if directory.exists():
        if read_card(directory)["sha256"] != digest:
            raise ArtifactExists(f"{directory} holds another model; versions are never overwritten")
        return version
    card = {
        "version": version,
        "created_at": now.isoformat(timespec="seconds"),
        "sha256": digest,
        "versions": versions_here(),
        "features": list(FEATURE_NAMES),
        **content.card,
    }
    directory.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=directory.parent))
    try:
        draft.chmod(0o755)
        _write(draft / MODEL_FILE, data)
        _write(draft / THRESHOLD_FILE, _to_json({"threshold": content.threshold, "rule": content.rule}))
        _write(draft / CARD_FILE, _to_json(card))
        draft.rename(directory)
    except BaseException:
        shutil.rmtree(draft)
        if directory.exists() and read_card(directory)["sha256"] == digest:
            return version  # another process wrote the same model meanwhile
        raise
    return version


def to_bytes(content: Content) -> bytes:
    """The joblib file: equal models give equal bytes, on the same machine and library versions."""
    buffer = io.BytesIO()
    for each in (content.pipeline, *content.pipeline.named_steps.values(), *content.pipeline["basis"].terms_):
        _name_attributes_once(each)
    payload = {
        "format": FORMAT,
        "pipeline": content.pipeline,
        "interval_scale": content.interval_scale,
        "widest": content.widest,
        "threshold": content.threshold,
        "rule": content.rule,
        # Arrays of numbers or of fixed-width text: a DataFrame's bytes depend on where its strings came from.
        "reference": {name: _plain(content.reference[name]) for name in content.reference},
        "reference_probability": content.reference_probability,
    }
    joblib.dump(payload, buffer, compress=("zlib", 6))
    return buffer.getvalue()


def _name_attributes_once(instance: object) -> None:
    """Give an object's attributes the interpreter's own copy of their names.

    Pickle writes a string that it has met as a reference. In a process that loaded a model before it trained one,
    scikit-learn's classes keep the names of the loaded file, and the same model would be other bytes.
    """
    object.__setattr__(instance, "__dict__", {sys.intern(name): value for name, value in vars(instance).items()})


def _plain(column: pd.Series) -> np.ndarray:
    return np.asarray(column, dtype=float if pd.api.types.is_numeric_dtype(column) else str)


def _to_json(value: dict) -> bytes:
    return (json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1) + "\n").encode()


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


# Promoting


def promote(root: Path, version: str) -> Model:
    """Make ``version`` the current one, after loading it as a server would; return it.

    Raises an ``ArtifactError`` and changes nothing when it cannot be used.
    """
    model = load(version_directory(root, version))
    if version != current_version(root):
        _link(Path("versions") / version, root / "current")
        with (root / "promotions.jsonl").open("a", encoding="utf-8") as file:
            at = datetime.now(UTC).isoformat(timespec="seconds")
            file.write(json.dumps({"version": version, "promoted_at": at}) + "\n")
    for name in FILES:
        if not (root / name).is_symlink():
            _link(Path("current") / name, root / name)
    return model


def previous_version(root: Path) -> str:
    """The last promoted version that is there and not current: promoting it twice comes back.

    Raises ``ArtifactMissing`` when there is none.
    """
    current = current_version(root)
    there = set(versions(root)) - {current}
    before = [entry["version"] for entry in promotions(root) if entry["version"] in there]
    if not before:
        raise ArtifactMissing(f"{root / 'promotions.jsonl'} names no version before {current}: nothing to go back to")
    return before[-1]


def version_directory(root: Path, version: str) -> Path:
    """Where a published version is. Raises ``ArtifactMissing`` for an unknown one."""
    known = versions(root)
    if version not in known:
        raise ArtifactMissing(f"{root / 'versions'} has no version {version!r}; it has: {', '.join(known) or 'none'}")
    return root / "versions" / version


def _link(target: Path, link: Path) -> None:
    """Point ``link`` at ``target`` in one step, whatever it was before."""
    draft = link.with_name(f".{link.name}-{os.getpid()}-{threading.get_ident()}")
    draft.unlink(missing_ok=True)
    draft.symlink_to(target)
    draft.replace(link)


def versions(root: Path) -> list[str]:
    """Names of the published versions, oldest first."""
    directory = root / "versions"
    return sorted(path.name for path in directory.iterdir() if path.name[0] != ".") if directory.is_dir() else []


def promotions(root: Path) -> list[dict]:
    """What was promoted when, oldest first: ``{"version", "promoted_at"}``."""
    path = root / "promotions.jsonl"
    if not path.exists():
        return []
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except ValueError as error:
        raise ArtifactCorrupt(f"{path} is not JSON lines ({error}); promote a version by its name") from error


def current_directory(root: Path) -> Path:
    """The directory of the current version, with links resolved: read all files of one model from there.

    A directory without ``current`` is taken as a version itself. Raises ``ArtifactMissing`` when there is none.
    """
    link = root / "current"
    directory = link if link.is_symlink() or link.exists() else root
    try:
        return directory.resolve(strict=True)
    except OSError as error:
        raise ArtifactMissing(f"{directory} leads nowhere; run `manage.py train_model`") from error


def has_current(root: Path) -> bool:
    """Whether some version is promoted; it may still be unusable."""
    return (root / "current").exists()


def current_version(root: Path) -> str | None:
    """Name of the current version, or None."""
    link = root / "current"
    return link.resolve().name if link.is_symlink() else None


# Loading


def load(directory: Path) -> Model:
    """Load and verify a version: ``artifacts`` itself, for the current one, or a directory below ``versions``.

    In this order, each before the next: the three files, the sha256 of the model's bytes, the library versions, and
    only then unpickling, which runs code; then the scorer against ``predict_proba`` and against the probabilities
    recorded in training, to 1e-9. Takes about 0.3 s. Raises an ``ArtifactError``.
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
    _check_card(directory / CARD_FILE, card)
    threshold = _read_threshold(directory / THRESHOLD_FILE)
    payload = _unpickle(directory / MODEL_FILE, data)
    if payload["threshold"] != threshold:
        raise ArtifactMismatch(
            f"{directory / THRESHOLD_FILE} says {threshold}, the model was published with {payload['threshold']}: "
            "restore the file; for another threshold run `manage.py train_model --threshold-rule …`"
        )
    scorer = Scorer(payload["pipeline"], interval_scale=payload["interval_scale"], widest=payload["widest"])
    _check_reference(directory / MODEL_FILE, scorer, payload)
    return Model(card["version"], digest, threshold, card, scorer)


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


def _check_card(path: Path, card: dict) -> None:
    """Refuse a card that lacks what this program's pages show and its scoring runs count by."""
    if absent := sorted(Card.__required_keys__ - card.keys()):
        raise ArtifactMismatch(f"{path} does not say {', '.join(absent)}: run `manage.py train_model`")


def _unpickle(path: Path, data: bytes) -> dict:
    try:
        payload = joblib.load(io.BytesIO(data))
    except Exception as error:  # unpickling raises whatever the bytes make it raise
        raise ArtifactCorrupt(f"{path} cannot be unpickled ({error!r}); run `manage.py train_model`") from error
    if not isinstance(payload, dict) or payload.get("format") != FORMAT:
        raise ArtifactMismatch(f"{path} is not in format {FORMAT} of this program; run `manage.py train_model`")
    return payload


def _check_reference(path: Path, scorer: Scorer, payload: dict) -> None:
    """Both ways of scoring, and the pipeline, reproduce the probabilities recorded in training."""
    frame = pd.DataFrame(payload["reference"])
    expected = payload["reference_probability"]
    rows = [
        dict(zip(frame, values, strict=True)) for values in zip(*(frame[name].tolist() for name in frame), strict=True)
    ]
    ways: dict[str, Callable[[], np.ndarray]] = {
        "predict_proba": lambda: scorer.pipeline.predict_proba(frame)[:, 1],
        "score_frame": lambda: scorer.score_frame(frame).probability,
        "score_one": lambda: np.array([scorer.score_one(row).probability for row in rows]),
    }
    for name, probabilities in ways.items():
        gap = float(np.max(np.abs(probabilities() - expected)))
        if not gap <= TOLERANCE:
            raise ArtifactMismatch(
                f"{path}: {name} is {gap:.2g} away from the probabilities recorded in training; "
                "run `manage.py train_model`"
            )
