from datetime import timedelta
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone

from employees.access import sign_ins
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
    assert sign_ins.purge_sessions() == 1
    assert Session.objects.get().session_key == open_one


def test_purge_deletes_the_records_of_a_month_ago():
    for days in (29, 31):
        SignIn.objects.create(at=timezone.now() - timedelta(days=days), has_worked=True, address=f"{days} days ago")
    assert sign_ins.purge() == 1
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


def test_migration_keeps_what_axes_recorded_of_accounts_and_drops_its_tables(django_user_model):
    user = django_user_model.objects.create_user("someone")
    leftover = ContentType.objects.create(app_label="axes", model="accesslog")
    Permission.objects.create(content_type=leftover, codename="view_accesslog", name="Can view access log")
    kind = "inet" if connection.vendor == "postgresql" else "char(39)"
    with connection.cursor() as cursor:
        for table in ("axes_accesslog", "axes_accessattempt"):
            columns = f"username varchar(255), ip_address {kind}, attempt_time timestamp with time zone"
            cursor.execute(f"CREATE TABLE {table} ({columns})")
            for name, address in (("someone", "192.0.2.7"), ("someone", None), ("p4ssword", "192.0.2.8"), (None, None)):
                cursor.execute(f"INSERT INTO {table} VALUES (%s, %s, %s)", [name, address, timezone.now()])
        editor = SimpleNamespace(connection=connection, execute=cursor.execute)
        import_module("employees.migrations.0002_sign_in").take_over(apps, editor)
        assert not [name for name in connection.introspection.table_names(cursor) if name.startswith("axes")]
    records = SignIn.objects.order_by("has_worked", "address")
    assert [(record.user, record.has_worked, record.address) for record in records] == [
        (user, worked, address) for worked in (False, True) for address in ("", "192.0.2.7")
    ]
    assert all(timezone.now() - record.at < timedelta(minutes=1) for record in records)
    assert not Permission.objects.filter(codename="view_accesslog").exists()


def test_administration_shows_sign_ins_and_changes_none(admin_client, django_user_model):
    user = django_user_model.objects.create_user("someone")
    one = SignIn.objects.create(user=user, address="192.0.2.7", has_worked=False)
    page = admin_client.get("/admin/employees/signin/", {"q": "192.0.2.7"})
    assert list(page.context["cl"].result_list) == [one]
    assert admin_client.get(f"/admin/employees/signin/{one.pk}/change/").status_code == 200
    assert admin_client.post(f"/admin/employees/signin/{one.pk}/delete/", {"post": "yes"}).status_code == 403
    assert admin_client.get("/admin/employees/signin/add/").status_code == 403
