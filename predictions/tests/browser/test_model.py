"""What HR does with the model's page: ask what another threshold would do, see whether it still fits."""

import re

import pytest
from playwright.sync_api import expect

from predictions.tests.browser.conftest import PHONE

ANSWER = "#threshold-answer tbody tr"


def test_comparison_with_the_workforce_comes_when_it_is_scrolled_to(open_page):
    page = open_page("/model/")
    page.locator("#workforce").scroll_into_view_if_needed()
    expect(page.locator("[aria-labelledby=workforce] .message.is-success")).to_be_visible()


def test_threshold_goes_back_to_the_starting_values(open_page):
    page = open_page("/model/", language="en")
    page.locator("#id_talk").fill("5000")
    expect(page.locator("#threshold-answer")).to_contain_text("talk=5000")
    page.get_by_role("link", name="Back to the starting values").click()
    expect(page.locator("#threshold-answer")).to_contain_text("talk=500,")
    expect(page.locator("#id_talk")).to_have_value("500")


@pytest.mark.parametrize("script", [True, False])
def test_typed_capacity_and_costs_are_answered(open_page, axe, script):
    page = open_page("/model/", language="en", script=script)
    page.locator("#id_capacity").fill("100")
    page.locator("#id_talk").fill("5000")
    if not script:
        page.get_by_role("button", name="Compute").click()
    row = page.locator(ANSWER).nth(1).locator("td")
    expect(row.nth(2)).to_have_text(re.compile(r"^(9\d|100)$"))
    expect(page.locator("#threshold-answer")).to_contain_text("cost:departure=30000,talk=5000,chance=0.2")
    page.locator("#id_chance").fill("200")
    if not script:
        page.get_by_role("button", name="Compute").click()
    expect(page.locator("#id_chance_error")).to_contain_text("less than or equal to 100")
    expect(page.locator("#threshold-answer")).to_contain_text("Nothing was computed")
    if script:
        assert axe(page, within="#threshold") == []


def test_comparison_with_the_workforce_is_a_link_away_without_scripts(open_page):
    page = open_page("/model/", language="en", script=False)
    page.get_by_role("link", name="Compare today's workforce").click()
    expect(page.locator("main")).to_contain_text("The workforce looks like the people the model learned from.")


def test_weights_lead_to_the_shape_of_their_effect(open_page):
    page = open_page("/model/", language="en")
    page.get_by_role("link", name="Savings plan participation for the seniority").click()
    expect(page).to_have_url(re.compile(r"/model/effects/#nonlineaire_participation_pee$"))
    expect(page.locator(":target .chart-title")).to_have_text("Savings plan participation for the seniority")


def test_captions_of_tables_that_scroll_are_read_whole_on_a_phone(open_page):
    page = open_page("/model/", size=PHONE)
    page.evaluate("document.querySelectorAll('main details').forEach((part) => { part.open = true; })")
    sizes = page.locator(".table-scroll:has(caption)").evaluate_all(
        "parts => parts.map((part) => [part.scrollWidth, part.clientWidth, part.querySelector('caption').offsetWidth])"
    )
    assert any(table > shown for table, shown, _caption in sizes)
    assert all(caption <= shown for _table, shown, caption in sizes)
