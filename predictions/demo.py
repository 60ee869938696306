"""The demonstration's accounts, API key and cases: created once, their secrets shown once."""

import secrets
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from employees.access import AUDITOR, HR, MANAGER, Scope
from employees.models import Employee
from predictions.followup.models import ActionKind, Case
from predictions.followup.services import Wanted, add_note, agree_action, change_case, open_cases
from predictions.keys.services import create_api_key
from predictions.models import APIKey
from predictions.selectors import runs

HR_ACCOUNT = "rh"
MANAGER_ACCOUNT = "manager"
MANAGER_DEPARTMENT = "Consulting"
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
    """A few fictional cases of the people at most risk, in several states, unless there is a case already."""
    newest, _before = runs.latest_two()
    if newest is None or Case.objects.exists():
        return
    accounts = get_user_model().objects.in_bulk([HR_ACCOUNT, MANAGER_ACCOUNT], field_name="username")
    hr, manager = accounts[HR_ACCOUNT], accounts[MANAGER_ACCOUNT]
    riskiest = Employee.objects.filter(predictions__run=newest).order_by("-predictions__probability", "pk")
    today, week = timezone.localdate(), timedelta(days=7)

    def opened(employee: Employee, owner: User, due: date, why: str = "") -> Case:
        (case,) = open_cases(employees=[employee], owner=owner, due=due, why=why, user=owner).cases
        return case

    def moved(case: Case, state: Case.State, due: date, *, aside: str = "", word: str = "", shared: bool = False):
        wanted = Wanted(state, hr, due, shared, aside, word)
        return change_case(case=case, seen=case.changes.latest("pk").pk, wanted=wanted, user=hr)

    first, second, third = riskiest[:3]
    opened(first, hr, today + week)
    talked = moved(opened(second, hr, today - week), Case.State.AGREED, today + 4 * week, shared=True)
    agree_action(case=talked, kind=ActionKind.objects.earliest("pk"), day=today, cost=Decimal(1200), user=hr)
    if settings.NOTES_KEYS:
        text = _("Fictional: would like fewer evenings at work, and a rise that was announced two years ago.")
        add_note(case=talked, day=today - week, who=_("the person, HR"), text=text, is_shared=True, user=hr)
    remark = _("Fictional: a move to another team is already agreed.")
    moved(opened(third, hr, today), Case.State.SET_ASIDE, today, aside=Case.Aside.KNOWN, word=remark)
    own = riskiest.filter(departement=MANAGER_DEPARTMENT).exclude(pk__in=[first.pk, second.pk, third.pk]).first()
    if own:
        opened(own, manager, today + week, _("Fictional: has asked about other jobs."))
