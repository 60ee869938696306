from datetime import timedelta

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.utils import timezone

from employees import sign_ins
from employees.models import SignIn

pytestmark = pytest.mark.django_db


def session(expires_in):
    store = SessionStore()
    store.set_expiry(expires_in)
    store.create()
    return store.session_key


def test_purge_deletes_the_sessions_that_expired():
    open_one = session(timedelta(minutes=1))
    session(-timedelta(minutes=1))
    assert sign_ins.purge() == (1, 0)
    assert Session.objects.get().session_key == open_one


def test_purge_deletes_the_records_of_a_month_ago():
    for days in (29, 31):
        SignIn.objects.create(at=timezone.now() - timedelta(days=days), has_worked=True, address=f"{days} days ago")
    assert sign_ins.purge() == (0, 1)
    assert SignIn.objects.get().address == "29 days ago"


def test_sign_in_by_any_means_is_recorded_with_account_time_and_address(client, django_user_model):
    user = django_user_model.objects.create_user("someone")
    before = timezone.now()
    client.force_login(user)
    sign_in = SignIn.objects.get()
    assert (sign_in.user, sign_in.has_worked, sign_in.address) == (user, True, "")
    assert before <= sign_in.at <= timezone.now()


def test_very_long_address_is_cut(rf):
    request = rf.get("/", REMOTE_ADDR="fe80::1%" + "x" * 100)
    assert len(sign_ins.record(request=request, user=None, has_worked=False).address) == 45


def test_administration_shows_sign_ins_and_changes_none(admin_client, django_user_model):
    user = django_user_model.objects.create_user("someone")
    one = SignIn.objects.create(user=user, address="192.0.2.7", has_worked=False)
    page = admin_client.get("/admin/employees/signin/", {"q": "192.0.2.7"})
    assert list(page.context["cl"].result_list) == [one]
    assert admin_client.get(f"/admin/employees/signin/{one.pk}/change/").status_code == 200
    assert admin_client.post(f"/admin/employees/signin/{one.pk}/delete/", {"post": "yes"}).status_code == 403
    assert admin_client.get("/admin/employees/signin/add/").status_code == 403
