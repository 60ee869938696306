"""Single sign-on by SAML against an identity provider in a process of its own."""

import html
import re
import shutil
import socket
import sys
from pathlib import Path

import pytest
import requests

from predictions.tests.browser.site import run_manage, running
from predictions.tests.product.test_single_sign_on import (
    ACCOUNTS,
    Visitor,
    environment_of,
    later,
    shown,
    start_and_wait,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("xmlsec1") is None, reason="xmlsec1, by which the provider signs, is missing"),
]


class Provider:
    """The process of the provider."""

    def __init__(self, directory: Path):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        self.url = f"http://localhost:{port}"
        command = [sys.executable, Path(__file__).with_name("saml_provider.py"), str(port)]
        self.process = start_and_wait(command, f"{self.url}/metadata", directory / "provider.log", cwd=directory)

    def hire(self, name: str, *groups: str) -> None:
        known = {"mail": [f"{name}@acme.example"], "givenName": [name.title()], "groups": list(groups)}
        self.put(f"users/{name}", json=known)

    def close(self, name: str) -> None:
        requests.delete(f"{self.url}/users/{name}", timeout=10).raise_for_status()

    def put(self, path: str, **options) -> None:
        requests.put(f"{self.url}/{path}", timeout=10, **options).raise_for_status()


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    made = Provider(tmp_path_factory.mktemp("provider"))
    yield made
    made.process.terminate()
    made.process.wait(timeout=30)


@pytest.fixture(autouse=True)
def staff(provider):
    provider.put("signing", json=True)
    provider.hire("zoe", "hr", "everybody")
    provider.hire("leo", "everybody")
    provider.hire("ana", "team-leads")


@pytest.fixture(scope="module")
def site(provider, tmp_path_factory):
    directory = tmp_path_factory.mktemp("site")
    set_up = {"SAML_METADATA": f"{provider.url}/metadata", "SAML_ENTITY_ID": f"{provider.url}/metadata"}
    environment = environment_of(provider, directory, OIDC_SERVER="", **set_up)
    run_manage(environment, "migrate")
    run_manage(environment, "shell", "--command", ACCOUNTS)
    with running(environment, directory) as started:
        provider.put("site", data=requests.get(f"{started.url}/login/saml/company/metadata/", timeout=60).content)
        yield started


class SamlVisitor(Visitor):
    """A client that sends the provider's page on to the site, as a browser does by its script."""

    entry = r'href="(/login/saml/company/login/[^"]*)"'

    def sign_in_at(self, asked: requests.Response, name: str) -> requests.Response:
        page = self.session.post(asked.url, data={"sub": name}, timeout=60)
        if page.status_code != 200:
            return page
        action = html.unescape(re.search(r'action="([^"]+)"', page.text)[1])
        fields = re.findall(r'name="(\w+)" value="([^"]*)"', page.text)
        sent = {name: html.unescape(value) for name, value in fields}
        return self.session.post(action, data=sent, timeout=60)


@pytest.fixture
def visitor(site, provider):
    return SamlVisitor(site, provider)


def test_group_gives_a_role_to_who_is_new_here(visitor, site):
    assert "Sign in with Acme" in visitor.get("/login/").text
    assert visitor.enter("zoe", "/account/").url == f"{site.url}/account/"
    found = shown(site)
    assert found["accounts"]["zoe@acme.example"] == [["RH"], False]
    assert all(names == ["sso_confirmed_at"] for names in found["kept"])
    assert visitor.get("/administration/accounts/").status_code == 200


def test_somebody_without_a_group_that_has_a_role_does_not_enter(visitor):
    assert "None of your groups at your company has access" in visitor.enter("leo").text
    assert not visitor.is_in()


def test_invited_account_is_taken_over(visitor, site):
    assert visitor.enter("ana").url == f"{site.url}/"
    assert shown(site)["accounts"]["ana@acme.example"] == [["Manager"], False]


def test_answer_that_is_not_signed_opens_nothing(visitor, provider):
    provider.put("signing", json=False)
    assert "sign-in did not work" in visitor.enter("zoe").text
    assert not visitor.is_in()


def test_answer_opens_nothing_in_another_browser(visitor, site, provider):
    asked = visitor.asked_by("/login/")
    page = visitor.session.post(asked.url, data={"sub": "zoe"}, timeout=60)
    action = html.unescape(re.search(r'action="([^"]+)"', page.text)[1])
    answer = html.unescape(re.search(r'name="SAMLResponse" value="([^"]*)"', page.text)[1])
    thief = SamlVisitor(site, provider)
    thief.get("/login/")
    taken = thief.session.post(action, data={"SAMLResponse": answer}, timeout=60)
    assert (taken.status_code, thief.is_in()) == (403, False)


def test_account_closed_at_the_provider_is_out_within_five_minutes(visitor, site, provider):
    visitor.enter("zoe")
    later(site, 200)
    assert visitor.is_in()
    provider.close("zoe")
    later(site, 200)
    asked = visitor.get("/account/security/")
    assert asked.url.startswith(provider.url)  # where whoever is still signed in sends back at once
    assert visitor.sign_in_at(asked, "zoe").status_code == 403
    assert not visitor.is_in()
