"""Who may see whom, read what and do what: the roles, and what follows from an account or from an API key.

A ``Scope`` says whose rows a caller sees, a ``Readable`` which columns of them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from django.apps import apps as installed
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.utils.deprecation import MiddlewareMixin
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from employees.columns import SATISFACTIONS


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
class Matter:
    """Columns of the extracts that are read together, by a role once the setting is on where there is one."""

    label: str
    columns: frozenset[str]
    setting: str = ""

    @property
    def is_granted(self) -> bool:
        return not self.setting or getattr(settings, self.setting)


WORK = Matter(
    "work and career",  # never named: whoever has a role reads it
    frozenset(
        {
            *("departement", "poste", "niveau_hierarchique_poste", "annees_dans_le_poste_actuel"),
            *("annee_experience_totale", "nombre_experiences_precedentes", "annees_dans_l_entreprise"),
            *("annees_depuis_la_derniere_promotion", "annees_sous_responsable_actuel", "a_quitte_l_entreprise"),
            *("heures_supplementaires", "frequence_deplacement", "distance_domicile_travail"),
            *("note_evaluation_precedente", "note_evaluation_actuelle", "nb_formations_suivies"),
            *("niveau_education", "domaine_etude", "nombre_participation_pee"),
        }
    ),
)
PAY = Matter(
    gettext_noop("pay"), frozenset({"revenu_mensuel", "augmentation_salaire_precedente"}), setting="MANAGERS_SEE_PAY"
)
SURVEY = Matter(gettext_noop("survey answers"), frozenset(SATISFACTIONS), setting="MANAGERS_SEE_SURVEY_ANSWERS")
PROTECTED = Matter(
    gettext_noop("what the law protects (age, sex, family status)"),
    frozenset({"age", "genre", "statut_marital", "ayant_enfants"}),
)
NAMED = (PAY, SURVEY, PROTECTED)  # what a page names when it does not show it
ALIKE = PAY.columns | SURVEY.columns  # named together: which of the two weighs in a score would tell something of it


@dataclass(frozen=True, slots=True)
class Readable:
    """Which columns of the extracts a caller may read of those in scope; what is made of others cannot be read.

    A column that stands in no ``Matter`` is read by who reads everything and by nobody else.
    """

    reads_everything: bool
    columns: frozenset[str] = frozenset()

    EVERYTHING: ClassVar["Readable"]
    NOTHING: ClassVar["Readable"]

    @classmethod
    def of_matters(cls, matters: Iterable[Matter]) -> "Readable":
        return cls(reads_everything=False, columns=frozenset[str]().union(*(matter.columns for matter in matters)))

    def reads(self, columns: frozenset[str]) -> bool:
        """Whether all of these may be read."""
        return self.reads_everything or columns <= self.columns

    def withheld(self, columns: frozenset[str]) -> str:
        """What of these may not be read, in the active language: "pay and survey answers"; empty when all may be."""
        if self.reads(columns):
            return ""
        hidden = columns - self.columns
        hidden |= ALIKE - self.columns if hidden & ALIKE else frozenset()
        labels = [_(matter.label) for matter in NAMED if hidden & matter.columns]
        return get_text_list(labels, _("and")) or _("other data")


Readable.EVERYTHING = Readable(reads_everything=True)
Readable.NOTHING = Readable(reads_everything=False)


@dataclass(frozen=True, slots=True)
class Role:
    """What the members of a group may see, read and do, within the departments given to the account."""

    group: str
    sees_everyone: bool = False  # while no department is given; else nobody
    reads_everything: bool = False  # of those whom it sees; else the matters that are granted
    reads: tuple[Matter, ...] = ()
    permissions: tuple[str, ...] = ()  # of this app; given to the group when it is made


HR = Role("RH", sees_everyone=True, reads_everything=True, permissions=("add_employee",))
MANAGER = Role("Manager", reads=(WORK, PAY, SURVEY))
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


def readable_to(user) -> Readable:
    """Which columns an account may read, by its roles and the settings that grant managers some."""
    roles = roles_of(user)
    if any(role.reads_everything for role in roles):
        return Readable.EVERYTHING
    return Readable.of_matters(matter for role in roles for matter in role.reads if matter.is_granted)


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
