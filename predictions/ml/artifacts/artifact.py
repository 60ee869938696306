"""Model files: write a new version, promote it atomically, and load it after ``store`` has verified it.

A version holds the fitted estimator, for study, and its parameters as plain arrays, the only part loaded to score.
Publishing checks the one against the other.
"""

import hashlib
import io
import json
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from features.schema import FEATURE_NAMES
from predictions.ml.artifacts import plain, store
from predictions.ml.artifacts.card_format import Card
from predictions.ml.artifacts.plain import Plain
from predictions.ml.assessment.thresholds import GRID
from predictions.ml.scorer import Model, Scorer

if TYPE_CHECKING:  # a fitted estimator imports its libraries, which scoring does not need
    from predictions.ml.additive import AdditiveModel

TOLERANCE = 1e-9
ROOM = 4_000_000  # bytes; a version of the demo's model has 0.7 MB


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """The content of a version: the estimator, its plain parameters, the threshold and the card. The reference
    probabilities in ``plain`` are the estimator's own.
    """

    model: "AdditiveModel"
    plain: Plain
    threshold: float
    rule: str
    card: Card


# Writing


def check_writable(root: Path, *, promote: bool = True) -> None:
    """Refuse a directory that could not take a new version, or could not make one current with ``promote``.

    Training takes minutes: this writes a file larger than any version, deletes it again, and leaves an empty
    ``root/versions`` where there was none. Raises ``store.ArtifactUnwritable``, with the remedy.
    """
    path = root / "versions"
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".draft-", dir=path) as draft:
            _write(Path(draft) / store.MODEL_FILE, bytes(ROOM))
        if promote:
            path = root
            with tempfile.TemporaryFile(dir=root):
                pass
    except OSError as error:
        raise _unwritable(path, error.strerror) from error
    if promote:
        _check_names(root)


def _check_names(root: Path) -> None:
    """Refuse a file or directory in the place of what a promotion writes."""
    if reason := store.why_not_a_link(root):
        raise store.ArtifactUnwritable(reason)
    for path in (root / name for name in store.FILES):
        if path.is_dir() and not path.is_symlink():
            raise store.ArtifactUnwritable(f"{path} is a directory, where a link belongs: move it away")
    record = root / store.PROMOTIONS_FILE
    if record.exists() and not (record.is_file() and os.access(record, os.W_OK)):
        raise _unwritable(record, "it is no file that this account may write")


def _unwritable(path: Path, reason: str | None) -> store.ArtifactUnwritable:
    return store.ArtifactUnwritable(
        f"{path} cannot be written ({reason}): the account that runs this needs to write there, and "
        f"{ROOM // 1_000_000} MB of room; ARTIFACTS_DIR or --output names another directory"
    )


def write_version(root: Path, content: Content, *, now: datetime | None = None) -> str:
    """Write a new version under ``root/versions`` without promoting it, and return its name.

    Atomic. Writing the same model on the same day again changes nothing; a directory of that
    name which holds something else is refused with ``store.ArtifactCorrupt``, and parameters that do not score as the
    estimator does with ``store.ArtifactMismatch``.
    """
    _check_reference("the model", Scorer(content.plain.parameters), content.plain)
    created_on = (now or datetime.now(UTC)).date()
    card = {
        "created_on": created_on.isoformat(),
        "versions": store.versions_here(),
        "features": list(FEATURE_NAMES),
        **content.card,
    }
    files = {
        store.MODEL_FILE: to_bytes(content.model),
        store.PARAMETERS_FILE: plain.to_bytes(content.plain),
        store.THRESHOLD_FILE: _to_json({"threshold": content.threshold, "rule": content.rule}),
        store.CARD_FILE: _to_json(card),
    }
    version = store.version_of(files, created_on)
    directory = root / "versions" / version
    if not directory.exists():
        write_directory(directory, files)
    return store.read(directory).version


def write_directory(directory: Path, files: Mapping[str, bytes]) -> None:
    """Write the files into a directory that appears whole, unless another process was quicker."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=directory.parent))
    try:
        for name, data in files.items():
            _write(draft / name, data)
        draft.rename(directory)
    except BaseException:
        shutil.rmtree(draft)
        if not directory.exists():
            raise


def to_bytes(model: "AdditiveModel") -> bytes:
    """The joblib file: equal models give equal bytes, on the same machine and library versions."""
    import joblib

    buffer = io.BytesIO()
    for each in (model, *model.terms_):
        _name_attributes_once(each)
    joblib.dump(model, buffer, compress=("zlib", 6))
    return buffer.getvalue()


def _name_attributes_once(instance: object) -> None:
    """Give an object's attributes the interpreter's own copy of their names.

    Pickle writes a string that it has met as a reference. In a process that loaded a model before it trained one,
    scikit-learn's classes keep the names of the loaded file, and the same model would be other bytes.
    """
    object.__setattr__(instance, "__dict__", {sys.intern(name): value for name, value in vars(instance).items()})


def _to_json(value: dict) -> bytes:
    return (json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1) + "\n").encode()


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


# Promoting


def promote(root: Path, version: str, *, now: datetime | None = None) -> Model:
    """Make ``version`` the current one, after loading it as a server would; return it.

    Raises an ``store.ArtifactError`` and changes nothing when it cannot be used.
    """
    _check_names(root)
    model = load(store.version_directory(root, version))
    if version != store.current_version(root):
        _link(Path("versions") / version, root / "current")
        with (root / store.PROMOTIONS_FILE).open("a", encoding="utf-8") as file:
            at = (now or datetime.now(UTC)).isoformat(timespec="seconds")
            file.write(json.dumps({"version": version, "promoted_at": at}) + "\n")
    for name in store.FILES:
        if not (root / name).is_symlink():
            _link(Path("current") / name, root / name)
    return model


def _link(target: Path, link: Path) -> None:
    """Point ``link`` at ``target`` in one step, whatever it was before."""
    draft = link.with_name(f".{link.name}-{os.getpid()}-{threading.get_ident()}")
    draft.unlink(missing_ok=True)
    draft.symlink_to(target)
    draft.replace(link)


# Loading


def load(directory: Path) -> Model:
    """Load a version: ``artifacts`` itself, for the current one, or a directory below ``versions``.

    Checks ``store.verify``, then the scorer against the probabilities recorded in training, to 1e-9. Nothing is
    unpickled. Raises a ``store.ArtifactError``.
    """
    found = store.verify(directory)
    path = found.directory / store.PARAMETERS_FILE
    try:
        read = plain.from_bytes(found.parameters)
    except plain.NotPlain as error:
        raise store.ArtifactCorrupt(f"{path}: {error}; run `manage.py train_model`") from error
    if found.card["threshold"]["curve"]["threshold"] != GRID.tolist():
        raise store.ArtifactMismatch(
            f"{found.directory / store.CARD_FILE} has a curve of other thresholds: run `manage.py train_model`"
        )
    if read.parameters.horizon_months != found.card["horizon_months"]:
        raise store.ArtifactMismatch(
            f"{path} has a horizon of {read.parameters.horizon_months or 'no'} months, its card one of "
            f"{found.card['horizon_months'] or 'no'}: run `manage.py train_model`"
        )
    scorer = Scorer(read.parameters)
    _check_reference(str(path), scorer, read)
    sha256 = hashlib.sha256(found.parameters).hexdigest()
    return Model(found.version, sha256, found.threshold, found.card, scorer)


def _check_reference(place: str, scorer: Scorer, recorded: Plain) -> None:
    """Both ways of scoring reproduce the probabilities recorded in training."""
    reference = recorded.reference
    columns = [values.tolist() for values in reference.values()]
    rows = [dict(zip(reference, values, strict=True)) for values in zip(*columns, strict=True)]
    ways: dict[str, Callable[[], np.ndarray]] = {
        "score_frame": lambda: scorer.score_frame(reference).probability,
        "score_one": lambda: np.array([scorer.score_one(row).probability for row in rows]),
    }
    for name, probabilities in ways.items():
        gap = float(np.max(np.abs(probabilities() - recorded.reference_probability)))
        if not gap <= TOLERANCE:
            raise store.ArtifactMismatch(
                f"{place}: {name} is {gap:.2g} away from the probabilities recorded in training; "
                "run `manage.py train_model`"
            )
