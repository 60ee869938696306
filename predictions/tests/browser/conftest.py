"""A real Chromium on a real server. Whatever a test looks at, its pages must raise no error on the way."""

import shutil
import subprocess
import sys
from collections.abc import Sequence

import pytest
from axe_playwright_python.sync_playwright import Axe

from predictions.tests.browser.site import PASSWORD, serve

# The headless build of the same sources takes half the processor time.
CHROMIUM = next(filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "google-chrome"))), None)
DRIVER = (sys.executable, "-m", "playwright")
LOCALES = {"fr": "fr-FR", "en": "en-GB"}
DESKTOP, PHONE = (1280, 900), (360, 740)
# What WCAG 2.2 AA asks, and nothing less than the rules that axe itself recommends.
AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Each rule meets both languages and both themes: no colour depends on the language, and nothing else on the theme.
LOOKS = [("fr", "light"), ("en", "dark")]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Last, because Playwright keeps an event loop in the thread of the tests until the session ends."""
    here = __name__.rpartition(".")[0]
    items.sort(key=lambda item: item.module.__name__.startswith(here))
    ours = [item for item in items if item.module.__name__.startswith(here)]
    if ours and (reason := absent(CHROMIUM, DRIVER)):
        for item in ours:
            item.add_marker(pytest.mark.skip(reason=reason))


def absent(chromium: str | None, driver: Sequence[str]) -> str | None:
    """What is missing to drive a browser, and the packages of Debian that bring it; None when nothing is."""
    if not chromium:
        return "needs Chromium: apt install chromium-headless-shell libatomic1"
    started = subprocess.run([*driver, "--version"], capture_output=True, text=True)
    if started.returncode:
        return f"needs what Playwright's driver needs: apt install libatomic1 ({started.stderr.strip()})"
    return None


@pytest.fixture(autouse=True)
def plain_settings():
    """The server has settings of its own, read from its environment."""


@pytest.fixture(scope="session")
def site(tmp_path_factory, worker_id):
    directory = tmp_path_factory.mktemp("site")
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    with serve(directory, shared, worker_id) as running:
        yield running


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return browser_type_launch_args | {"executable_path": CHROMIUM, "args": ["--no-sandbox"]}


@pytest.fixture(scope="session")
def sign_in(playwright, site):
    return signed_in(playwright, site)


def signed_in(playwright, site):
    """The cookies of a demo account (rh, manager, auditeur, admin), or the newcomer's, signed in once on a server."""
    states = {}

    def cookies(account):
        if account not in states:
            request = playwright.request.new_context(base_url=site.url)
            request.get("/login/")
            token = next(cookie["value"] for cookie in request.storage_state()["cookies"])
            form = {"username": account, "password": PASSWORD, "csrfmiddlewaretoken": token}
            assert request.post("/login/", form=form).url == f"{site.url}/"
            states[account] = request.storage_state()
            request.dispose()
        return states[account]

    return cookies


class Watch:
    """What went wrong in the pages of a test: errors in the console, refusals of the CSP, requests to elsewhere."""

    def __init__(self, origin):
        self.origin = origin
        self.problems = []
        self._expected = ()

    def attach(self, page):
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.problems.append(f"script: {error}"))
        page.on("request", self._request)

    def expect(self, *texts):
        """Errors that the test provokes, such as the console's line on a page answered with 404."""
        self._expected = texts

    def unexpected(self):
        return [problem for problem in self.problems if not any(text in problem for text in self._expected)]

    def _console(self, message):
        if message.type == "error":
            self.problems.append(f"console: {message.text}")

    def _request(self, request):
        if not request.url.startswith((f"{self.origin}/", "data:", "blob:")):
            self.problems.append(f"request: {request.url}")


@pytest.fixture
def watch(site):
    watching = Watch(site.url)
    yield watching
    assert watching.unexpected() == []


@pytest.fixture
def open_page(new_context, site, sign_in, watch):
    """Open an address as one of the accounts, or as nobody, and watch everything that the page does."""

    def open_page(path="/", account="rh", *, language="fr", theme="light", size=DESKTOP, script=True):
        context = new_context(
            base_url=site.url,
            storage_state=sign_in(account) if account else None,
            locale=LOCALES[language],
            color_scheme=theme,
            reduced_motion="reduce",  # no colour is looked at half-way to another
            viewport={"width": size[0], "height": size[1]},
            java_script_enabled=script,
        )
        page = context.new_page()
        watch.attach(page)
        page.goto(path)
        return page

    return open_page


def go_without_scripts(page, path):
    """Go where htmx is still on its way, as on a slow connection; the answer lets it come."""
    held = []
    page.route("**/htmx*", lambda route: held.append(route))
    page.goto(path, wait_until="commit")
    return lambda: held[0].continue_()


@pytest.fixture(scope="session")
def axe():
    """The accessibility violations of a page as it is, or of a part of it, each with the elements it is about."""
    checker = Axe()

    def violations(page, within=None):
        results = checker.run(page, within, options={"runOnly": AXE_RULES, "reporter": "no-passes"})
        return [
            f"{violation['id']}: {node['html'][:200]} ({'; '.join(check['message'] for check in node['any'])})"
            for violation in results.response["violations"]
            for node in violation["nodes"]
        ]

    return violations
