"""The sheet for a talk with a person: what it holds, for whom."""

import re

import pytest
from django.urls import reverse

from employees.tests.extracts import DAY, load, load_all
from features.services import build_features
from predictions.models import Prediction
from predictions.pages.people import sheet
from predictions.services import score_employees
from predictions.tests.test_report import info_of, pages_of, words

pytestmark = pytest.mark.django_db
ADDRESS = reverse("employee_sheet", args=[7])


@pytest.fixture
def people(started):
    people = {
        number: {"departement": "Consulting", "revenu_mensuel": 4321, "heures_supplementaires": True}
        for number in range(1, 9)
    }
    load_all(DAY, people)
    load(DAY, annuaire={7: {"prenom": "Zoé", "nom": "Zorglub"}})
    build_features()


@pytest.fixture
def company(people):
    return score_employees()


def sheet_of(client) -> str:
    (page,) = pages_of(client.get(ADDRESS).content)
    return words(page)


def test_sheet_holds_name_risk_and_strongest_reasons_on_one_page(company, browse):
    text = sheet_of(browse("RH"))
    score = Prediction.objects.get(run=company, employee__employee_id=7)
    assert "Zoé Zorglub" in text
    assert f"{score.probability:.1%}" in text
    assert "Works overtime" in text
    assert "€4,321" in text
    assert "Page 1 of 1" in text


def test_sheet_is_in_the_readers_language(company, browse):
    client = browse("RH")
    client.cookies["django_language"] = "fr"
    text = sheet_of(client)
    assert "Pour un entretien" in text
    assert "Page 1 sur 1" in text
    assert "Fait des heures supplémentaires" in text


def test_manager_reads_on_the_sheet_no_more_than_on_the_page(company, browse):
    text = sheet_of(browse("Manager", "Consulting"))
    assert "4,321" not in text
    assert "Not shown to your account: pay and survey answers" in text


def test_sheet_of_somebody_out_of_the_scope_is_not_found(company, browse):
    assert browse("Manager", "Commercial").get(ADDRESS).status_code == 404
    assert browse("Auditeur").get(ADDRESS).status_code == 403


def test_sheet_names_its_author_and_no_path(company, browse):
    client = browse("RH")
    info = info_of(client.get(ADDRESS).content)
    assert client.account.get_username() in info
    assert "Zorglub" not in info  # a title goes where the text does not
    assert "/" not in re.sub(r"(?m)^(Page size|.*Date|Producer|Creator):.*$", "", info)


def test_person_without_a_score_has_the_profile(people, browse):
    text = sheet_of(browse("RH"))
    assert "No score yet" in text
    assert "€4,321" in text


def test_page_leads_to_the_sheet(company, browse):
    assert ADDRESS in browse("RH").get(reverse("employee", args=[7])).content.decode()


def test_sheet_that_cannot_be_set_leads_back_to_the_page(company, browse, monkeypatch, tmp_path):
    broken = tmp_path / "broken.typ"
    broken.write_text("#nothing")
    monkeypatch.setattr(sheet, "SOURCE", broken)
    answer = browse("RH").get(ADDRESS, follow=True)
    assert "The PDF could not be made" in answer.content.decode()
