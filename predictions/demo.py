"""The demonstration's accounts, API key and cases: created once, their secrets shown once."""

import secrets
from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import transaction

from employees.access import AUDITOR, DIRECTION, HR, MANAGER, Scope
from predictions.followup import demo as followup
from predictions.keys.services import create_api_key
from predictions.models import APIKey

HR_ACCOUNT = "rh"
MANAGER_ACCOUNT = "manager"
MANAGER_DEPARTMENT = "Consulting"
DIRECTION_ACCOUNT = "direction"
AUDITOR_ACCOUNT = "auditeur"
ADMIN_ACCOUNT = "admin"
KEY_NAME = "demo"


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential; ``secret`` is None if an earlier run created it, since it cannot be shown again."""

    name: str
    secret: str | None


@transaction.atomic
def make_accounts(*, password: str = "") -> list[Credential]:
    """Create an account for each role and the admin, each with ``password`` or a random one. Existing accounts stay."""
    return [
        _make_account(HR_ACCOUNT, password, group=HR.group),
        _make_account(MANAGER_ACCOUNT, password, group=MANAGER.group, department=MANAGER_DEPARTMENT),
        _make_account(DIRECTION_ACCOUNT, password, group=DIRECTION.group),
        _make_account(AUDITOR_ACCOUNT, password, group=AUDITOR.group),
        _make_account(ADMIN_ACCOUNT, password, is_staff=True, is_superuser=True),
    ]


def _make_account(username: str, password: str, group: str = "", department: str = "", **flags) -> Credential:
    users = get_user_model().objects
    if users.filter(username=username).exists():
        return Credential(username, None)
    password = password or secrets.token_urlsafe(12)
    user = users.create_user(username, password=password, **flags)
    user.groups.set(Group.objects.filter(name=group))
    if department:
        user.department_accesses.create(departement=department)
    return Credential(username, password)


def make_api_key() -> Credential:
    """The demo API key, unless one was made before."""
    if APIKey.objects.filter(name=KEY_NAME, revoked=False).exists():
        return Credential(KEY_NAME, None)
    _key, secret = create_api_key(name=KEY_NAME, owner="demo", scope=Scope.EVERYONE)
    return Credential(KEY_NAME, secret)


def make_cases() -> None:
    """The cases of the accounts of HR and the manager."""
    accounts = get_user_model().objects.in_bulk([HR_ACCOUNT, MANAGER_ACCOUNT], field_name="username")
    followup.make_cases(hr=accounts[HR_ACCOUNT], manager=accounts[MANAGER_ACCOUNT], department=MANAGER_DEPARTMENT)
