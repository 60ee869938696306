"""The second factor: set up, asked for, required by role, counted; its recovery codes; and what the database holds."""

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.test import Client

from predictions.accounts import second_factor
from technova.database.fields import NoKey

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-enough-password"
KEY = "a-random-value-of-more-than-32-characters"


@pytest.fixture(autouse=True)
def keys(settings):
    settings.NOTES_KEYS = [KEY]
    cache.clear()


@pytest.fixture
def user(django_user_model):
    user = django_user_model.objects.create_user("someone", password=PASSWORD)
    user.groups.add(Group.objects.get(name="RH"))
    return user


def browser():
    return Client(headers={"Accept-Language": "en"}, REMOTE_ADDR="127.0.0.1")


def sign_in(client, password=PASSWORD):
    return client.post("/login/", {"username": "someone", "password": password})


def code_of(secret, steps=0):
    """The code that an app shows, now or some half minutes from now."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


def set_up(client):
    """Set an app up as its owner does, and return its secret."""
    secret = client.get("/account/security/app/").context["form"].secret
    response = client.post("/account/security/app/", {"code": code_of(secret)})
    assert response.url == "/account/security/codes/"
    return secret


@pytest.fixture
def app(user):
    """The secret of an app that the account has."""
    client = browser()
    sign_in(client)
    return set_up(client)


def test_app_is_asked_for_after_the_password(app):
    client = browser()
    response = sign_in(client)
    assert response.url == "/login/code/"
    assert client.get("/").url.startswith("/login/")
    response = client.post("/login/code/", {"code": code_of(app)})
    assert (response.status_code, response.url) == (302, "/")
    assert client.get("/account/security/").status_code == 200


def test_wrong_code_signs_nobody_in(app):
    client = browser()
    sign_in(client)
    wrong = "0" * 6 if code_of(app) != "0" * 6 else "1" * 6
    assert "This code is not right" in client.post("/login/code/", {"code": wrong}).text
    assert client.get("/").url.startswith("/login/")


def test_code_of_a_wrong_password_is_never_asked_for(app):
    client = browser()
    assert sign_in(client, "wrong").status_code == 200
    assert client.get("/login/code/").url == "/login/"


def test_code_works_once_in_whatever_process(app):
    first, second = browser(), browser()
    code = code_of(app)
    sign_in(first)
    assert first.post("/login/code/", {"code": code}).status_code == 302
    cache.clear()  # which the other process does not share
    sign_in(second)
    assert "was used already" in second.post("/login/code/", {"code": code}).text


def test_codes_are_counted_before_they_are_checked(app, minute):
    client = browser()
    sign_in(client)
    wrong = [client.post("/login/code/", {"code": "x"}).status_code for _try in range(second_factor.TRIES + 1)]
    assert wrong == [200] * second_factor.TRIES + [429]
    assert client.post("/login/code/", {"code": code_of(app)}).status_code == 429


def test_right_code_forgets_what_was_mistyped(app):
    for _time in range(2):
        client = browser()
        sign_in(client)
        for _try in range(second_factor.TRIES - 1):
            client.post("/login/code/", {"code": "x"})
        assert client.post("/login/code/", {"code": code_of(app, _time)}).status_code == 302


def test_recovery_code_works_once(app, user):
    codes = Authenticator.objects.get(user=user, type="recovery_codes").wrap().get_unused_codes()
    for expected in (302, 200):
        client = browser()
        sign_in(client)
        assert client.post("/login/code/", {"code": codes[0]}).status_code == expected
    assert len(codes) == 10


def test_secrets_are_encrypted_in_the_database(app, user, settings):
    stored = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert app not in stored
    assert stored.count("encrypted:") == 2
    settings.NOTES_KEYS = ["another-random-value-of-32-characters!"]
    factor = Authenticator.objects.get(user=user, type="totp").wrap()
    with pytest.raises(NoKey):
        factor.validate_code("000000")


def test_another_key_in_front_keeps_the_factor(app, user, settings):
    settings.NOTES_KEYS = ["another-random-value-of-32-characters!", KEY]
    assert Authenticator.objects.get(user=user, type="totp").wrap().validate_code(code_of(app, 1))


def test_factor_is_changed_only_after_the_password_again(app, user, monkeypatch):
    client = browser()
    sign_in(client)
    client.post("/login/code/", {"code": code_of(app, 1)})
    later = time.time() + 301
    monkeypatch.setattr("predictions.accounts.adapters.time.time", lambda: later)
    assert client.post("/account/security/app/remove/").url.startswith("/account/confirm/")
    assert Authenticator.objects.filter(user=user, type="totp").exists()
    assert "This is not your password" in client.post("/account/confirm/", {"password": "wrong"}).text
    confirmed = client.post("/account/confirm/", {"password": PASSWORD, "next": "/account/security/app/remove/"})
    assert confirmed.url == "/account/security/"
    assert not Authenticator.objects.filter(user=user).exists()  # the codes go with the last factor


# Required by role


@pytest.fixture
def required(settings):
    settings.SECOND_FACTOR_ROLES = ["RH", "staff"]


@pytest.mark.django_db(transaction=True)
def test_role_that_needs_a_factor_is_led_to_set_one_up(required, user):
    client = browser()
    sign_in(client)
    for path in ("/", "/employees/", "/admin/"):
        assert client.get(path).url == "/account/security/", path
    assert client.get("/", headers={"HX-Request": "true"})["HX-Redirect"] == "/account/security/"
    assert "Your role needs a second factor" in client.get("/account/security/").text
    set_up(client)
    assert client.get("/account/security/codes/").status_code == 200
    assert client.get("/employees/").status_code == 200


def test_factor_that_was_given_opens_the_pages(required, app):
    client = browser()
    sign_in(client)
    client.post("/login/code/", {"code": code_of(app, 1)})
    assert client.get("/employees/").status_code == 200


def test_role_that_needs_none_is_not_asked(required, browse):
    assert browse("Manager", "Consulting").get("/employees/").status_code == 200


def test_superuser_needs_one_as_staff(required, django_user_model):
    client = browser()
    client.force_login(django_user_model.objects.create_superuser("boss"))
    assert client.get("/").url == "/account/security/"


def test_factor_of_another_account_opens_nothing(required, app, django_user_model):
    client = browser()
    sign_in(client)
    client.post("/login/code/", {"code": code_of(app, 1)})
    client.force_login(django_user_model.objects.create_superuser("boss"))
    assert client.get("/").url == "/account/security/"


def test_api_and_probes_need_no_factor(required, api):
    assert api.get("/key").status_code == 200
    assert Client().get("/health").status_code == 200
