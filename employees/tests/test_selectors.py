import pytest

from employees.models import Employee
from employees.selectors import employee_ranges
from employees.tests.factories import EmployeeFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("size", [1, 2, 3, 4, 100])
def test_employee_ranges_hold_everyone_once(size):
    EmployeeFactory.create_batch(4)
    Employee.objects.all()[1].delete()
    ranges = list(employee_ranges(size))
    pks = [pk for employees in ranges for pk in employees]
    assert len(pks) == len(set(pks))
    known = set(Employee.objects.values_list("pk", flat=True))
    assert known <= set(pks)
    assert [len(known & set(employees)) for employees in ranges[:-1]] == [size] * (len(ranges) - 1)


def test_employee_ranges_cross_a_gap_in_one_step():
    EmployeeFactory(pk=1)
    EmployeeFactory(pk=1_000_000)
    assert list(employee_ranges(1)) == [range(1, 2), range(1_000_000, 1_000_001)]


def test_employee_ranges_of_nobody_are_none():
    assert list(employee_ranges(10)) == []
