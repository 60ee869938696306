"""What an HR officer comes for: sign in, find who is at risk and why, see what would help, take the list along."""

import csv
import io
import re

import openpyxl
import pytest
from playwright.sync_api import expect

from predictions.tests.browser.site import PASSWORD


def probability(text):
    """The share in a text such as "98,8 %"."""
    return float(re.search(r"(\d+[,.]\d)\s*%", text)[1].replace(",", "."))


@pytest.mark.parametrize("script", [True, False])
def test_from_signing_in_to_what_would_help(open_page, script):
    page = open_page("/employees/", None, script=script)
    expect(page).to_have_url(re.compile(r"/login/\?next=/employees/"))
    page.get_by_label("Nom d’utilisateur").fill("rh")
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.get_by_role("button", name="Se connecter", exact=True).click()

    page.goto("/employees/?reason=heures_supplementaires")
    riskiest = page.locator("#results tbody tr").first
    risk = probability(riskiest.inner_text())
    page.locator("#results tbody tr a").first.click()
    expect(page.locator("h1")).to_contain_text("matricule")
    expect(page.get_by_text("Fait des heures supplémentaires").first).to_be_visible()
    assert probability(page.locator("main").inner_text()) == risk

    page.locator("#what-if > details > summary").click()
    page.locator("#what-if input[name=heures_supplementaires][value='0']").check()
    if not script:
        page.get_by_role("button", name="Calculer").click()
    expect(page.locator("#what-if-answer .score-value")).to_have_count(3)
    before, after = (page.locator("#what-if-answer .score-value").nth(place).inner_text() for place in (0, 1))
    assert probability(after) < probability(before) == risk

    page.wait_for_load_state("networkidle")
    page.locator(".user-menu summary").click()
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_exports_hold_what_is_filtered(open_page):
    page = open_page("/employees/")
    page.locator("select[name=department]").select_option("Ressources Humaines")  # a choice sends the form itself
    expect(page).to_have_url(re.compile("department=Ressources"))
    expect(page.locator("#results h2")).to_contain_text("51 personnes")
    page.locator("summary", has_text="Export").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Exporter en CSV").click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    delimiter = ";" if ";" in text.splitlines()[0] else ","
    assert len(list(csv.reader(io.StringIO(text), delimiter=delimiter))) == 1 + 51
    with page.expect_download() as download:
        page.get_by_role("link", name="Exporter en Excel").click()
    sheet = openpyxl.load_workbook(io.BytesIO(download.value.path().read_bytes())).active
    assert sheet.max_row == 1 + 51


def test_keyboard_alone_skips_to_the_content(open_page):
    page = open_page("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Aller au contenu")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_chosen_theme_is_kept_on_the_next_page(open_page):
    page = open_page("/login/", None, theme="light")
    page.locator("[data-toggle-theme]").click()
    page.goto("/login/")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_menu_of_the_account_is_used_by_keyboard_alone(open_page):
    page = open_page("/", theme="light")
    menu, theme = page.locator(".user-menu"), page.locator(".user-menu [data-toggle-theme]")
    page.locator(".user-menu summary").focus()
    page.keyboard.press("Enter")
    expect(theme).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(theme).to_be_focused()
    page.keyboard.press("Escape")
    expect(theme).to_be_hidden()
    expect(menu.locator("summary")).to_be_focused()


def test_menu_of_the_account_closes_beside_it_and_opens_without_a_script(open_page):
    page = open_page("/")
    page.locator(".user-menu summary").click()
    page.locator("h1").click()
    expect(page.get_by_role("button", name="English")).to_be_hidden()
    page = open_page("/", script=False)
    page.locator(".user-menu summary").click()
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_menu_opens_on_a_phone(open_page):
    page = open_page("/", size=(360, 740))
    expect(page.get_by_role("link", name="Historique")).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="Historique").click()
    expect(page.locator("h1")).to_have_text("Historique")
