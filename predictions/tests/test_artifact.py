import hashlib
import json
import multiprocessing
import os
import resource
import shutil
import subprocess
import time
from dataclasses import replace
from datetime import UTC, datetime
from random import Random

import joblib
import numpy as np
import pytest

from features.schema import FEATURE_NAMES
from predictions.ml.artifacts import artifact, plain, store
from predictions.ml.artifacts.store import ArtifactCorrupt, ArtifactMismatch, ArtifactMissing, ArtifactUnwritable
from predictions.tests.published import change
from predictions.tests.workforce import people, trained

pytestmark = pytest.mark.slow

DAY = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A directory with one promoted version, not to be changed."""
    root = tmp_path_factory.mktemp("published")
    artifact.promote(root, artifact.write_version(root, trained().content, now=DAY))
    return root


@pytest.fixture
def root(published, tmp_path):
    """A copy of it that a test may change."""
    return shutil.copytree(published, tmp_path / "artifacts", symlinks=True)


@pytest.fixture
def current(root):
    return (root / "current").resolve()


def change_card(directory, **changes):
    return change(directory, card=lambda card: card.update(changes))


def change_parameters(directory, **changes):
    """Put other parameters in the place of those published."""
    found = plain.from_bytes((directory / store.PARAMETERS_FILE).read_bytes())
    return change(directory, parameters=plain.to_bytes(replace(found, **changes)))


def recorded(directory):
    """The probabilities that a loaded model must reproduce."""
    return plain.from_bytes((directory / store.PARAMETERS_FILE).read_bytes()).reference_probability


def another(root, *, now=DAY):
    """A second version: the model with all features."""
    return artifact.write_version(root, trained("all").content, now=now)


# Writing


def test_version_is_named_by_date_and_hash(root):
    (version,) = store.versions(root)
    lines = subprocess.run(["sha256sum", *store.FILES], cwd=root / "current", capture_output=True, check=True).stdout
    assert version == f"20260131-{hashlib.sha256(lines).hexdigest()[:20]}"
    found = store.read(root / "versions" / version)
    assert (found.version, found.card["created_on"]) == (version, DAY.date())
    assert found.card["features"] == list(FEATURE_NAMES)
    assert found.card["versions"] == store.versions_here()


def test_writing_the_same_model_again_changes_nothing(root, current):
    before = {path.name: path.read_bytes() for path in current.iterdir()}
    assert artifact.write_version(root, trained().content, now=DAY.replace(hour=18)) == current.name
    assert {path.name: path.read_bytes() for path in current.iterdir()} == before


def test_something_else_under_the_same_name_is_refused_and_left_alone(root, current):
    (current / store.CARD_FILE).write_bytes(b"{}")
    with pytest.raises(ArtifactCorrupt, match=rf"{current.name} .* delete the directory"):
        artifact.write_version(root, trained().content, now=DAY)
    assert (current / store.CARD_FILE).read_bytes() == b"{}"


def test_a_version_that_cannot_be_written_whole_leaves_nothing(root, monkeypatch):
    def full(path, data):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(artifact, "_write", full)
    before = sorted(os.listdir(root / "versions"))
    with pytest.raises(OSError, match="No space"):
        another(root)
    assert sorted(os.listdir(root / "versions")) == before


def test_two_processes_that_write_the_same_model_agree(root, current, monkeypatch):
    other = root.parent / "other"
    write = artifact._write

    def write_and_be_overtaken(path, data):
        write(path, data)
        if path.name == store.CARD_FILE:
            shutil.copytree(current, other / "versions" / current.name, dirs_exist_ok=True)

    monkeypatch.setattr(artifact, "_write", write_and_be_overtaken)
    assert artifact.write_version(other, trained().content, now=DAY) == current.name
    assert os.listdir(other / "versions") == [current.name]


@pytest.fixture
def spoil(root):
    """Put something in the place of one of the names in ``root``: ``spoil("current", "directory")``."""

    def put(name, kind):
        path = root / name
        path.unlink()
        {
            "directory": path.mkdir,
            "file": lambda: path.write_text("versions/20260131-00000000"),
            "dangling link": lambda: path.symlink_to("versions/gone"),
            "link to itself": lambda: path.symlink_to(name),
        }[kind]()

    return put


@pytest.mark.parametrize("kind", ["directory", "file"])
def test_writing_is_refused_where_something_stands_in_place_of_the_link(root, spoil, kind):
    version = store.current_version(root)
    spoil("current", kind)
    with pytest.raises(
        ArtifactUnwritable, match=rf"current is a {kind}.*move the {kind} away.*promote_model {version}"
    ):
        artifact.check_writable(root)
    with pytest.raises(ArtifactUnwritable, match="move the"):
        artifact.promote(root, version)
    with pytest.raises(ArtifactCorrupt, match=f"current is a {kind}"):
        artifact.load(root)
    artifact.check_writable(root, promote=False)


def test_writing_is_refused_without_any_version_to_promote(tmp_path):
    (tmp_path / "current").mkdir()
    with pytest.raises(ArtifactUnwritable, match="train_model"):
        artifact.check_writable(tmp_path)


@pytest.mark.parametrize("kind", ["dangling link", "link to itself"])
def test_a_link_that_leads_nowhere_is_replaced_by_a_promotion(root, spoil, kind):
    version = store.current_version(root)
    spoil("current", kind)
    with pytest.raises(ArtifactMissing, match="current leads nowhere"):
        artifact.load(root)
    artifact.check_writable(root)
    artifact.promote(root, version)
    assert artifact.load(root).version == version


@pytest.mark.parametrize("name", [*store.FILES, store.PROMOTIONS_FILE])
def test_writing_is_refused_where_a_directory_has_the_name_of_a_file(root, spoil, name):
    spoil(name, "directory")
    with pytest.raises(ArtifactUnwritable, match=name):
        artifact.check_writable(root)


@pytest.mark.parametrize("place", ["", "versions"])
def test_writing_is_refused_where_a_file_has_the_name_of_a_directory(tmp_path, place):
    (tmp_path / "artifacts").mkdir()
    path = tmp_path / "artifacts" / place
    if not place:
        path.rmdir()
    path.write_text("")
    with pytest.raises(ArtifactUnwritable, match=r"cannot be written \((Not a directory|File exists)\)"):
        artifact.check_writable(tmp_path / "artifacts")


def test_writing_is_refused_without_room(root):
    """With a limit on the size of a file in the place of a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (artifact.ROOM - 1, limits[1]))
    try:
        with pytest.raises(ArtifactUnwritable, match=r"versions cannot be written .* 4 MB of room"):
            artifact.check_writable(root)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert os.listdir(root / "versions") == [store.current_version(root)]


@pytest.mark.parametrize("closed", ["", "versions"])
def test_writing_is_refused_to_an_account_that_may_not(root, closed):
    for path in (root, root / "versions", *root.parents):
        path.chmod(0o777 if path.is_relative_to(root) else path.stat().st_mode | 0o111)
    (root / closed).chmod(0o555)
    account = os.geteuid()
    if account == 0:  # who may write everywhere
        os.seteuid(65534)
    try:
        with pytest.raises(ArtifactUnwritable, match=r"cannot be written \(Permission denied\)"):
            artifact.check_writable(root)
    finally:
        os.seteuid(account)


def test_a_directory_that_can_be_written_is_left_as_it_was(root):
    before = sorted(path.relative_to(root) for path in root.rglob("*"))
    artifact.check_writable(root)
    assert sorted(path.relative_to(root) for path in root.rglob("*")) == before


def test_an_absent_directory_is_made(tmp_path):
    artifact.check_writable(tmp_path / "new" / "artifacts")
    assert (tmp_path / "new" / "artifacts" / "versions").is_dir()


# Loading


def test_loaded_model_scores_as_the_trained_estimator(published):
    frame, _ = people()
    model = artifact.load(published)
    expected = trained().content.model.predict_proba(frame)[:, 1]
    assert model.score_frame(frame).probability == pytest.approx(expected, abs=1e-9)
    assert (model.threshold, model.version) == (trained().threshold, store.current_version(published))
    assert model.card["training"] == trained().card["training"]


def test_a_version_can_be_loaded_from_its_own_directory(root, current):
    assert artifact.load(current).version == current.name


@pytest.mark.parametrize("name", store.FILES)
def test_load_names_an_absent_file(root, current, name):
    (current / name).unlink()
    with pytest.raises(ArtifactMissing, match=name):
        artifact.load(root)


@pytest.mark.parametrize("name", store.FILES)
def test_load_names_a_file_that_cannot_be_read(root, current, name):
    (current / name).unlink()
    (current / name).mkdir()
    with pytest.raises(ArtifactMissing, match=f"{name} cannot be read"):
        artifact.load(root)


@pytest.mark.parametrize("place", [0.0, 0.25, 0.5, 0.75, 0.999])
@pytest.mark.parametrize("bit", [0, 7])
def test_load_refuses_a_flipped_bit_of_the_model_which_it_never_unpickles(root, current, place, bit, monkeypatch):
    path = current / store.MODEL_FILE
    data = bytearray(path.read_bytes())
    data[int(place * len(data))] ^= 1 << bit
    path.write_bytes(data)
    monkeypatch.setattr(joblib, "load", lambda *_: pytest.fail("unpickled"))
    with pytest.raises(ArtifactCorrupt, match=current.name):
        artifact.load(root)


def damaged(data, random):
    """The bytes cut short, or with one bit flipped."""
    place = random.randrange(len(data))
    if random.random() < 0.5:
        return data[:place]
    flipped = bytes([data[place] ^ 1 << random.randrange(8)])
    return data[:place] + flipped + data[place + 1 :]


def test_no_damage_to_any_file_is_loaded(root, current):
    random = Random(2026)
    whole = {name: (current / name).read_bytes() for name in store.FILES}
    for _ in range(1_000):
        name = random.choice(store.FILES)
        (current / name).write_bytes(damaged(whole[name], random))
        with pytest.raises(ArtifactCorrupt, match=f"{current.name} does not hold what was published"):
            artifact.load(root)
        (current / name).write_bytes(whole[name])
    assert artifact.load(root).version == current.name


@pytest.mark.parametrize("name", ["20260131-00000000000000000000", "20250131-{}"])
def test_load_refuses_a_version_under_another_name(root, current, name):
    other = current.rename(current.with_name(name.format(current.name.partition("-")[2])))
    with pytest.raises(ArtifactCorrupt, match=other.name):
        artifact.load(other)


def test_load_refuses_a_version_of_the_former_format(root, current):
    with pytest.raises(ArtifactMismatch, match=r"former format.*train_model"):
        artifact.load(current.rename(current.with_name("20260131-2669fa8e")))


@pytest.mark.parametrize("name", ["card", "threshold"])
@pytest.mark.parametrize("data", [b"", b"{", b"[1]", b"\xff\xfe", b"null", b'{"threshold": NaN}'])
def test_load_refuses_a_file_that_is_no_json_object(root, current, name, data):
    change(current, **{name: data})
    file = {"card": store.CARD_FILE, "threshold": store.THRESHOLD_FILE}[name]
    with pytest.raises(ArtifactMismatch, match=file):
        artifact.load(root)


@pytest.mark.parametrize("name", ["scikit-learn", "numpy", "python"])
def test_load_accepts_other_versions_of_what_trained_it(root, current, name):
    changed = change_card(current, versions=store.versions_here() | {name: "99.0.0"})
    assert artifact.load(root).version == changed.name


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (FEATURE_NAMES[:-1], "risque_global"),
        ((*FEATURE_NAMES, "salaire"), "salaire"),
        (FEATURE_NAMES[::-1], "their order"),
    ],
)
def test_load_refuses_other_features_than_the_schema(root, current, features, message):
    change_card(current, features=list(features))
    with pytest.raises(ArtifactMismatch, match=message):
        artifact.load(root)


@pytest.mark.parametrize("threshold", [None, "0.2", True, -0.1, 1.1, [0.2]])
def test_load_refuses_a_threshold_that_is_no_probability(root, current, threshold):
    change(current, threshold=json.dumps({"threshold": threshold, "rule": "f2"}).encode())
    with pytest.raises(ArtifactMismatch, match=r"threshold\.json: .*\$\.threshold"):
        artifact.load(root)


def test_load_refuses_another_threshold_than_the_card_tells(root, current):
    change(current, threshold=b'{"threshold": 0.9, "rule": "f2"}')
    with pytest.raises(ArtifactMismatch, match=r"0\.9"):
        artifact.load(root)


def test_load_refuses_another_horizon_than_the_card_tells(root, current):
    change_card(current, horizon_months=6)
    with pytest.raises(ArtifactMismatch, match="no months, its card one of 6"):
        artifact.load(root)


def test_load_refuses_a_curve_of_other_thresholds(root, current):
    def shorten(card):
        card["threshold"]["curve"] = {name: column[1:] for name, column in card["threshold"]["curve"].items()}
        for group in card["group_curves"]:
            group |= {name: group[name][1:] for name in ("flagged", "caught")}

    change(current, card=shorten)
    with pytest.raises(ArtifactMismatch, match="other thresholds"):
        artifact.load(root)


def test_load_refuses_bytes_that_are_no_parameters(root, current):
    change(current, parameters=b"not a model")
    with pytest.raises(ArtifactCorrupt, match="cannot be read"):
        artifact.load(root)


def test_load_refuses_another_format(root, current, monkeypatch):
    monkeypatch.setattr(plain, "FORMAT", plain.FORMAT + 1)
    with pytest.raises(ArtifactCorrupt, match="format"):
        artifact.load(root)


def test_parameters_are_read_as_they_were_written(current):
    data = (current / store.PARAMETERS_FILE).read_bytes()
    assert plain.to_bytes(plain.from_bytes(data)) == data


def test_parameters_that_do_not_score_as_the_estimator_are_not_published(tmp_path):
    content = trained().content
    moved = replace(content.plain, reference_probability=content.plain.reference_probability + 1e-8)
    with pytest.raises(ArtifactMismatch, match="1e-08"):
        artifact.write_version(tmp_path, replace(content, plain=moved))
    assert store.versions(tmp_path) == []


def test_load_refuses_a_model_that_does_not_reproduce_its_probabilities(root, current):
    moved = recorded(current)
    moved[3] += 1e-8
    change_parameters(current, reference_probability=moved)
    with pytest.raises(ArtifactMismatch, match="1e-08"):
        artifact.load(root)


def test_load_refuses_probabilities_that_are_no_numbers(root, current):
    change_parameters(current, reference_probability=np.full_like(recorded(current), np.nan))
    with pytest.raises(ArtifactMismatch, match="nan"):
        artifact.load(root)


def test_load_without_any_model_says_how_to_get_one(tmp_path):
    with pytest.raises(ArtifactMissing, match="train_model"):
        artifact.load(tmp_path / "nowhere")


def test_load_names_a_link_that_leads_nowhere(root, current):
    shutil.rmtree(current)
    assert not store.has_current(root)
    with pytest.raises(ArtifactMissing, match="current"):
        artifact.load(root)


# Promoting


def test_promotion_moves_all_names_at_once_and_is_recorded(root):
    first = store.current_version(root)
    second = another(root)
    assert store.current_version(root) == first
    artifact.promote(root, second)
    for name in store.FILES:
        assert (root / name).resolve() == (root / "versions" / second / name).resolve()
    assert [entry["version"] for entry in store.promotions(root)] == [first, second]


def test_promotion_of_the_current_version_is_not_recorded_again(root):
    artifact.promote(root, store.current_version(root))
    assert len(store.promotions(root)) == 1


def test_promotion_of_an_unknown_version_names_the_known_ones(root):
    with pytest.raises(ArtifactMissing, match=store.current_version(root)):
        artifact.promote(root, "20200101-00000000")


@pytest.mark.parametrize("version", ["../versions", ".", ""])
def test_promotion_of_a_path_is_refused(root, version):
    with pytest.raises(ArtifactMissing):
        artifact.promote(root, version)


def test_promotion_of_a_broken_version_changes_nothing(root):
    first = store.current_version(root)
    second = another(root)
    (root / "versions" / second / store.MODEL_FILE).write_bytes(b"")
    with pytest.raises(ArtifactCorrupt, match=second):
        artifact.promote(root, second)
    assert store.current_version(root) == first
    assert len(store.promotions(root)) == 1


def test_promotion_replaces_plain_files_by_links(root):
    for name in store.FILES:
        (root / name).unlink()
        (root / name).write_text("left behind")
    artifact.promote(root, store.current_version(root))
    assert artifact.load(root).version == store.current_version(root)
    assert all((root / name).is_symlink() for name in store.FILES)


def test_previous_version_leads_back_and_forth(root):
    first, second = store.current_version(root), another(root)
    artifact.promote(root, second)
    assert store.previous_version(root) == first
    artifact.promote(root, first)
    assert store.previous_version(root) == second


def test_previous_version_when_there_was_none(root):
    with pytest.raises(ArtifactMissing, match="nothing to go back to"):
        store.previous_version(root)


def test_previous_version_passes_over_one_that_was_deleted(root):
    second, third = another(root), another(root, now=DAY.replace(month=3))
    artifact.promote(root, second)
    first = store.previous_version(root)
    artifact.promote(root, third)
    shutil.rmtree(root / "versions" / second)
    assert store.previous_version(root) == first


@pytest.mark.parametrize(
    "line",
    [
        "?",
        "[]",
        '{"version": "v"}',
        '{"version": 1, "promoted_at": "2026-01-31T12:00:00Z"}',
        '{"version": "v", "promoted_at": "2026-01-31T12:00:00"}',
    ],
)
def test_previous_version_names_a_record_that_cannot_be_read(root, line):
    (root / "promotions.jsonl").write_text(f"{line}\n")
    with pytest.raises(ArtifactCorrupt, match=r"promotions\.jsonl"):
        store.previous_version(root)


def _swap(root, versions):
    for turn in range(100_000):
        artifact._link(artifact.Path("versions") / versions[turn % 2], root / "current")
        time.sleep(0.0005)


def test_readers_see_one_whole_version_while_it_is_swapped(root):
    """Two processes keep swapping; every load is one version with its own bytes, card and threshold."""
    pair = [store.current_version(root), another(root)]
    expected = {version: artifact.load(root / "versions" / version) for version in pair}
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_swap, args=(root, pair[::step])) for step in (1, -1)]
    for writer in writers:
        writer.start()
    try:
        models = [artifact.load(root) for _ in range(10)]
        while {model.version for model in models} != set(pair) and len(models) < 50:
            models.append(artifact.load(root))
    finally:
        for writer in writers:
            writer.kill()
            writer.join()
    for model in models:
        whole = expected[model.version]
        assert (model.sha256, model.card, model.threshold) == (whole.sha256, whole.card, whole.threshold)
    assert {model.version for model in models} == set(pair)
