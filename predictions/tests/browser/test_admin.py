"""The administration under the strict policy: its lists and forms raise no error, and look like the same product."""

import pytest
from playwright.sync_api import expect

from predictions.tests.browser.conftest import LOOKS, PHONE

ADDRESSES = [
    "/admin/",
    "/admin/employees/employee/",
    "/admin/employees/employee/1/change/",
    "/admin/employees/load/",
    "/admin/employees/import/",
    "/admin/features/employeefeatures/",
    "/admin/predictions/prediction/",
    "/admin/predictions/scoringrun/",
    "/admin/predictions/rungroup/",
    "/admin/predictions/rungroup/1/change/",
    "/admin/predictions/requestcount/",
    "/admin/predictions/apikey/",
    "/admin/predictions/apikey/add/",
    "/admin/auth/user/",
    "/admin/auth/user/add/",
    "/admin/auth/user/1/change/",
    "/admin/auth/group/1/change/",
    "/admin/auth/user/1/password/",
    "/admin/password_change/",
]


def test_admin_raises_no_error(open_page, watch):
    page = open_page("/admin/", "admin")
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    for address in ADDRESSES[1:]:
        assert page.goto(address).status == 200, address
        assert watch.unexpected() == [], address


# Lists with filters and searches that are explained, forms to read and to fill in, tables of related rows, permissions.
FREE_OF_BARRIERS = [
    "/admin/",
    "/admin/predictions/apikey/",
    "/admin/predictions/prediction/",
    "/admin/predictions/prediction/1/change/",
    "/admin/predictions/apikey/add/",
    "/admin/employees/employee/1/change/",
    "/admin/auth/user/2/change/",
    "/admin/auth/group/1/change/",
]


@pytest.mark.parametrize(("language", "theme"), LOOKS)
def test_admin_has_no_accessibility_violation(open_page, watch, axe, language, theme):
    watch.expect("Applying inline style")  # axe's own, on forms; the test above would see the pages'
    page = open_page("/admin/", "admin", language=language, theme=theme)
    for address in FREE_OF_BARRIERS:
        page.goto(address)
        assert axe(page) == [], address


def test_admin_gives_a_group_and_a_department_to_an_account(open_page):
    page = open_page("/admin/auth/user/1/change/", "admin")
    page.get_by_label("Manager").check()
    page.locator(".add-row a").click()
    page.get_by_role("combobox", name="Département").first.select_option("Consulting")
    page.get_by_role("button", name="Enregistrer et continuer").click()
    expect(page.get_by_label("Manager")).to_be_checked()
    expect(page.get_by_role("combobox", name="Département").first).to_have_value("Consulting")
    page.get_by_label("Manager").uncheck()
    page.get_by_label("Supprimer").check()
    page.get_by_role("button", name="Enregistrer", exact=True).click()
    expect(page.locator(".messagelist .success")).to_be_visible()


def test_pages_and_admin_lead_to_each_other_in_one_theme(open_page):
    page = open_page("/", "admin", theme="light")
    page.locator(".user-menu summary").click()
    page.locator("[data-toggle-theme]").click()
    page.locator(".user-menu summary").click()  # it lies over the last entries
    page.get_by_role("link", name="Administration de Django").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.locator("#user-tools a[href='/']").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_admin_is_closed_to_hr(open_page, watch):
    watch.expect("status of 403")
    page = open_page("/admin/", "rh", size=PHONE)
    expect(page.locator("h1")).to_have_text("Cette page ne vous est pas ouverte")
