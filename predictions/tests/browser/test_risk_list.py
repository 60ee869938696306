"""From the overview to the riskiest people, with and without JavaScript."""

import csv
import re

import openpyxl
import pytest
from playwright.sync_api import expect

from predictions.tests.browser.conftest import PHONE, go_without_scripts


def numbers(page):
    """The employee numbers of the list, in order."""
    return [int(re.sub(r"\D", "", text)) for text in page.locator("#results tbody th").all_inner_texts()]


def test_overview_leads_to_the_riskiest_person(open_page):
    page = open_page("/", language="en")
    first = page.locator(".people a").first
    name, address = first.inner_text(), first.get_attribute("href")
    first.click()
    expect(page).to_have_url(address)
    expect(page.locator("h1")).to_contain_text(name)


def test_overview_figure_leads_to_the_people_it_counts(open_page):
    page = open_page("/", language="en")
    value = page.locator(".card", has_text="Over the threshold").locator(".card-value").inner_text()
    page.get_by_role("link", name="Over the threshold", exact=True).click()
    expect(page.locator("#results h2")).to_have_text(f"{value} people")


def test_overview_driver_leads_to_the_people_it_counts(open_page):
    page = open_page("/", language="en")
    bar = page.locator(".chart svg a[href*='reason=']").last
    number = bar.get_attribute("aria-label").rpartition(": ")[2]
    bar.click()
    expect(page.locator("#results h2")).to_have_text(f"{number} people")


def test_risk_list_filters_without_loading_the_page_again(open_page):
    page = open_page("/employees/", language="en")
    page.evaluate("window.isTheSamePage = true")
    page.get_by_label("Department", exact=True).select_option("Commercial")
    page.wait_for_url("**/employees/?department=Commercial")
    page.get_by_label("Risk", exact=True).select_option("over")
    page.wait_for_url("**/employees/?department=Commercial&band=over")
    assert set(page.locator("#results tbody td:nth-child(2)").all_inner_texts()) == {"Sales"}
    assert page.evaluate("window.isTheSamePage")


def test_risk_list_filter_chosen_before_the_scripts_came_filters_when_they_are_there(open_page):
    page = open_page("/", language="en")
    let_scripts_come = go_without_scripts(page, "/employees/")
    page.get_by_label("Department", exact=True).select_option("Commercial")
    let_scripts_come()
    expect(page).to_have_url("/employees/?department=Commercial")


def test_risk_list_back_button_returns_to_what_was_shown(open_page):
    page = open_page("/employees/", language="en")
    everyone = page.locator("#results h2").inner_text()
    page.get_by_label("Department", exact=True).select_option("Commercial")
    page.wait_for_url("**/employees/?department=Commercial")
    page.go_back()
    page.wait_for_url("**/employees/")
    page.locator("#results h2", has_text=everyone).wait_for()


def test_risk_list_finds_a_number_while_it_is_typed(open_page):
    page = open_page("/employees/", language="en")
    page.get_by_label("Name or number").press_sequentially("2")
    page.locator("#results h2", has_text="1 person").wait_for()
    assert numbers(page) == [2]


def test_risk_list_sorts_and_turns_pages_in_place_by_keyboard(open_page):
    page = open_page("/employees/?department=Consulting", language="en")
    page.evaluate("window.isTheSamePage = true")
    page.locator("#sort-number").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**sort=number**")
    shown = numbers(page)
    assert shown == sorted(shown)
    assert page.evaluate("document.activeElement.id") == "sort-number"
    page.get_by_role("link", name="Next").press("Enter")
    page.wait_for_url("**page=2**")
    page.locator(".pagination .current", has_text="2").wait_for()
    assert numbers(page)[0] > shown[-1]
    assert "department=Consulting" in page.url
    assert page.evaluate("window.isTheSamePage")


def test_risk_list_filter_after_sorting_keeps_the_order(open_page):
    page = open_page("/employees/", language="en")
    page.locator("#sort-number").click()
    page.wait_for_url("**sort=number**")
    page.get_by_label("Department", exact=True).select_option("Commercial")
    page.wait_for_url("**department=Commercial**")
    assert "sort=number" in page.url


def test_risk_list_page_size_in_place(open_page):
    page = open_page("/employees/", language="en")
    page.get_by_label("People per page").select_option("50")
    page.wait_for_url("**size=50**")
    page.locator("#results tbody tr:nth-child(50)").wait_for()


def test_risk_list_without_script(open_page):
    page = open_page("/employees/", language="en", script=False)
    page.get_by_label("Department", exact=True).select_option("Commercial")
    page.get_by_label("Name or number").fill("999999")
    page.get_by_label("People per page").select_option("50")
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile("department=Commercial.*size=50"))
    expect(page.locator("#results")).to_contain_text("Nobody matches these filters")
    page.locator("#results").get_by_role("link", name="Show everyone").click()
    page.locator("#sort-number").click()
    page.get_by_role("link", name="Next").click()
    expect(page).to_have_url(re.compile("sort=number.*page=2"))
    expect(page.locator("#results tbody th")).to_have_count(25)


@pytest.mark.parametrize("kind", ["CSV", "Excel"])
def test_risk_list_export_opens_with_what_is_shown(open_page, kind, tmp_path):
    page = open_page("/employees/?department=Ressources+Humaines&band=over", language="en")
    with page.expect_download() as download:
        page.get_by_role("link", name=f"Export as {kind}").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    if kind == "CSV":
        with path.open(encoding="utf-8-sig", newline="") as file:
            exported = [int(row["Employee number"]) for row in csv.DictReader(file)]
    else:
        exported = [row[0] for row in openpyxl.load_workbook(path).active.iter_rows(min_row=2, values_only=True)]
    assert exported == numbers(page)
    assert exported


def test_phone_reads_in_full_a_choice_that_its_menu_cuts(open_page):
    page = open_page("/employees/", size=PHONE)
    page.get_by_label("Raison").select_option("Participations au plan d’épargne entreprise (PEE)")
    line = page.locator("#results .phone-or-print")
    expect(line).to_contain_text("(PEE)")
    expect(line).to_be_visible()
