import math
import re
from itertools import pairwise

import pytest
from django.utils import translation

from employees.access import Readable, Scope
from employees.demo.published import EXTRACTS, FOLDER
from employees.tests.files import joined
from features import schema
from features.engineering import engineer, engineer_one
from features.tests.factories import INPUTS, EmployeeFeaturesFactory
from predictions import services
from predictions.decisions.threshold_decisions import InForce
from predictions.formats import percent
from predictions.models import Prediction
from predictions.pages.people import shown_score
from predictions.pages.people.forms import what_if_features
from predictions.registry import current_model
from predictions.services import Caller
from predictions.tests.factories import PredictionFactory


@pytest.fixture(autouse=True)
def in_english():
    with translation.override("en"):
        yield


@pytest.fixture(scope="module")
def demo():
    """The business inputs of everyone in the demonstration."""
    return joined(*(FOLDER / f"extrait_{extract}.csv" for extract in EXTRACTS))[list(schema.INPUT_NAMES)]


def logged(**changes):
    """A prediction as the model gives it, not saved."""
    return scored(engineer_one(INPUTS | changes))


def scored(values):
    score = current_model().score_one(values)
    return shown_score.Shown(
        Prediction(
            probability=score.probability,
            low=score.low,
            high=score.high,
            is_extrapolated=score.is_extrapolated,
            threshold=current_model().threshold,
            horizon_months=current_model().horizon_months,
            base_value=score.base_value,
            contributions=score.contributions,
            payload=values,
        ),
        Readable.EVERYTHING,
    )


PEOPLE = [{}, {"heures_supplementaires": 0}, {"age": 22, "revenu_mensuel": 1200}, {"note_evaluation_precedente": 1}]


@pytest.mark.django_db  # names are the company's words
@pytest.mark.parametrize("changes", PEOPLE)
def test_waterfall_leads_from_the_average_to_the_score(changes):
    shown = logged(**changes)
    waterfall = shown.waterfall
    steps = [*waterfall.raising, *waterfall.lowering]
    assert waterfall.average == shown.prediction.link.probability(shown.prediction.base_value)
    assert steps[0].start == waterfall.average
    assert all(one.end == pytest.approx(two.start) for one, two in pairwise(steps))
    assert steps[-1].end == pytest.approx(shown.prediction.probability, abs=1e-9)
    assert waterfall.average + math.fsum(step.points for step in steps) == pytest.approx(waterfall.probability)
    tenths = [round(step.shown * 1000) for step in steps]
    assert round(waterfall.average * 1000) + sum(tenths) == round(waterfall.probability * 1000)
    assert all(abs(tenth - step.points * 1000) <= 1.001 for tenth, step in zip(tenths, steps, strict=True))


@pytest.mark.django_db  # names are the company's words
@pytest.mark.parametrize("changes", PEOPLE)
def test_waterfall_stays_inside_the_drawing(changes):
    waterfall = logged(**changes).waterfall
    for step in (*waterfall.raising, *waterfall.lowering):
        assert 0 <= step.left <= step.left + step.width <= 1
        assert step.left == pytest.approx(min(step.start_place, step.end_place))
    ends = (waterfall.average_place, waterfall.probability_place, waterfall.threshold_place)
    assert all(0 < place < 1 for place in ends)


@pytest.mark.django_db  # names are the company's words
def test_waterfall_parts_what_raises_from_what_protects():
    waterfall = logged().waterfall
    assert all(step.points > 0 for step in waterfall.raising)
    assert all(step.points < 0 for step in waterfall.lowering)


@pytest.mark.django_db  # names are the company's words
def test_waterfall_gathers_the_smaller_reasons_and_lists_them():
    shown = logged()
    waterfall = shown.waterfall
    gathered = [step.phrase for step in (waterfall.raising[-1], waterfall.lowering[-1])]
    raising = sum(reason.raises_risk for reason in waterfall.smaller)
    assert gathered == [f"{raising} smaller reasons", f"{len(waterfall.smaller) - raising} smaller reasons"]
    assert len(shown.reasons) - len(waterfall.smaller) <= shown_score.MOST_STEPS
    assert all(abs(reason.points) < shown_score.LEAST_POINTS for reason in waterfall.smaller) or (
        len(shown.reasons) - len(waterfall.smaller) == shown_score.MOST_STEPS
    )


def test_interval_in_words():
    shown = logged()
    shown.prediction.low, shown.prediction.high = 0.604, 0.896
    assert shown.interval == "Between 60% and 90%, with 90% confidence."


@pytest.mark.parametrize(
    ("low", "probability", "high", "expected"),
    [
        (0.0004, 0.0009, 0.0021, ("0%", "1%")),
        (0.2449, 0.2462, 0.2538, ("24%", "26%")),
        (0.29, 0.5, 0.57, ("29%", "57%")),  # as floats 28.999999999999996 and 56.99999999999999
        (0.9921, 0.9958, 0.9979, ("99%", "100%")),
    ],
)
def test_interval_is_rounded_outward_so_that_it_holds_the_score(low, probability, high, expected):
    shown = shown_score.Shown(Prediction(probability=probability, low=low, high=high), Readable.EVERYTHING)
    assert shown.interval == "Between {} and {}, with 90% confidence.".format(*expected)


@pytest.mark.slow
def test_interval_of_everyone_in_the_demonstration_holds_the_score_as_shown(demo):
    for values in engineer(demo).to_dict("records"):
        shown = scored(values)
        if not shown.prediction.is_extrapolated:
            low, high = (float(end) for end in re.findall(r"(\d+)%", shown.interval)[:2])
            assert low <= float(percent(shown.prediction.probability).rstrip("%")) <= high


def test_interval_of_an_unknown_profile_says_so():
    shown = logged(revenu_mensuel=900_000)
    assert shown.prediction.is_extrapolated
    assert shown.interval.startswith("Not enough data to say")


def test_interval_that_the_log_does_not_hold_is_empty():
    assert shown_score.Shown(Prediction(low=None), Readable.EVERYTHING).interval == ""


@pytest.mark.parametrize(
    "changes",
    [
        {"heures_supplementaires": 0},
        {"heures_supplementaires": 0, "revenu_mensuel": 9000},
        {"satisfaction_employee_equipe": 4, "niveau_hierarchique_poste": 4},
        {"annees_depuis_la_derniere_promotion": 5},
    ],
)
def test_comparison_points_sum_to_the_difference(changes):
    comparison = shown_score.ScorePair(logged(), logged(**changes))
    assert comparison.difference
    assert math.fsum(reason.points for reason in comparison.changes) == pytest.approx(comparison.difference, abs=1e-9)


def test_comparison_names_only_what_moved_with_its_new_value():
    comparison = shown_score.ScorePair(logged(), logged(heures_supplementaires=0))
    assert [reason.phrase for reason in comparison.changes] == ["Works no overtime"]


# Changes of everyone in the demonstration: new values, or how one follows from the columns.
MOVES = [
    {"revenu_mensuel": lambda people: people["revenu_mensuel"] * 6 // 5},
    {"satisfaction_employee_equipe": lambda people: 5 - people["satisfaction_employee_equipe"]},
    {"annees_depuis_la_derniere_promotion": 0},
    {"heures_supplementaires": 0, "revenu_mensuel": 4000},
    {"revenu_mensuel": 4000, "satisfaction_employee_equilibre_pro_perso": 4},
    {feature.name: 2 for feature in what_if_features() if not feature.choices},
]


@pytest.mark.slow
@pytest.mark.parametrize("move", MOVES)
def test_comparison_names_no_input_that_did_not_change(demo, move):
    befores, afters = (engineer(people).to_dict("records") for people in (demo, demo.assign(**move)))
    for before, after in zip(befores, afters, strict=True):
        comparison = shown_score.ScorePair(scored(before), scored(after))
        assert all(before[reason.name] != after[reason.name] for reason in comparison.changes)
        points = math.fsum(reason.points for reason in comparison.changes)
        assert points == pytest.approx(comparison.difference, abs=1e-9)


def test_comparison_of_another_pay_tells_what_overtime_weighs_with_it_under_the_pay():
    comparison = shown_score.ScorePair(logged(revenu_mensuel=2994), logged(revenu_mensuel=3592))
    assert [reason.phrase for reason in comparison.changes] == ["Monthly income: €3,592"]


def test_comparison_names_each_input_that_changed():
    change = {"revenu_mensuel": 1_200, "satisfaction_employee_equipe": 4}
    names = {reason.name for reason in shown_score.ScorePair(logged(), logged(**change)).changes}
    assert names == {"revenu_mensuel", "satisfaction_moyenne"}


def test_comparison_of_the_same_values_has_no_changes():
    comparison = shown_score.ScorePair(logged(), logged())
    assert (comparison.difference, comparison.changes) == (0, [])


def test_difference_shown_is_that_of_the_probabilities_shown():
    before, after = (
        shown_score.Shown(Prediction(probability=share), Readable.EVERYTHING) for share in (0.50349, 0.21451)
    )
    assert (
        f"{shown_score.ScorePair(before, after).shown_difference:.4f}" == "-0.2880"
    )  # 21.5 % from 50.3 %, not 28.9 points


@pytest.mark.django_db
def test_comparison_with_a_scoring_run_sees_no_rounding_as_a_change():
    row = EmployeeFeaturesFactory()
    services.score_employees()
    before = Prediction.objects.get()
    after = services.predict_for_features(values=row.values(), caller=Caller(scope=Scope.EVERYONE))
    assert (
        shown_score.ScorePair(*(shown_score.Shown(each, Readable.EVERYTHING) for each in (before, after))).changes == []
    )


@pytest.mark.django_db
def test_shown_reads_the_features_or_the_payload():
    from_table, given = PredictionFactory(), PredictionFactory(ready_made=True)
    assert shown_score.Shown(from_table, Readable.EVERYTHING).values == from_table.features.values()
    assert shown_score.Shown(given, Readable.EVERYTHING).values == given.payload


def test_advice_counts_people_out_of_a_hundred():
    advice = shown_score.advice({"uses_protected": False}, InForce(0.2, 1000, 447, 447 / 0.736))
    assert (advice.leave, advice.stay, advice.found, advice.missed) == (45, 55, 74, 26)
    assert (advice.threshold, advice.uses_protected) == (0.2, False)


@pytest.mark.parametrize("expected", [None, InForce(0.2, 0, None, 0)])
def test_advice_without_anybody_over_the_threshold_claims_nothing(expected):
    advice = shown_score.advice({}, expected)
    assert (advice.leave, advice.stay, advice.found, advice.missed, advice.uses_protected) == (None,) * 4 + (True,)
