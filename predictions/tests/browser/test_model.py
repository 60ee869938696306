"""What HR does with the model's page: preview another threshold, set and undo it, see whether the model still fits."""

import re

import pytest
from playwright.sync_api import expect

from predictions.tests.browser.conftest import PHONE

ANSWER = "#threshold-answer tbody tr"


def test_comparison_with_the_workforce_comes_when_it_is_scrolled_to(open_page):
    page = open_page("/model/?tab=all")
    page.locator("#workforce").scroll_into_view_if_needed()
    expect(page.locator("[aria-labelledby=workforce]")).to_contain_text("présentes quand le modèle a été entraîné")


def test_threshold_goes_back_to_the_starting_values(open_page):
    page = open_page("/model/?tab=all", language="en")
    started = page.locator(ANSWER).nth(2).inner_text()
    page.locator("#id_departure").fill("30000")
    page.locator("#id_talk").fill("5000")
    expect(page.locator(ANSWER).nth(2)).to_contain_text("83.3%")
    page.get_by_role("link", name="Back to the starting values").click()
    expect(page.locator(ANSWER).nth(2)).to_have_text(re.compile(r"\s+".join(map(re.escape, started.split()))))
    expect(page.locator("#id_talk")).to_have_value("500")


@pytest.mark.parametrize("script", [True, False])
def test_typed_capacity_and_costs_are_answered(open_page, axe, script):
    page = open_page("/model/?tab=all", language="en", script=script)
    page.locator("#id_capacity").fill("100")
    page.locator("#id_departure").fill("30000")
    page.locator("#id_talk").fill("5000")
    if not script:
        page.get_by_role("button", name="Compute").click()
    expect(page.locator(ANSWER).nth(1).locator("td").nth(1)).to_have_text("100")
    expect(page.locator(ANSWER).nth(2).locator("td").nth(0)).to_have_text("83.3%")
    page.locator("#id_chance").fill("200")
    if not script:
        page.get_by_role("button", name="Compute").click()
    expect(page.locator("#id_chance_error")).to_contain_text("less than or equal to 100")
    expect(page.locator("#threshold-answer")).to_contain_text("Nothing was computed")
    if script:
        assert axe(page, within="#threshold") == []


@pytest.mark.parametrize("script", [True, False])
def test_threshold_is_set_with_a_reason_and_undone(open_page, axe, script):
    page = open_page("/model/?tab=all", language="en", script=script)
    before = page.locator(ANSWER).nth(0).inner_text()
    page.get_by_label("Why?").fill("room for forty talks")
    page.locator("#id_capacity").fill("40")
    if script:
        expect(page.get_by_label("Why?")).to_have_value("room for forty talks")
    else:
        page.get_by_role("button", name="Compute").click()
        page.get_by_label("Why?").fill("room for forty talks")
    page.get_by_label(re.compile("For the people that can be met: 40 people")).check()
    page.get_by_role("button", name="Set this threshold").click()
    expect(page.locator(".message").first).to_contain_text("40 of 1,233 people present are over it.")
    row = page.locator("#threshold tr", has_text="room for forty talks").first
    expect(row).to_contain_text("in force")
    if script:
        assert axe(page, within="#threshold") == []
    wait_for_scoring(page)
    expect(page.locator(ANSWER).nth(0).locator("td").nth(1)).to_have_text("40")
    page.goto("/")
    expect(page.locator(".card", has_text="Over the threshold").locator(".card-value")).to_have_text("40")
    page.goto("/history/")
    expect(page.locator("tr", has_text="room for forty talks").first).to_contain_text("rh")
    page.goto("/model/?tab=all")
    row.get_by_role("button", name="Undo").click()
    expect(page.locator(".message").first).to_contain_text("Undone")
    wait_for_scoring(page)
    assert page.locator(ANSWER).nth(0).inner_text() == before


def wait_for_scoring(page):
    """Until everyone has been scored again, in the background."""
    for _second in range(120):
        page.goto("/model/?tab=all")
        if not page.locator("#model-scoring .message").count():
            return
        page.wait_for_timeout(1_000)
    raise AssertionError("nobody was scored again")


def test_comparison_with_the_workforce_is_a_link_away_without_scripts(open_page):
    page = open_page("/model/?tab=all", language="en", script=False)
    page.get_by_role("link", name="Compare today's workforce").click()
    expect(page.locator("main")).to_contain_text("1,233 present when the model was trained")


def test_weights_lead_to_the_shape_of_their_effect(open_page):
    page = open_page("/model/?tab=all", language="en")
    page.get_by_role("link", name="Savings plan participation for the seniority").click()
    expect(page).to_have_url(re.compile(r"/model/effects/#nonlineaire_participation_pee$"))
    expect(page.locator(":target .chart-title")).to_have_text("Savings plan participation for the seniority")


def test_captions_of_tables_that_scroll_are_read_whole_on_a_phone(open_page):
    page = open_page("/model/?tab=all", size=PHONE)
    page.evaluate("document.querySelectorAll('main details').forEach((part) => { part.open = true; })")
    sizes = page.locator(".table-scroll:has(caption)").evaluate_all(
        "parts => parts.map((part) => [part.scrollWidth, part.clientWidth, part.querySelector('caption').offsetWidth])"
    )
    assert any(table > shown for table, shown, _caption in sizes)
    assert all(caption <= shown for _table, shown, caption in sizes)
