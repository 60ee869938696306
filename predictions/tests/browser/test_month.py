"""The next month as HR lives it: the files, the questions, what changes, who is to be clarified; and all of it back."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from employees.demo import published
from predictions.tests.browser.test_import import SLOW, upload, wait_for_state

NEW_DEPARTMENT = "Recherche"
RAISES = 40


@dataclass(frozen=True)
class Month:
    """The extracts of today, by kind, and the numbers of the people to whom something happened since the demo's."""

    files: dict[str, str]
    moved: list[str]
    vanished: str
    left: str
    raised: list[str]
    refused: str


def next_month(folder: Path) -> Month:
    """The demo's newest extracts later: five in a new department, one vanished, one left, 40 raises, a wrong row."""
    people = published.read()
    numbers = published.numbers(people)
    present = people.index[people["a_quitte_l_entreprise"] == "Non"]
    moved, raised = present[:5], present[5 : 5 + RAISES]
    vanished, left, refused = present[100:103]
    people.loc[moved, "departement"] = NEW_DEPARTMENT
    people.loc[raised, "revenu_mensuel"] = people.loc[raised, "revenu_mensuel"] * 11 // 10
    people.loc[left, "a_quitte_l_entreprise"] = "Oui"
    people = people.astype({"revenu_mensuel": object})
    people.loc[refused, "revenu_mensuel"] = "beaucoup"
    files = {}
    for extract in published.EXTRACTS:
        path = folder / f"{extract}_{timezone.localdate():%Y-%m-%d}.csv"
        path.write_bytes(published.write(people.drop(index=vanished), extract))
        files[extract] = str(path)
    number = numbers.astype(str)
    return Month(files, list(number[moved]), number[vanished], number[left], list(number[raised]), number[refused])


@pytest.fixture
def month(tmp_path):
    return next_month(tmp_path)


def test_month_is_asked_about_shown_loaded_clarified_and_taken_back(open_page, axe, month):
    page = open_page("/import/", language="en")
    present = count_of(page, "/employees/")

    upload(page, month.files)  # the day is in their names
    wait_for_state(page, "#questions", script=True)
    expect(page.get_by_label(re.compile(f"“{NEW_DEPARTMENT}”"))).to_have_value(NEW_DEPARTMENT)
    page.get_by_role("button", name="Answer and check again").click()
    expect(page.locator("#moved")).to_be_visible(timeout=SLOW)

    assert first_cells(page, "left") == [month.left]
    assert first_cells(page, "vanished") == [month.vanished]
    assert first_cells(page, "moved") == month.moved
    expect(page.locator("#revenu_mensuel")).to_have_text(f"The largest changes of pay: {RAISES}")
    expect(page.locator("section:has(#rejects) li")).to_contain_text("'beaucoup'")
    assert axe(page) == []
    page.locator("section:has(#revenu_mensuel)").get_by_role("link", name="Whole list").click()
    assert sorted(map(int, first_cells(page, "list"))) == sorted(map(int, month.raised))
    assert axe(page) == []
    page.go_back()

    page.get_by_role("button", name="Confirm and load").click()
    expect(page.locator("#risk")).to_be_visible(timeout=SLOW)
    expect(page.locator(".card", has_text="No longer in the list").locator(".card-value")).to_have_text("2")
    ours = page.url
    assert axe(page) == []
    assert count_of(page, "/employees/") == present - 2
    page.goto("/clarify/")
    assert first_cells(page, "absent") == [month.vanished]
    page.goto("/departures/")
    assert month.left in first_cells(page, "departures")
    page.goto(f"/employees/?department={NEW_DEPARTMENT}")
    expect(page.locator("#results h2")).to_have_text("5 people")

    page.goto(ours)
    page.get_by_role("link", name="Take this load back").click()
    page.get_by_label("Why do you take it back?").fill("A try")
    page.get_by_role("button", name="Take back and score again").click()
    page.goto(ours)
    expect(page.locator("#import")).to_contain_text("rh: A try")
    page.goto("/clarify/")
    expect(page.locator("main")).to_contain_text("Nobody is absent")
    expect(page.locator("#scoring [role=status]")).to_have_count(0, timeout=SLOW)
    page.goto("/departures/")
    assert month.left not in first_cells(page, "departures")
    assert count_of(page, "/employees/") == present


def first_cells(page, label):
    """The numbers of people that end the first cell of each row of a table, by its heading."""
    cells = page.locator(f"[aria-labelledby={label}] tbody th").all_inner_texts()
    return [re.search(r"\d+$", cell.strip())[0] for cell in cells]


def count_of(page, path):
    """How many people the risk list holds."""
    page.goto(path)
    return int(re.sub(r"\D", "", page.locator("#results h2").inner_text()))
