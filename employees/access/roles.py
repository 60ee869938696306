"""The roles, their groups, and what an account sees and reads by them."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.apps import apps as installed
from django.contrib.auth import get_user_model
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Permission
from django.db.models import Exists, OuterRef, Q, Subquery

from employees import terms
from employees.access.readable import PAY, SURVEY, WORK, Matter, Readable
from employees.access.scope import THERE, Scope, Team
from employees.columns import KEY


@dataclass(frozen=True, slots=True)
class Role:
    """A role: what the members of a group may see, read and do within the account's departments."""

    group: str
    sees_everyone: bool = False  # while no department is given; else nobody
    reads_everything: bool = False  # of the people it sees; else the matters that are granted
    reads: tuple[Matter, ...] = ()
    answers: bool = False  # whether people in its scope have left or are present
    reads_figures: bool = False  # of groups, and the model, for the whole company; sees nobody
    audits: bool = False  # reads the journals, the loads and what is kept, too
    follows: bool = False  # opens cases of the people it sees, and follows them
    decides: bool = False  # sets the threshold and the model's version for all, if its scope is everyone
    administers: bool = False  # accounts that may do no more than it, API keys and the words, if its scope is everyone
    permissions: tuple[str, ...] = ()  # of this app; given to the group when it is made


HR = Role(
    "RH",
    sees_everyone=True,
    reads_everything=True,
    answers=True,
    follows=True,
    decides=True,
    administers=True,
    permissions=("add_employee",),
)
MANAGER = Role("Manager", reads=(WORK, PAY, SURVEY), follows=True)
DIRECTION = Role("Direction", reads_figures=True)
AUDITOR = Role("Auditeur", reads_figures=True, audits=True)  # the works council, the data protection officer
ROLES = {role.group: role for role in (HR, MANAGER, DIRECTION, AUDITOR)}


def roles_of(user) -> tuple[Role, ...]:
    """The roles of an account, by its groups; all of them for a superuser."""
    return _access(user).roles


def scope_of(user) -> Scope:
    """The people that an account may see.

    Superusers see everyone. Others with a role see the departments given to the account, and everyone who reports to
    the person that it is tied to, while that person is there; without any of both, members of *RH* see everyone and
    members of *Manager* nobody. Members of *Direction* or *Auditeur* alone see nobody. A merged department is the one
    that it was merged into.
    """
    return _access(user).scope


@dataclass(frozen=True, slots=True)
class _Access:
    roles: tuple[Role, ...]
    scope: Scope
    may_add: bool  # employees; a permission of the account or of its groups


def _access(user) -> _Access:
    """Cached on the account, like Django's permissions: one query an account object, none for a superuser."""
    if not hasattr(user, "_access"):
        user._access = _read_access(user)
    return user._access


def _read_access(user) -> _Access:
    if not user.is_authenticated or not user.is_active:
        return _Access((), Scope.NOBODY, may_add=False)
    if user.is_superuser:
        return _Access(tuple(ROLES.values()), Scope.EVERYONE, may_add=True)
    # Every page asks for this permission; ``has_perm`` would take two more queries.
    held = Permission.objects.filter(Q(user=OuterRef("pk")) | Q(group__user=OuterRef("pk")))
    may_add = Exists(held.filter(content_type__app_label="employees", codename="add_employee"))
    accounts = get_user_model().objects.filter(pk=user.pk)
    days = installed.get_model("employees", "WorkforceDay").objects.order_by("-as_of")
    of_team = [f"team_access__employee__{name}" for name in ("pk", "presence", "line__position", "line__last")]
    found = list(
        accounts.values_list(
            "groups__name",
            "department_accesses__departement",
            *of_team,
            Subquery(days.values("revision")[:1]),
            may_add,
            terms.REVISION,
        )
    )
    rows = {(group, department) for group, department, *_rest in found}
    words = terms.at(found[0][-1]) if found else terms.current()
    roles = tuple(role for role in ROLES.values() if role.group in {group for group, _department in rows})
    sees_people = any(not role.reads_figures for role in roles)
    is_tied = sees_people and found[0][2] is not None
    given = Scope.of_departments(
        words.resolved("departement", {department for _group, department in rows if department and sees_people}),
        _team(*found[0][2:-2]) if is_tied else None,
    )
    is_limited = is_tied or not given.is_empty
    scope = Scope.EVERYONE if not is_limited and any(role.sees_everyone for role in roles) else given
    return _Access(roles, scope, may_add=bool(found) and found[0][-2])


def _team(person: int, presence: str, position: int | None, last: int | None, revision: UUID | None) -> Team | None:
    """The team of a person who is there; whom the SIRH does not hold, but the directory, is. Without a line, nobody."""
    if presence not in THERE:
        return None
    if position is None or last is None:
        return Team(person, 0, 0, revision)
    return Team(person, position, last, revision)


def seen_by(account: str, employee: str) -> Q:
    """Whether the account of a row sees the row's employee, by the paths to both: ``scope_of`` as a condition."""
    of_account = {"user": OuterRef(account)}
    groups = installed.get_model("auth", "Group").objects.filter(**of_account)
    accesses = installed.get_model("employees", "DepartmentAccess").objects.filter(**of_account)
    teams = installed.get_model("employees", "TeamAccess").objects.filter(**of_account)
    there = teams.filter(employee__presence__in=THERE)
    place = OuterRef(f"{employee}__line__position")
    in_team = Exists(there.filter(employee__line__position__lt=place, employee__line__last__gte=place))
    in_department = Q(Exists(accesses.filter(departement=OuterRef(f"{employee}__departement"))))
    for former, name in terms.current().merged.get("departement", {}).items():
        in_department |= Q(Exists(accesses.filter(departement=former)), **{f"{employee}__departement": name})
    in_department &= Q(~Exists(there.filter(employee=OuterRef(employee))))  # nobody sees themselves
    everyone = [role.group for role in ROLES.values() if role.sees_everyone]
    is_unlimited = Exists(groups.filter(name__in=everyone)) & ~Exists(accesses) & ~Exists(teams)
    some = [role.group for role in ROLES.values() if not role.reads_figures]
    sees = is_unlimited | Exists(groups.filter(name__in=some)) & (in_department | in_team)
    return Q(**{f"{account}__is_active": True}) & (Q(**{f"{account}__is_superuser": True}) | sees)


def readable_to(user) -> Readable:
    """The columns that an account may read, by its roles and the settings for managers."""
    roles = roles_of(user)
    if any(role.reads_everything for role in roles):
        return Readable.EVERYTHING
    return Readable.of_matters(matter for role in roles for matter in role.reads if matter.is_granted)


def may_read_figures(user) -> bool:
    """Whether an account reads the figures of groups and the model for the whole company; they show no person."""
    return any(role.reads_figures for role in roles_of(user))


def may_audit(user) -> bool:
    """Whether an account reads the journals, the loads and what is kept, for the whole company."""
    return any(role.audits for role in roles_of(user))


def figures_of(user) -> tuple[Scope, Readable]:
    """The scope and the columns of the aggregate figures that an account reads: of everyone, if it may read figures."""
    return (Scope.EVERYONE, Readable.EVERYTHING) if may_read_figures(user) else (scope_of(user), readable_to(user))


def reads_rounded(user) -> bool:
    """Whether the figures that an account reads are rounded: they are of people whom no list shows it."""
    return may_read_figures(user) and not scope_of(user).sees_everyone


def readers_of(column: str) -> Iterator[tuple[Role, Matter | None]]:
    """The roles that read a column of the extracts, with the matter that grants it; None where nothing has to."""
    for role in ROLES.values():
        if role.reads_everything or (column == KEY and not role.reads_figures):
            yield role, None
        else:
            yield from ((role, matter) for matter in role.reads if column in matter.columns)


def may_add_employees(user) -> bool:
    """Whether an account has the permission to add employees, in any department."""
    return _access(user).may_add


def may_switch_columns(user) -> bool:
    """Whether an account may switch columns off: it needs the permission and the whole company as its scope."""
    return user.has_perm("employees.switch_column") and scope_of(user).sees_everyone


def may_answer(user) -> bool:
    """Whether an account may record departures and presence within its scope."""
    return any(role.answers for role in roles_of(user))


def may_follow(user) -> bool:
    """Whether an account may open cases of the people in its scope."""
    return any(role.follows for role in roles_of(user))


def may_weigh(user) -> bool:
    """Whether an account reads what came of the cases and what they cost, as figures of groups."""
    return may_answer(user) or may_read_figures(user)


def may_decide(user) -> bool:
    """Whether an account may set the company's threshold, and restore or approve a version of the model."""
    return scope_of(user).sees_everyone and any(role.decides for role in roles_of(user))


def may_administer(user) -> bool:
    """Whether an account administers accounts, with their roles and departments, API keys and the company's words."""
    return scope_of(user).sees_everyone and any(role.administers for role in roles_of(user))


def create_groups(app_config, *, using, apps=installed, **options) -> None:
    """Create missing groups with their permissions, after each ``migrate`` and flush.

    An existing group keeps the permissions that an administrator set.
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
