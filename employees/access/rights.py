"""An account's rights over another in the administration."""

from django.contrib.auth.models import Group, Permission
from django.db.models import Q, QuerySet

from employees.access.roles import ROLES, may_administer, scope_of


def may_change(actor, account) -> bool:
    """Whether one account may change another, given its permissions.

    Whoever sets a password can sign in with it, so nobody may change an account with more rights.
    """
    if actor.is_superuser:
        return True
    return not account.is_superuser and not _held(account).exclude(pk__in=_held(actor)).exists()


def _held(account) -> QuerySet[Permission]:
    """The permissions of an account and of its groups."""
    return Permission.objects.filter(Q(user=account) | Q(group__user=account))


def may_give_rights(actor, account) -> bool:
    """Whether one account may grant or revoke another's status, groups and permissions; never its own."""
    return actor.is_superuser and actor != account


def may_give_departments(actor, account) -> bool:
    """Whether one account may grant or revoke another's departments, all of which it sees; never its own."""
    return scope_of(actor).sees_everyone and actor != account and may_change(actor, account)


def may_manage(actor, account) -> bool:
    """Whether one account may close another, send it a link and end its sessions, on the page of accounts.

    Accounts of staff are for superusers alone; nobody manages their own.
    """
    if actor == account or not may_administer(actor):
        return False
    return actor.is_superuser or (not account.is_staff and may_change(actor, account))


def roles_to_give(actor) -> list[str]:
    """The roles that an account may give: it holds the permissions of their groups itself."""
    if not may_administer(actor):
        return []
    if actor.is_superuser:
        return list(ROLES)
    beyond = Permission.objects.exclude(pk__in=_held(actor))
    lacking = set(Group.objects.filter(name__in=ROLES, permissions__in=beyond).values_list("name", flat=True))
    return [group for group in ROLES if group not in lacking]
