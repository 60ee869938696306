"""A company that has nothing yet, and its own words for everything: two months of it by the pages."""

import pytest
from playwright.sync_api import expect

from employees.tests.firms import FIRMS, NEW_DEPARTMENT
from predictions.tests.browser.site import PASSWORD, serve_empty
from predictions.tests.browser.test_import import SLOW

PRACTICE = FIRMS[0]  # a workbook of three sheets


@pytest.fixture
def page(tmp_path, worker_id, new_context):
    with serve_empty(tmp_path, worker_id) as site:
        page = new_context(base_url=site.url, locale="en-GB", reduced_motion="reduce").new_page()
        page.goto("/login/")
        page.get_by_label("Username").fill("hr")
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{site.url}/")
        yield page


def upload(page, month, day):
    page.goto("/import/")
    files = [{"name": name, "mimeType": "", "buffer": content} for name, content in PRACTICE.files(month).items()]
    page.locator("input[name=extracts]").set_input_files(files)
    page.locator("input[name=as_of]").fill(day)
    page.get_by_role("button", name="Check the files").click()


def answer(page):
    page.get_by_role("button", name="Answer and check again").click()


def load(page):
    page.get_by_role("button", name="Confirm and load").click(timeout=SLOW)
    expect(page.get_by_role("link", name="See Today")).to_be_visible(timeout=SLOW)


def test_first_month_is_asked_and_the_second_asks_for_the_new_department_alone(page, axe):
    upload(page, 1, "2026-09-30")
    expect(page.get_by_label("“Brut annuel”")).to_have_value("revenu_mensuel", timeout=SLOW)
    expect(page.get_by_label("“Sat. équipe”")).to_have_value("satisfaction_employee_equipe")
    assert axe(page) == []
    answer(page)
    expect(page.get_by_label("The pay in “Brut annuel”")).to_have_value("1/12", timeout=SLOW)
    expect(page.get_by_label("The percentages in “Dernière augm.”")).to_have_value("100")
    expect(page.get_by_label("The marks in “Sat. équipe”")).to_have_value("1-5")
    expect(page.get_by_label("Business travel: “souvent”")).to_have_value("Frequent")
    assert axe(page) == []
    answer(page)
    load(page)

    upload(page, 2, "2026-10-31")
    expect(page.get_by_label(f"“{NEW_DEPARTMENT}”")).to_have_value(NEW_DEPARTMENT, timeout=SLOW)
    expect(page.locator("form[action$='/answer/'] .field")).to_have_count(1)
    answer(page)
    expect(page.locator("#questions")).to_have_count(0, timeout=SLOW)
    load(page)
    page.goto(f"/employees/?department={NEW_DEPARTMENT}")
    people = PRACTICE.people(2)
    is_there = (people["departement"] == NEW_DEPARTMENT) & ~people["a_quitte_l_entreprise"]
    expect(page.locator("#results h2")).to_contain_text(str(is_there.sum()))
