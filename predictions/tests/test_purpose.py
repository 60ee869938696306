"""What names are opened for: asked once a session, figures first, and kept in the journal."""

import pytest
from django.urls import reverse

from employees.access import scope_of
from employees.models import JournalEntry, Purpose
from employees.tests.factories import EmployeeFactory
from features.tests.factories import EmployeeFeaturesFactory
from predictions.services import score_employees

pytestmark = pytest.mark.django_db

ASK, LIST, TODAY = reverse("purpose"), reverse("employees"), reverse("overview")


@pytest.fixture(autouse=True)
def purposes_are_asked_for(settings):
    settings.PURPOSE_REQUIRED = True


@pytest.fixture
def company(started):
    for number in range(918_273, 918_280):
        EmployeeFeaturesFactory(employee=EmployeeFactory(employee_id=number), heures_supplementaires=True)
    return score_employees()


def answer(client, **more):
    return client.post(ASK, {"purpose": Purpose.objects.get(english="Talk").pk, **more})


def test_names_open_once_the_session_has_said_what_for(company, browse):
    hr = browse("RH")
    asked = hr.get(f"{LIST}?sort=-number")
    assert (asked.status_code, asked["Location"]) == (302, f"{ASK}?next=%2Femployees%2F%3Fsort%3D-number")
    assert answer(hr, next=f"{LIST}?sort=-number")["Location"] == f"{LIST}?sort=-number"
    assert hr.get(LIST).status_code == 200
    assert hr.get(reverse("employee", args=[918_273])).status_code == 200


@pytest.mark.parametrize(
    "name", ["employees", "employees_csv", "cases", "departures", "history", "simulate", "clarify"]
)
def test_pages_that_name_people_ask(company, browse, name):
    assert browse("RH").get(reverse(name))["Location"].startswith(ASK)


def test_person_is_closed_until_then(company, browse):
    manager = browse("Manager", "Consulting")
    for name in ("employee", "employee_sheet"):
        assert manager.get(reverse(name, args=[918_273]))["Location"].startswith(ASK)


@pytest.mark.parametrize("name", ["overview", "teams", "report", "model", "data", "compliance"])
def test_figures_come_first_and_name_nobody(company, browse, name):
    page = browse("RH").get(reverse(name))
    assert page.status_code == 200
    assert "918273" not in page.content.decode()
    assert "918,273" not in page.content.decode()


def test_today_names_people_after_the_answer(company, browse):
    hr = browse("RH")
    assert "Open names" in hr.get(TODAY).content.decode()
    answer(hr)
    page = hr.get(TODAY).content.decode()
    assert "Open names" not in page
    assert "/employees/91827" in page


def test_answer_stands_with_each_entry_of_the_journal(company, browse):
    hr = browse("RH")
    hr.get(TODAY)
    answer(hr)
    hr.get(LIST)
    assert list(JournalEntry.objects.order_by("id").values_list("purpose", flat=True)) == ["", "Talk"]
    assert "Talk" in browse("Auditeur").get(reverse("journal")).content.decode()


def test_purpose_that_is_no_longer_offered_is_refused(browse):
    Purpose.objects.filter(english="Talk").update(is_active=False)
    hr = browse("RH")
    assert answer(hr).status_code == 422
    assert hr.get(LIST)["Location"].startswith(ASK)


@pytest.mark.parametrize("address", ["https://elsewhere.example/", "//elsewhere.example/", "javascript:alert(1)"])
def test_answer_leads_nowhere_else(browse, address):
    assert answer(browse("RH"), next=address)["Location"] == TODAY


def test_part_of_a_page_leads_the_whole_page_to_the_question(company, browse):
    part = browse("RH").get(LIST, headers={"HX-Request": "true"})
    assert part["HX-Redirect"].startswith(ASK)


def test_nobody_is_asked_where_the_setting_is_off(company, browse, settings):
    settings.PURPOSE_REQUIRED = False
    assert browse("RH").get(LIST).status_code == 200


def test_raw_rows_of_the_administration_ask_too(company, admin_client):
    page = admin_client.get(reverse("admin:employees_employee_changelist"))
    assert page["Location"].startswith(ASK)


class TestDirection:
    def test_reads_figures_of_everyone_and_nobody(self, company, browse):
        direction = browse("Direction")
        assert scope_of(direction.account).is_empty
        for name in ("overview", "teams", "report", "model", "model_workforce", "cases_costs", "cases_effect"):
            page = direction.get(reverse(name))
            assert page.status_code == 200, name
            assert b"918273" not in page.content

    def test_is_kept_from_people_and_journals(self, company, browse):
        direction = browse("Direction")
        for name in ("employees", "cases", "history", "journal", "data", "compliance", "import_loads", "clarify"):
            assert direction.get(reverse(name)).status_code == 403, name
        assert direction.get(reverse("employee", args=[918_273])).status_code == 403

    def test_menu_shows_what_it_opens(self, company, browse):
        menu = browse("Direction").get(TODAY).context["navigation"]
        entries = menu() if callable(menu) else menu
        assert {entry.name for entry in entries["main"]} == {"overview", "cases_effect", "teams", "report", "model"}
        assert entries["tools"] == []
