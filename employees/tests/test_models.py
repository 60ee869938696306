from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import AnonymousUser, Group, User
from django.db import IntegrityError, transaction

from employees import columns
from employees.access import HR, MANAGER, Scope, scope_of
from employees.columns import JOINED, ORDERED
from employees.models import (
    DepartmentAccess,
    Departure,
    Employee,
    EmployeeSnapshot,
    Survey,
)
from employees.selectors import raw_columns
from employees.tests.factories import (
    DepartureFactory,
    EmployeeFactory,
    EmployeeSnapshotFactory,
    SurveyFactory,
)

BY_NAME = {name: column for name, column in columns.BY_NAME.items() if column.extract in JOINED}
pytestmark = pytest.mark.django_db
FACTORIES = {EmployeeSnapshot: EmployeeSnapshotFactory, Survey: SurveyFactory, Departure: DepartureFactory}
COLUMNS = {name: model for model in FACTORIES for name in raw_columns(model)}


def member(*groups, **options):
    user = User.objects.create_user(f"user{User.objects.count()}", **options)
    user.groups.set([Group.objects.get_or_create(name=name)[0] for name in groups])
    return user


def test_employee_keeps_the_newest_outcome():
    days = [datetime(2026, month, 1, tzinfo=UTC) for month in (1, 2)]
    histories = {1: (False, True), 2: (True, False), 3: (True,), 4: ()}
    for number, outcomes in histories.items():
        employee = EmployeeFactory(employee_id=number)
        for day, has_left in zip(days, outcomes, strict=False):
            DepartureFactory(employee=employee, a_quitte_l_entreprise=has_left, recorded_at=day)
    kept = Employee.objects.values_list("employee_id", "left_recorded_at").order_by("employee_id")
    assert list(kept) == [(1, days[1]), (2, None), (3, days[0]), (4, None)]


def test_every_raw_column_is_in_exactly_one_table():
    assert COLUMNS.keys() == BY_NAME.keys()
    assert sum(len(raw_columns(model)) for model in FACTORIES) == len(BY_NAME)


def test_choices_of_a_table_are_those_of_the_extract():
    for name, column in BY_NAME.items():
        if column.choices:
            field = COLUMNS[name]._meta.get_field(name)
            assert [value for value, _label in field.choices] == list(column.choices)
            assert field.max_length >= max(map(len, column.choices))


def beyond(name, column):
    """Values that a column may not have, as near as can be to those that it may."""
    if column.minimum is not None:
        return [column.minimum - 1, column.maximum + 1]
    return ["A" if name == "genre" else "Autre chose"] if column.choices else []


def refuses(row, name, value):
    """Whether the database refuses the value."""
    try:
        with transaction.atomic():
            type(row).objects.filter(pk=row.pk).update(**{name: value})
    except IntegrityError:
        return True
    return False


def test_database_refuses_a_value_beyond_the_bounds_or_the_choices():
    rows = {model: factory() for model, factory in FACTORIES.items()}
    for name, column in BY_NAME.items():
        for value in beyond(name, column):
            assert refuses(rows[COLUMNS[name]], name, value), (name, value)


def test_database_refuses_a_duration_that_exceeds_the_one_around_it():
    row = EmployeeSnapshotFactory()
    for smaller, larger in ORDERED:
        if COLUMNS[smaller] is COLUMNS[larger] is EmployeeSnapshot:
            assert refuses(row, smaller, getattr(row, larger) + 1), (smaller, larger)


def test_database_refuses_a_second_employee_with_the_number():
    employee = EmployeeFactory()
    with pytest.raises(IntegrityError):
        EmployeeFactory(employee_id=employee.employee_id)


def test_database_refuses_employee_number_zero():
    with pytest.raises(IntegrityError):
        EmployeeFactory(employee_id=0)


def test_database_refuses_an_unknown_department_of_an_employee_or_an_access():
    employee = EmployeeFactory()
    with pytest.raises(IntegrityError):
        Employee.objects.filter(pk=employee.pk).update(departement="Ventes")


def test_database_refuses_access_to_an_unknown_department():
    with pytest.raises(IntegrityError):
        DepartmentAccess.objects.create(user=member(), departement="Ventes")


def test_database_refuses_the_same_access_twice():
    user = member()
    DepartmentAccess.objects.create(user=user, departement="Commercial")
    with pytest.raises(IntegrityError):
        DepartmentAccess.objects.create(user=user, departement="Commercial")


@pytest.mark.parametrize("model", FACTORIES)
def test_history_is_newest_first(model):
    employee = EmployeeFactory()
    old, new = FACTORIES[model].create_batch(2, employee=employee)
    assert list(model.objects.all()) == [new, old]
    assert model.objects.latest() == new


def test_rows_say_who_and_when():
    row = SurveyFactory()
    assert str(row) == f"{row.employee_id} {row.recorded_at:%Y-%m-%d}"
    assert str(EmployeeFactory(employee_id=4211)) == "4211"
    assert str(EmployeeSnapshotFactory()).endswith(f"{row.recorded_at:%Y-%m-%d}")
    assert str(DepartureFactory()).endswith(f"{row.recorded_at:%Y-%m-%d}")


# Who sees whom


def test_superuser_sees_every_department(django_assert_num_queries):
    user = member(is_superuser=True)
    with django_assert_num_queries(0):
        assert scope_of(user) == Scope.EVERYONE


def test_hr_sees_every_department(django_assert_num_queries):
    user = member(HR.group)
    with django_assert_num_queries(1):
        assert scope_of(user) == Scope.EVERYONE


@pytest.mark.parametrize("groups", [[HR.group], [HR.group, MANAGER.group]])
def test_hr_with_a_department_sees_it_alone(groups):
    user = member(*groups)
    DepartmentAccess.objects.create(user=user, departement="Commercial")
    assert scope_of(user) == Scope.of_departments(["Commercial"])


def test_manager_sees_the_departments_of_the_account(django_assert_num_queries):
    user = member(MANAGER.group)
    DepartmentAccess.objects.create(user=user, departement="Commercial")
    with django_assert_num_queries(1):
        assert scope_of(user) == Scope.of_departments(["Commercial"])


def test_manager_without_departments_sees_nobody():
    EmployeeFactory()
    user = member(MANAGER.group)
    assert scope_of(user) == Scope.NOBODY
    assert not Employee.objects.visible_to(user).exists()


def test_access_without_the_group_gives_nothing():
    user = member("Comptabilité")
    DepartmentAccess.objects.create(user=user, departement="Commercial")
    assert scope_of(user) == Scope.NOBODY


@pytest.mark.parametrize("options", [{"is_superuser": True}, {}])
def test_inactive_account_sees_nobody(options):
    assert scope_of(member(HR.group, is_active=False, **options)) == Scope.NOBODY


def test_stranger_sees_nobody():
    assert scope_of(AnonymousUser()) == Scope.NOBODY


def test_visible_employees_are_those_of_the_departments():
    for department in columns.DEPARTMENTS:
        EmployeeFactory(departement=department)
    user = member(MANAGER.group)
    DepartmentAccess.objects.create(user=user, departement="Consulting")
    DepartmentAccess.objects.create(user=user, departement="Commercial")
    seen = set(Employee.objects.visible_to(user).values_list("departement", flat=True))
    assert seen == {"Consulting", "Commercial"}
    assert Employee.objects.visible_to(member(HR.group)).count() == 3
    assert str(user.department_accesses.get(departement="Consulting")) == f"{user}: Consulting"
