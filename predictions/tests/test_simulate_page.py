import json
import shlex

import pytest
from django.test.utils import override_script_prefix

from employees.columns import SATISFACTIONS
from features.engineering import engineer_one
from features.schema import FEATURE_NAMES, INPUT_NAMES
from features.tests.factories import INPUTS, EmployeeFeaturesFactory
from predictions.ml.assessment import drift
from predictions.models import Prediction
from predictions.registry import current_model

pytestmark = pytest.mark.django_db


def test_simulate_page_needs_a_login(client):
    assert client.get("/simulate/").headers["Location"] == "/login/?next=/simulate/"


def test_simulate_page_starts_from_the_medians_of_those_in_sight(browse):
    EmployeeFeaturesFactory(distance_domicile_travail=3, poste="Manager")
    EmployeeFeaturesFactory(employee__departement="Commercial", distance_domicile_travail=9)
    manager = browse("Manager", "Consulting").get("/simulate/").context["form"]
    everyone = browse("RH").get("/simulate/").context["form"]
    assert (manager["distance_domicile_travail"].value(), manager["poste"].value()) == (3, "Manager")
    assert everyone["distance_domicile_travail"].value() == 6
    assert everyone["satisfaction_employee_equipe"].value() == 2
    assert all(everyone[name].value() is not None for name in INPUT_NAMES)
    assert all(field.value() is not None for field in manager)


def test_simulate_page_asks_a_manager_for_what_managers_may_read(browse):
    page = browse("Manager", "Consulting").get("/simulate/")
    hidden = {"age", "genre", "statut_marital", "revenu_mensuel", "augmentation_salaire_precedente", *SATISFACTIONS}
    assert page.context["form"].fields.keys() == set(INPUT_NAMES) - hidden
    assert (
        "Not asked, since your account does not show it: pay, survey answers and what the law protects (age, sex, "
        "family status). The score takes that of a typical employee." in " ".join(page.content.decode().split())
    )


def test_simulate_page_offers_the_departments_in_sight(browse):
    form = browse("Manager", "Consulting", "Commercial").get("/simulate/").context["form"]
    assert [value for value, _label in form.fields["departement"].choices] == ["Consulting", "Commercial"]
    assert len(browse("RH").get("/simulate/").context["form"].fields["departement"].choices) == 3


def test_simulation_in_a_department_out_of_sight_is_refused(browse):
    response = browse("Manager", "Consulting").post("/simulate/", INPUTS | {"departement": "Commercial"})
    assert "Select a valid choice" in response.context["form"].errors["departement"][0]
    assert not Prediction.objects.exists()


@pytest.mark.parametrize(
    ("name", "value"), [("poste", "Ressources Humaines"), ("domaine_etude", "Ressources Humaines")]
)
def test_simulation_of_what_only_others_have_is_refused(browse, name, value):
    EmployeeFeaturesFactory()
    EmployeeFeaturesFactory(employee__departement="Commercial", **{name: value})
    response = browse("Manager", "Consulting").post("/simulate/", INPUTS | {name: value})
    assert "No employee that you may see has this value: Human" in response.context["form"].errors[name][0]
    assert not Prediction.objects.exists()
    assert "score" in browse("RH").post("/simulate/", INPUTS | {name: value}).context


def test_simulate_page_without_data_has_an_empty_form(browse):
    response = browse("RH").get("/simulate/")
    assert response.status_code == 200
    assert response.context["form"]["age"].value() is None


def test_simulate_page_asks_a_fixed_number_of_queries(browse, django_assert_num_queries):
    EmployeeFeaturesFactory.create_batch(3)
    browser = browse("Manager", "Consulting")
    with django_assert_num_queries(6):
        browser.get("/simulate/")


def test_simulate_page_marks_what_the_score_does_not_use(browse):
    form = browse("RH").get("/simulate/").context["form"]
    unused = [name for name, field in form.fields.items() if field.help_text == "Not used by the score."]
    assert sorted(unused) == ["age", "genre", "statut_marital"]


def test_simulate_page_of_a_model_that_uses_everything_marks_nothing(browse, monkeypatch):
    monkeypatch.setitem(current_model().card, "uses_protected", True)
    assert "Not used by the score." not in browse("RH").get("/simulate/").content.decode()


def test_simulation_is_answered_and_logged_with_the_account(browse):
    browser = browse("RH")
    page = browser.post("/simulate/", INPUTS).content.decode()
    logged = Prediction.objects.get()
    assert (logged.mode, logged.user, logged.employee) == ("simulation", browser.account, None)
    assert logged.payload == engineer_one(INPUTS)
    assert logged.probability == current_model().score_one(logged.payload).probability
    assert f"{logged.probability * 100:.1f}%" in page
    assert "Works overtime" in page


@pytest.mark.parametrize(
    "changes",
    [
        {"poste": "Directeur Technique", "niveau_hierarchique_poste": 1},
        {"poste": "Représentant Commercial", "niveau_hierarchique_poste": 5},
        {"niveau_hierarchique_poste": 1, "revenu_mensuel": 19_999},
    ],
)
def test_simulation_of_a_profile_that_nobody_has_says_first_that_there_are_not_enough_data(browse, changes):
    page = browse("RH").post("/simulate/", INPUTS | changes).content.decode()
    answer = page[page.index('id="answer"') : page.index("novalidate")]
    assert '<p class="score-value">Not enough data</p>' in answer
    assert answer.index("Not enough data") < answer.index("The formula gives")
    assert "badge" not in answer
    assert "risk-bar" not in answer


HIDDEN = {"age": 63, "genre": 1, "statut_marital": "Divorcé(e)", "revenu_mensuel": 19_873}
HIDDEN |= {"augmentation_salaire_precedente": 23, **dict.fromkeys(SATISFACTIONS, 1)}


def test_simulation_of_a_manager_takes_what_is_hidden_from_the_training_data(browse):
    EmployeeFeaturesFactory()
    bins = current_model().card["drift"]["bins"]
    scored = {"revenu_mensuel", "augmentation_salaire_precedente"}
    typical = dict.fromkeys(HIDDEN) | {name: drift.typical(bins[name], 0) for name in scored}
    typical |= dict.fromkeys(SATISFACTIONS, drift.typical(bins["satisfaction_moyenne"], 1))
    manager = browse("Manager", "Consulting")
    manager.post("/simulate/", INPUTS | HIDDEN | {"annee_experience_totale": 40})
    assert Prediction.objects.get().payload == engineer_one(INPUTS | typical | {"annee_experience_totale": 40})


def test_simulation_of_a_manager_answers_alike_whatever_is_sent_for_what_is_hidden(browse):
    EmployeeFeaturesFactory()
    manager = browse("Manager", "Consulting")
    answers = [manager.post("/simulate/", INPUTS | changes) for changes in ({}, HIDDEN, {"age": "many"})]
    probabilities = {answer.context["score"].prediction.probability for answer in answers}
    assert len(probabilities) == 1


def test_simulation_of_a_manager_shows_no_api_request_which_would_hold_every_value(browse):
    EmployeeFeaturesFactory()
    answer = browse("Manager", "Consulting").post("/simulate/", INPUTS)
    assert "command" not in answer.context
    assert "curl" not in answer.content.decode()


def test_simulation_as_an_api_request_gives_the_same_answer(browse, api, api_key):
    command = browse("RH").post("/simulate/", INPUTS).context["command"]
    words = shlex.split(command.replace("$KEY", api_key.secret))
    assert "http://testserver/predict/by-features" in words
    assert f"X-API-Key: {api_key.secret}" in words
    body = json.loads(words[-1])
    assert tuple(body) == FEATURE_NAMES
    answer = api.call("/predict/by-features", body).json()
    assert answer["turnover_probability"] == pytest.approx(Prediction.objects.earliest().probability)


def test_simulation_as_an_api_request_goes_to_the_prefix_of_the_site(browse):
    client = browse("RH")
    with override_script_prefix("/technova/"):
        command = client.post("/simulate/", INPUTS).context["command"]
    assert "http://testserver/technova/predict/by-features" in shlex.split(command)


@pytest.mark.parametrize("text", ["many", "NaN", "-1", str(2**31), "4\0", ""])
@pytest.mark.parametrize("name", ["age", "augmentation_salaire_precedente", "poste", "heures_supplementaires"])
def test_simulation_with_a_bad_value_marks_the_field_and_logs_nothing(browse, name, text):
    response = browse("RH").post("/simulate/", INPUTS | {name: text})
    assert response.status_code == 200
    assert list(response.context["form"].errors) == [name]
    assert f'id="id_{name}_error"' in response.content.decode()
    assert not Prediction.objects.exists()


def test_simulation_keeps_what_was_typed_when_a_field_is_wrong(browse):
    page = browse("RH").post("/simulate/", INPUTS | {"age": "7", "revenu_mensuel": "4321"}).content.decode()
    assert 'value="4321"' in page
    assert 'value="7"' in page


def test_simulation_of_durations_that_contradict_each_other_says_which(browse):
    response = browse("RH").post("/simulate/", INPUTS | {"annees_dans_l_entreprise": 9})
    assert response.context["form"].errors == {
        "annees_dans_l_entreprise": ["Cannot exceed “Total experience”: 8\N{NO-BREAK SPACE}years."]
    }


def test_simulation_of_more_experience_than_the_age_can_hold_marks_the_field_and_logs_nothing(browse):
    response = browse("RH").post("/simulate/", INPUTS | {"age": 21, "annee_experience_totale": 40})
    assert list(response.context["form"].errors) == ["annee_experience_totale"]
    assert not Prediction.objects.exists()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            {"age": 21, "annee_experience_totale": 40},
            "Total experience (40~years) cannot be at the age of 21~years: nobody has worked before 14~years.",
        ),
        ({"satisfaction_moyenne": 2.3}, "No survey has a mean satisfaction of 2.3."),
        (
            {"nonlineaire_participation_pee": 0.9},
            (
                "“Savings plan participation for the seniority” (0.9) does not follow from “Company savings plan "
                "participations” and “Years with the company”."
            ),
        ),
    ],
)
def test_api_request_of_what_nobody_can_have_is_answered_without_an_interval(api, change, why):
    answer = api.call("/predict/by-features", engineer_one(INPUTS) | change)
    found = answer.json()
    assert answer.status_code == 200
    assert (found["low"], found["high"], found["is_extrapolated"]) == (None, None, True)
    assert why.replace("~", "\N{NO-BREAK SPACE}") in found["not_enough_data"]


def test_api_request_of_a_possible_career_has_an_interval(api):
    found = api.call("/predict/by-features", engineer_one(INPUTS)).json()
    assert found["low"] < found["turnover_probability"] < found["high"]
    assert found["not_enough_data"] == []
