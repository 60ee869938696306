import pytest

from employees.access import PAY, SURVEY, WORK, Readable
from features.engineering import engineer_one
from features.tests.factories import INPUTS
from predictions.levers import LEAST, MOVES, SHOWN, levers
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
