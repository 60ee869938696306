import shutil

import pytest

from predictions.checks import check_artifact
from predictions.tests.published import change


@pytest.fixture
def current(artifacts):
    return (artifacts / "current").resolve()


def ids():
    return [warning.id for warning in check_artifact(None)]


def test_check_is_silent_with_a_usable_model(artifacts):
    assert ids() == []


def test_check_names_an_absent_model(artifacts):
    shutil.rmtree(artifacts)
    assert ids() == ["predictions.W001"]


def test_check_names_a_corrupt_model(current):
    model = current / "modele_classification_technova.joblib"
    data = bytearray(model.read_bytes())
    data[len(data) // 2] ^= 1
    model.write_bytes(data)
    assert ids() == ["predictions.W002"]


def test_check_names_a_model_of_another_library_version(current):
    change(current, card=lambda card: card["versions"].update({"scikit-learn": "0.1"}))
    (warning,) = check_artifact(None)
    assert warning.id == "predictions.W003"
    assert "0.1" in warning.msg
