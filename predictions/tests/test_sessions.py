"""How long a session lasts, and that its owner sees and ends the others."""

import time
from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from predictions.accounts import sessions

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-enough-password"
PAGE = "/account/security/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def clock(monkeypatch):
    """``clock(minutes)`` lets so many minutes pass, for the sessions and for the query of what has expired."""
    started, real = time.time(), timezone.now
    passed = [0.0]
    monkeypatch.setattr("predictions.accounts.sessions.time.time", lambda: started + passed[0])
    monkeypatch.setattr("django.utils.timezone.now", lambda: real() + timedelta(seconds=passed[0]))

    def go_on(minutes):
        passed[0] += 60 * minutes

    return go_on


@pytest.fixture
def user(django_user_model):
    user = django_user_model.objects.create_user("someone", password=PASSWORD)
    user.groups.add(Group.objects.get(name="RH"))
    return user


def signed_in(agent=FIREFOX):
    client = Client(headers={"Accept-Language": "en", "User-Agent": agent}, REMOTE_ADDR="192.0.2.7")
    assert client.post("/login/", {"username": "someone", "password": PASSWORD}).status_code == 302
    return client


def is_in(client):
    return client.get(PAGE).status_code == 200


def test_session_ends_after_its_idle_time(user, clock, settings):
    client = signed_in()
    clock(settings.SESSION_IDLE_MINUTES - 2)
    assert is_in(client)
    clock(settings.SESSION_IDLE_MINUTES + 2)
    assert not is_in(client)


def test_pages_keep_a_session_open_until_its_absolute_end(user, clock, settings):
    client = signed_in()
    minutes = settings.SESSION_COOKIE_AGE // 60
    for _hour in range(minutes // 60 - 1):
        clock(60)
        assert is_in(client)
    clock(62)
    assert not is_in(client)


@pytest.mark.parametrize("name", ["SESSION_IDLE_MINUTES", "SESSION_COOKIE_AGE"])
def test_settings_say_how_long(user, clock, settings, name):
    settings.SESSION_IDLE_MINUTES = 30
    setattr(settings, name, 10 if name == "SESSION_IDLE_MINUTES" else 600)
    client = signed_in()
    clock(8)
    assert is_in(client)
    clock(12)
    assert not is_in(client)


def test_page_costs_no_write_within_a_minute(user, django_assert_num_queries, monkeypatch):
    client = signed_in()
    written = []
    monkeypatch.setattr(sessions, "_renew", lambda *given: written.append(given))
    client.get(PAGE)
    client.get(PAGE)
    assert written == []


def test_session_from_before_there_were_clocks_gets_them(user, clock):
    client = signed_in()
    session = client.session
    for name in (sessions.BEGUN, sessions.RENEWED, "_session_expiry"):
        session.pop(name, None)
    session.save()
    assert is_in(client)
    assert client.session[sessions.BEGUN] > 0


def test_owner_sees_where_it_is_signed_in(user):
    client, _other = signed_in(), signed_in("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0")
    shown = client.get(PAGE).context["sessions"]
    assert {(one["browser"], one["system"], one["address"], one["is_current"]) for one in shown} == {
        ("Firefox", "Linux", "192.0.2.7", True),
        ("Edge", "Windows", "192.0.2.7", False),
    }


def test_owner_ends_one_session(user):
    client, other, third = signed_in(), signed_in(), signed_in()
    key = UserSession.objects.get(session_key=other.session.session_key).pk
    client.post("/account/security/sessions/", {"session": key})
    assert (is_in(client), is_in(other), is_in(third)) == (True, False, True)


def test_owner_ends_all_others(user):
    client, other, third = signed_in(), signed_in(), signed_in()
    response = client.post("/account/security/sessions/", follow=True)
    assert "2 sessions are ended." in response.text
    assert (is_in(client), is_in(other), is_in(third)) == (True, False, False)


@pytest.mark.parametrize("given", ["x", "²", "99999999999999999999"])
def test_wrong_session_ends_none(user, given):
    client, other = signed_in(), signed_in()
    client.post("/account/security/sessions/", {"session": given})
    assert is_in(other)


def test_nobody_ends_the_session_of_another(user, django_user_model):
    other = signed_in()
    attacker = Client()
    attacker.force_login(django_user_model.objects.create_user("attacker"))
    key = UserSession.objects.get(user=user).pk
    attacker.post("/account/security/sessions/", {"session": key})
    attacker.post("/account/security/sessions/")
    assert is_in(other)


def test_new_password_ends_the_other_sessions_and_keeps_this_one_listed(user):
    client, other = signed_in(), signed_in()
    new = "another-long-password"
    client.post("/password/", {"old_password": PASSWORD, "new_password1": new, "new_password2": new})
    assert not is_in(other)
    assert [one["is_current"] for one in client.get(PAGE).context["sessions"]].count(True) == 1


def test_ended_sessions_are_forgotten_after_a_day(user, clock):
    signed_in()
    Session.objects.all().delete()
    assert sessions.purge() == 0
    clock(25 * 60)
    assert sessions.purge() == 1
