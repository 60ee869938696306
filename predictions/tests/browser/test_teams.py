"""The figures of groups: what a chart tells by keyboard, and what a phone and a small desktop show of their tables."""

import pytest
from playwright.sync_api import expect

from predictions.tests.browser.conftest import PHONE


def test_chart_that_the_keyboard_brings_into_view_tells_its_first_value(open_page):
    page = open_page("/teams/?rows=site", language="en", size=(1280, 500))
    mark = page.locator(".chart svg a, .chart svg[tabindex]").first
    # from above, as Tab comes: what is focused first is out of view
    page.locator("#segment a, #segment button, #segment input").first.scroll_into_view_if_needed()
    page.evaluate("scrollTo(0, 0)")
    page.keyboard.press("Tab")
    mark.focus()
    page.wait_for_function("scrollY > 0")
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    expect(page.locator(".tip")).to_be_visible()


@pytest.mark.parametrize("path", ["/follow-up/costs/", "/report/"])
def test_cards_on_a_phone_show_every_figure_without_scrolling(open_page, path):
    page = open_page(path, size=PHONE)
    wide = page.locator(".table-scroll:has(> .table-cards)").evaluate_all(
        "all => all.filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.outerHTML.slice(0, 200))"
    )
    assert wide == []


@pytest.mark.parametrize("language", ["fr", "en"])
def test_months_of_the_report_are_equally_wide(open_page, language):
    page = open_page("/report/", language=language)
    widths = page.locator(".report-months thead th").evaluate_all(
        "all => all.map((one) => Math.round(one.getBoundingClientRect().width))"
    )
    assert widths
    assert max(widths) - min(widths) <= 1


def test_heat_map_fits_a_small_desktop_with_all_of_its_jobs(open_page):
    page = open_page("/teams/", size=(1280, 720))
    excess = "one => one.scrollWidth - one.clientWidth"
    assert page.locator(".table-scroll:has(> .heat)").evaluate(excess) <= 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_legend_of_the_heat_map_keeps_colours_beside_their_words_on_a_phone(open_page, theme):
    page = open_page("/teams/", size=PHONE, theme=theme)
    steps = page.locator(".heat-legend > span")
    expect(steps).to_have_count(5)
    boxes = [box for box in (step.bounding_box() for step in steps.all()) if box]
    assert len({box["x"] for box in boxes}) == 1  # one below the other
    assert all(box["height"] < 24 and box["x"] + box["width"] <= PHONE[0] for box in boxes)
    edges = steps.locator("> span").evaluate_all("all => all.map((one) => getComputedStyle(one).boxShadow)")
    assert "none" not in edges  # the palest is the panel's colour, but for its edge
