"""Signing in and out, the password page, and the limits on wrong passwords wherever one is checked."""

import os
import subprocess
import sys
import threading
import time
import uuid
from types import SimpleNamespace

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import aauthenticate, authenticate, hashers
from django.contrib.auth.models import Group
from django.core import signing
from django.db import connection, transaction
from django.test import Client, override_settings
from django.urls import reverse
from pytest_django.asserts import assertContains

from employees.models import SignIn
from predictions import passwords
from predictions.keys import limits
from predictions.models import RequestCount
from predictions.tests.conftest import only_postgresql
from predictions.tests.test_api_keys import url_of_database

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-enough-password"
TRIES = passwords.TRIES_FROM_ONE_PLACE


@pytest.fixture
def user(django_user_model):
    user = django_user_model.objects.create_user("someone", password=PASSWORD)
    user.groups.add(Group.objects.get(name="RH"))
    return user


@pytest.fixture
def hashed(monkeypatch):
    """The passwords that were hashed, to be compared or in place of an account's."""
    passwords_hashed = []
    encode = hashers.MD5PasswordHasher.encode

    def noted(self, password, salt):
        passwords_hashed.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(hashers.MD5PasswordHasher, "encode", noted)
    return passwords_hashed


def sign_in(username="someone", password=PASSWORD, client=None, **headers):
    return (client or Client()).post("/login/", {"username": username, "password": password}, headers=headers)


def fail(times, username="someone", **options):
    return [sign_in(username, "wrong", **options).status_code for _time in range(times)]


def from_address(number):
    """The header by which a trusted proxy says who called."""
    return {"X_Forwarded_For": f"203.0.113.{number}"}


# Pages


def test_login_leads_to_the_overview(user):
    response = sign_in()
    assert (response.status_code, response.url) == (302, "/")


def test_login_goes_nowhere_else(user):
    response = Client().post(
        "/login/", {"username": "someone", "password": PASSWORD, "next": "https://elsewhere.example/"}
    )
    assert response.url == "/"


def test_logout_needs_a_post(user):
    client = Client()
    client.force_login(user)
    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/").url == "/login/"
    assert client.get("/").url.startswith("/login/")


def test_logout_has_the_browser_drop_its_pages(client, user):
    client.force_login(user)
    assert client.post("/logout/")["Clear-Site-Data"] == '"cache"'


def change_password(client, old=PASSWORD, new="another-long-password", **options):
    data = {"old_password": old, "new_password1": new, "new_password2": new}
    return client.post("/password/", data, **options)


def test_password_is_changed(client, user):
    client.force_login(user)
    response = change_password(client, follow=True)
    assert "Your password was changed." in response.text
    assert sign_in(password="another-long-password").status_code == 302


def test_wrong_old_password_changes_nothing(client, user):
    client.force_login(user)
    assert "Your old password was entered incorrectly" in change_password(client, old="wrong").text
    assert sign_in().status_code == 302


def test_short_password_is_refused(client, user):
    client.force_login(user)
    assert "at least 12" in change_password(client, new="short-one").text


@pytest.mark.parametrize("word", ["TechNova", "acmé", "ACME"])
def test_password_with_the_name_of_the_company_is_refused(client, user, settings, word):
    settings.COMPANY_NAME = "Acmé SA"
    client.force_login(user)
    assert "tried first here" in change_password(client, new=f"{word}-rh-2026!x").text
    assert sign_in().status_code == 302


def test_password_with_a_short_word_of_the_company_is_taken(client, user, settings):
    settings.COMPANY_NAME = "Acmé SA"
    client.force_login(user)
    assert change_password(client, new="salt-and-vinegar").status_code == 302


def test_administration_changes_passwords_on_the_page_that_counts(client, django_user_model):
    client.force_login(django_user_model.objects.create_superuser("boss"))
    for method in (client.get, client.post):
        response = method(reverse("admin:password_change"))
        assert (response.status_code, response.url) == (302, "/password/")


def test_session_cookie_is_out_of_reach_of_scripts(user):
    cookie = sign_in().cookies["sessionid"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


# Limits


@pytest.mark.parametrize(
    ("language", "text"), [("en", "Back to sign-in"), ("fr", "Retour à la connexion")], ids=["English", "French"]
)
def test_refusal_leads_whoever_is_not_signed_in_to_sign_in(user, minute, language, text):
    fail(TRIES)
    page = sign_in(Accept_Language=language)
    assertContains(page, f'<a class="button" href="/login/">{text}</a>', status_code=429, html=True)
    assert 'href="/"' not in page.text


def test_refusal_leads_whoever_is_signed_in_to_the_overview(client, user, minute):
    client.force_login(user)
    client.cookies["django_language"] = "en"
    for _time in range(TRIES + 1):
        page = change_password(client, old="wrong")
    assertContains(page, '<a class="button" href="/">Back to Today</a>', status_code=429, html=True)


def test_refusal_is_json_for_whoever_asks_for_it(user, minute):
    fail(TRIES)
    refused = sign_in(Accept="application/json")
    assert (refused.status_code, refused["Content-Type"]) == (429, "application/json")
    assert int(refused["Retry-After"]) > 0


def test_account_is_closed_to_an_address_after_some_wrong_passwords(user, minute):
    assert fail(TRIES + 1) == [200] * TRIES + [429]
    assert sign_in().status_code == 429
    minute(15)
    assert sign_in().status_code == 302


def test_refused_password_is_not_hashed(user, minute, hashed):
    fail(TRIES)
    assert len(hashed) == TRIES
    fail(3)
    sign_in()
    assert len(hashed) == TRIES


def test_administration_has_no_sign_in_of_its_own(user, hashed):
    response = Client().post("/admin/login/?next=/admin/", {"username": "someone", "password": "wrong"})
    assert (response.status_code, response.url) == (302, "/login/?next=%2Fadmin%2F")
    assert hashed == []


def test_old_password_counts(client, user, minute, hashed):
    client.force_login(user)
    assert [change_password(client, old="wrong").status_code for _ in range(TRIES + 1)] == [200] * TRIES + [429]
    assert change_password(client).status_code == 429
    assert hashed == ["wrong"] * TRIES
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_name_that_no_account_has_is_refused_like_one_that_exists(user, minute, settings):
    settings.BAD_PASSWORD_RATE = 100
    answers = {name: [sign_in(name, "wrong") for _ in range(TRIES + 1)] for name in ("someone", "nobody1")}
    known, unknown = answers.values()
    assert [answer.status_code for answer in known] == [answer.status_code for answer in unknown]
    assert len(known[-1].content) == len(unknown[-1].content)


@pytest.mark.parametrize("name", ["SOMEONE", "someone", "ｓｏｍｅｏｎｅ"])
def test_other_ways_to_write_a_name_are_the_same_account(user, minute, name):
    fail(TRIES)
    assert sign_in(name, "wrong").status_code == 429


def test_refusal_says_when_to_try_again(user, minute):
    fail(TRIES)
    response = sign_in(Accept_Language="en")
    assert response["Retry-After"] == "890"  # the clock stands ten seconds into a quarter of an hour
    assert "Try again in 15 minutes" in response.text
    minute(14)
    assert "Try again in 50 seconds" in sign_in(Accept_Language="en").text
    assert "Réessayez dans 50 secondes" in sign_in(Accept_Language="fr").text


def test_address_is_refused_whatever_the_names(user, minute, settings, hashed):
    settings.BAD_PASSWORD_RATE = 3
    assert [fail(1, f"invented {place}")[0] for place in range(5)] == [200, 200, 200, 429, 429]
    assert sign_in().status_code == 429
    assert len(hashed) == 3
    minute(1)
    assert sign_in().status_code == 302


@override_settings(TRUSTED_PROXIES=1, BAD_PASSWORD_RATE=2)
def test_addresses_of_one_ipv6_network_count_as_one(user, minute):
    addresses = [f"2001:db8::{place}" for place in range(1, 4)]
    assert [fail(1, f"invented {at}", X_Forwarded_For=at)[0] for at in addresses] == [200, 200, 429]
    assert fail(1, X_Forwarded_For="2001:db8:0:1::1") == [200]


@override_settings(TRUSTED_PROXIES=1)
def test_other_address_may_still_sign_in(user, minute):
    fail(TRIES, **from_address(1))
    assert sign_in(**from_address(1)).status_code == 429
    assert sign_in(**from_address(2)).status_code == 302


def test_forged_address_does_not_open_a_closed_account(user, minute):
    fail(TRIES)
    assert sign_in(**from_address(2)).status_code == 429


@override_settings(TRUSTED_PROXIES=1)
def test_guessing_from_many_addresses_is_limited_too(user, minute, hashed):
    statuses = [fail(1, **from_address(place))[0] for place in range(passwords.TRIES_FROM_EVERYWHERE + 20)]
    assert statuses == [200] * passwords.TRIES_FROM_EVERYWHERE + [429] * 20
    assert len(hashed) == passwords.TRIES_FROM_EVERYWHERE


def test_success_gives_back_what_it_counted(user, minute, settings):
    settings.BAD_PASSWORD_RATE = 3
    for _time in range(10):
        assert sign_in().status_code == 302
    assert fail(4, "invented") == [200, 200, 200, 429]


def test_success_forgets_what_was_mistyped(user, minute):
    for _time in range(2):
        assert fail(TRIES - 1) == [200] * (TRIES - 1)
        assert sign_in().status_code == 302


def test_success_with_one_account_forgets_nothing_of_another(user, minute, settings, django_user_model):
    settings.BAD_PASSWORD_RATE = 100
    django_user_model.objects.create_user("attacker", password=PASSWORD)
    fail(TRIES)
    assert sign_in("attacker").status_code == 302
    assert sign_in().status_code == 429


def test_flood_from_a_closed_address_asks_nothing_of_the_database(user, minute, settings, django_assert_num_queries):
    settings.BAD_PASSWORD_RATE = 1
    assert [sign_in(name, "wrong").status_code for name in ("a", "b")] == [200, 429]
    with django_assert_num_queries(0):
        refused = sign_in("c", "wrong")
    assert (refused.status_code, 0 < int(refused["Retry-After"]) <= 60) == (429, True)
    minute(1)
    assert sign_in().status_code == 302


def test_success_with_one_account_does_not_open_the_address(user, minute, settings, django_user_model):
    settings.BAD_PASSWORD_RATE = 3
    django_user_model.objects.create_user("attacker", password=PASSWORD)
    statuses = []
    for place in range(5):
        sign_in("attacker")
        statuses += fail(1, f"invented {place}")
    assert statuses == [200, 200, 200, 429, 429]


def test_refused_passwords_do_not_close_the_address_to_a_colleague(user, minute, django_user_model):
    django_user_model.objects.create_user("colleague", password=PASSWORD)
    assert fail(TRIES + 6) == [200] * TRIES + [429] * 6
    assert sign_in("colleague").status_code == 302


def fill_account_from_one_place():
    return fail(TRIES, **from_address(1))


def fill_network():
    return fail(4, "invented", **from_address(1)) + fail(5, "another", **from_address(1)) + fail(1, **from_address(1))


def fill_account_from_everywhere():
    return [fail(1, **from_address(place))[0] for place in range(2, passwords.TRIES_FROM_EVERYWHERE + 2)]


def counts():
    return sorted(RequestCount.objects.values_list("subject", "requests"))


@override_settings(TRUSTED_PROXIES=1)
@pytest.mark.parametrize("fill", [fill_account_from_one_place, fill_network, fill_account_from_everywhere])
def test_refused_password_counts_nowhere(fill, user, minute):
    assert set(fill()) == {200}
    before = counts()
    assert fail(3, **from_address(1)) == [429] * 3
    assert counts() == before


# Browsers that have signed in before


@pytest.fixture
def known(user, minute):
    """A browser that has signed in to the account, and out."""
    client = Client()
    assert sign_in(client=client).status_code == 302
    client.post("/logout/")
    return client


@override_settings(TRUSTED_PROXIES=1)
def test_attacker_from_many_addresses_does_not_close_the_account_to_its_browser(known):
    for place in range(passwords.TRIES_FROM_EVERYWHERE + 1):
        fail(1, **from_address(place))
    assert sign_in(**from_address(250)).status_code == 429
    assert sign_in(client=known, **from_address(250)).status_code == 302


def test_attacker_who_shares_the_address_does_not_close_the_account_to_its_browser(known, settings):
    fail(TRIES + 1)
    fail(settings.BAD_PASSWORD_RATE, "invented")
    assert sign_in().status_code == 429
    assert sign_in(client=known).status_code == 302


def test_known_browser_has_its_own_limit(known, hashed):
    assert fail(TRIES + 1, client=known) == [200] * TRIES + [429]
    assert sign_in(client=known).status_code == 429
    assert hashed == ["wrong"] * TRIES
    assert sign_in().status_code == 302  # no other is concerned


def test_known_browser_is_known_to_its_account_alone(known, django_user_model):
    django_user_model.objects.create_user("other", password=PASSWORD)
    fail(TRIES + 1, "other")
    assert sign_in("other", client=known).status_code == 429


@pytest.mark.parametrize(
    "value", ["x", "0" * 32, signing.dumps("0" * 32), "a:b:c"], ids=["x", "zeros", "of no salt", "parts"]
)
def test_forged_cookie_is_no_known_browser(known, value):
    fail(TRIES)
    (name,) = (name for name in known.cookies if name.startswith("browser_"))
    assert sign_in(client=browser_with(name, value)).status_code == 429


def browser_with(name, value):
    client = Client()
    client.cookies[name] = value
    return client


def test_cookie_of_another_account_is_no_known_browser(known, user, django_user_model, settings):
    settings.BAD_PASSWORD_RATE = 100
    django_user_model.objects.create_user("attacker", password=PASSWORD)
    attackers = sign_in("attacker").cookies
    (cookie,) = (cookie for name, cookie in attackers.items() if name.startswith("browser_"))
    (name,) = (name for name in known.cookies if name.startswith("browser_"))
    fail(TRIES)
    assert sign_in(client=browser_with(name, cookie.value)).status_code == 429


def test_cookie_expires(known, monkeypatch):
    fail(TRIES)
    monkeypatch.setattr(passwords, "BROWSER_KNOWN_FOR", -1)
    assert sign_in(client=known).status_code == 429


def test_cookie_holds_nothing_about_the_account(user):
    (cookie,) = (cookie for name, cookie in sign_in().cookies.items() if name.startswith("browser_"))
    assert "someone" not in cookie.OutputString()
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert cookie["max-age"] == passwords.BROWSER_KNOWN_FOR


def test_cookie_needs_https_where_the_session_does(user, settings):
    settings.SESSION_COOKIE_SECURE = True
    assert all(cookie["secure"] for name, cookie in sign_in().cookies.items() if name.startswith("browser_"))


def test_cookie_belongs_to_the_host_alone(user, settings):
    settings.COOKIE_PREFIX = "__Host-"
    assert [name for name in sign_in().cookies if name.startswith("__Host-browser_")]


def test_failure_makes_no_browser_known(user):
    assert not [name for name in sign_in(password="wrong").cookies if name.startswith("browser_")]


# The record


def test_failure_is_recorded_with_the_account_that_exists(user, minute):
    fail(1)
    sign_in("my-p4ssword-by-mistake", "wrong")
    assert list(SignIn.objects.values_list("user__username", "address", "has_worked")) == [
        (None, "127.0.0.1", False),
        ("someone", "127.0.0.1", False),
    ]


def test_name_that_was_typed_is_kept_nowhere(user, minute, caplog):
    for _time in range(TRIES + 1):
        sign_in("my-p4ssword-by-mistake", "wrong")
    kept = " ".join(map(str, [*SignIn.objects.values_list(), *RequestCount.objects.values_list(), *caplog.messages]))
    assert "p4ssword" not in kept
    assert "none is checked" in kept


def test_refusal_is_logged_once_and_not_recorded(user, minute, caplog):
    fail(TRIES + 5)
    assert SignIn.objects.count() == TRIES
    assert len([message for message in caplog.messages if "none is checked" in message]) == 1


@override_settings(TRUSTED_PROXIES=1)
def test_record_has_the_address_that_the_proxy_saw(user):
    sign_in(**from_address(7))
    assert SignIn.objects.get().address == "203.0.113.7"


def test_counts_of_what_is_over_are_cleared(minute):
    fail(2, "invented")
    minute(60)
    fail(1, "another")
    assert {count.minute for count in RequestCount.objects.all()} == {1_800_003_600 // 60}


def test_password_without_a_request_is_checked_and_not_counted(user):
    assert authenticate(username="someone", password=PASSWORD) == user
    assert not RequestCount.objects.exists()


def test_password_that_is_checked_asynchronously_is_counted(user, minute, rf):
    check = async_to_sync(aauthenticate)
    for _time in range(TRIES):
        assert check(rf.post("/login/"), username="someone", password="wrong") is None
    with pytest.raises(passwords.TooManyTries):
        check(rf.post("/login/"), username="someone", password=PASSWORD)


# Processes

TRY = """
import sys, django
django.setup()
from django.test import RequestFactory
from predictions import passwords
checked = 0
print("ready", flush=True)
sys.stdin.readline()
for _ in range(30):
    try:
        passwords.CountedBackend().authenticate(RequestFactory().post("/login/"), sys.argv[1], "wrong")
        checked += 1
    except passwords.TooManyTries:
        pass
print(checked)
"""


def checked_by_processes(url, *names, rate):
    """How many of the thirty wrong passwords that each process sends for its name were checked, all at once."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "technova.settings",
        "DATABASE_URL": url,
        "BAD_PASSWORD_RATE": str(rate),
    }
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    while time.time() % 900 > 840:  # not across the turn of a window
        time.sleep(1)
    processes = [subprocess.Popen([sys.executable, "-c", TRY, name], env=environment, **pipes) for name in names]
    assert [process.stdout.readline() for process in processes] == ["ready\n"] * len(names)
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    return [int(process.communicate(timeout=120)[0]) for process in processes]


@pytest.mark.django_db(transaction=True)
def test_count_is_exact_across_processes(tmp_path):
    name = f"name {uuid.uuid4()}"
    assert sum(checked_by_processes(url_of_database(tmp_path), name, name, rate=1000)) == TRIES


@pytest.mark.django_db(transaction=True)
def test_refused_passwords_of_one_process_take_none_from_another(tmp_path):
    closed, other = f"name {uuid.uuid4()}", f"name {uuid.uuid4()}"
    url = url_of_database(tmp_path)
    assert checked_by_processes(url, closed, rate=2 * TRIES) == [TRIES]
    assert checked_by_processes(url, closed, closed, other, rate=2 * TRIES) == [0, 0, TRIES]


@only_postgresql
@pytest.mark.django_db(transaction=True)
def test_clearing_waits_for_no_count_that_is_being_made():
    limits.count("account", "counted", limit=5, now=0, minutes=15)
    limits.count("account", "left", limit=5, now=0, minutes=15)

    def clear():
        limits.clear("account", now=7200, minutes=15)

    with transaction.atomic():
        limits.count("account", "counted", limit=5, now=7200, minutes=15, is_kept=True)
        in_a_thread(clear).join(2)
        assert [subject for subject, _requests in counts()] == ["account counted"]


# Threads


@pytest.fixture
def hashing(monkeypatch):
    """Passwords take as long to hash as the test wants: ``hashing.begun`` of them wait for ``hashing.end()``."""
    begun, is_over = threading.Semaphore(0), threading.Event()

    def slow(self, password, salt):
        begun.release()
        assert is_over.wait(30)
        return "hash"

    monkeypatch.setattr(hashers.MD5PasswordHasher, "encode", slow)
    yield SimpleNamespace(begun=begun, end=is_over.set)
    is_over.set()


def in_a_thread(work):
    def run():
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@only_postgresql
@pytest.mark.django_db(transaction=True)
def test_process_hashes_one_password_and_sends_the_third_stranger_away(hashing, settings):
    settings.BAD_PASSWORD_RATE = 100
    threads = [in_a_thread(lambda: fail(1, "first"))]
    assert hashing.begun.acquire(timeout=30)
    threads.append(in_a_thread(lambda: fail(1, "second")))
    while passwords._strangers._value:
        time.sleep(0.01)
    assert not hashing.begun.acquire(blocking=False)  # the second waits
    response = sign_in("third", "wrong")
    assert (response.status_code, response["Retry-After"]) == (429, "5")
    hashing.end()
    for thread in threads:
        thread.join()
    assert passwords._strangers._value == passwords.STRANGERS_AT_A_TIME
    assert fail(TRIES, "third") == [200] * TRIES  # it had not been counted


@pytest.fixture
def crowd():
    """As many strangers as there is room for."""
    for _place in range(passwords.STRANGERS_AT_A_TIME):
        passwords._strangers.acquire()
    yield
    for _place in range(passwords.STRANGERS_AT_A_TIME):
        passwords._strangers.release()


def test_stranger_who_was_sent_away_was_counted_nowhere(user, crowd):
    assert sign_in().status_code == 429
    assert counts() == []


def test_known_browser_is_never_sent_away(known, crowd):
    assert sign_in().status_code == 429
    assert sign_in(client=known).status_code == 302
