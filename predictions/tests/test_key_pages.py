"""The pages on which API keys are made, changed, replaced and revoked."""

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.utils import timezone

from predictions.keys.services import InvalidKey, admit
from predictions.models import APIKey
from predictions.tests.factories import APIKeyFactory

pytestmark = pytest.mark.django_db
LIST = "/administration/keys/"
NEW = {"name": "Paie", "owner": "SI RH", "can_read": "on", "departments": ["Consulting"], "expiry_date": "2035-06-30"}


@pytest.fixture
def maker(browse):
    """HR that sees everyone."""
    return browse("RH")


def secret_in(response):
    return re.search(r'<code id="secret">(.+?)</code>', response.text)[1]


def history_of(key):
    return [entry.change_message for entry in LogEntry.objects.filter(object_id=key.pk).order_by("pk")]


def test_new_key_is_shown_once_and_works(maker):
    response = maker.post(f"{LIST}new/", NEW)
    secret = secret_in(response)
    assert "no-store" in response["Cache-Control"]
    key = admit(secret=secret, address="192.0.2.1")
    assert (key.name, key.scopes, list(key.scope.names)) == ("Paie", ["read"], ["Consulting"])
    assert timezone.localtime(key.expiry_date).strftime("%Y-%m-%d %H:%M") == "2035-06-30 23:59"
    assert history_of(key) == ["Made."]
    assert all(secret[9:] not in maker.get(path).text for path in (LIST, f"{LIST}{key.prefix}/"))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": ""}, "This field is required."),
        ({"can_read": ""}, "A key needs at least one scope."),
        ({"departments": ["*", "Consulting"]}, "Choose everyone, or departments, not both."),
        ({"departments": []}, "This field is required."),
        ({"can_load": "on"}, "only a key that sees everyone loads them"),
        ({"expiry_date": "2150-01-01"}, "Ten years from now at most."),
        ({"expiry_date": "soon"}, "Enter a valid date."),
    ],
)
def test_wrong_key_is_refused_and_loses_nothing(maker, wrong, said):
    response = maker.post(f"{LIST}new/", NEW | {"owner": "Its owner"} | wrong)
    assert (response.status_code, APIKey.objects.count()) == (422, 0)
    assert said in response.text
    assert "Its owner" in response.text


def test_key_is_changed_and_keeps_its_secret(maker):
    key = APIKeyFactory(name="before")
    maker.post(f"{LIST}{key.prefix}/", NEW | {"name": "after"})
    assert admit(secret=key.secret, address="192.0.2.1").name == "after"
    assert "name" in history_of(key)[0]


def test_revoked_key_is_refused_and_only_read(maker):
    key = APIKeyFactory()
    maker.post(f"{LIST}{key.prefix}/do/", {"act": "revoke"})
    with pytest.raises(InvalidKey):
        admit(secret=key.secret, address="192.0.2.1")
    assert history_of(key) == ["Revoked."]
    assert "cannot be undone" in maker.get(f"{LIST}{key.prefix}/").text
    assert maker.post(f"{LIST}{key.prefix}/", NEW).status_code == 403


def test_replaced_key_works_on_for_its_overlap(maker):
    key = APIKeyFactory(name="Paie")
    new = admit(
        secret=secret_in(maker.post(f"{LIST}{key.prefix}/do/", {"act": "replace", "overlap": "7"})),
        address="192.0.2.1",
    )
    key.refresh_from_db()
    assert (new.name, new.pk != key.pk) == ("Paie", True)
    assert 6 <= (key.expiry_date - timezone.now()).days <= 7
    assert history_of(new) == [f"Replaces {key.prefix}."]


def test_replacement_with_a_wrong_overlap_or_of_a_revoked_key_makes_none(maker):
    key, revoked = APIKeyFactory(), APIKeyFactory(revoked=True)
    assert maker.post(f"{LIST}{key.prefix}/do/", {"act": "replace", "overlap": "-1"}).status_code == 422
    page = maker.post(f"{LIST}{revoked.prefix}/do/", {"act": "replace", "overlap": "0"}, follow=True)
    assert "make a new one" in page.text
    assert APIKey.objects.count() == 2


def test_act_that_does_not_exist_is_not_found(maker):
    assert maker.post(f"{LIST}{APIKeyFactory().prefix}/do/", {"act": "frame"}).status_code == 404


def test_list_without_a_key_says_what_one_is_for(maker):
    assert "Give each program its own." in maker.get(LIST).text


def test_keys_are_closed_to_other_roles_and_to_hr_of_some_departments(browse, maker):
    Group.objects.get(name="Manager").permissions.set(Permission.objects.all())
    assert maker.get(LIST).status_code == 200
    for account in (("RH", "Consulting"), ("Manager", "Consulting"), ("Direction",)):
        assert browse(*account).get(LIST).status_code == 403
    auditor = browse("Auditeur")
    assert auditor.get(LIST).status_code == 403
    assert LIST in maker.get("/administration/roles/").text
    assert LIST not in auditor.get("/administration/roles/").text
