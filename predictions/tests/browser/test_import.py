"""The import as HR does it: upload, look, download the rejects, confirm, wait for the end."""

import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from employees.columns import Extract
from employees.demo import last_month_end
from employees.demo.published import FOLDER as DEMO
from employees.workforce.known_values import RAW_KINDS

NEWEST = last_month_end(timezone.localdate())  # of the demo
SLOW = 60_000  # ms; a process starts, checks or loads and scores 1,470 people


def extracts(tmp_path, *, age):
    """The demo's extracts with another age for employee 2, and a row whose age breaks the rule."""
    for extract in RAW_KINDS:
        text = (DEMO / f"extrait_{extract}.csv").read_text(encoding="utf-8")
        if extract == Extract.SIRH:
            text = re.sub(r"(?m)^2,\d+,", f"2,{age},", text)
            text = re.sub(r"(?m)^5,\d+,", "5,12,", text)
        (tmp_path / f"{extract}.csv").write_text(text, encoding="utf-8")
    return {extract: str(tmp_path / f"{extract}.csv") for extract in RAW_KINDS}


def upload(page, files, day=None):
    """Upload files, by kind of extract, that describe a day; without one it is in their names."""
    page.goto("/import/")
    if day:
        page.locator("input[name=as_of]").fill(day.isoformat())
    page.locator("input[name=extracts]").set_input_files(list(files.values()))
    page.locator("main form button").click()


@pytest.mark.parametrize(("script", "age"), [(True, 42), (False, 43)])
def test_changed_extract_is_previewed_confirmed_and_loaded(open_page, axe, tmp_path, script, age):
    page = open_page("/import/", script=script)
    upload(page, extracts(tmp_path, age=age), NEWEST)
    wait_for_state(page, "#columns", script)
    expect(page.locator("section:has(#rejects) li")).to_contain_text(": '12'")
    if script:
        assert axe(page) == []
    with page.expect_download() as download:
        page.locator("section:has(#rejects) a[download]").click()
    assert '"sirh.csv";"5";"age";"12' in download.value.path().read_text(encoding="utf-8-sig")
    page.locator("a[href$='/lists/age/']").click()
    expect(page.locator("[aria-labelledby=list] tbody tr")).to_contain_text([str(age)])
    page.go_back()
    page.locator("form[action$='/confirm/'] button").click()
    wait_for_state(page, "main a.button[href='/']", script)


def wait_for_state(page, selector, script):
    """The page updates itself; without scripts it is reloaded by hand."""
    if script:
        return expect(page.locator(selector)).to_be_visible(timeout=SLOW)
    for _second in range(60):
        if page.locator(selector).count():
            return None
        page.wait_for_timeout(500)
        page.reload()
    raise AssertionError(f"{selector} did not come")


def test_wrong_file_is_refused_in_the_reader_language(open_page, tmp_path):
    page = open_page("/import/", language="en")
    files = extracts(tmp_path, age=44)
    upload(page, files | {Extract.SIRH: files[Extract.EVAL]}, NEWEST)
    expect(page.get_by_text("This is the eval extract, and so is eval.csv")).to_be_visible(timeout=SLOW)
