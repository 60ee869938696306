"""What HR does with one person: read the reasons, lower the risk with what-if, go back; and simulate someone."""

import re

import pytest
from playwright.sync_api import expect

from predictions.tests.browser.conftest import PHONE, go_without_scripts

PERSON = "/employees/939/"  # is there, so that every import scores the person again, and works overtime


def logged(page):
    """How many simulations of this person the log holds."""
    page = page.context.new_page()
    page.goto("/history/?employee=939&mode=simulation")
    count = page.locator("tbody tr").count()
    page.close()
    return count


def open_form(page):
    """The form of what-if, which stays folded until somebody wants to try."""
    page.locator("#what-if > details > summary").click()


def percent(locator):
    return float(re.search(r"[\d.]+", locator.inner_text())[0])


@pytest.mark.parametrize("script", [True, False])
def test_what_if_lowers_the_risk_and_goes_back(open_page, axe, script):
    page = open_page(PERSON, language="en", script=script)
    open_form(page)
    risk = percent(page.locator(".score-value").first)
    page.get_by_role("radio", name="No").check()
    if not script:
        page.get_by_role("button", name="Compute").click()
    answer = page.locator("#what-if-answer")
    expect(answer).to_contain_text("Works no overtime")
    now, then, difference = answer.locator(".score-value").all()
    assert percent(now) == risk
    assert percent(then) < risk
    assert difference.inner_text().startswith("−")
    assert percent(difference) == pytest.approx(risk - percent(then), abs=0.11)
    if script:
        assert axe(page) == []
    page.get_by_role("link", name="Back to the real values").click()
    expect(answer.locator(".score-value")).to_have_count(0)
    open_form(page)
    expect(page.get_by_role("radio", name="Yes")).to_be_checked()


@pytest.mark.parametrize("script", [True, False])
def test_best_lever_is_tried_with_one_click(open_page, script):
    page = open_page(PERSON, language="en", script=script)
    lever = page.locator(".levers li").first
    told = percent(lever.locator(".points"))
    lever.get_by_role("button").click()
    answer = page.locator("#what-if-answer")
    expect(answer.locator(".score-value")).to_have_count(3)
    assert percent(answer.locator(".score-value").nth(1)) == told


def test_person_fits_one_screen(open_page):
    page = open_page(PERSON, size=(1280, 720))
    for part in ("#risk", ".since", ".path svg", ".strongest li >> nth=4", ".levers li >> nth=-1"):
        box = page.locator(part).first.bounding_box()
        assert box["y"] + box["height"] <= 720, part


@pytest.mark.parametrize("size", [(1280, 720), PHONE])
@pytest.mark.parametrize("value", ["x" * 90, "x " * 60], ids=["one word", "words"])
def test_long_value_keeps_to_its_column_of_the_profile(open_page, size, value):
    page = open_page(PERSON, size=size)
    for place in (".profile dd >> nth=1", ".person-header .lead"):
        page.locator(place).evaluate("(cell, value) => { cell.textContent = value }", value)
    rows = page.locator(".profile dl > div").evaluate_all("rows => rows.map(row => row.scrollWidth - row.clientWidth)")
    assert max(rows) <= 0
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_what_if_changed_before_the_scripts_came_is_answered_when_they_are_there(open_page):
    page = open_page("/")
    let_scripts_come = go_without_scripts(page, PERSON)
    open_form(page)
    page.locator("#id_revenu_mensuel").fill("3500")
    expect(page.locator("#what-if-answer .score-value")).to_have_count(0)
    before = logged(page)
    let_scripts_come()
    expect(page.locator("#what-if-answer .score-value")).to_have_count(3)
    assert logged(page) == before + 1


def test_slider_and_field_follow_each_other(open_page):
    page = open_page(PERSON)
    open_form(page)
    page.locator("#id_satisfaction_employee_equipe").fill("4")
    assert page.locator("[data-slider=id_satisfaction_employee_equipe]").input_value() == "4"
    page.locator("[data-slider=id_nb_formations_suivies]").fill("5")
    assert page.locator("#id_nb_formations_suivies").input_value() == "5"


def test_dragging_a_slider_logs_one_simulation(open_page):
    page = open_page(PERSON)
    open_form(page)
    before = logged(page)
    slider = page.locator("[data-slider=id_satisfaction_employee_equipe]")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 10, box["y"] + box["height"] / 2, steps=25)
    page.mouse.up()
    expect(page.locator("#what-if-answer .score-value")).to_have_count(3)
    page.wait_for_timeout(700)  # longer than the pause that a live update waits for
    assert logged(page) == before + 1


def test_enter_after_the_answer_logs_no_second_simulation(open_page):
    page = open_page(PERSON)
    open_form(page)
    before = logged(page)
    field, difference = page.locator("#id_revenu_mensuel"), page.locator("#what-if-answer .score-value").nth(2)
    field.fill("3500")
    field.press("Enter")
    expect(difference).to_be_visible()
    field.press("Enter")
    page.wait_for_timeout(700)  # longer than the pause that a live update waits for
    assert logged(page) == before + 1


def test_enter_pressed_twice_simulates_once(open_page):
    page = open_page("/simulate/")
    sent = []
    page.on("request", lambda request: sent.append(request.method))
    page.locator("#id_revenu_mensuel").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator("#answer .score-value")).to_be_visible()
    assert sent.count("POST") == 1


def test_what_if_marks_a_wrong_field_and_clears_the_mark(open_page, axe):
    page = open_page(PERSON, language="en")
    open_form(page)
    field, error = page.locator("#id_revenu_mensuel"), page.locator("#id_revenu_mensuel_error")
    field.fill("-5")
    expect(error).to_contain_text("greater than or equal to 1")
    expect(page.locator("#what-if-answer")).to_contain_text("Nothing was computed")
    assert axe(page) == []
    field.fill("3500")
    expect(error).to_be_hidden()
    expect(page.locator("#what-if-answer .score-value")).to_have_count(3)


def test_what_if_says_when_no_answer_came(open_page, watch):
    watch.expect("ERR_FAILED", "htmx:")
    page = open_page(PERSON, language="en")
    open_form(page)
    page.route("**" + PERSON, lambda route: route.abort())
    page.locator("#id_revenu_mensuel").fill("3500")
    expect(page.get_by_role("alert")).to_contain_text("No answer came")
    page.unroute("**" + PERSON)
    page.locator("#id_revenu_mensuel").fill("9001")
    expect(page.get_by_role("alert")).to_be_hidden()


def test_what_if_after_the_session_ended_leads_to_the_sign_in_page(open_page):
    page = open_page(PERSON)
    open_form(page)
    page.context.clear_cookies(name="sessionid")
    page.locator("#id_revenu_mensuel").fill("3500")
    expect(page).to_have_url(re.compile(f"/login/\\?next={PERSON}$"))


@pytest.mark.parametrize("script", [True, False])
def test_simulate_answers_and_copies_the_api_request(open_page, axe, script):
    page = open_page("/simulate/", language="en", script=script)
    page.get_by_role("radio", name="Yes").check()
    page.get_by_role("button", name="Compute the risk").click()
    expect(page.locator("#answer")).to_contain_text("Works overtime")
    expect(page.locator("#command")).to_contain_text("/predict/by-features")
    if script:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.get_by_role("button", name="Copy").click()
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == page.locator("#command").inner_text()
        assert axe(page) == []


@pytest.mark.parametrize("script", [True, False])
def test_history_leads_from_page_to_page_and_to_a_prediction(open_page, script):
    page = open_page("/history/?mode=scoring", language="en", script=script)
    newest = page.locator("tbody th a").first
    address = newest.get_attribute("href")
    page.get_by_role("link", name="Older").click()
    expect(newest).not_to_have_attribute("href", address)
    page.get_by_role("link", name="Newer").click()
    expect(newest).to_have_attribute("href", address)
    newest.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Prediction")


@pytest.mark.parametrize(("path", "answer"), [(PERSON, ".changes"), ("/simulate/", ".score-value")])
def test_answer_fits_a_phone(open_page, path, answer):
    page = open_page(path, size=PHONE)
    if path == PERSON:
        open_form(page)
    page.locator("main form.stack, main form.panel").first.locator("button[type=submit]").click()
    expect(page.locator(answer).first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]


def test_inputs_of_a_row_are_level_though_some_labels_take_two_lines(open_page):
    page = open_page("/simulate/", size=(1920, 900))
    rows = page.locator(".form-grid").evaluate_all("""grids => grids.map((grid) => {
        const columns = getComputedStyle(grid).gridTemplateColumns.split(" ").length;
        return [...grid.children].slice(0, columns).map((field) => [
            field.querySelector("label").offsetHeight,
            field.querySelector(":is(input, select)").getBoundingClientRect().top,
        ]);
    })""")
    development, satisfaction = rows[1], rows[4]
    for row in (development, satisfaction):
        heights, tops = zip(*row, strict=True)
        assert len(set(heights)) == 2
        assert len(set(tops)) == 1


@pytest.mark.parametrize("path", [PERSON, "/employees/179/"])
def test_labels_of_the_printed_curve_touch_neither_each_other_nor_the_edge(open_page, path):
    page = open_page(path, size=(688, 1000))  # A4 within its margins
    page.emulate_media(media="print")
    texts = page.locator(".risk-now .chart svg text")
    assert texts.count() > 4
    crossing = texts.evaluate_all(
        """all => {
          const panel = all[0].closest(".panel").getBoundingClientRect();
          const boxes = all.map((one) => one.getBoundingClientRect());
          const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
          return all.filter((one, i) => boxes[i].left < panel.left + 12 || boxes[i].right > panel.right - 12
            || boxes.some((other, j) => i !== j && meet(boxes[i], other))).map((one) => one.textContent);
        }"""
    )
    assert crossing == []
