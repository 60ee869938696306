"""An account's rights over another in the administration."""

from django.contrib.auth.models import Permission
from django.db.models import Q

from employees.access.roles import scope_of


def may_change(actor, account) -> bool:
    """Whether one account may change another, given its permissions.

    Whoever sets a password can sign in with it, so nobody may change an account with more rights.
    """
    if actor.is_superuser:
        return True
    held = Permission.objects.filter(Q(user=account) | Q(group__user=account))
    names = held.values_list("content_type__app_label", "codename")
    return not account.is_superuser and actor.has_perms([f"{app}.{codename}" for app, codename in names])


def may_give_rights(actor, account) -> bool:
    """Whether one account may grant or revoke another's status, groups and permissions; never its own."""
    return actor.is_superuser and actor != account


def may_give_departments(actor, account) -> bool:
    """Whether one account may grant or revoke another's departments, all of which it sees; never its own."""
    return scope_of(actor).sees_everyone and actor != account and may_change(actor, account)
