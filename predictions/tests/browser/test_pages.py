"""Every page in both languages and both themes: no error, no request to elsewhere, no barrier, no sideways scroll."""

import pytest

from predictions.tests.browser.conftest import PHONE

PAGES = {
    "login": ("/login/", None),
    "overview": ("/", "rh"),
    "employee": ("/employees/1/", "rh"),
    "simulate": ("/simulate/", "rh"),
    "history": ("/history/", "rh"),
    "prediction": ("/history/1/", "rh"),
    "import": ("/import/", "rh"),
    "password": ("/password/", "rh"),
    "not found": ("/nothing/", "rh"),
}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("name", PAGES)
def test_page_has_no_accessibility_violation(open_page, watch, axe, name, language, theme):
    watch.expect("status of 404")
    path, account = PAGES[name]
    page = open_page(path, account, language=language, theme=theme)
    assert page.locator("html").get_attribute("lang") == language
    assert axe(page) == []


@pytest.mark.parametrize("name", PAGES)
def test_page_fits_a_phone(open_page, watch, name):
    watch.expect("status of 404")
    path, account = PAGES[name]
    page = open_page(path, account, size=PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]


def test_watch_sees_what_the_policy_refuses_and_requests_to_elsewhere(open_page, watch):
    page = open_page("/login/", None)
    page.evaluate("document.body.setAttribute('style', 'color: red')")
    page.evaluate("fetch('https://elsewhere.example/').catch(() => {})")
    page.wait_for_timeout(100)
    assert "Content Security Policy" in watch.problems[0]
    assert any("elsewhere.example" in problem for problem in watch.problems)
    watch.problems.clear()


def test_axe_sees_a_barrier(open_page, axe):
    page = open_page("/login/", None)
    page.evaluate("document.querySelector('label').remove()")
    assert [violation for violation in axe(page) if violation.startswith("label")]
