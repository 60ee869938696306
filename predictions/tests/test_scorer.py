"""The prepared scorer against the estimator that it was prepared from, on every employee of the demo."""

from pathlib import Path

import joblib
import numpy as np
import pytest
from django.conf import settings

from employees.demo.published import EXTRACTS, FOLDER
from employees.tests.files import joined
from features.engineering import engineer
from predictions.ml.artifacts import store
from predictions.ml.scorer import Scorer
from predictions.registry import current_model
from predictions.tests.workforce import people, trained


@pytest.fixture(scope="module")
def everyone():
    return engineer(joined(*(FOLDER / f"extrait_{extract}.csv" for extract in EXTRACTS)))


@pytest.fixture(scope="module")
def expected(everyone):
    estimator = joblib.load(Path(settings.ARTIFACTS_DIR) / store.MODEL_FILE)
    return estimator.predict_proba(everyone, current_model().horizon_months)[:, 1]


def test_score_one_equals_predict_proba_for_all_employees(everyone, expected):
    model = current_model()
    found = [model.score_one(row).probability for row in everyone.to_dict("records")]
    assert len(found) == 1470
    assert np.abs(np.array(found) - expected).max() <= 1e-9


def test_score_frame_equals_predict_proba_for_all_employees(everyone, expected):
    found = current_model().score_frame(everyone)
    assert np.abs(found.probability - expected).max() <= 1e-9


def test_score_one_equals_score_frame_in_every_field(everyone):
    model = current_model()
    frame = model.score_frame(everyone)
    for row, values in enumerate(everyone.to_dict("records")):
        one = model.score_one(values)
        assert one.probability == pytest.approx(frame.probability[row], abs=1e-9)
        assert (one.low, one.high) == pytest.approx((frame.low[row], frame.high[row]), abs=1e-9)
        assert list(one.contributions.values()) == pytest.approx(frame.contributions[row].tolist(), abs=1e-9)
        assert (one.is_extrapolated, one.base_value) == (frame.is_extrapolated[row], frame.base_value)


def test_contributions_start_at_whole_hundredths(everyone):
    """Centred on the exact mean, those of no overtime and of overtime would be as 416 to 1,054 people."""
    model, values = current_model(), everyone.iloc[0].to_dict()
    without, overtime = (
        model.score_one(values | {"heures_supplementaires": hours}).contributions["heures_supplementaires"]
        for hours in (0, 1)
    )
    assert without == pytest.approx(round(without, 2), abs=1e-12)
    assert without / (without - overtime) != pytest.approx(416 / 1470, abs=1e-5)


@pytest.mark.slow
def test_contributions_are_centred_on_the_training_rows_to_some_hundredths():
    frame, _ = people()
    average = Scorer(trained().content.plain.parameters).score_frame(frame).contributions.mean(axis=0)
    assert np.abs(average).max() <= 0.005 + 1e-9


@pytest.mark.parametrize("name", ["departement", "poste"])
def test_word_that_the_model_never_saw_moves_nothing_and_is_said_to_be_extrapolated(everyone, name):
    model, strange = current_model(), everyone.head(3).assign(**{name: "R&D"})
    if name not in model.scorer.features:
        return
    frame = model.score_frame(strange)
    assert frame.is_extrapolated.all()
    assert (frame.contributions[:, list(strange).index(name)] == 0).all()
    one = model.score_one(strange.iloc[0].to_dict())
    assert (one.is_extrapolated, one.contributions[name]) == (True, 0)
    assert model.scorer.unseen(strange.iloc[0].to_dict()) == [(name,)]
    assert one.probability == pytest.approx(frame.probability[0], abs=1e-9)
