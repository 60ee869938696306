import functools
import json
import operator
import re
from dataclasses import replace
from datetime import date
from random import Random

import pytest
from django.utils import translation

from predictions import formats, registry
from predictions.ml.artifacts import artifact, store
from predictions.ml.assessment import gates, rivals, thresholds
from predictions.ml.assessment.disparity import rate_of
from predictions.pages import navigation
from predictions.pages.model import card_charts, card_page, card_tables, in_short, out_of_time
from predictions.pages.model.versions_page import uses
from predictions.registry import current_model
from predictions.tests import published
from predictions.tests.factories import ScoringRunFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_model")]

PAGES = ["/model/", "/model/effects/", "/model/workforce/"]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def shipped(settings):
    """The card of the model that comes with the program, which is in use: a forecast."""
    settings.ARTIFACTS_DIR = settings.BASE_DIR / "artifacts"
    registry.forget_model()
    yield current_model().card
    registry.forget_model()


def text_of(browser, path="/model/?tab=all", **data):
    return browser.get(path, data).content.decode()


@pytest.mark.parametrize("path", PAGES)
def test_model_pages_need_a_login(client, path):
    assert client.get(path).headers["Location"] == f"/login/?next={path}"


@pytest.mark.parametrize("path", PAGES)
def test_model_pages_do_not_take_other_methods(browse, path):
    assert browse("RH").post(path).status_code == 405


@pytest.mark.parametrize("group", ["Manager", "RH"])
def test_account_of_a_department_reads_the_card_but_nothing_of_the_whole_workforce(browse, group):
    manager = browse(group, "Consulting")
    page = text_of(manager)
    assert "How good it is" in page
    assert "/model/workforce/" not in page
    assert "Expected and actual departures" not in page
    assert manager.get("/model/workforce/").status_code == 403


@pytest.mark.parametrize("group", ["Manager", "RH"])
def test_model_page_of_some_departments_counts_nobody(browse, group):
    response = browse(group, "Consulting", "Commercial").get("/model/?tab=all")
    page = response.content.decode()
    counted = ("form", "options", "decisions", "capacities", "quality", "departures", "charts")
    assert [name for name in counted if name in response.context] == []
    for text in ("1,470", "237", "People that can be met", "people, ", "Training data, SHA-256"):
        assert text not in page
    for text in ("Of 100 people who left", "Fairness between groups", "What moves the score", "In use since"):
        assert text in page


def test_answer_of_the_threshold_form_is_for_who_sees_everyone(browse):
    browser = browse("Manager", "Consulting")
    page = browser.get("/model/", {"capacity": "30"}, headers={"HX-Request": "true"}).content.decode()
    assert "Expected cost" not in page


@pytest.mark.parametrize("path", ["/model/?tab=effects", "/model/effects/"])
def test_effects_of_groups_of_people_are_for_who_sees_everyone(browse, path):
    limited, everyone = (browse(*who).get(path).content.decode() for who in (("RH", "Consulting"), ("RH",)))
    for name in ("#departement", "#poste", "#domaine_etude", 'id="departement"', "Human Resources"):
        assert name not in limited
    assert "they would reveal departments that are not yours" in limited
    assert "poste" in everyone
    assert "they would reveal departments that are not yours" not in everyone


def test_hr_is_led_to_the_comparison_with_the_workforce(browse):
    assert 'hx-get="/model/workforce/"' in text_of(browse("RH"))


@pytest.mark.parametrize("path", PAGES)
def test_model_page_without_a_usable_model_says_so(browse, artifacts, path):
    browser = browse("RH")
    browser.raise_request_exception = False
    (artifacts / "current" / "modele_classification_technova.joblib").write_bytes(b"broken")
    response = browser.get(path)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "30")
    assert "The model cannot be used at the moment" in response.content.decode()


def test_model_page_with_the_card_of_an_earlier_program_says_so(browse, change_card):
    browser = browse("RH")
    browser.raise_request_exception = False
    change_card(lambda card: card.pop("proxies"))
    assert browser.get("/model/?tab=all").status_code == 503


def leaves(value, place=()):
    """The places of all that is no object or list in a card, and of the objects and lists themselves."""
    yield place
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in parts:
        yield from leaves(part, (*place, name))


def refusal_of(artifacts):
    """Why the current version cannot be loaded; None when it can."""
    try:
        artifact.load(artifacts)
    except store.ArtifactError as error:
        return str(error)


def test_model_pages_show_or_refuse_a_card_with_anything_in_any_place(browse, artifacts, monkeypatch):
    """With a name that vouches for it: whatever is loaded is shown, and what cannot be shown is refused by name."""
    monkeypatch.setattr(registry, "CHECK_INTERVAL", 0.0)
    random, browser = Random(7), browse("RH")
    browser.raise_request_exception = False
    whole = json.loads((artifacts / "model_card.json").read_bytes())
    places = [place for place in leaves(whole) if place]
    shown = 0
    for _ in range(30):
        card = json.loads(json.dumps(whole))
        *parents, last = random.choice(places)
        part = functools.reduce(operator.getitem, parents, card)
        part[last] = random.choice([None, -1e9, 0, 0.5, 1, 3, 1e9, "x", "", [], {}, [0.5], ["x"], True, False])
        published.change(store.current_directory(artifacts), card=json.dumps(card).encode())
        if refusal := refusal_of(artifacts):
            assert "model_card.json" in refusal, (parents, last, part[last])
        else:
            shown += 1
            for page in PAGES:
                assert browser.get(page).status_code == 200, (page, parents, last, part[last])
    assert 5 < shown < 25


def test_model_page_does_without_a_record_of_promotions_that_cannot_be_read(browse, artifacts):
    (artifacts / "promotions.jsonl").write_text('{"versions": "20260131-0", "promoted_at": "2026-01-31T12:00:00Z"}\n')
    assert f"{current_model().version} is the only one known here" in text_of(browse("RH"))


def test_model_page_asks_a_fixed_number_of_queries(browse, django_assert_num_queries):
    browser = browse("Manager", "Consulting")
    with django_assert_num_queries(6):  # with the newest promotion and the groups of those present
        browser.get("/model/?tab=all")


def test_model_page_says_what_it_is_for_and_which_it_is(browse, card):
    page, model = text_of(browse("RH")), current_model()
    for part in (card["purpose"][0], card["misuse"][0], card["limits"][1], model.version, model.sha256):
        assert part in page
    training = card["training"]
    assert f"evaluated on {training['employees']} people (departures: {training['leavers']})" in page


def test_model_page_names_the_features_left_out(browse):
    assert "Age, Marital status, Sex, Under 30 with overtime" in text_of(browse("RH"))


def measured(card, threshold):
    """People over a threshold, and those of them who left, among those that the card's curve was measured on."""
    curve, training = card["threshold"]["curve"], card["training"]
    place = curve["threshold"].index(threshold)
    return curve["flagged"][place] * training["employees"], curve["recall"][place] * training["leavers"]


@pytest.mark.parametrize("threshold", [None, 0.45])
def test_model_page_counts_the_main_figures_at_the_threshold_in_force(browse, card, monkeypatch, threshold):
    model, threshold = current_model(), threshold or card["threshold"]["value"]
    monkeypatch.setattr(card_page, "current_model", lambda: replace(model, threshold=threshold))
    over, found, *_others = browse("RH").get("/model/?tab=all").context["plain"]
    flagged, caught = measured(card, threshold)
    assert over.value == str(round(100 * caught / flagged))
    assert found.value == str(round(100 * caught / card["training"]["leavers"]))
    low, high = (round(100 * rate_of(caught, flagged)[end]) for end in ("low", "high"))
    assert over.hint == f"left the company, between {low} and {high}, with 95% confidence"


def test_main_figures_of_some_departments_have_no_interval_that_tells_a_count(browse):
    over, found, *_others = browse("RH", "Consulting").get("/model/?tab=all").context["plain"]
    assert (over.hint, found.hint) == ("left the company", "were over the threshold")


def test_main_figures_of_hardly_anybody_are_not_told(card):
    with translation.override("en"):
        over, found, *_others = card_tables.plain(card, 0.99, None, sees_everyone=True)
    assert (over.value, found.value) == ("–", "–")


def test_model_page_says_which_figures_are_by_another_threshold(browse):
    context = browse("RH").get("/model/?tab=all").context
    assert context["nested"].caption.endswith("not by the one in force")
    assert not [row[0] for row in context["quality"].rows if "over the threshold" in row[0]]


def test_model_page_shows_both_models_side_by_side(browse, card):
    quality = browse("RH").get("/model/?tab=all").context["quality"]
    assert quality.columns[1:] == ["This model", "With all features"]
    row = next(row for row in quality.rows if "ROC-AUC" in row[0])
    default, everything = (card["models"][name]["metrics"]["roc_auc"]["mean"] for name in ("default", "all"))
    assert row[1].startswith(f"{default:.3f} (")
    assert row[2].startswith(f"{everything:.3f} (")


def test_threshold_chart_ends_with_the_last_threshold_that_somebody_is_over(card):
    curve = card["threshold"]["curve"]
    assert curve["flagged"][-1] == 0
    with translation.override("en"):
        chart = card_charts.threshold(0.2, thresholds.from_card(curve), "")
    assert "0.0%" not in [row[chart.columns.index("Share of leavers among those over it")] for row in chart.rows]


@pytest.mark.parametrize(
    ("months", "words"),
    [
        (None, "The model in use is a classification without a horizon"),
        (12, "gives the probability of leaving within 12 months"),
    ],
)
def test_every_page_tells_the_horizon_of_the_scores(browse, monkeypatch, months, words):
    browser, model = browse("RH"), current_model()
    monkeypatch.setattr(
        navigation, "promoted_model", lambda: replace(model, card=model.card | {"horizon_months": months})
    )
    for path in ("/", "/employees/", "/departures/", "/history/", "/simulate/", "/model/effects/", "/model/workforce/"):
        assert words in browser.get(path).text, path


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (1.5, 2.1, "lay further apart than forecast (slope 1.80)"),
        (0.4, 0.9, "lay closer together than forecast (slope 1.80)"),
        (0.9, 2.1, "lay as far apart as forecast"),
    ],
)
def test_spread_out_of_time_is_put_in_words(low, high, words):
    slope = {"mean": 1.8, "low": low, "high": high}
    with translation.override("en"):
        (sentence,) = out_of_time.for_experts({"metrics": {"calibration_slope": slope}})
    assert words in sentence


@pytest.mark.parametrize(("departures", "words"), [(89, "1.31 times as many left"), (120, "outside the interval")])
def test_level_out_of_time_is_told_by_the_sums(departures, words):
    test = {"expected": 68.0, "low": 47.0, "high": 89.3, "departures": departures}
    test |= {"metrics": {"calibration_intercept": {"mean": 2.34, "low": 1.6, "high": 3.1}}}
    with translation.override("en"):
        (sentence,) = out_of_time.for_experts(test)
    assert sentence.startswith("The intercept (2.34) belongs to a probability of 50%")
    assert words in sentence


def test_share_found_under_a_capacity_is_of_a_list_of_exactly_so_many(card):
    columns, leavers = card["models"]["default"]["capacity"], card["training"]["leavers"]
    length = columns["people"][1]
    with translation.override("en"):
        over, found, *_others = card_tables.plain(card, 0.99, length, sees_everyone=False)
        shown = in_short._right(current_model(), length, sees_everyone=False)
    assert over.value == str(round(columns["precision"][1] * 100))
    assert found.value == str(round(columns["precision"][1] * length / leavers * 100))
    on_list, of_leavers = (each.sentence for each in shown)
    assert on_list.startswith(f"Of 100 people on a list of the {length} most at risk, {over.value} left.")
    assert of_leavers.startswith(f"Of 100 people who left, {found.value} were on such a list.")


def later_months(*, departures=89, riskiest=9, quarter=50):
    """A test out of time that expected 68 departures, 3.1 of the first ten and 31.8 of a quarter."""
    first = {"people": 10, "expected": 3.1, "departures": riskiest, "low": riskiest - 3.5, "high": riskiest + 1.0}
    row = {"since": "2026-07-31", "people": 1_266, "expected": 31.8, "observed": quarter}
    quarters = [row | {"low": quarter * 0.75, "high": quarter * 1.3}]
    test = {"departures": departures, "vanished": 6, "expected": 68.2, "low": 47.0, "high": 89.3, "months": 6}
    return test | {"first": [first], "quarters": quarters}


HOLDS = "which holds chance and what such a history leaves uncertain, not a year unlike those before."
HELD = f"On the whole the forecast held: what happened lies within its interval, {HOLDS}"
JUST = f"On the whole the forecast held, just: what happened lies at the end of its interval, {HOLDS}"


@pytest.mark.parametrize(
    ("happened", "sentences"),
    [
        ({"departures": 70, "riskiest": 4, "quarter": 30}, [HELD]),
        ({"departures": 48, "riskiest": 4, "quarter": 30}, [JUST]),
        ({"departures": 95, "riskiest": 4, "quarter": 30}, ["On the whole, more people left than it expected."]),
        ({"departures": 40, "riskiest": 4, "quarter": 30}, ["On the whole, fewer people left than it expected."]),
        (
            {},
            [
                JUST,
                (
                    "Those at most risk left more often than their probabilities said: 9 of the first 10, where "
                    "3.1 were expected."
                ),
                "In the quarter that began on 31 July 2026, more left than expected: 50, not 32.",
            ],
        ),
        (
            {"riskiest": 1, "quarter": 20},
            [
                JUST,
                (
                    "Those at most risk left less often than their probabilities said: 1 of the first 10, where "
                    "3.1 were expected."
                ),
                "In the quarter that began on 31 July 2026, fewer left than expected: 20, not 32.",
            ],
        ),
    ],
)
def test_verdict_out_of_time_is_of_the_whole_the_riskiest_and_the_quarters(happened, sentences):
    with translation.override("en"):
        assert out_of_time.verdicts(later_months(**happened)) == sentences


def test_rivals_are_those_that_the_benchmark_measured(browse):
    page = browse("RH").get("/model/?tab=quality").text
    for each in rivals.measured()["folds"]["models"]:
        figure = each["metrics"]["roc_auc"]
        assert f"{figure['mean']:.3f} ({figure['sd']:.3f})" in page
    for each in rivals.measured()["out_of_time"]["models"]:
        figure = each["metrics"]["roc_auc"]
        assert f"{figure['mean']:.3f} ({figure['sd']:.3f})" in page
    assert "with the parameters of its notebook" in page
    assert "Beside other methods" not in browse("Manager", "Consulting").get("/model/?tab=quality").text


def test_effect_of_a_whole_number_is_shown_at_whole_numbers(card):
    shape = next(shape for shape in card["shapes"] if shape["feature"] == "niveau_hierarchique_poste")
    shape = shape | {"at": [1.0, 1.8, 3.4, 5.0], "effect": [0.0, 0.8, 0.8, 0.0]}
    shape |= {"low": shape["effect"], "high": shape["effect"]}
    rows = card_charts._values(shape)
    assert [row[0] for row in rows] == [1, 2, 3, 4, 5]
    assert [row[1] for row in rows] == pytest.approx([0, 0.8, 0.8, 0.5, 0])


def test_verdict_without_counts_names_none(card):
    short = in_short._over_time(card | {"out_of_time": later_months() | {"months": 12}}, sees_everyone=False)
    assert re.findall(r"\d+", short) == ["12"]
    with translation.override("en"):
        assert out_of_time.verdicts(later_months(), sees_counts=False) == [
            JUST,
            "Those at most risk left more often than their probabilities said.",
        ]


@pytest.mark.parametrize(("expected", "verdict"), [(3.1, "too low"), (7.0, "within"), (9.9, "too high")])
def test_tests_on_later_months_mark_what_lies_outside(card, expected, verdict):
    row = {"people": 10, "expected": expected, "departures": 7, "observed": 7, "low": 4.0, "high": 9.0}
    test = {"quarters": [row | {"since": date(2026, 4, 30)}], "first": [row], "metrics": {}}
    with translation.override("en"):
        found = out_of_time.tables(card | {"history": None, "out_of_time": test})
    assert [found[name].rows[0][-1] for name in ("quarters", "first")] == [verdict, verdict]
    assert [found[name].marked for name in ("quarters", "first")] == [{0} if verdict != "within" else set()] * 2


@pytest.mark.parametrize(
    ("months", "words"),
    [
        (6, "12 months is not tested yet: the history allows 6."),
        (None, "12 months is not tested yet: the history is too short to hold back later months."),
        (12, ""),
    ],
)
def test_horizon_longer_than_the_test_is_said_to_be_untested(months, words):
    test = {"months": months} if months else None
    with translation.override("en"):
        assert out_of_time.untested({"horizon_months": 12, "out_of_time": test}) == words
        assert out_of_time.untested({"horizon_months": None, "out_of_time": None}) == ""


def test_page_of_a_year_says_that_it_is_not_tested_yet(browse, shipped):
    assert (shipped["horizon_months"], shipped["out_of_time"]["months"]) == (12, 6)
    hr = browse("RH")
    for tab in ("", "quality"):
        assert "12 months is not tested yet: the history allows 6." in hr.get(f"/model/?tab={tab}").text


@pytest.mark.parametrize(
    ("vanished", "words"),
    [
        (0, "89 left or vanished from the files: 89 left and 0 vanished"),
        (3, "89 left or vanished from the files, fewer than five of whom vanished"),
        (6, "89 left or vanished from the files: 83 left and 6 vanished"),
    ],
)
def test_who_left_and_who_vanished_are_told_apart(vanished, words):
    with translation.override("en"):
        assert out_of_time.left_or_vanished(89, vanished) == words
        assert words in out_of_time.in_a_sentence(later_months() | {"vanished": vanished})


def test_page_tells_who_left_and_who_vanished_apart(browse, shipped):
    history, test = shipped["history"], shipped["out_of_time"]
    page = " ".join(browse("RH").get("/model/?tab=quality").text.split())
    for left, vanished in (
        (history["left"], history["vanished"]),
        (test["departures"] - test["vanished"], test["vanished"]),
    ):
        assert f"{left + vanished} left or vanished from the files: {left} left and {vanished} vanished" in page


def test_calibration_charts_set_what_happened_against_what_was_said_and_mark_what_lies_outside(shipped):
    with translation.override("en"):
        of_tests, later = card_charts.calibration(shipped), card_charts.calibration_later(shipped["out_of_time"])
    for chart, bins in (
        (of_tests, shipped["models"]["default"]["calibration"]["bins"]),
        (later, shipped["out_of_time"]["calibration"]["bins"]),
    ):
        assert sorted(chart.rows) == sorted(
            [
                f"{'Within' if each['low'] <= each['predicted'] <= each['high'] else 'Outside'} the interval",
                f"{each['predicted']:.1%}",
                f"{each['observed']:.1%} left ({each['low']:.1%} to {each['high']:.1%})",
            ]
            for each in bins
        )
    assert [name for _colour, name in later.legend][-1] == "Outside the interval"


@pytest.mark.parametrize(
    ("amount", "text"), [(6_241_682, "€6,242,000"), (-1234.5, "−€1,234"), (0, "€0"), (12.4, "€12"), (-0.2, "€0")]
)
def test_money_is_told_by_four_digits(amount, text):
    with translation.override("en"):
        assert formats.money(amount) == text


def test_money_in_french_has_its_sign_behind():
    with translation.override("fr"):
        assert formats.money(-1_234_567) == "−1\N{NO-BREAK SPACE}235\N{NO-BREAK SPACE}000\N{NO-BREAK SPACE}€"


def test_model_page_of_a_model_published_by_force_warns(browse, change_card):
    change_card(lambda card: card.update(leak="ROC-AUC 0.980 is over 0.90"))
    assert "Do not trust this model" in text_of(browse("RH"))


def test_model_page_of_a_doubtful_model_says_why_in_the_readers_language(browse, change_card):
    change_card(lambda card: card.update(doubts=[gates.FLAGS_MOST]))
    page = browse("RH").get("/model/?tab=all", headers={"Accept-Language": "fr"}).content.decode()
    assert "Son seuil signale plus de la moitié des personnes." in page


def test_model_page_of_a_model_with_protected_features_warns(browse, change_card):
    change_card(lambda card: card.update(uses_protected=True, feature_set="all", left_out=[]))
    response = browse("RH").get("/model/?tab=all")
    page = response.content.decode()
    assert "it is for comparison, not for use" in page
    assert "Left out, because" not in page
    assert response.context["quality"].columns[1:3] == ["This model", "Without protected features"]


@pytest.mark.parametrize("uses_protected", [False, True])
def test_model_page_says_that_the_model_leaves_out_what_is_protected_where_that_is_true(
    browse, change_card, uses_protected
):
    change_card(lambda card: card.update(uses_protected=uses_protected))
    page = text_of(browse("RH"))
    assert ("does not use sex, age or family status" in page) is not uses_protected
    assert ("Leaving out sex, age and family status" in page) is not uses_protected
    assert "It finds what goes with departures" in page


# Fairness


def test_effects_are_drawn_for_every_feature_the_heaviest_first(browse, card):
    effects = browse("RH").get("/model/effects/").context["effects"]
    assert [name for name, _chart in effects] == [shape["feature"] for shape in card["shapes"]]


def test_effect_is_the_risk_of_an_otherwise_average_person(browse, card):
    effects = dict(browse("RH").get("/model/effects/").context["effects"])
    shape = next(shape for shape in card["shapes"] if shape["feature"] == "heures_supplementaires")
    average = current_model().scorer.base_value
    value, risk = effects["heures_supplementaires"].rows[1]
    assert value == "Yes"
    assert risk.startswith(f"{100 / (1 + 2.718281828459045 ** -(average + shape['effect'][1])):.1f}% (")


HIDDEN = {
    *("revenu_mensuel", "augmentation_salaire_precedente", "ratio_heures_sup_salaire"),
    *("satisfaction_moyenne", "nonlinaire_surmenage_insatisfaction", "risque_global"),
}


def test_effects_by_which_weights_could_be_read_as_hidden_values_are_not_drawn_for_a_manager(browse, card):
    manager, hr = browse("Manager", "Consulting"), browse("RH")
    effects = manager.get("/model/effects/")
    groups = {"departement", "poste", "domaine_etude"}  # would tell of other departments
    assert {name for name, _chart in effects.context["effects"]} == set(card["used"]) - HIDDEN - groups
    assert "Not shown to your account: pay and survey answers." in effects.content.decode()
    page = manager.get("/model/?tab=all").content.decode()
    linked = set(re.findall(r"/model/effects/#(\w+)", page))
    assert linked
    assert not linked & HIDDEN
    assert HIDDEN & set(re.findall(r"/model/effects/#(\w+)", hr.get("/model/?tab=all").content.decode()))
    titles = {chart.title for chart in manager.get("/model/?tab=all").context["effects"]}
    assert len(titles) == len(hr.get("/model/?tab=all").context["effects"])
    assert "Mean satisfaction" not in titles


def test_effects_page_asks_a_fixed_number_of_queries(browse, django_assert_num_queries):
    browser = browse("RH")
    with django_assert_num_queries(4):
        browser.get("/model/effects/")


# Versions


def test_versions_tell_which_was_in_use_when_the_newest_first(artifacts):
    log = artifacts / "promotions.jsonl"
    log.write_text(
        '{"version": "a", "promoted_at": "2026-01-01T00:00:00+00:00"}\n'
        '{"version": "b", "promoted_at": "2026-02-01T00:00:00+00:00"}\n'
        '{"version": "a", "promoted_at": "2026-03-01T00:00:00+00:00"}\n'
    )
    found = uses(())
    assert [use.version for use in found] == ["a", "b", "a"]
    assert found[0].until is None
    assert found[1].until == found[0].since


def test_versions_lead_to_what_they_predicted_unless_they_predicted_nothing(browse, artifacts):
    ScoringRunFactory(model_version="20260101-aaaaaaaa")
    (artifacts / "promotions.jsonl").write_text(
        "".join(
            f'{{"version": "20260101-{name}", "promoted_at": "2026-01-01T00:00:00+00:00"}}\n'
            for name in ("aaaaaaaa", "bbbbbbbb")
        )
    )
    page = text_of(browse("RH"))
    assert "/history/?model_version=20260101-aaaaaaaa" in page
    assert "/history/?model_version=20260101-bbbbbbbb" not in page


def test_model_page_of_a_lone_version_says_that_no_other_is_known(browse, artifacts):
    (artifacts / "promotions.jsonl").unlink()
    assert "is the only one known here" in text_of(browse("RH"))


def test_model_page_in_french_writes_numbers_the_french_way(browse):
    browser = browse("RH")
    browser.cookies["django_language"] = "fr"
    assert re.search(r"17,0\s%", text_of(browser))


PARTS = {
    "threshold": 'id="threshold-title"',
    "quality": 'id="quality"',
    "fairness": 'id="fairness"',
    "effects": 'id="effects"',
    "workforce": 'id="workforce"',
    "versions": 'id="versions"',
    "purpose": 'id="purpose"',
}


@pytest.mark.parametrize("tab", PARTS)
def test_each_tab_shows_its_part_alone(browse, tab):
    page = text_of(browse("RH"), tab=tab)
    assert [name for name, mark in PARTS.items() if mark in page] == [tab]
    assert f'href="/model/?tab={tab}" aria-current="page"' in " ".join(page.split())


def test_page_begins_with_three_questions_and_no_part(browse):
    page = text_of(browse("RH"), "/model/")
    for question in ("How often is it right?", "Does it hold over time?", "Is it fair?"):
        assert question in page
    assert not [name for name, mark in PARTS.items() if mark in page]


@pytest.mark.parametrize("tab", ["nothing", "threshold", "workforce"])
def test_tab_that_an_account_does_not_have_is_the_first(browse, tab):
    context = browse("Manager", "Consulting").get("/model/", {"tab": tab}).context
    assert context["tab"] == ""
    assert {"threshold", "workforce"}.isdisjoint(each.href.rpartition("=")[2] for each in context["tabs"])


def test_of_a_hundred_are_the_figures_at_the_threshold(browse):
    context = browse("RH").get("/model/").context
    over, found, *_others = context["plain"]
    assert [each.number for each in context["right"]] == [int(over.value), int(found.value)]
    assert sum(is_one for _x, _y, is_one in context["right"][0].dots) == int(over.value)


def test_limited_account_reads_no_count_of_the_company_in_short(browse):
    context = browse("Manager", "Consulting").get("/model/").context
    assert context["over_time_chart"] is None
    assert context["fair_chart"] is None
    assert not re.search(r"\d", context["over_time"])
    assert context["counted_on"] == []


def test_sentence_on_fairness_names_the_attributes_that_break_the_rule(browse):
    context = browse("RH").get("/model/").context
    ratios = {label: float(text.split()[0]) for label, text in context["fair_chart"].rows}
    sentence = context["fair"].partition("It uses none")[0]
    kept, _by, broken = sentence.partition("often; ") if "often; " in sentence else (sentence, "", sentence)
    assert all(label.lower() in (kept if ratio >= 0.8 else broken).lower() for label, ratio in ratios.items())


@pytest.mark.parametrize("tab", ["", "all"])
def test_page_has_no_command_and_no_jargon_on_its_labels(browse, tab):
    page = text_of(browse("RH"), "/model/", tab=tab)
    assert not re.search(r"manage\.py|\bF2\b|train_model", page)
