"""Who may see whom, and do what: the roles, and the scope that follows from an account or from an API key."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions


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
        return self.sees_everyone or employee.departement in self.departments

    def narrow(self, queryset, path: str = "departement"):
        """The rows whose department, at the end of ``path``, is in the scope."""
        return queryset if self.sees_everyone else queryset.filter(**{f"{path}__in": sorted(self.departments)})


Scope.EVERYONE = Scope(sees_everyone=True)
Scope.NOBODY = Scope(sees_everyone=False)


@dataclass(frozen=True, slots=True)
class Role:
    """What the members of a group may see and do."""

    group: str
    sees_everyone: bool = False  # else the departments given to the account
    permissions: tuple[str, ...] = ()  # of this app; given to the group when it is made


HR = Role("RH", sees_everyone=True, permissions=("add_employee",))
MANAGER = Role("Manager")
ROLES = {role.group: role for role in (HR, MANAGER)}


def roles_of(user) -> tuple[Role, ...]:
    """The roles of an account, by its groups; all of them for a superuser. One query, once for each account object."""
    if not hasattr(user, "_roles"):
        user._roles = _read_roles(user)
    return user._roles


def _read_roles(user) -> tuple[Role, ...]:
    if not user.is_authenticated or not user.is_active:
        return ()
    if user.is_superuser:
        return tuple(ROLES.values())
    return tuple(ROLES[name] for name in user.groups.values_list("name", flat=True) if name in ROLES)


def scope_of(user) -> Scope:
    """Whom an account may see.

    Superusers and members of *RH* see everyone, members of *Manager* the departments given to the account. Two queries,
    once for each account object: the answer is kept on it, as Django keeps its permissions.
    """
    if not hasattr(user, "_scope"):
        user._scope = _read_scope(user)
    return user._scope


def _read_scope(user) -> Scope:
    roles = roles_of(user)
    if any(role.sees_everyone for role in roles):
        return Scope.EVERYONE
    if roles:
        return Scope.of_departments(user.department_accesses.values_list("departement", flat=True))
    return Scope.NOBODY


def scope_of_key(key) -> Scope:
    """Whom an API key may see: the departments stored with it, or everyone where none are stored."""
    return Scope.EVERYONE if key.departments is None else Scope.of_departments(key.departments)


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
