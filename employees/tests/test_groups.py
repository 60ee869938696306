import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser, Group
from django.core.management import call_command

from employees.groups import create_groups
from employees.models import Employee, visible_departments
from employees.tests.factories import EmployeeFactory

pytestmark = pytest.mark.django_db


def make_user(*groups, departments=(), **flags):
    user = get_user_model().objects.create_user("someone", **flags)
    user.groups.set(Group.objects.filter(name__in=groups))
    for departement in departments:
        user.department_accesses.create(departement=departement)
    return user


@pytest.mark.parametrize(("group", "may_import"), [("RH", True), ("Manager", False)])
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


@pytest.mark.parametrize(
    ("groups", "flags", "departments"),
    [
        (["RH"], {}, None),
        (["RH", "Manager"], {}, None),
        ([], {"is_superuser": True}, None),
        (["Manager"], {}, ["Commercial", "Consulting"]),
        ([], {}, []),
        ([], {"is_staff": True}, []),
        (["RH"], {"is_active": False}, []),
        ([], {"is_superuser": True, "is_active": False}, []),
    ],
)
def test_visible_departments(groups, flags, departments):
    user = make_user(*groups, departments=["Consulting", "Commercial"], **flags)
    visible = visible_departments(user)
    assert visible == departments or sorted(visible) == departments


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
