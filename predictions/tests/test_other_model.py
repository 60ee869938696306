"""Pages whose scores are by another version of the model than the one in use say so."""

from types import SimpleNamespace

import pytest
from django.urls import reverse

from employees.tests.extracts import DAY, load_all
from features.services import build_features
from predictions.pages import runs_compared
from predictions.pages.report import report_page
from predictions.services import score_employees

pytestmark = pytest.mark.django_db
PAGES = (reverse("overview"), reverse("employee", args=[1]), reverse("employees"))
SENTENCE = "version a-newer-one (within 6 months) is in use now"
LINK = f'<a href="{reverse("model")}?tab=threshold">Score everyone again</a>'


@pytest.fixture
def scored(started):
    load_all(DAY, {number: {"departement": "Consulting", "poste": "Manager"} for number in range(1, 11)})
    build_features()
    return score_employees()


@pytest.fixture
def by_another(scored, monkeypatch):
    in_use = SimpleNamespace(version="a-newer-one", horizon_months=6)
    monkeypatch.setattr(runs_compared, "promoted_model", lambda: in_use)


@pytest.mark.parametrize("page", PAGES)
def test_page_of_scores_by_another_model_says_so_with_the_way_to_rescore(by_another, browse, page):
    hr = browse("RH").get(page).content.decode()
    assert SENTENCE in hr
    assert LINK in hr
    manager = browse("Manager", "Consulting").get(page).content.decode()
    assert SENTENCE in manager
    assert LINK not in manager


@pytest.mark.parametrize("page", PAGES)
def test_page_of_scores_by_the_model_in_use_says_nothing_of_another(scored, browse, page):
    assert "These scores are by version" not in browse("RH").get(page).content.decode()


def test_levers_by_another_model_than_the_score_are_not_to_be_compared_with_it(by_another, browse):
    page = browse("RH").get(PAGES[1]).content.decode()
    assert "By version a-newer-one of the model (within 6 months), which is in use now: not to be compared" in page


def test_report_on_scores_by_another_model_says_so_on_the_page_and_on_paper(by_another, browse, monkeypatch):
    browser = browse("RH")
    assert SENTENCE in browser.get(reverse("report")).content.decode()
    set_down = {}
    monkeypatch.setattr(report_page, "typeset", lambda _request, _source, data, **_options: set_down.update(data))
    browser.get(reverse("report_pdf"))
    assert SENTENCE in set_down["warning"]


def test_report_on_scores_by_the_model_in_use_has_no_warning(scored, browse):
    assert browse("RH").get(reverse("report")).context["report"].warning == ""
