import json
import shlex

import pytest

from features.engineering import engineer_one
from features.schema import FEATURE_NAMES, INPUT_NAMES
from features.tests.factories import INPUTS, EmployeeFeaturesFactory
from predictions.models import Prediction
from predictions.registry import current_model

pytestmark = pytest.mark.django_db


def test_simulate_page_needs_a_login(client):
    assert client.get("/simulate/").headers["Location"] == "/login/?next=/simulate/"


def test_simulate_page_starts_from_the_medians_of_those_in_sight(browse):
    EmployeeFeaturesFactory(revenu_mensuel=3000, poste="Manager")
    EmployeeFeaturesFactory(employee__departement="Commercial", revenu_mensuel=9000)
    manager = browse("Manager", "Consulting").get("/simulate/").context["form"]
    everyone = browse("RH").get("/simulate/").context["form"]
    assert (manager["revenu_mensuel"].value(), manager["poste"].value()) == (3000, "Manager")
    assert everyone["revenu_mensuel"].value() == 6000
    assert manager["satisfaction_employee_equipe"].value() == 2
    assert all(manager[name].value() is not None for name in INPUT_NAMES)


def test_simulate_page_offers_the_departments_in_sight(browse):
    form = browse("Manager", "Consulting", "Commercial").get("/simulate/").context["form"]
    assert [value for value, _label in form.fields["departement"].choices] == ["Commercial", "Consulting"]
    assert len(browse("RH").get("/simulate/").context["form"].fields["departement"].choices) == 3


def test_simulation_in_a_department_out_of_sight_is_refused(browse):
    response = browse("Manager", "Consulting").post("/simulate/", INPUTS | {"departement": "Commercial"})
    assert "Select a valid choice" in response.context["form"].errors["departement"][0]
    assert not Prediction.objects.exists()


def test_simulate_page_without_data_has_an_empty_form(browse):
    response = browse("RH").get("/simulate/")
    assert response.status_code == 200
    assert response.context["form"]["age"].value() is None


def test_simulate_page_asks_a_fixed_number_of_queries(browse, django_assert_num_queries):
    EmployeeFeaturesFactory.create_batch(3)
    browser = browse("Manager", "Consulting")
    with django_assert_num_queries(7):
        browser.get("/simulate/")


def test_simulate_page_marks_what_the_score_does_not_use(browse):
    form = browse("RH").get("/simulate/").context["form"]
    unused = [name for name, field in form.fields.items() if field.help_text == "Not used by the score."]
    assert sorted(unused) == ["age", "genre", "statut_marital"]


def test_simulate_page_of_a_model_that_uses_everything_marks_nothing(browse, monkeypatch):
    monkeypatch.setitem(current_model().card, "uses_protected", True)
    assert "Not used by the score." not in browse("RH").get("/simulate/").content.decode()


@pytest.mark.parametrize(("group", "departments"), [("RH", []), ("Manager", ["Consulting"])])
def test_simulation_is_answered_and_logged_with_the_account(browse, group, departments):
    browser = browse(group, *departments)
    page = browser.post("/simulate/", INPUTS).content.decode()
    logged = Prediction.objects.get()
    assert (logged.mode, logged.user, logged.employee) == ("simulation", browser.account, None)
    assert logged.payload == engineer_one(INPUTS)
    assert logged.probability == current_model().score_one(logged.payload).probability
    assert f"{logged.probability * 100:.1f}%" in page
    assert "Works overtime" in page


def test_simulation_as_an_api_request_gives_the_same_answer(browse, api, api_key):
    command = browse("RH").post("/simulate/", INPUTS).context["command"]
    words = shlex.split(command.replace("$KEY", api_key.secret))
    assert "http://testserver/predict/by-features" in words
    assert f"X-API-Key: {api_key.secret}" in words
    body = json.loads(words[-1])
    assert tuple(body) == FEATURE_NAMES
    answer = api.call("/predict/by-features", body).json()
    assert answer["turnover_probability"] == pytest.approx(Prediction.objects.earliest().probability)


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
    response = browse("RH").post("/simulate/", INPUTS | {"age": 18, "annee_experience_totale": 40})
    assert list(response.context["form"].errors) == ["annee_experience_totale"]
    assert not Prediction.objects.exists()


def test_api_request_of_more_experience_than_the_age_can_hold_is_answered(api):
    impossible = engineer_one(INPUTS | {"age": 18, "annee_experience_totale": 40})
    assert api.call("/predict/by-features", impossible).status_code == 200
