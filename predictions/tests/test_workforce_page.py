import pytest
from django.utils import timezone, translation
from django.utils.formats import date_format

from features import schema
from features.tests.factories import EmployeeFeaturesFactory
from predictions import services
from predictions.pages.model.workforce_page import _values
from predictions.registry import current_model
from predictions.tests.factories import PredictionFactory, ScoringRunFactory

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def card():
    return current_model().card


def text_of(browser):
    return browser.get("/model/workforce/").content.decode()


@pytest.fixture
def moved(card):
    """A run in which everyone works overtime, and three people of the 1,470 do not."""
    counts = {name: [round(count) for count in bins["counts"]] for name, bins in card["drift"]["bins"].items()}
    counts["heures_supplementaires"] = [3, 1467]
    return ScoringRunFactory(model_version=current_model().version, employee_count=1470, drift_counts=counts)


def test_workforce_before_the_first_run_says_so(browse):
    assert "has scored nobody yet" in text_of(browse("RH"))


def test_workforce_like_the_training_data_is_said_to_fit(browse, moved, card):
    counts = {name: [round(count) for count in bins["counts"]] for name, bins in card["drift"]["bins"].items()}
    type(moved).objects.update(drift_counts=counts)
    page = text_of(browse("RH"))
    assert "The workforce looks like the people the model learned from." in page
    assert "has moved" not in page


def test_workforce_that_moved_names_the_feature_and_its_values(browse, moved):
    response = browse("RH").get("/model/workforce/")
    page = response.content.decode()
    assert "1 of the 25 distributions has moved" in page
    (row,) = (row for row in response.context["rows"] if row.is_drift)
    assert (row.name, row.chance) == ("Overtime", "less than 0.001")
    # Of two values, a small count would follow from the other; how far they moved would tell it too.
    assert row.table.rows == [["No", "72%", "not shown"], ["Yes", "28%", "not shown"]]
    assert row.moved == "10% or more"


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
        ("annees_depuis_la_derniere_promotion", [0, 0, 0, 0, 0, 1470], ["0 years", "40%", "0%"]),
        ("augmentation_salaire_precedente", [0] * 8 + [1470], ["11% to below 12%", "14%", "0%"]),
        ("augmentation_salaire_precedente", [1470] + [0] * 8, ["below 11%", "0%", "100%"]),
    ],
)
def test_values_below_the_least_of_training_are_shown_when_somebody_has_one(browse, moved, name, counts, first):
    moved.drift_counts[name] = counts
    type(moved).objects.update(drift_counts=moved.drift_counts)
    rows = browse("RH").get("/model/workforce/").context["rows"]
    (table,) = (row.table for row in rows if row.table and row.name == schema.BY_NAME[name].label)
    assert [cell.replace("\N{NO-BREAK SPACE}", " ") for cell in table.rows[0]] == first


def test_workforce_says_how_many_were_expected_to_leave_since_when(browse, moved):
    PredictionFactory(scored=True, run=moved, probability=0.5)
    page = " ".join(text_of(browse("RH")).split())
    with translation.override("en"):
        day = date_format(timezone.localtime(moved.created_at), "DATE_FORMAT")
    assert f"Of the 1 people present on {day}, the first day that this model scored, it expects 0.5 to leave" in page


def test_workforce_whose_predictions_were_purged_says_that_departures_cannot_be_compared(browse, moved):
    page = text_of(browse("RH"))
    assert "The scores that this model gave are no longer kept" in page
    assert "people who were there" not in page


def test_workforce_by_htmx_is_the_panel_alone(browse, moved):
    browser = browse("RH")
    assert "<h1>" in text_of(browser)
    assert "<h1>" not in browser.get("/model/workforce/", headers=HTMX).content.decode()


def test_workforce_of_few_people_says_nothing(browse):
    EmployeeFeaturesFactory.create_batch(3)
    services.score_employees()
    assert "Fewer than 30 people" in text_of(browse("RH"))


def test_workforce_page_asks_a_fixed_number_of_queries(browse, moved, django_assert_num_queries):
    PredictionFactory(scored=True, run=moved)
    browser = browse("RH")
    with django_assert_num_queries(7):
        browser.get("/model/workforce/")
