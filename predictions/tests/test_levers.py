from itertools import product

import pandas as pd
import pytest

from employees.access import PAY, SURVEY, WORK, Readable
from employees.demo import published
from features import schema
from features.engineering import encode, engineer, engineer_one
from features.tests.factories import INPUTS
from predictions.levers import LEAST, MOVES, SHOWN, STEPS, _groups, levers, smallest_change
from predictions.registry import current_model

pytestmark = pytest.mark.django_db  # of the words in force


def of(readable=Readable.EVERYTHING, **changes):
    return levers(INPUTS | changes, current_model(), readable)


def names(found):
    return [lever.name for lever in found]


def everything(monkeypatch, readable=Readable.EVERYTHING, **changes):
    """All that could be done, also what helps little."""
    monkeypatch.setattr("predictions.levers.SHOWN", len(MOVES))
    monkeypatch.setattr("predictions.levers.LEAST", -1)
    return of(readable, **changes)


def test_levers_are_the_three_that_lower_the_risk_most():
    found = of()
    assert 0 < len(found) <= SHOWN
    assert found == sorted(found, key=lambda lever: lever.points)
    assert all(lever.points <= -LEAST for lever in found)


def test_lever_is_what_the_model_says_of_the_changed_values():
    for lever in of():
        score = current_model().score_one(engineer_one(INPUTS | lever.changes))
        assert (lever.probability, lever.low, lever.high) == (score.probability, score.low, score.high)
        assert lever.before == current_model().score_one(engineer_one(INPUTS)).probability


def test_lever_of_the_pay_costs_a_tenth_of_it(monkeypatch):
    (rise,) = (lever for lever in everything(monkeypatch) if lever.name == "rise")
    assert rise.yearly_cost == pytest.approx(INPUTS["revenu_mensuel"] * 1.2)
    assert rise.changes["revenu_mensuel"] == round(INPUTS["revenu_mensuel"] * 1.1)
    assert [lever.yearly_cost for lever in everything(monkeypatch) if lever.name != "rise"].count(None) >= 3


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("overtime", {"heures_supplementaires": 0}),
        ("travel", {"frequence_deplacement": 0}),
        ("courses", {"nb_formations_suivies": 6}),
        ("savings", {"nombre_participation_pee": 3}),
        ("promotion", {"niveau_hierarchique_poste": 5}),
    ],
)
def test_what_cannot_be_done_is_no_lever(monkeypatch, name, changes):
    possible = {
        "overtime": {"heures_supplementaires": 1},
        "travel": {"frequence_deplacement": 2},
        "courses": {"nb_formations_suivies": 1},
        "savings": {"nombre_participation_pee": 0},
        "promotion": {"niveau_hierarchique_poste": 1},
    }
    assert name in names(everything(monkeypatch, **possible[name]))
    assert name not in names(everything(monkeypatch, **changes))


@pytest.mark.parametrize(
    ("granted", "has_rise"), [([WORK], False), ([WORK, SURVEY], False), ([WORK, PAY, SURVEY], True)]
)
def test_manager_gets_no_lever_of_a_hidden_pay(monkeypatch, granted, has_rise):
    found = everything(monkeypatch, Readable.of_matters(granted))
    assert ("rise" in names(found)) == has_rise
    assert names(found)


def test_profile_that_the_model_does_not_know_has_no_levers():
    assert of(revenu_mensuel=None) == []


def test_unknown_answers_are_taken_for_their_mean():
    """The features of a person hold the mean alone."""
    features = engineer_one(INPUTS)
    assert levers(features, current_model(), Readable.EVERYTHING) == of()


def everybody_published(count):
    """The inputs of the first people of the published extracts."""
    people = published.read()
    people["heures_supplementaires"] = (people["heures_supplementaires"] == "Oui").astype(int)
    rises = people["augmentation_salaire_precedente"].str.rstrip(" %").astype(float)
    people = people.assign(augmentation_salaire_precedente=rises)
    return encode(people[list(schema.INPUT_NAMES)]).head(count).to_dict("records")


def every_change(inputs):
    """Each combination of steps of every lever: how many levers, how many steps, and the inputs after it."""
    for steps in product(*(range(most + 1) for most in STEPS.values())):
        moves = [MOVES[name](inputs, number) for name, number in zip(STEPS, steps, strict=True) if number]
        if all(moves):
            changes = {name: value for _label, moved in moves for name, value in moved.items()}
            yield len(moves), sum(steps), inputs | changes


def by_brute_force(everybody, model, threshold):
    """For each person the smallest of all changes: every profile is scored, by the model's way for a frame."""
    changes = [(place, *change) for place, inputs in enumerate(everybody) for change in every_change(inputs)]
    scores = model.score_frame(engineer(pd.DataFrame([inputs for *_, inputs in changes])))
    smallest, without = {}, set()
    for (place, moved, steps, _inputs), risk, is_new in zip(
        changes, scores.probability, scores.is_extrapolated, strict=True
    ):
        if moved == 0 and (risk < threshold or is_new):
            without.add(place)
        elif risk < threshold and not is_new:
            smallest[place] = min(smallest.get(place, (99, 0, 0)), (moved, steps, risk))
    return [None if place in without else smallest.get(place) for place in range(len(everybody))]


@pytest.mark.parametrize("threshold", [None, 0.1])
def test_smallest_change_is_that_of_brute_force_for_500_people(threshold):
    model, everybody = current_model(), everybody_published(500)
    threshold = threshold or model.threshold
    found = [smallest_change(inputs, model, Readable.EVERYTHING, threshold) for inputs in everybody]
    wanted = by_brute_force(everybody, model, threshold)
    assert [change and (len(change.labels), change.steps) for change in found] == [each and each[:2] for each in wanted]
    changes = [(change, each) for change, each in zip(found, wanted, strict=True) if change]
    assert len(changes) > 50
    for change, (_levers, _steps, risk) in changes:
        assert change.probability == pytest.approx(risk, abs=1e-12)
        assert change.probability < threshold <= change.before


def test_levers_that_share_a_feature_are_scored_together(monkeypatch):
    """In the model in use each lever has features of its own; one that uses a formula of two must not add them up."""
    groups = _groups(INPUTS, current_model(), Readable.EVERYTHING)
    assert [group for group in groups if group in (["overtime"], ["rise"])] == [["overtime"], ["rise"]]
    monkeypatch.setattr(current_model().scorer, "features", ("ratio_heures_sup_salaire", "poste"))
    assert ["overtime", "rise"] in _groups(INPUTS, current_model(), Readable.EVERYTHING)


def test_smallest_change_moves_nothing_hidden():
    model = current_model()
    risky = INPUTS | {"heures_supplementaires": 0, "frequence_deplacement": 0, "revenu_mensuel": 2_000}
    change = smallest_change(risky, model, Readable.of_matters([WORK]), 1e-9)
    assert change is None
    before = model.score_one(engineer_one(risky)).probability
    change = smallest_change(risky, model, Readable.of_matters([WORK]), before)
    assert change
    assert not change.changes.keys() & PAY.columns


def test_score_under_the_threshold_needs_no_change():
    assert smallest_change(INPUTS, current_model(), Readable.EVERYTHING, 1.0) is None
