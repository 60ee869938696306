"""Making and replacing API keys: the services and the command."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError
from django.utils import timezone, translation

from employees.access import Scope
from employees.models import Term
from employees.terms.changes import add, merge
from employees.tests.files import Full
from predictions.keys import services as keys
from predictions.models import APIKey
from predictions.tests.factories import APIKeyFactory

pytestmark = pytest.mark.django_db


def create(*arguments):
    call_command("create_api_key", *arguments)


@pytest.mark.parametrize("has_predecessor", [False, True])
def test_key_that_cannot_be_shown_is_not_made_and_replaces_none(has_predecessor):
    old, _secret = keys.create_api_key(name="payroll", owner="Finance", scope=Scope.EVERYONE)
    replaced = {"replaces": old.prefix, "overlap": timedelta()} if has_predecessor else {}
    with pytest.raises(CommandError, match="No space left on device"):
        call_command("create_api_key", "new", **replaced, stdout=Full())
    assert APIKey.objects.get().is_usable


def test_created_key_is_admitted_and_its_secret_kept_nowhere():
    key, secret = keys.create_api_key(name="payroll", owner="Finance", scope=Scope.EVERYONE)
    assert keys.admit(secret=secret, address="") == key
    stored = " ".join(map(str, APIKey.objects.values_list().get()))
    assert secret not in stored
    assert secret.partition(".")[2] not in stored


def test_created_key_expires_after_a_year():
    key, _secret = keys.create_api_key(name="payroll", owner="Finance", scope=Scope.EVERYONE)
    assert key.expiry_date - timezone.now() == pytest.approx(timedelta(days=365), abs=timedelta(minutes=1))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"name": ""}, "name"),
        ({"name": "a" * 51}, "name"),
        ({"name": "a\x01b"}, "name: A character in it cannot be shown."),
        ({"name": "\udce9"}, "name: A character in it cannot be shown."),
        ({"owner": ""}, "owner"),
        ({"owner": "a\nb"}, "owner: A character in it cannot be shown."),
        ({"owner": "a" * 101}, "owner"),
        ({"scope": Scope.of_departments(["Comptabilité"])}, "Choose among"),
        ({"scope": Scope.NOBODY}, "sees nobody"),
        ({"can_predict": False, "can_read": False}, "at least one"),
        ({"lifetime": timedelta(0)}, "not 0"),
        ({"lifetime": timedelta(days=4000)}, "not 4000"),
    ],
)
def test_key_that_makes_no_sense_is_refused(wrong, message):
    with pytest.raises(keys.RefusedKey, match=message):
        keys.create_api_key(**{"name": "payroll", "owner": "Finance", "scope": Scope.EVERYONE} | wrong)
    assert not APIKey.objects.exists()


def test_the_database_refuses_a_key_without_a_scope():
    with pytest.raises(IntegrityError):
        APIKeyFactory(can_predict=False, can_read=False)


def test_replaced_key_hands_over_what_it_may_and_lives_on_for_the_overlap():
    old = APIKeyFactory(can_read=False, departments=["Consulting"])
    new, secret = keys.rotate_api_key(key=old, overlap=timedelta(days=7))
    assert (new.name, new.owner, new.can_read, new.departments) == (old.name, old.owner, False, ["Consulting"])
    assert keys.admit(secret=old.secret, address="") == old
    assert keys.admit(secret=secret, address="") == new
    old.refresh_from_db()
    assert old.expiry_date - timezone.now() == pytest.approx(timedelta(days=7), abs=timedelta(minutes=1))


def test_replaced_key_without_overlap_is_refused_at_once():
    old = APIKeyFactory()
    keys.rotate_api_key(key=old, overlap=timedelta(0))
    with pytest.raises(keys.InvalidKey):
        keys.admit(secret=old.secret, address="")


def test_overlap_does_not_lengthen_the_old_keys_life():
    soon = timezone.now() + timedelta(hours=1)
    old = APIKeyFactory(expiry_date=soon)
    keys.rotate_api_key(key=old, overlap=timedelta(days=7))
    old.refresh_from_db()
    assert old.expiry_date == soon


@pytest.mark.parametrize(
    "unusable", [{"revoked": True}, {"expiry_date": timezone.now() - timedelta(days=1)}], ids=["revoked", "expired"]
)
def test_unusable_key_is_not_replaced(unusable):
    with pytest.raises(keys.RefusedKey, match="make a new one"):
        keys.rotate_api_key(key=APIKeyFactory(**unusable), overlap=timedelta(0))
    assert APIKey.objects.count() == 1


def test_overlap_has_an_end():
    with pytest.raises(keys.RefusedKey, match="not 91"):
        keys.rotate_api_key(key=APIKeyFactory(), overlap=timedelta(days=91))


def test_revoked_key_stays_revoked():
    key = APIKeyFactory()
    key.revoke()
    key = APIKey.objects.get(pk=key.pk)
    key.revoked = False
    with pytest.raises(Exception, match="cannot be undone"):
        key.save()


def test_command_prints_the_secret_alone_on_standard_output(capsys):
    create("payroll")
    secret = capsys.readouterr().out.strip()
    assert keys.admit(secret=secret, address="").owner == "payroll"


def test_command_takes_owner_scopes_departments_and_days():
    create("payroll", "--owner", "Finance", "--scope", "read", "--department", "Commercial", "--days", "30")
    key = APIKey.objects.get()
    assert (key.owner, key.can_predict, key.can_read) == ("Finance", False, True)
    assert key.departments == ["Commercial"]
    assert key.expiry_date - timezone.now() < timedelta(days=30)


def test_command_replaces_a_key_by_its_prefix(capsys):
    old = APIKeyFactory(departments=["Consulting"])
    create("payroll 2", "--replaces", old.prefix, "--overlap", "1")
    new = keys.admit(secret=capsys.readouterr().out.strip(), address="")
    assert (new.name, new.owner, new.departments) == ("payroll 2", old.owner, old.departments)
    old.refresh_from_db()
    assert old.expiry_date < timezone.now() + timedelta(days=1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a" * 51], "name"),
        (["payroll", "--department", "Comptabilité"], "Choose among"),
        (["payroll", "--scope", "write"], "invalid choice: 'write'"),
        (["payroll", "--days", "0"], "not 0"),
        (["payroll", "--days", "-1"], "-1 is not a number of days"),
        (["payroll", "--days", str(10**20)], "is not a number of days"),
        (["payroll", "--days", "soon"], "soon"),
        (["payroll", "--replaces", "nothing"], "There is no key that begins with nothing"),
        (["payroll", "--replaces", "\udce9"], "There is no key that begins with"),
        (["payroll", "--replaces", "nothing", "--owner", "me"], "--owner is taken over"),
        ([], "NAME"),
    ],
)
def test_command_names_what_is_wrong(arguments, message):
    with pytest.raises(CommandError, match=message):
        create(*arguments)
    assert not APIKey.objects.exists()


def test_command_speaks_english_whatever_the_language_of_the_pages():
    with translation.override("fr"), pytest.raises(CommandError, match="Choose among"):
        create("payroll", "--department", "Comptabilité")


def test_key_made_before_the_product_hashed_keys_itself_still_opens():
    secret = "AbCdEfGh.0123456789abcdefghijABCDEFGHIJ01"
    digest = (
        "af90f4e5bb5f7ce18aab9b544b8a1326b978bd5b0f852dab45e8827a673a9fb6"
        "58bf87427a81cc87fe67fb258695edfc5114f2e0637575753b102841952548cc"
    )
    stored = f"sha512$${digest}"
    key = APIKey.objects.create(
        id=f"AbCdEfGh.{stored}", prefix="AbCdEfGh", hashed_key=stored, name="old", owner="Finance"
    )
    assert keys.admit(secret=secret, address="192.0.2.1") == key


def test_department_of_a_key_is_one_of_the_terms_in_any_spelling(capsys):
    add(vocabulary="departement", value="R&D")
    create("payroll", "--department", "r&d", "--department", " consulting")
    key = APIKey.objects.get()
    assert key.departments == ["Consulting", "R&D"]


def test_key_of_a_merged_department_sees_the_other_one():
    add(vocabulary="departement", value="Conseil")
    key = APIKeyFactory(departments=["Conseil"])
    conseil, consulting = (Term.objects.get(vocabulary="departement", value=name) for name in ("Conseil", "Consulting"))
    merge(term=conseil, into=consulting)
    assert key.scope == Scope.of_departments(["Consulting"])
    key.full_clean()
