"""Single sign-on against an identity provider in a process of its own, which speaks OpenID Connect over the loopback.

The site is a server of its own, too, with the provider in its environment as an operator would set it. Time passes by
moving the hours that the site's database remembers into the past.
"""

import html
import json
import os
import re
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
import requests

from predictions.tests.browser.site import Site, run_manage, running

pytestmark = pytest.mark.slow

ROLES = "hr=RH,team-leads=Manager"
PASSWORD = "a-long-enough-password"
ACCOUNTS = f"""
from django.contrib.auth.models import Group, User
from employees.models import *
invited = User.objects.create_user("ana@acme.example", "ana@acme.example", "{PASSWORD}", first_name="Ana")
invited.groups.add(Group.objects.get(name="Manager"))
invited.department_accesses.create(departement="Consulting")
User.objects.create_superuser("boss", "boss@acme.example", "{PASSWORD}")
User.objects.create_user("gone", "gone@acme.example", "{PASSWORD}", is_active=False)
"""
LATER = """
from importlib import import_module
from django.conf import settings
from django.contrib.sessions.models import Session
from allauth.socialaccount.models import SocialAccount
Store = import_module(settings.SESSION_ENGINE).SessionStore
for row in Session.objects.all():
    session = Store(row.session_key)
    for name in ("sso_confirmed_at", "sso_tried_at"):
        if name in session:
            session[name] -= {seconds}
    session.save()
for account in SocialAccount.objects.all():
    account.extra_data["sso_confirmed_at"] -= {seconds}
    account.save(update_fields=["extra_data"])
"""
SHOW = """
import json
from django.contrib.auth.models import User
from allauth.socialaccount.models import SocialAccount, SocialToken
print("SHOWN" + json.dumps({
    "accounts": {user.username: [sorted(group.name for group in user.groups.all()), user.has_usable_password()]
                 for user in User.objects.all()},
    "tokens": list(SocialToken.objects.values_list("token", "token_secret")),
    "kept": [sorted(account.extra_data) for account in SocialAccount.objects.all()],
}))
"""


def start_and_wait(command: list, address: str, log: Path, **options) -> subprocess.Popen:
    """Start a server, and wait until it answers at an address."""
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, **options)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            requests.get(address, timeout=5).raise_for_status()
        except requests.RequestException:
            time.sleep(0.1)
        else:
            return process
    raise RuntimeError(f"{address} did not answer: {log.read_text()}")


@dataclass
class Provider:
    """The process of the provider; it can be stopped and started again on its port."""

    port: int
    log: Path
    process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def start(self, *options: str) -> None:
        command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(self.port), *options]
        environment = os.environ | {"AUTHLIB_INSECURE_TRANSPORT": "1"}
        known = f"{self.url}/.well-known/openid-configuration"
        self.process = start_and_wait(command, known, self.log, env=environment)

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=30)
            self.process = None

    def hire(self, name: str, *groups: str, **claims: object) -> None:
        """Make somebody's account at the provider, or change it."""
        email = f"{name}@acme.example"
        known = {"email": email, "email_verified": True, "given_name": name.title(), "groups": list(groups)}
        requests.put(f"{self.url}/users/{name}", json=known | claims, timeout=10).raise_for_status()

    def close(self, name: str) -> None:
        """What a provider does with the tokens of an account that is closed."""
        requests.post(f"{self.url}/users/{name}/revoke-tokens", timeout=10).raise_for_status()


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    made = Provider(port, tmp_path_factory.mktemp("provider") / "provider.log")
    made.start()
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def runs(provider):
    """A provider that a test stopped runs again for the next."""
    if provider.process is None:
        provider.start()
    provider.hire("zoe", "hr", "everybody")
    provider.hire("leo", "everybody")
    provider.hire("ana", "team-leads")
    provider.hire("boss", "hr")
    provider.hire("gone", "hr")
    yield
    if provider.process is None:
        provider.start()


def environment_of(provider: Provider, directory: Path, **changes: str) -> dict[str, str]:
    return os.environ | {
        "DATABASE_URL": f"sqlite:///{directory / 'site.sqlite3'}",
        "DEBUG": "True",  # static files need no collecting
        "NOTES_KEYS": "a-random-value-of-more-than-32-characters",
        "OIDC_SERVER": provider.url,
        "OIDC_CLIENT_ID": "technova",
        "OIDC_CLIENT_SECRET": "between-the-two",
        "SSO_NAME": "Acme",
        "SSO_ROLES": ROLES,
        **changes,
    }


@pytest.fixture(scope="module")
def site(provider, tmp_path_factory):
    directory = tmp_path_factory.mktemp("site")
    environment = environment_of(provider, directory)
    run_manage(environment, "migrate")
    run_manage(environment, "shell", "--command", ACCOUNTS)
    with running(environment, directory) as started:
        yield started


def later(site: Site, seconds: int) -> None:
    run_manage(site.environment, "shell", "--command", LATER.format(seconds=seconds))


def shown(site: Site) -> dict:
    command = [sys.executable, "manage.py", "shell", "--command", SHOW]
    output = subprocess.run(command, env=site.environment, capture_output=True, text=True, check=True).stdout
    return json.loads(output.split("SHOWN")[1])


class Visitor:
    """A client that follows redirects between the two, and presses the button at the provider."""

    entry = r'href="(/login/oidc/company/login/[^"]*)"'

    def __init__(self, site: Site, provider: Provider):
        self.site, self.provider = site, provider
        self.session = requests.Session()
        self.session.headers["Accept-Language"] = "en"

    def get(self, path: str, **options) -> requests.Response:
        return self.session.get(urljoin(self.site.url, path), timeout=60, **options)

    def post(self, path: str, **form: str) -> requests.Response:
        token = {"csrfmiddlewaretoken": self.session.cookies.get("csrftoken", "")}
        return self.session.post(urljoin(self.site.url, path), data=form | token, timeout=60)

    def enter(self, name: str, path: str = "/login/") -> requests.Response:
        """Press the button of single sign-on, and sign in at the provider as somebody."""
        return self.sign_in_at(self.asked_by(path), name)

    def asked_by(self, path: str) -> requests.Response:
        """The provider's page after the button of single sign-on."""
        asked = self.get(html.unescape(re.search(self.entry, self.get(path).text)[1]))
        assert asked.url.startswith(self.provider.url), asked.text[:500]
        return asked

    def sign_in_at(self, asked: requests.Response, name: str) -> requests.Response:
        return self.session.post(asked.url, data={"sub": name}, timeout=60)

    def is_in(self) -> bool:
        return urlsplit(self.get("/account/security/").url).path == "/account/security/"


@pytest.fixture
def visitor(site, provider):
    return Visitor(site, provider)


def test_group_gives_a_role_to_who_is_new_here(visitor, site):
    page = visitor.enter("zoe")
    assert page.url == f"{site.url}/"
    found = shown(site)
    assert found["accounts"]["zoe@acme.example"] == [["RH"], False]
    assert visitor.get("/administration/accounts/").status_code == 200


def test_button_names_the_company_and_leads_to_where_one_was_going(visitor, site):
    assert "Sign in with Acme" in visitor.get("/login/").text
    assert visitor.enter("zoe", "/account/").url == f"{site.url}/account/"


def test_nothing_of_what_the_provider_said_is_kept_and_its_token_is_sealed(visitor, site):
    visitor.enter("zoe")
    found = shown(site)
    assert all(names == ["sso_confirmed_at"] for names in found["kept"])
    assert all(token == "" and secret.startswith("encrypted:") for token, secret in found["tokens"])


def test_somebody_without_a_group_that_has_a_role_does_not_enter(visitor, site):
    page = visitor.enter("leo")
    assert "None of your groups at your company has access" in page.text
    assert not visitor.is_in()
    assert "leo@acme.example" not in shown(site)["accounts"]


def test_invited_account_is_taken_over_keeps_its_departments_and_loses_its_password(visitor, site, provider):
    page = visitor.enter("ana")
    assert page.url == f"{site.url}/"
    assert shown(site)["accounts"]["ana@acme.example"] == [["Manager"], False]
    other = Visitor(site, provider)
    other.get("/login/")
    other.post("/login/", username="ana@acme.example", password=PASSWORD)
    assert not other.is_in()


@pytest.mark.parametrize(
    ("name", "said"), [("boss", "signs in with its password here"), ("gone", "This account is closed")]
)
def test_provider_opens_no_account_of_an_administrator_and_none_that_is_closed_here(visitor, name, said):
    assert said in visitor.enter(name).text
    assert not visitor.is_in()


def test_address_that_is_not_verified_opens_no_account(visitor, provider, site):
    provider.hire("mallory", "team-leads", email="boss@acme.example", email_verified=False)
    assert "has not verified your address" in visitor.enter("mallory").text
    assert not visitor.is_in()


def test_account_closed_at_the_provider_is_out_within_five_minutes(visitor, site, provider):
    visitor.enter("zoe")
    second = Visitor(site, provider)
    second.enter("zoe")
    provider.close("zoe")
    assert visitor.is_in()  # confirmed less than three minutes ago
    later(site, 200)
    answer = visitor.get("/account/")
    assert "Your company has closed your account" in answer.text
    assert not visitor.is_in()
    assert not second.is_in()


def test_account_that_is_open_at_the_provider_stays_for_hours(visitor, site):
    visitor.enter("zoe")
    for _time in range(3):
        later(site, 3600)
        assert visitor.is_in()


def test_group_taken_at_the_provider_is_a_role_taken_here(visitor, site, provider):
    visitor.enter("zoe")
    provider.hire("zoe", "team-leads")
    later(site, 200)
    visitor.get("/account/")
    assert shown(site)["accounts"]["zoe@acme.example"][0] == ["Manager"]
    provider.hire("zoe", "everybody")
    later(site, 200)
    assert "taken its access" in visitor.get("/account/").text
    assert not visitor.is_in()


def test_provider_that_does_not_answer_is_waited_for_no_longer_than_five_minutes(visitor, site, provider):
    visitor.enter("zoe")
    provider.stop()
    later(site, 200)
    assert visitor.is_in()
    later(site, 120)
    answer = visitor.get("/account/security/")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert "does not answer" in answer.text


def test_htmx_is_led_as_a_whole_page(visitor, site, provider):
    visitor.enter("zoe")
    provider.close("zoe")
    later(site, 200)
    answer = visitor.get("/account/security/", headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == "/login/"


def test_provider_without_a_refresh_token_confirms_in_the_browser(provider, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    plain = Provider(port, tmp_path / "plain.log")
    plain.start("--no-refresh-token", "true")
    try:
        plain.hire("zoe", "hr")
        environment = environment_of(plain, tmp_path)
        run_manage(environment, "migrate")
        with running(environment, tmp_path) as site:
            visitor = Visitor(site, plain)
            visitor.enter("zoe")
            later(site, 200)
            assert visitor.is_in()
            later(site, 200)
            asked = visitor.get("/account/security/")
            assert asked.url.startswith(plain.url)  # where whoever is still signed in sends back at once
            refused = visitor.post("/account/security/sessions/")
            assert (refused.status_code, "Nothing was saved" in refused.text) == (403, True)
            back = visitor.session.post(asked.url, data={"sub": "zoe"}, timeout=60)
            assert back.url == f"{site.url}/account/security/"
    finally:
        plain.stop()


def test_without_roles_by_group_only_who_was_invited_enters(provider, tmp_path):
    environment = environment_of(provider, tmp_path, SSO_ROLES="")
    run_manage(environment, "migrate")
    run_manage(environment, "shell", "--command", ACCOUNTS)
    with running(environment, tmp_path) as site:
        assert "ask your administrator for an invitation" in Visitor(site, provider).enter("zoe").text
        visitor = Visitor(site, provider)
        assert visitor.enter("ana").url == f"{site.url}/"
        assert shown(site)["accounts"]["ana@acme.example"] == [["Manager"], False]
