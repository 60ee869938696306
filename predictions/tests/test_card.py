import functools
import json
import operator
import re

import numpy as np
import pytest

from employees.demo.published import EXTRACTS, FOLDER
from employees.tests.files import joined
from features import schema
from features.engineering import engineer
from predictions.ml.artifacts import card, card_format, store
from predictions.ml.assessment.evaluation import Plan, Rows, cross_predict
from predictions.ml.scorer import Scorer
from predictions.tests import workforce
from predictions.tests.workforce import people, trained, trained_forecast

PROTECTED = ("age", "genre", "statut_marital", "jeune_surcharge")


def numbers(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [number for each in value for number in numbers(each)]
    return [value] if isinstance(value, float) else []


@pytest.mark.slow
def test_card_has_every_part_it_promises():
    assert trained().card.keys() == card_format.Card.__annotations__.keys()
    for side in trained().card["models"].values():
        assert side.keys() == card_format.Side.__annotations__.keys()
    for shape in trained().card["shapes"]:
        assert shape.keys() == card_format.Shape.__annotations__.keys()


@pytest.fixture
def published(settings):
    return json.loads((settings.ARTIFACTS_DIR / "model_card.json").read_text(encoding="utf-8"))


def keys(value, place=()):
    """Where each key of the objects in a card is; of a list, those of its first entry."""
    if isinstance(value, list):
        yield from keys(value[0], (*place, 0)) if value else ()
    elif isinstance(value, dict):
        for name, part in value.items():
            yield *place, name
            yield from keys(part, (*place, name))


@pytest.mark.slow
def test_card_that_training_writes_is_one_that_can_be_read():
    day = {"created_on": "2026-01-31", "versions": store.versions_here(), "features": []}
    assert card_format.read_card(json.dumps(trained().card | day).encode())["models"].keys() == {"default", "all"}


@pytest.mark.slow
def test_card_with_a_renamed_key_is_refused_by_its_name(published):
    optional = {("unknown",), *(("drift", "bins", name) for name in published["drift"]["bins"])}
    for *parents, name in [place for place in keys(published) if place not in optional]:
        part = functools.reduce(operator.getitem, parents, published)
        part[f"{name}s"] = part.pop(name)
        with pytest.raises(card_format.InvalidFile, match=re.escape(name)):
            card_format.read_card(json.dumps(published).encode())
        part[name] = part.pop(f"{name}s")


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("metrics", "precision", "mean"), 1.01),
        (("metrics", "precision", "sd"), "0.1"),
        (("threshold", "value"), 12),
        (("threshold", "curve", "recall"), [0.5]),
        (("training", "base_rate"), 0),
        (("training", "sha256"), "0" * 63),
        (("training", "employees"), 1470.5),
        (("feature_set",), "some"),
        (("used", 3), "salaire"),
        (("shapes", 0, "feature"), "salaire"),
        (("shapes", 0, "low"), [0.0]),
        (("proxies", 0, "attribute"), "poste"),
        (("models", "all", "fairness", "top_20"), []),
        (("models", "default", "fairness", "threshold", 0, "attribute"), "poste"),
        (("drift", "bins", "age", "cuts", 0), 99.0),
        (("drift", "bins", "age", "counts"), [0.0] * 10),
        (("drift", "bins", "age", "levels"), ["x"]),
        (("drift", "bins", "age", "expected"), [1.0]),
        (("drift", "bins", "age", "later"), []),
        (("drift", "bins", "age", "later", 1), [1.0]),
        (("drift", "as_of"), "yesterday"),
        (("purpose",), []),
        (("created_on",), "2026-13-01"),
    ],
)
def test_card_with_a_value_out_of_its_range_is_refused_by_its_place(published, place, value):
    *parents, name = place
    functools.reduce(operator.getitem, parents, published)[name] = value
    with pytest.raises(card_format.InvalidFile, match=place[0]):
        card_format.read_card(json.dumps(published).encode())


@pytest.mark.slow
def test_card_is_json_of_short_numbers():
    text = json.dumps(trained().card, allow_nan=False)
    assert len(text) < 150_000
    assert all(float(f"{number:.6g}") == number for number in numbers(json.loads(text)))


@pytest.mark.slow
def test_card_puts_both_models_side_by_side_on_the_same_groups():
    models = trained().card["models"]
    assert (models["default"]["uses_protected"], models["all"]["uses_protected"]) == (False, True)
    assert models["default"]["metrics"].keys() == models["all"]["metrics"].keys()
    assert models["default"]["metrics"] != models["all"]["metrics"]
    for name in ("threshold", "top_20"):
        groups = [[each["group"] for each in side["fairness"][name]] for side in models.values()]
        assert groups[0] == groups[1]


@pytest.mark.slow
@pytest.mark.parametrize("features", ["default", "all"])
def test_card_speaks_of_the_model_it_belongs_to(features):
    found = trained(features).card
    assert found["feature_set"] == found["training"]["feature_set"] == features
    assert found["uses_protected"] == (features == "all")
    assert found["metrics"] == found["models"][features]["metrics"]
    assert sorted(found["used"] + found["left_out"]) == sorted(f.name for f in schema.FEATURES if f.is_scored)
    assert set(found["left_out"]) == (set(PROTECTED) if features == "default" else set())


@pytest.mark.slow
def test_card_counts_the_training_rows():
    _, target = people()
    found = trained().card["training"]
    assert (found["employees"], found["leavers"]) == (len(target), target.sum())
    assert len(found["sha256"]) == 64
    assert sum(each["folds"] for each in found["C_chosen"]) == 2


@pytest.mark.slow
def test_shapes_are_the_contributions_of_the_scorer():
    frame, _ = people()
    content = trained().content
    scorer = Scorer(content.plain.parameters)
    row = frame.iloc[0].to_dict()
    for shape in content.card["shapes"]:
        found = [scorer.score_one(row | {shape["feature"]: at}).contributions[shape["feature"]] for at in shape["at"]]
        off_by = found[0] - shape["effect"][0]  # the scorer rounds where they start
        assert abs(off_by) < 0.00501
        assert found == pytest.approx([effect + off_by for effect in shape["effect"]], abs=1e-5)


@pytest.mark.slow
def test_shapes_are_within_their_intervals_and_ordered_by_weight():
    shapes = trained().card["shapes"]
    weights = [shape["weight"] for shape in shapes]
    assert weights == sorted(weights, reverse=True)
    for shape in shapes:
        assert np.all(np.array(shape["low"]) <= shape["effect"])
        assert np.all(np.array(shape["high"]) >= shape["effect"])


@pytest.mark.slow
def test_shapes_put_first_what_the_made_up_workforce_leaves_for():
    heaviest = [shape["feature"] for shape in trained().card["shapes"][:4]]
    assert "heures_supplementaires" in heaviest
    assert "satisfaction_moyenne" in heaviest


def test_published_card_describes_the_demonstration(settings):
    found = json.loads((settings.ARTIFACTS_DIR / "model_card.json").read_text(encoding="utf-8"))
    assert found["features"] == list(schema.FEATURE_NAMES)
    assert found["uses_protected"] is False
    assert found["horizon_months"] == 12
    assert all(row["is_within"] for row in found["models"]["default"]["departures"]["departement"])


TARGETS = {
    "roc_auc": (0.846, 1),
    "average_precision": (0.650, 1),
    "best_f2": (0.678, 1),
    "brier": (0, 0.0896),
    "precision_top_10": (0.73, 1),
    "calibration_slope": (0.9, 1.1),
}


@pytest.fixture(scope="module")
def one_table():
    """The figures of a classification of the published extracts, on the fixed folds."""
    raw = joined(*(FOLDER / f"extrait_{extract}.csv" for extract in EXTRACTS))
    rows = Rows.of_people(engineer(raw), raw[schema.TARGET].to_numpy(int))
    plan = Plan(folds=5, repeats=10, inner_folds=2, penalties=(0.17,))
    return card.metrics(rows.outcome, cross_predict(rows, rows, plan=plan))


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_classification_of_one_table_meets_its_target(name, one_table):
    low, high = TARGETS[name]
    assert low <= one_table[name]["mean"] <= high


@pytest.mark.slow
def test_card_of_a_forecast_tells_its_history_and_how_it_went_out_of_time():
    found = trained_forecast().card
    assert found["horizon_months"] == 12
    history, test = found["history"], found["out_of_time"]
    assert (history["since"], history["until"]) == ("2025-01-31", "2026-01-31")
    assert history["left"] + history["vanished"] == sum(workforce.history().event > 0)
    assert set(history["departures_known"].values()) == {history["left"] + history["vanished"]}
    assert (test["learned_until"], test["months"]) == ("2025-07-31", 6)
    assert sum(quarter["observed"] for quarter in test["quarters"]) == test["departures"]
    assert test["low"] < test["expected"] < test["high"]


@pytest.mark.slow  # trains a model
def test_card_of_a_classification_has_no_horizon():
    found = trained().card
    assert (found["horizon_months"], found["history"], found["out_of_time"]) == (None, None, None)


@pytest.mark.slow  # trains a model
def test_probabilities_of_those_who_stayed_are_corrected_for_having_been_seen():
    assert 1 < trained().card["training"]["seen_correction"] < 1.5
    assert trained_forecast().card["training"]["seen_correction"] == 1
