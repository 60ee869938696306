"""Services: invite people, change what their accounts may do, close and open them.

Each is a line in the account's history in the administration, with its author.
"""

from collections.abc import Collection

from django.contrib.admin.models import ADDITION, CHANGE
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import Q
from django.utils.translation import get_language

from employees.access import ROLES, may_manage, roles_to_give
from employees.models import Employee, TeamAccess
from employees.workforce import reporting_lines
from predictions.accounts import links, second_factor, sessions
from predictions.accounts.history import record


class Refused(Exception):
    """The account of the caller may not do this."""


class AddressTaken(Exception):
    """Another account has this e-mail address, or signs in by it."""


@transaction.atomic
def invite(
    *,
    actor: User,
    email: str,
    first_name: str,
    last_name: str,
    role: str,
    departments: Collection[str],
    team_of: Employee | None = None,
) -> User:
    """Create an account, which signs in by its address, and send the link by which its owner sets a password."""
    _refuse_unless(role in roles_to_give(actor))
    _refuse_taken(email)
    account = get_user_model().objects.create_user(
        email.lower(), email=email, first_name=first_name, last_name=last_name, password=None
    )
    _give(account, role, departments, team_of)
    record(actor, account, ADDITION, f"Invited as {role}.")
    links.post(account, links.INVITATION, get_language() or "", by=actor)
    return account


@transaction.atomic
def change(*, actor: User, account: User, email: str, first_name: str, last_name: str) -> None:
    _refuse_unless(may_manage(actor, account))
    _refuse_taken(email, except_of=account)
    account.email, account.first_name, account.last_name = email, first_name, last_name
    account.save(update_fields=["email", "first_name", "last_name"])
    record(actor, account, CHANGE, "Changed name or address.")


@transaction.atomic
def give_access(
    *, actor: User, account: User, role: str, departments: Collection[str], team_of: Employee | None = None
) -> None:
    """Give an account one role, or none, in place of those it has, and the departments and the team that it sees."""
    _refuse_unless(may_manage(actor, account) and (not role or role in roles_to_give(actor)))
    _give(account, role, departments, team_of)
    given = [*sorted(departments), *([f"the team of {team_of}"] if team_of else [])]
    shown = f" of {', '.join(given)}" if given else ""
    record(actor, account, CHANGE, f"Made {role}{shown}." if role else "Took every role.")


@transaction.atomic
def close(*, actor: User, account: User) -> None:
    """Close an account: its sessions end, and nobody signs in to it until it is opened again."""
    _refuse_unless(may_manage(actor, account))
    get_user_model().objects.filter(pk=account.pk).update(is_active=False)
    sessions.end(sessions.open_sessions(account))
    record(actor, account, CHANGE, "Closed.")


@transaction.atomic
def reopen(*, actor: User, account: User) -> None:
    _refuse_unless(may_manage(actor, account))
    get_user_model().objects.filter(pk=account.pk).update(is_active=True)
    record(actor, account, CHANGE, "Opened again.")


@transaction.atomic
def end_sessions(*, actor: User, account: User) -> None:
    _refuse_unless(may_manage(actor, account))
    sessions.end(sessions.open_sessions(account))
    record(actor, account, CHANGE, "Ended its sessions.")


@transaction.atomic
def reset_second_factor(*, actor: User, account: User) -> None:
    _refuse_unless(may_manage(actor, account))
    second_factor.reset(account)
    record(actor, account, CHANGE, "Removed its second factor.")


@transaction.atomic
def send_link(*, actor: User, account: User) -> None:
    """Send the link to set a password again: an invitation to who has never signed in, else one for a new password."""
    _refuse_unless(may_manage(actor, account) and links.may_receive(account))
    kind = links.INVITATION if account.last_login is None else links.RESET
    links.post(account, kind, get_language() or "", by=actor)
    record(actor, account, CHANGE, links.SENT)


def _refuse_unless(is_allowed: bool) -> None:
    if not is_allowed:
        raise Refused


def _refuse_taken(email: str, except_of: User | None = None) -> None:
    taken = get_user_model().objects.filter(Q(email__iexact=email) | Q(username__iexact=email))
    if any(account != except_of for account in taken):
        raise AddressTaken


def _give(account: User, role: str, departments: Collection[str], team_of: Employee | None) -> None:
    """Groups that are no role stay."""
    account.groups.remove(*Group.objects.filter(name__in=ROLES.keys() - {role}))
    account.groups.add(*Group.objects.filter(name=role))
    account.department_accesses.exclude(departement__in=departments).delete()
    known = set(account.department_accesses.values_list("departement", flat=True))
    for departement in sorted(set(departments) - known):
        account.department_accesses.create(departement=departement)
    tie(account, team_of)


def tie(account: User, employee: Employee | None) -> None:
    """Let an account see everyone who reports to a person, in place of another, or, for None, no team any more."""
    if employee is None:
        TeamAccess.objects.filter(user=account).delete()
    else:
        TeamAccess.objects.update_or_create(user=account, defaults={"employee": employee})
        reporting_lines.ensure()
