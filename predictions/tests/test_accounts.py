import pytest
from django.contrib.auth.models import Group
from django.test import Client

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-enough-password"


@pytest.fixture
def user(django_user_model):
    user = django_user_model.objects.create_user("someone", password=PASSWORD)
    user.groups.add(Group.objects.get(name="RH"))
    return user


def sign_in(username="someone", password=PASSWORD, **headers):
    return Client(headers=headers).post("/login/", {"username": username, "password": password})


def fail(times, **headers):
    return [sign_in(password="wrong", **headers).status_code for _time in range(times)]


def test_login_leads_to_the_overview(user):
    response = sign_in()
    assert (response.status_code, response.url) == (302, "/")


def test_login_goes_nowhere_else(user):
    response = Client().post(
        "/login/", {"username": "someone", "password": PASSWORD, "next": "https://elsewhere.example/"}
    )
    assert response.url == "/"


def test_fifth_failure_closes_the_account_to_the_address(user):
    assert fail(5) == [200, 200, 200, 200, 429]
    assert sign_in().status_code == 429


def test_lock_out_says_the_same_of_an_account_that_does_not_exist(user):
    known = [sign_in(password="wrong").content for _time in range(5)][-1]
    unknown = [sign_in("nobody", "wrong").content for _time in range(5)][-1]
    strip = b"csrfmiddlewaretoken"
    assert b"Too many failed attempts" in known
    assert known.count(strip) == unknown.count(strip)
    assert len(known) == len(unknown)


def test_other_address_may_still_sign_in(user, settings):
    settings.TRUSTED_PROXIES = 1
    fail(5, X_Forwarded_For="203.0.113.1")
    assert sign_in(X_Forwarded_For="203.0.113.1").status_code == 429
    assert sign_in(X_Forwarded_For="203.0.113.2").status_code == 302


def test_forged_address_does_not_open_a_closed_account(user):
    fail(5)
    assert sign_in(X_Forwarded_For="203.0.113.2").status_code == 429


def test_logout_needs_a_post(user):
    client = Client()
    client.force_login(user)
    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/").url == "/login/"
    assert client.get("/").url.startswith("/login/")


def test_password_is_changed(user):
    client = Client()
    client.force_login(user)
    new = "another-long-password"
    data = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    response = client.post("/password/", data, follow=True)
    assert "Your password was changed." in response.content.decode()
    assert sign_in(password=new).status_code == 302


def test_short_password_is_refused(user):
    client = Client()
    client.force_login(user)
    data = {"old_password": PASSWORD, "new_password1": "short-one", "new_password2": "short-one"}
    assert "at least 12" in client.post("/password/", data).content.decode()


def test_session_cookie_is_out_of_reach_of_scripts(user):
    cookie = sign_in().cookies["sessionid"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
