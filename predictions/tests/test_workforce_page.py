import re
from datetime import date

import pytest
from django.utils import translation

from employees.tests.factories import WorkforceDayFactory
from features import schema
from features.tests.factories import EmployeeFeaturesFactory
from predictions import services
from predictions.ml.assessment.outcomes import Outcome
from predictions.models import WorkforceCheck
from predictions.pages.model.workforce_page import _values
from predictions.registry import current_model
from predictions.selectors import followed_forecasts
from predictions.tests.factories import ScoringRunFactory
from predictions.workforce_checks import check_workforce

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
CHANGED = "The workforce has changed since"


@pytest.fixture
def card():
    return current_model().card


def page_of(browser):
    """The page after the check that a scoring run makes."""
    check_workforce()
    return browser.get("/model/workforce/")


def text_of(browser):
    return page_of(browser).content.decode()


@pytest.fixture
def moved(card):
    """A run in which everyone works overtime, and three people of the 1,233 do not."""
    counts = {name: [round(count) for count in bins["counts"]] for name, bins in card["drift"]["bins"].items()}
    counts["heures_supplementaires"] = [3, 1230]
    return ScoringRunFactory(model_version=current_model().version, employee_count=1233, drift_counts=counts)


def test_workforce_before_the_first_run_says_so(browse):
    assert "has not been compared with the workforce yet" in text_of(browse("RH"))


def test_workforce_like_the_training_data_is_said_to_fit(browse, moved, card):
    counts = {name: [round(count) for count in bins["counts"]] for name, bins in card["drift"]["bins"].items()}
    type(moved).objects.update(drift_counts=counts)
    page = text_of(browse("RH"))
    assert "The workforce looks like the people the model learned from." in page
    assert "has moved" not in page


def test_workforce_of_the_day_of_the_training_is_no_test_that_was_passed(browse, moved, card):
    counts = {name: [round(count) for count in bins["counts"]] for name, bins in card["drift"]["bins"].items()}
    type(moved).objects.update(drift_counts=counts, as_of=card["drift"]["as_of"])
    response = page_of(browse("RH"))
    page = response.content.decode()
    assert "that they look alike is no test" in page
    assert "The workforce looks like" not in page
    assert response.context["history"].rows[0][-2] == "no test: the people it learned from"


def test_checks_tell_their_run_and_its_threshold(browse, moved):
    (row,) = page_of(browse("RH")).context["history"].rows
    assert row[2:4] == [f"Run {moved.pk}", "20.0%"]


def test_workforce_that_moved_names_the_feature_and_its_values(browse, moved):
    response = page_of(browse("RH"))
    page = response.content.decode()
    assert "Overtime: people have moved between its values." in page
    assert "A real change is one possible cause, such as a campaign" in page
    (row,) = (row for row in response.context["rows"] if row.is_drift)
    assert (row.name, row.chance) == ("Overtime", "less than 0.001")
    # Of two values, a small count would follow from the other; how far they moved would tell it too.
    assert row.table.rows == [["No", "77%", "not shown"], ["Yes", "23%", "not shown"]]
    assert (row.moved, row.effect) == ("not shown", "not shown")


def test_workforce_that_moved_says_from_where_to_where_and_what_that_changes(browse, moved):
    counts = moved.drift_counts | {"heures_supplementaires": [633, 600]}
    type(moved).objects.update(drift_counts=counts)
    page = plain(browse("RH"))
    assert re.search(
        r"Overtime: Yes from 23% to 49% of the people; by itself that changes the expected departures by \+\d+%\.", page
    )


@pytest.mark.parametrize(
    ("name", "bins", "words"),
    [
        (
            "age",
            {"cuts": [26.0, 27.0, 30.5]},
            ["up to 25 years", "26 years", "27 years to 30 years", "31 years or more"],
        ),
        ("frequence_deplacement", {"cuts": [1.0, 2.0]}, ["None", "Occasional", "Frequent, Reserved"]),
        ("satisfaction_moyenne", {"cuts": [2.0, 2.25]}, ["below 2", "2 to below 2.25", "2.25 or more"]),
        ("departement", {"levels": ["Commercial"]}, ["Sales", "another value"]),
        ("probability", {"cuts": [0.1, 0.25]}, ["below 10.0%", "10.0% to below 25.0%", "25.0% or more"]),
    ],
)
def test_bins_are_said_in_words(name, bins, words):
    with translation.override("en"):
        assert _values(name, bins) == [word.replace(" years", "\N{NO-BREAK SPACE}years") for word in words]


def test_every_bin_of_the_card_has_its_words(card):
    for name, bins in card["drift"]["bins"].items():
        assert len(_values(name, bins)) == len(bins["counts"]), name


@pytest.mark.parametrize(
    ("name", "counts", "first"),
    [
        ("annees_dans_le_poste_actuel", [0] * 6 + [1233], ["0 years to 1 year", "18%", "0%"]),
        ("augmentation_salaire_precedente", [0] * 8 + [1233], ["11% to below 12%", "14%", "0%"]),
        ("augmentation_salaire_precedente", [1233] + [0] * 8, ["below 11%", "0%", "100%"]),
    ],
)
def test_values_below_the_least_of_training_are_shown_when_somebody_has_one(browse, moved, name, counts, first):
    moved.drift_counts[name] = counts
    type(moved).objects.update(drift_counts=moved.drift_counts)
    rows = page_of(browse("RH")).context["rows"]
    (table,) = (row.table for row in rows if row.table and row.name == schema.BY_NAME[name].label)
    assert [cell.replace("\N{NO-BREAK SPACE}", " ") for cell in table.rows[0]] == first


@pytest.fixture
def follow(monkeypatch):
    """Let forecasts have come to an end: what differs from an outcome as expected, by months."""

    def follow(**by_months):
        usual = {"left": 43, "left_otherwise": 9, "unknown": 6, "expected": 39.5, "low": 27, "high": 53}
        found = [
            Outcome(run=1, day=date(2026, 3, 31), version="v", months=int(name[1:]), people=1_204, **usual | values)
            for name, values in by_months.items()
        ]
        monkeypatch.setattr(followed_forecasts, "followed", lambda: found)

    return follow


def plain(browser):
    return " ".join(text_of(browser).replace("\N{NO-BREAK SPACE}", " ").split())


def test_workforce_tells_what_became_of_a_forecast_in_sentences(browse, moved, follow):
    follow(m6={})
    page = plain(browse("RH"))
    assert "Of the 1,204 people present on 31 March 2026, 43 had left within 6 months." in page
    assert "Absent without a known departure: 6; whether they left is not known." in page
    assert "Left for a reason that is not forecast, such as retirement: 9." in page
    assert "The model expected 40 departures (between 27 and 53)." in page
    assert "As many left as the model expected." in page


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"left": 54}, "More people left than the model expected"),
        ({"left": 20}, "Fewer people left than the model expected"),
        ({"left": 25}, "depends on those absent"),
        ({"is_hindsight": True}, "No test of the model"),
        ({"expected": None, "low": None, "high": None}, "The model has no horizon"),
    ],
)
def test_workforce_says_which_way_a_forecast_was_wrong(browse, moved, follow, values, said):
    follow(m6=values)
    assert said in plain(browse("RH"))


def test_workforce_tells_no_small_group_of_those_who_left(browse, moved, follow):
    follow(m3={"left": 3, "unknown": 0}, m6={"left": 41, "unknown": 4}, m12={})
    page = plain(browse("RH"))
    assert "fewer than five had left within 3 months" in page
    assert "a number not shown had left within 6 months" in page  # two left in the six months after
    assert "43 had left within 12 months" in page
    assert "Absent without a known departure: fewer than five" in page


def test_workforce_lists_every_forecast(browse, moved, follow):
    follow(m3={"left": 3, "unknown": 0}, m12={"expected": None, "low": None, "high": None})
    table = page_of(browse("RH")).context["followed"]
    assert table.rows == [
        ["31 March 2026", "3 months", "1,204", "fewer than five", "40 (27 to 53)", "fewer than expected"],
        ["31 March 2026", "12 months", "1,204", "43", "–", "no number expected by then"],
    ]


def test_who_reads_figures_alone_reads_the_workforce_in_fives(browse, moved, follow):
    follow(m3={"left": 3, "unknown": 0}, m6={})
    browser = browse("Direction")
    page = plain(browser)
    assert "The 1,235 people present on" in page
    assert "Of the 1,205 people present on 31 March 2026, 45 had left within 6 months." in page
    assert "Absent without a known departure: 5; whether they left is not known." in page
    assert "Left for a reason that is not forecast, such as retirement: 10." in page
    context = page_of(browser).context
    assert [row[2:4] for row in context["followed"].rows] == [["1,205", "fewer than five"], ["1,205", "45"]]
    for row in context["rows"]:
        assert row.moved == "not shown" or row.moved.endswith(".0%")


def test_workforce_without_a_forecast_old_enough_says_so(browse, moved):
    assert "No stored forecast is three months old yet" in plain(browse("RH"))


def test_workforce_shows_the_last_check_and_those_before(browse, moved, follow):
    browser = browse("RH")
    text_of(browser)
    follow(m6={"left": 54})
    WorkforceDayFactory()
    page = plain(browser)
    assert "6 months: more than expected" in page
    assert page.count('data-label="Moved">Overtime') == 2


def test_workforce_that_changed_after_the_check_is_said_to_have_changed(browse, moved):
    browser = browse("RH")
    assert CHANGED not in text_of(browser)
    WorkforceDayFactory()
    assert CHANGED in browser.get("/model/workforce/").content.decode()
    assert WorkforceCheck.objects.count() == 1
    assert CHANGED not in text_of(browser)


def test_workforce_by_htmx_is_the_panel_alone(browse, moved):
    browser = browse("RH")
    assert "<h1>" in text_of(browser)
    assert "<h1>" not in browser.get("/model/workforce/", headers=HTMX).content.decode()


def test_workforce_of_few_people_says_nothing(browse):
    EmployeeFeaturesFactory.create_batch(3)
    services.score_employees()
    assert "Fewer than 30 people" in text_of(browse("RH"))


def test_workforce_page_asks_a_fixed_number_of_queries(browse, moved, django_assert_num_queries):
    browser = browse("RH")
    text_of(browser)
    with django_assert_num_queries(7):
        browser.get("/model/workforce/")
