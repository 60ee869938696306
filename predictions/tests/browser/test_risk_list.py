"""From the overview to the riskiest people, with and without JavaScript."""

import csv
import re

import openpyxl
import pytest
from playwright.sync_api import expect

from predictions.tests.browser.conftest import PHONE, go_without_scripts


def numbers(page):
    """The employee numbers of the list, in order."""
    addresses = (link.get_attribute("href") for link in page.locator("#results tbody [data-person]").all())
    return [int(re.search(r"/employees/(\d+)/", address)[1]) for address in addresses]


def test_overview_leads_to_the_riskiest_person(open_page):
    page = open_page("/", language="en")
    first = page.locator(".people a").first
    name, address = first.inner_text(), first.get_attribute("href")
    first.click()
    expect(page).to_have_url(address)
    expect(page.locator("h1")).to_contain_text(name)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_first_steps_leave_the_first_person_on_the_first_screen(open_page, language):
    page = open_page("/?tour", language=language, size=(1280, 720))
    page.locator(".tour summary").click()  # to who asks they are open, to a newcomer one line
    box = page.locator(".people > li").first.bounding_box()
    assert box["y"] + box["height"] <= 720


def test_overview_figure_leads_to_the_people_it_counts(open_page):
    page = open_page("/", language="en")
    value = page.locator(".card", has_text="Over the threshold").locator(".card-value").inner_text()
    page.get_by_role("link", name="Over the threshold", exact=True).click()
    expect(page.locator("#results h2")).to_have_text(f"{value} people")


def test_overview_driver_leads_to_the_people_it_counts(open_page):
    page = open_page("/", language="en")
    page.locator(".more > summary").click()
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
    assert set(page.locator("#results tbody td.department").all_inner_texts()) == {"Sales"}
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
    page.locator("summary", has_text="Export").click()
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
    page.locator("[aria-controls=filter-menus]").click()
    page.locator("summary", has_text="Autres filtres").click()
    page.get_by_label("Raison").select_option("Participations au plan d’épargne entreprise (PEE)")
    chip = page.locator("#results .chip")
    expect(chip).to_contain_text("(PEE)")
    expect(chip).to_be_visible()


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("account", ["rh", "manager"])
@pytest.mark.parametrize(
    "query", ["", "?band=over", "?department=Consulting&job=Consultant", "?department=Consulting&sort=-change"]
)
def test_risk_list_shows_twelve_people_on_a_small_desktop(open_page, query, account, language):
    page = open_page(f"/employees/{query}", account, language=language, size=(1280, 720))
    rows = page.locator("#results tbody tr").evaluate_all(
        "rows => rows.filter((row) => row.getBoundingClientRect().bottom <= innerHeight).length"
    )
    assert rows >= 12


def test_risk_list_bar_and_chips_take_one_line_each_however_much_is_set(open_page):
    filters = "department=Consulting&job=Consultant&band=over&change=up&reason=nombre_participation_pee"
    page = open_page(f"/employees/?{filters}", size=(1280, 720))
    assert page.locator("#filters").bounding_box()["height"] == 40
    tops = page.locator("#results .chip").evaluate_all("chips => chips.map((chip) => chip.getBoundingClientRect().top)")
    assert len(tops) == 5
    assert len(set(tops)) == 1


def test_enter_while_a_search_is_under_way_is_no_error(open_page):
    page = open_page("/employees/", language="en")
    number = numbers(page)[0]

    def answer_late(route):
        page.wait_for_timeout(600)  # longer than the search waits for the next letter
        route.continue_()

    page.route("**/employees/?*", answer_late)
    page.locator("#id_number").press_sequentially(str(number))
    page.locator("#id_number").press("Enter")
    page.wait_for_url(f"**/employees/?number={number}")
    page.wait_for_load_state("networkidle")
    assert numbers(page) == [number]  # the console is watched


def test_risk_list_leads_to_the_first_person_in_two_steps(open_page):
    page = open_page("/employees/", language="en")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the first person")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#first-person")).to_be_focused()


def test_risk_list_is_walked_by_single_keys(open_page):
    page = open_page("/employees/", language="en")
    people = page.locator("[data-person]")
    for key, place in (("j", 0), ("j", 1), ("j", 2), ("k", 1)):
        page.keyboard.press(key)
        expect(people.nth(place)).to_be_focused()
    page.keyboard.press("x")
    expect(page.locator("[data-select]").nth(1)).to_be_checked()
    page.keyboard.press("/")
    expect(page.get_by_label("Name or number")).to_be_focused()
    page.keyboard.type("jk")
    expect(page.get_by_label("Name or number")).to_have_value("jk")


def test_risk_list_opens_a_person_with_enter(open_page):
    page = open_page("/employees/", language="en")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/employees/\d+/$"))


def test_risk_list_keys_are_told_and_can_be_switched_off(open_page, axe):
    page = open_page("/employees/", language="en")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    assert axe(page) == []
    page.get_by_label("Use these keys").uncheck()
    page.get_by_role("button", name="Close").click()
    page.reload()
    page.keyboard.press("j")
    expect(page.locator("[data-person]").first).not_to_be_focused()


@pytest.mark.parametrize("script", [True, False])
def test_people_who_are_selected_stand_side_by_side(open_page, script):
    page = open_page("/employees/", language="en", script=script)
    names = page.locator("[data-person]").all_inner_texts()[:2]
    for place in (0, 1):
        page.locator("[data-select]").nth(place).check()
    page.locator("#compare button").first.click()
    expect(page.locator("h1")).to_have_text("Side by side")
    assert page.locator(".compare-table thead a:not(.case-mark)").all_inner_texts() == names


@pytest.mark.parametrize("width", [1024, 1280, 1440])
@pytest.mark.parametrize("language", ["fr", "en"])
def test_figures_of_four_people_side_by_side_stay_in_their_columns(open_page, width, language):
    page = open_page("/employees/", language=language, size=(width, 800))
    for place in range(4):
        page.locator("[data-select]").nth(place).check()
    page.locator("#compare button").first.click()
    expect(page.locator(".compare-table thead th")).to_have_count(5)
    inside = page.locator(".compare-table td .points").evaluate_all(
        "all => all.map((one) => one.closest('td').getBoundingClientRect().right >= one.getBoundingClientRect().right)"
    )
    assert inside
    assert all(inside)


def test_view_is_saved_used_and_deleted(open_page):
    page = open_page("/employees/", language="en")
    page.get_by_label("Department", exact=True).select_option("Commercial")
    page.wait_for_url("**department=Commercial")
    page.locator("summary", has_text="Save this view").click()
    page.get_by_label("Name of the view").fill("My sales")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".message.is-success")).to_contain_text("My sales")
    page.goto("/employees/")
    page.get_by_role("link", name="My sales").click()
    expect(page).to_have_url("/employees/?department=Commercial")
    page.locator("summary", has_text="Save this view").click()
    page.get_by_role("button", name="Delete “My sales”").click()
    expect(page.get_by_role("link", name="My sales")).to_have_count(0)


def test_filter_is_taken_away_by_its_chip(open_page):
    page = open_page("/employees/?department=Commercial&band=over", language="en")
    page.get_by_role("link", name="Take away the filter Department: Sales").click()
    expect(page).to_have_url("/employees/?band=over")
