"""The page of the columns, and what doing without one changes on pages and in the API."""

import io

import pytest
from django.contrib.auth.models import Permission
from python_calamine import CalamineWorkbook

from employees import terms
from employees.columns import BY_NAME
from employees.models import ColumnSwitch
from features.engineering import engineer_one
from features.models import EmployeeFeatures
from features.services import switch_off
from features.tests.factories import INPUTS, EmployeeFeaturesFactory
from predictions.models import Prediction
from predictions.tests.factories import PredictionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer(browse):
    """A browser of HR whose account may switch columns."""
    browser = browse("RH")
    browser.account.user_permissions.add(Permission.objects.get(codename="switch_column"))
    return browser


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


def test_page_tells_of_every_column_why_who_and_what_it_costs(browse):
    rows = [row for _title, rows in browse("RH").get("/data/").context["sections"] for row in rows]
    assert {row["entry"].column.name for row in rows} == {*BY_NAME, "employee_id"}
    assert all(row["entry"].why and row["entry"].cost and row["entry"].kept for row in rows)
    told = {row["entry"].column.name: row["entry"] for row in rows}
    assert told["revenu_mensuel"].cost == "No score. The model lacks: Monthly income."
    assert told["age"].readers == "RH"
    assert told["employee_id"].readers == told["poste"].readers == "RH, Manager"
    assert told["revenu_mensuel"].readers == "RH"


def test_granted_columns_are_said_to_be_read_by_managers(browse, settings):
    settings.MANAGERS_SEE_PAY = True
    rows = [row for _title, rows in browse("RH").get("/data/").context["sections"] for row in rows]
    (pay,) = [row["entry"].readers for row in rows if row["entry"].column.name == "revenu_mensuel"]
    assert pay == "RH, Manager"


@pytest.mark.parametrize("who", [("Manager", "Consulting"), ("RH", "Consulting")], ids=" ".join)
def test_page_is_closed_to_who_sees_some_departments(browse, who):
    browser = browse(*who)
    assert browser.get("/data/").status_code == 403
    assert "/data/" not in browser.get("/").content.decode()


def test_switching_needs_a_permission_of_its_own(browse):
    browser = browse("RH")
    assert "Switch off" not in browser.get("/data/").content.decode()
    assert browser.post("/data/age/off/", {"reason": "not needed"}).status_code == 403
    assert browser.post("/data/age/on/").status_code == 403
    assert not ColumnSwitch.objects.exists()


def test_switching_off_erases_and_says_so(officer):
    row = EmployeeFeaturesFactory(age=25)
    page = officer.post("/data/age/off/", {"reason": "no audit by age"}, follow=True)
    assert "“Age” is switched off and erased" in text_of(page)
    assert "by RH () (no audit by age)" in text_of(page)
    assert EmployeeFeatures.objects.get(pk=row.pk).age is None
    again = officer.post("/data/age/off/", {"reason": "again"}, follow=True)
    assert "Somebody has switched this column off already." in text_of(again)


def test_switching_off_needs_a_reason(officer):
    assert officer.post("/data/age/off/", {"reason": " "}).status_code == 422
    assert not ColumnSwitch.objects.exists()


@pytest.mark.parametrize("name", ["revenu_mensuel", "date_sortie", "employee_id", "nothing"])
def test_what_is_needed_cannot_be_switched_off(officer, name):
    assert officer.post(f"/data/{name}/off/", {"reason": "not needed"}).status_code == 404


def test_what_the_model_in_use_needs_cannot_be_switched_off(officer, change_card):
    change_card(lambda card: card["used"].append("age"))
    page = officer.post("/data/age/off/", {"reason": "not needed"}, follow=True)
    assert "The model in use needs this column" in text_of(page)
    assert not ColumnSwitch.objects.exists()


def test_switching_on_says_that_nothing_comes_back(officer):
    switch_off(column="age", reason="not needed")
    page = officer.post("/data/age/on/", follow=True)
    assert "“Age” is read again from the next load on. What was erased stays erased." in text_of(page)
    assert terms.columns_off() == frozenset()


# What follows


@pytest.fixture
def age_off():
    switch_off(column="age", reason="not needed")


def test_forms_do_not_ask_for_a_column_that_is_off(browse, age_off):
    EmployeeFeaturesFactory()
    assert "age" not in browse("RH").get("/simulate/").context["form"].fields


def test_simulation_without_the_column_is_logged_as_unknown(browse, age_off):
    page = browse("RH").post("/simulate/", {**INPUTS, "age": 30})
    assert page.context["form"].errors == {}
    payload = Prediction.objects.get().payload
    assert (payload["age"], payload["jeune_surcharge"], payload["genre"]) == (None, None, 0)


def test_pages_do_not_show_what_the_log_holds_of_the_column(browse, age_off):
    row = PredictionFactory(ready_made=True)
    sources = dict(browse("RH").get(f"/history/{row.pk}/").context["sources"])
    assert "Age" not in sources
    assert "Monthly income" in sources


@pytest.mark.parametrize("group", ["RH", "Auditeur"])
def test_model_page_compares_no_groups_by_what_is_switched_off(browse, group):
    browser = browse(group)
    before = text_of(browser.get("/model/?tab=all"))
    assert "30 to 39" in before
    switch_off(column="age", reason="not needed")
    page = browser.get("/model/?tab=all")
    assert "30 to 39" not in text_of(page)
    said = {finding.attribute: finding.paragraphs for finding in page.context["fairness"]}
    assert said["Age"] == ["Not compared, since the column is switched off."]
    assert "Age" not in [proxy.attribute for proxy in page.context["proxies"]]


def test_model_page_says_what_is_switched_off(browse, age_off):
    assert "Switched off: Age. They are no longer stored" in text_of(browse("RH").get("/model/?tab=all"))


def test_score_does_not_change_without_the_column(api):
    row = EmployeeFeaturesFactory()
    path = f"/predict/by-id/{row.employee.employee_id}"
    before = api.call(path).json()
    switch_off(column="age", reason="not needed")
    assert api.call(path).json()["turnover_probability"] == before["turnover_probability"]


@pytest.mark.parametrize("sent", [{}, {"age": 41, "jeune_surcharge": 0}, {"age": "unknown"}])
def test_api_neither_asks_for_the_column_nor_keeps_it(api, age_off, sent):
    asked = {name: value for name, value in engineer_one(INPUTS).items() if name not in ("age", "jeune_surcharge")}
    assert api.call("/predict/by-features", asked | sent).status_code == 200
    assert Prediction.objects.get().payload == asked | {"age": None, "jeune_surcharge": None}
    (row,) = api.get("/predictions/latest").json()
    assert row["payload"]["payload"]["age"] is None


def test_template_to_fill_in_lacks_the_column(browse, age_off):
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(browse("RH").get("/import/technova-extracts.xlsx").content))
    titles = workbook.get_sheet_by_name("sirh").to_python()[0]
    assert "age" not in titles
    assert "revenu_mensuel" in titles
