"""The short tour: shown from an account's first sign-in until it is put away, and when it is asked for."""

import re

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

PASSWORD = "a-password-for-tests"
pytestmark = pytest.mark.django_db


@pytest.fixture
def account():
    user = get_user_model().objects.create_user("nadia", password=PASSWORD)
    user.groups.add(Group.objects.get(name="RH"))
    return user


def sign_in(client):
    page = client.post("/login/", {"username": "nadia", "password": PASSWORD}, follow=True)
    assert page.status_code == 200
    return page


def labels(page):
    return [step.label for step in page.context["tour"]]


def test_first_sign_in_shows_the_tour_until_it_is_put_away(client, account):
    assert "Follow-up" in labels(sign_in(client))
    assert labels(client.get("/"))
    assert labels(client.post("/tour/", follow=True)) == []
    assert labels(client.get("/")) == []


def test_tour_is_a_line_to_the_newcomer_and_open_to_who_asks(client, account):
    pages = sign_in(client), client.get("/?tour")
    assert [re.search(r"tour no-print.*?<details(.*?)>", page.text, re.DOTALL)[1] for page in pages] == ["", " open"]


def test_second_sign_in_shows_no_tour(client, account):
    sign_in(client)
    client.post("/logout/")
    assert labels(sign_in(client)) == []


def test_tour_is_shown_again_to_who_asks(browse):
    hr = browse("RH")
    assert labels(hr.get("/")) == []
    assert labels(hr.get("/?tour")) == ["Today", "Employees", "Follow-up", "Imports", "Teams", "Report"]


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        (("Manager", "Consulting"), ["Today", "Employees", "Follow-up", "Teams", "Report"]),
        (
            ("Auditeur",),
            ["Today", "Follow-up", "Access journal", "History", "Requests", "Compliance", "Teams", "Report", "Model"],
        ),
        (("Direction",), ["Today", "Follow-up", "Teams", "Report", "Model"]),
    ],
)
def test_tour_leads_where_the_account_may_go(browse, account, expected):
    browser = browse(*account)
    page = browser.get("/?tour")
    assert labels(page) == expected
    for step in page.context["tour"]:
        assert browser.get(step.href).status_code == 200


def test_putting_away_needs_a_post(browse):
    assert browse("RH").get("/tour/").status_code == 405
