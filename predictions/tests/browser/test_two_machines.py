"""Two web machines and a worker on each, with no file in common: an import goes on whichever one is asked."""

import json
import os
import time
from itertools import cycle
from urllib.request import urlopen

import pytest
from django.conf import settings
from django.db import connection
from playwright.sync_api import expect

from predictions.tests.browser.site import PASSWORD, copy_of, database_url, demo_database, running
from predictions.tests.browser.test_import import NEWEST, SLOW, extracts, upload

pytestmark = pytest.mark.skipif(connection.vendor != "postgresql", reason="machines share PostgreSQL")


@pytest.fixture
def machines(tmp_path, tmp_path_factory, worker_id):
    """Two sites on one database; the second one has no version of the model in its directory."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    artifacts = str(settings.ARTIFACTS_DIR)
    environment = os.environ | {"DEMO_PASSWORD": PASSWORD, "ARTIFACTS_DIR": artifacts, "BAD_PASSWORD_RATE": "1000"}
    with (
        demo_database(environment, shared) as demo,
        copy_of(demo, database_url(f"machines_{worker_id}", tmp_path)) as database,
        machine(tmp_path / "first", database, artifacts) as first,
        machine(tmp_path / "second", database) as second,
    ):
        yield first, second


def machine(directory, database, artifacts=None):
    """A server and a worker with a temporary directory, a home and artifacts of their own."""
    for name in ("tmp", "home", "artifacts"):
        (directory / name).mkdir(parents=True)
    own = {
        "TMPDIR": str(directory / "tmp"),
        "HOME": str(directory / "home"),
        "ARTIFACTS_DIR": artifacts or str(directory / "artifacts"),
        "DATABASE_URL": database,
    }
    return running(os.environ | own, directory)


def test_import_alternates_between_two_machines(machines, browser, tmp_path):
    first, second = machines
    page = browser.new_context(locale="en-GB", base_url=first.url).new_page()
    page.goto("/login/")
    page.locator("[name=username]").fill("rh")
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    upload(page, extracts(tmp_path, age=42), NEWEST)
    path = page.url.removeprefix(first.url)
    wait_on_either(page, machines, path, "#columns")
    page.goto(second.url + path)
    page.locator("form[action$='/confirm/'] button").click()
    wait_on_either(page, machines, path, "main a.button[href='/']")
    for site in machines:
        page.goto(f"{site.url}{path}lists/age/")
        expect(page.locator("[aria-labelledby=list] tbody tr")).to_contain_text(["42"])
        assert json.load(urlopen(f"{site.url}/ready"))["status"] == "ready"
    versions = [len(list((tmp_path / "second" / "artifacts" / "versions").iterdir()))]
    assert versions == [1]


def wait_on_either(page, machines, path, selector):
    """Ask the two in turns until both show the end of the work."""
    shown, deadline = 0, time.monotonic() + SLOW / 1000
    for site in cycle(machines):
        page.goto(site.url + path)
        expect(page.locator("#import")).not_to_contain_text("failed")
        shown = shown + 1 if page.locator(selector).count() else 0
        if shown == len(machines):
            return
        assert time.monotonic() < deadline
        page.wait_for_timeout(500)
