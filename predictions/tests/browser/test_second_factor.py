"""Second factors in the browser: an app with its codes, and a passkey on a virtual device (Chromium's own)."""

import time

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import expect

from predictions.tests.browser.conftest import LOOKS, PHONE
from predictions.tests.browser.site import PASSWORD

ACCOUNT = """
from django.contrib.auth.models import Group, User
User.objects.filter(username="{name}").delete()
User.objects.create_user("{name}", password="{password}").groups.add(Group.objects.get(name="RH"))
"""


@pytest.fixture
def newcomer(site):
    """Makes an account of its own, so that the others keep signing in with a password alone."""

    def made(name):
        site.manage("shell", "--command", ACCOUNT.format(name=name, password=PASSWORD))
        return name

    return made


def sign_in(page, name):
    page.fill("[name=username]", name)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_load_state()


def check(page, axe):
    assert axe(page) == [], page.url
    size = page.viewport_size
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0], page.url
    page.set_viewport_size(size)


@pytest.mark.parametrize(("language", "theme"), LOOKS)
def test_app_is_set_up_and_asked_for_and_its_pages_have_no_barrier(open_page, newcomer, axe, language, theme):
    name = newcomer(f"careful-{language}")
    page = open_page("/login/", None, language=language, theme=theme)
    sign_in(page, name)
    page.goto("/account/security/")
    page.locator("a[href='/account/security/app/']").click()
    secret = page.locator("code").inner_text()
    page.fill("[name=code]", code_of(secret))
    page.press("[name=code]", "Enter")
    expect(page.locator(".recovery-codes li")).to_have_count(10)
    check(page, axe)
    for path in ("/account/security/", "/account/security/codes/new/", "/account/security/app/remove/"):
        page.goto(path)
        check(page, axe)
    page.locator(".user-menu summary").click()
    page.locator("form[action='/logout/'] button").click()
    sign_in(page, name)
    expect(page).to_have_url("/login/code/")
    check(page, axe)
    page.fill("[name=code]", code_of(secret, steps=1))
    page.press("[name=code]", "Enter")
    expect(page).to_have_url("/")


def code_of(secret, steps=0):
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


@pytest.fixture
def page_with_device(open_page, site):
    """A page whose browser has a device with passkeys, on the name that browsers give them for."""

    def made(path):
        page = open_page(path.replace("/", f"{site.url.replace('127.0.0.1', 'localhost')}/", 1), None, language="en")
        client = page.context.new_cdp_session(page)
        client.send("WebAuthn.enable")
        options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True}
        options |= {"hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True}
        client.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        return page

    return made


def test_passkey_is_set_up_signs_in_alone_and_is_removed(page_with_device, watch, newcomer, axe, site):
    watch.origin = site.url.replace("127.0.0.1", "localhost")
    name = newcomer("modern")
    page = page_with_device("/login/")
    sign_in(page, name)
    page.goto(f"{watch.origin}/account/security/passkey/")
    check(page, axe)
    page.get_by_role("button", name="Set up the passkey").click()
    page.wait_for_url("**/account/security/codes/")
    page.goto(f"{watch.origin}/account/security/")
    check(page, axe)
    page.locator(".user-menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.goto(f"{watch.origin}/login/?next=/follow-up/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/follow-up/")
    # After the password it is the second factor.
    page.locator(".user-menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, name)
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(f"{watch.origin}/")
    page.goto(f"{watch.origin}/account/security/")
    page.locator("a[href*='/passkey/'][href$='/remove/']").click()
    check(page, axe)
    page.get_by_role("button", name="Remove").click()
    expect(page.locator(".messages")).to_contain_text("The passkey is removed.")


def test_passkey_that_no_device_holds_is_told(page_with_device, watch, site):
    watch.origin = site.url.replace("127.0.0.1", "localhost")
    page = page_with_device("/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.locator("[data-passkey-failed]")).to_be_visible(timeout=90_000)
