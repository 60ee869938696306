from types import SimpleNamespace

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser, Group
from django.core.management import call_command

from employees.access import (
    NAMED,
    PAY,
    PROTECTED,
    SURVEY,
    WORK,
    Readable,
    Scope,
    figures_of,
    may_add_employees,
    may_answer,
    readable_to,
    scope_of,
    scope_of_key,
)
from employees.access.roles import create_groups
from employees.columns import BY_NAME
from employees.models import Employee
from employees.tests.factories import EmployeeFactory

pytestmark = pytest.mark.django_db


def make_user(*groups, departments=(), **flags):
    user = get_user_model().objects.create_user("someone", **flags)
    user.groups.set(Group.objects.filter(name__in=groups))
    for departement in departments:
        user.department_accesses.create(departement=departement)
    return user


@pytest.mark.parametrize(("group", "may_import"), [("RH", True), ("Manager", False), ("Auditeur", False)])
def test_migrated_group_may_import(group, may_import):
    assert make_user(group).has_perm("employees.add_employee") is may_import


def test_migrate_keeps_what_an_administrator_took_from_a_group():
    Group.objects.get(name="RH").permissions.clear()
    create_groups(apps.get_app_config("employees"), using="default")
    assert not make_user("RH").has_perm("employees.add_employee")


def test_migrate_brings_an_absent_group_back():
    Group.objects.all().delete()
    call_command("migrate", interactive=False, verbosity=0)
    assert make_user("RH").has_perm("employees.add_employee")


def test_auditor_reads_figures_of_everyone_and_no_column_of_anybody():
    user = make_user("Auditeur", departments=["Consulting"])
    assert figures_of(user) == (Scope.EVERYONE, Readable.EVERYTHING)
    assert readable_to(user) == Readable(reads_everything=False)
    assert not may_answer(user)
    assert not may_add_employees(user)


SOME = Scope.of_departments(["Commercial", "Consulting"])


@pytest.mark.parametrize(
    ("groups", "flags", "scope"),
    [
        (["RH"], {}, SOME),
        (["RH", "Manager"], {}, SOME),
        ([], {"is_superuser": True}, Scope.EVERYONE),
        (["Manager"], {}, SOME),
        (["Auditeur"], {}, Scope.NOBODY),
        (["Manager", "Auditeur"], {}, SOME),
        ([], {}, Scope.NOBODY),
        ([], {"is_staff": True}, Scope.NOBODY),
        (["RH"], {"is_active": False}, Scope.NOBODY),
        ([], {"is_superuser": True, "is_active": False}, Scope.NOBODY),
    ],
)
def test_scope_of_account_with_departments(groups, flags, scope):
    assert scope_of(make_user(*groups, departments=["Consulting", "Commercial"], **flags)) == scope


@pytest.mark.parametrize(
    ("groups", "flags", "scope"),
    [
        (["RH"], {}, Scope.EVERYONE),
        (["RH", "Manager"], {}, Scope.EVERYONE),
        ([], {"is_superuser": True}, Scope.EVERYONE),
        (["Manager"], {}, Scope.NOBODY),
        (["Auditeur"], {}, Scope.NOBODY),
        (["RH", "Auditeur"], {}, Scope.EVERYONE),
        ([], {}, Scope.NOBODY),
        (["RH"], {"is_active": False}, Scope.NOBODY),
    ],
)
def test_scope_of_account_without_departments(groups, flags, scope):
    assert scope_of(make_user(*groups, **flags)) == scope


@pytest.mark.parametrize(
    ("departments", "scope"),
    [(None, Scope.EVERYONE), (["Consulting"], Scope.of_departments(["Consulting"])), ([], Scope.NOBODY)],
)
def test_scope_of_key(departments, scope):
    assert scope_of_key(SimpleNamespace(departments=departments)) == scope


@pytest.mark.parametrize(
    ("scope", "other", "is_covered"),
    [
        (Scope.EVERYONE, Scope.EVERYONE, True),
        (Scope.EVERYONE, SOME, True),
        (SOME, Scope.EVERYONE, False),
        (SOME, SOME, True),
        (SOME, Scope.of_departments(["Consulting"]), True),
        (Scope.of_departments(["Consulting"]), SOME, False),
        (Scope.NOBODY, SOME, False),
        (Scope.NOBODY, Scope.EVERYONE, False),
        (Scope.NOBODY, Scope.NOBODY, True),
    ],
)
def test_scope_covers_who_is_seen_in_both(scope, other, is_covered):
    assert scope.covers(other) is is_covered


@pytest.mark.parametrize("empty", [Scope.NOBODY, Scope.of_departments([]), Scope.of_departments("")])
def test_scope_of_no_department_sees_nobody(empty):
    employee = EmployeeFactory()
    assert empty.is_empty
    assert not empty.sees(employee)
    assert not Employee.objects.within(empty).exists()


def test_scope_of_a_department_sees_its_people_alone():
    inside, outside = EmployeeFactory(departement="Consulting"), EmployeeFactory(departement="Commercial")
    scope = Scope.of_departments(["Consulting"])
    assert (scope.is_empty, scope.sees(inside), scope.sees(outside)) == (False, True, False)
    assert list(Employee.objects.within(scope)) == [inside]


def test_scope_of_everyone_sees_everyone():
    employee = EmployeeFactory()
    assert (Scope.EVERYONE.is_empty, Scope.EVERYONE.sees(employee)) == (False, True)
    assert list(Employee.objects.within(Scope.EVERYONE)) == [employee]


def test_visible_to_manager_of_one_department():
    inside = EmployeeFactory(departement="Consulting")
    EmployeeFactory(departement="Commercial")
    manager = make_user("Manager", departments=["Consulting"])
    assert list(Employee.objects.visible_to(manager)) == [inside]


def test_visible_to_manager_without_department():
    EmployeeFactory()
    assert not Employee.objects.visible_to(make_user("Manager")).exists()


def test_visible_to_nobody_signed_in():
    EmployeeFactory()
    assert not Employee.objects.visible_to(AnonymousUser()).exists()


@pytest.mark.parametrize(
    ("groups", "flags", "reads_everything"),
    [
        (["RH"], {}, True),
        (["RH", "Manager"], {}, True),
        ([], {"is_superuser": True}, True),
        (["Manager"], {}, False),
        (["Manager"], {"is_staff": True}, False),
        ([], {}, False),
        (["RH"], {"is_active": False}, False),
    ],
)
def test_readable_to_account(groups, flags, reads_everything):
    readable = readable_to(make_user(*groups, departments=["Consulting"], **flags))
    assert readable.reads_everything is reads_everything
    assert readable.reads(PAY.columns | SURVEY.columns | PROTECTED.columns) is reads_everything


@pytest.mark.parametrize("reader", [lambda: make_user(), AnonymousUser])
def test_readable_to_nobody_in_particular_is_nothing(reader):
    assert readable_to(reader()) == Readable(reads_everything=False)


@pytest.mark.parametrize("granted", [[], [PAY], [SURVEY], [PAY, SURVEY]])
def test_manager_reads_work_and_what_a_setting_grants(settings, granted):
    for matter in granted:
        setattr(settings, matter.setting, True)
    assert readable_to(make_user("Manager")) == Readable.of_matters([WORK, *granted])


def test_no_column_stands_in_two_matters():
    matters = (WORK, *NAMED)
    columns = frozenset().union(*(matter.columns for matter in matters))
    assert len(columns) == sum(len(matter.columns) for matter in matters)
    assert columns <= BY_NAME.keys()


def test_column_that_nobody_has_described_is_read_by_those_who_read_everything():
    new = frozenset({"home_office_days"})
    assert Readable.EVERYTHING.reads(new)
    assert not Readable.of_matters([WORK, *NAMED]).reads(new)
    assert Readable.of_matters([WORK]).withheld(new) == "other data"


@pytest.mark.parametrize(
    ("readable", "columns", "words"),
    [
        (Readable.EVERYTHING, {"revenu_mensuel", "age"}, ""),
        (Readable.of_matters([WORK]), {"poste"}, ""),
        (Readable.of_matters([WORK]), {"revenu_mensuel"}, "pay and survey answers"),
        (Readable.of_matters([WORK]), {"satisfaction_employee_equipe", "poste"}, "pay and survey answers"),
        (Readable.of_matters([WORK, SURVEY]), {"revenu_mensuel", "satisfaction_employee_equipe"}, "pay"),
        (Readable.of_matters([WORK, PAY]), {"revenu_mensuel", "satisfaction_employee_equipe"}, "survey answers"),
        (
            Readable.of_matters([WORK]),
            {"revenu_mensuel", "age"},
            "pay, survey answers and what the law protects (age, sex, family status)",
        ),
    ],
)
def test_withheld_names_what_may_not_be_read_and_pay_and_survey_together(readable, columns, words):
    assert readable.withheld(frozenset(columns)) == words
