from datetime import date

import pytest
from django.contrib.auth.models import AnonymousUser, Group, User
from django.db import IntegrityError, transaction
from django.utils import timezone

from employees.access import HR, MANAGER, Scope, scope_of
from employees.columns import BY_NAME, DEPARTMENTS, ORDERED, ColumnKind
from employees.models import ROWS, DepartmentAccess, Employee, EmployeeState, LoadedExtract, SirhRow
from employees.tests.factories import EmployeeFactory, EmployeeStateFactory, LoadedExtractFactory

KEY, TEXT = ColumnKind.KEY, ColumnKind.TEXT
pytestmark = pytest.mark.django_db
COLUMNS = {name: model for model in ROWS.values() for name in model.value_names()}


def member(*groups, **options):
    user = User.objects.create_user(f"user{User.objects.count()}", **options)
    user.groups.set([Group.objects.get_or_create(name=name)[0] for name in groups])
    return user


def row(model, **values):
    """A row of an extract, of employee number 1."""
    return model.objects.create(extract=LoadedExtractFactory(), number=1, **values)


def test_every_raw_column_is_in_exactly_one_table():
    assert COLUMNS.keys() == BY_NAME.keys()
    assert sum(len(model.value_names()) for model in ROWS.values()) == len(BY_NAME)


def test_database_refuses_a_value_beyond_the_bounds():
    bounded = {name: c for name, c in BY_NAME.items() if c.minimum is not None and c.kind not in (KEY, TEXT)}
    for name, column in bounded.items():
        for value in (column.minimum - 1, column.maximum + 1):
            with pytest.raises(IntegrityError), transaction.atomic():
                row(COLUMNS[name], **{name: value})
    assert len(bounded) > 20


def test_database_takes_an_unknown_value_of_every_column():
    for model in ROWS.values():
        row(model)
        assert model.objects.filter(**dict.fromkeys(model.value_names())).count() == 1


def test_database_refuses_a_duration_that_exceeds_the_one_around_it():
    pairs = [pair for pair in ORDERED if {COLUMNS[name] for name in pair} == {SirhRow}]
    for smaller, larger in pairs:
        with pytest.raises(IntegrityError), transaction.atomic():
            row(SirhRow, **{larger: 4, smaller: 5})
    assert len(pairs) == 2


def test_database_refuses_a_second_row_of_a_number_in_an_extract():
    first = row(SirhRow)
    with pytest.raises(IntegrityError):
        SirhRow.objects.create(extract=first.extract, number=1)


def test_database_refuses_a_second_employee_with_the_number():
    employee = EmployeeFactory()
    with pytest.raises(IntegrityError):
        EmployeeFactory(employee_id=employee.employee_id)


def test_database_refuses_employee_number_zero():
    with pytest.raises(IntegrityError):
        EmployeeFactory(employee_id=0)


def test_database_refuses_the_same_access_twice():
    user = member()
    DepartmentAccess.objects.create(user=user, departement="Commercial")
    with pytest.raises(IntegrityError):
        DepartmentAccess.objects.create(user=user, departement="Commercial")


def test_extract_in_force_is_the_last_one_of_its_kind_and_day_that_was_not_withdrawn():
    first, second = LoadedExtractFactory(), LoadedExtractFactory()
    other_day = LoadedExtractFactory(load__as_of=date(2026, 5, 31))
    assert set(LoadedExtract.objects.in_force()) == {second, other_day}
    second.load.withdrawn_at = timezone.now()
    second.load.save()
    assert set(LoadedExtract.objects.in_force()) == {first, other_day}


def test_database_refuses_two_newest_states_of_an_employee():
    state = EmployeeStateFactory()
    with pytest.raises(IntegrityError):
        EmployeeStateFactory(employee=state.employee, as_of=date(2026, 7, 31))


def test_database_refuses_a_departure_without_a_day():
    with pytest.raises(IntegrityError):
        EmployeeStateFactory(presence="left")


def test_state_of_a_day_is_the_one_that_holds_on_it():
    employee = EmployeeFactory()
    old = EmployeeStateFactory(employee=employee, as_of=date(2026, 1, 31), until=date(2026, 3, 31))
    new = EmployeeStateFactory(employee=employee, as_of=date(2026, 3, 31))
    for day, expected in (("2026-01-30", []), ("2026-01-31", [old]), ("2026-03-30", [old]), ("2026-03-31", [new])):
        assert list(EmployeeState.objects.on(date.fromisoformat(day))) == expected


def test_rows_say_who_and_when():
    assert str(EmployeeFactory(employee_id=4211)) == "4211"
    assert str(LoadedExtractFactory()) == "sirh 2026-06-30"
    assert str(EmployeeStateFactory()).endswith("2026-06-30 present")


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
    for department in DEPARTMENTS:
        EmployeeFactory(departement=department)
    user = member(MANAGER.group)
    DepartmentAccess.objects.create(user=user, departement="Consulting")
    DepartmentAccess.objects.create(user=user, departement="Commercial")
    seen = set(Employee.objects.visible_to(user).values_list("departement", flat=True))
    assert seen == {"Consulting", "Commercial"}
    assert Employee.objects.visible_to(member(HR.group)).count() == 3
    assert str(user.department_accesses.get(departement="Consulting")) == f"{user}: Consulting"
