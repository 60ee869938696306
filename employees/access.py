"""Who may see whom, and do what: the roles, and the scope that follows from an account or from an API key."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from django.apps import apps as installed
from django.contrib.auth import get_user_model
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.utils.deprecation import MiddlewareMixin


@dataclass(frozen=True, slots=True)
class Scope:
    """Whom a caller may see: everyone, the people of some departments, or nobody.

    No empty value opens anything: ``Scope.of_departments([])`` sees nobody. ``departments`` says nothing, and is empty,
    where ``sees_everyone``.
    """

    sees_everyone: bool
    departments: frozenset[str] = frozenset()

    EVERYONE: ClassVar["Scope"]
    NOBODY: ClassVar["Scope"]

    @classmethod
    def of_departments(cls, departments: Iterable[str]) -> "Scope":
        return cls(sees_everyone=False, departments=frozenset(departments))

    @property
    def is_empty(self) -> bool:
        return not (self.sees_everyone or self.departments)

    def sees(self, employee) -> bool:
        return self.sees_department(employee.departement)

    def sees_department(self, name: str) -> bool:
        return self.sees_everyone or name in self.departments

    def covers(self, other: "Scope") -> bool:
        """Whether whoever the other sees is seen here too."""
        return self.sees_everyone or (not other.sees_everyone and other.departments <= self.departments)

    def narrow(self, queryset, path: str = "departement"):
        """The rows whose department, at the end of ``path``, is in the scope."""
        return queryset if self.sees_everyone else queryset.filter(**{f"{path}__in": sorted(self.departments)})


Scope.EVERYONE = Scope(sees_everyone=True)
Scope.NOBODY = Scope(sees_everyone=False)


@dataclass(frozen=True, slots=True)
class Role:
    """What the members of a group may see and do, within the departments given to the account."""

    group: str
    sees_everyone: bool = False  # while no department is given; else nobody
    may_have_keys: bool = False  # a key tells all that is known of the people whom it sees
    permissions: tuple[str, ...] = ()  # of this app; given to the group when it is made


HR = Role("RH", sees_everyone=True, may_have_keys=True, permissions=("add_employee",))
MANAGER = Role("Manager")
ROLES = {role.group: role for role in (HR, MANAGER)}


def roles_of(user) -> tuple[Role, ...]:
    """The roles of an account, by its groups; all of them for a superuser."""
    return _access(user)[0]


def scope_of(user) -> Scope:
    """Whom an account may see.

    Superusers see everyone. Others with a role see the departments given to the account; without any, members of *RH*
    see everyone and members of *Manager* nobody.
    """
    return _access(user)[1]


def _access(user) -> tuple[tuple[Role, ...], Scope]:
    """Kept on the account, as Django keeps its permissions: one query for each account object, none for a superuser."""
    if not hasattr(user, "_access"):
        user._access = _read_access(user)
    return user._access


def _read_access(user) -> tuple[tuple[Role, ...], Scope]:
    if not user.is_authenticated or not user.is_active:
        return (), Scope.NOBODY
    if user.is_superuser:
        return tuple(ROLES.values()), Scope.EVERYONE
    accounts = get_user_model().objects.filter(pk=user.pk)
    rows = set(accounts.values_list("groups__name", "department_accesses__departement"))
    roles = tuple(role for role in ROLES.values() if role.group in {group for group, _department in rows})
    given = Scope.of_departments({department for _group, department in rows if department and roles})
    return roles, Scope.EVERYONE if given.is_empty and any(role.sees_everyone for role in roles) else given


def scope_of_key(key) -> Scope:
    """Whom an API key may see: the departments stored with it, or everyone where none are stored."""
    return Scope.EVERYONE if key.departments is None else Scope.of_departments(key.departments)


def may_change(actor, account) -> bool:
    """Whether one account may touch another, with its permissions in the administration.

    Whoever sets someone's password may sign in as them: so nobody touches an account that may do more.
    """
    if actor.is_superuser:
        return True
    held = Permission.objects.filter(Q(user=account) | Q(group__user=account))
    names = held.values_list("content_type__app_label", "codename")
    return not account.is_superuser and actor.has_perms([f"{app}.{codename}" for app, codename in names])


def may_give_rights(actor, account) -> bool:
    """Whether one account may give or take the status, the groups and the permissions of another: never its own."""
    return actor.is_superuser and actor != account


def may_give_departments(actor, account) -> bool:
    """Whether one account may give or take the departments of another, all of which it sees itself: never its own."""
    return scope_of(actor).sees_everyone and actor != account and may_change(actor, account)


class SeesNobody(PermissionDenied):
    """An account without a role, or without a department where its role needs one, asks for a page about people."""

    def __init__(self, user):
        super().__init__()
        self.has_role = bool(roles_of(user))


def for_every_account(view):
    """Mark a view that is about the account alone, so that one that sees nobody may open it too."""
    view.needs_scope = False
    return view


class ScopeRequiredMiddleware(MiddlewareMixin):
    """Close every page to an account that sees nobody, unless the page says otherwise.

    Stands after Django's ``LoginRequiredMiddleware`` and leaves out what that leaves out: the API, the probes, the way
    in. The administration asks for permissions of its own.
    """

    def process_view(self, request, view, _args, _kwargs) -> None:
        is_page = getattr(view, "login_required", True) and "admin" not in request.resolver_match.app_names
        if is_page and getattr(view, "needs_scope", True) and scope_of(request.user).is_empty:
            raise SeesNobody(request.user)


def create_groups(app_config, *, using, apps=installed, **options) -> None:
    """Make the groups that are absent, with their permissions; called after each ``migrate``, and after a flush.

    A group that exists keeps what an administrator gave it.
    """
    try:
        groups = apps.get_model("auth", "Group").objects.using(using)
        permissions = apps.get_model("auth", "Permission").objects.using(using)
    except LookupError:  # auth is not migrated
        return
    create_permissions(app_config, using=using, apps=apps, verbosity=0)
    for role in ROLES.values():
        group, is_new = groups.get_or_create(name=role.group)
        if is_new:
            group.permissions.set(
                permissions.filter(content_type__app_label=app_config.label, codename__in=role.permissions)
            )
