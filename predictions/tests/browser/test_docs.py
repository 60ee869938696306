"""The API's page: it works under the strict policy, loads nothing from elsewhere and shuts nobody out."""

import pytest


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_docs_list_every_call_and_try_one_out(open_page, watch, axe, theme):
    page = open_page("/docs", None, theme=theme)
    page.locator(".opblock").nth(7).wait_for()
    page.get_by_text("/predict/by-features").click()
    page.get_by_role("button", name="Try it out").click()
    assert page.get_by_role("textbox", name="Body").input_value().startswith("{")
    watch.expect("status of 401", "Applying inline style")  # the second is axe's own
    page.get_by_role("button", name="Execute").click()
    page.locator(".live-responses-table .response-col_status", has_text="401").wait_for()
    page.get_by_text("/predict/batch").click()  # a second call beside the first, which stays open
    page.get_by_role("button", name="Try it out").wait_for()
    assert page.locator(".responses-table:not(.live-responses-table)").count() == 2
    assert axe(page) == []


def test_docs_show_the_button_that_has_the_focus(open_page):
    page = open_page("/docs", None)
    button = page.get_by_role("button", name="Copy path to clipboard").first
    button.focus()
    page.wait_for_function("button => button.offsetWidth > 20", arg=button.element_handle())


def test_docs_name_the_open_call_in_the_address(open_page, watch):
    watch.expect("escaping deep link whitespace")  # a notice of Swagger UI about itself
    page = open_page("/docs", None)
    page.get_by_text("/predict/by-features").click()
    page.wait_for_url("**/docs#/predict/predict_by_features")
    page.reload()
    page.get_by_role("button", name="Try it out").wait_for()


def test_docs_dialog_for_the_key_and_schemas_have_no_barrier(open_page, axe):
    page = open_page("/docs", None)
    page.locator("section.models .model-container button").first.wait_for()  # Swagger UI draws the page after it loaded
    for schema in page.locator("section.models .model-container button").all():
        schema.click()
    assert axe(page) == []
    page.get_by_role("button", name="Authorize").click()
    page.get_by_role("dialog", name="Authorize").get_by_role("button", name="Close").first.wait_for()
    assert axe(page) == []


def test_docs_follow_the_theme_chosen_on_the_pages(open_page):
    page = open_page("/login/", None, theme="light")
    page.locator("[data-toggle-theme]").click()
    page.goto("/docs")
    assert page.evaluate("matchMedia('(prefers-color-scheme: light)').matches")
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
