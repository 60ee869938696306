"""The prepared scorer against the pipeline that it was prepared from, on every employee of the demo."""

import numpy as np
import pytest
from django.conf import settings

from employees.extracts import read_extracts
from features.engineering import engineer
from predictions.registry import current_model

DEMO = settings.BASE_DIR / "employees" / "demo"


@pytest.fixture(scope="module")
def everyone():
    files = (DEMO / f"extrait_{name}.csv" for name in ("sirh", "eval", "sondage"))
    return engineer(read_extracts(*files).frame)


@pytest.fixture(scope="module")
def expected(everyone):
    return current_model().scorer.pipeline.predict_proba(everyone)[:, 1]


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
    for row, values in zip(frame, everyone.to_dict("records"), strict=True):
        one = model.score_one(values)
        assert (one.low, one.high) == pytest.approx((row.low, row.high), abs=1e-9)
        assert one.contributions == pytest.approx(row.contributions, abs=1e-9)
        assert (one.is_extrapolated, one.base_value) == (row.is_extrapolated, row.base_value)
