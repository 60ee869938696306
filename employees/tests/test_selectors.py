from datetime import timedelta

import pytest
from django.utils import timezone

from employees import selectors
from employees.models import Departure, Employee, EmployeeSnapshot, Survey
from employees.tests.factories import (
    DepartureFactory,
    EmployeeFactory,
    EmployeeSnapshotFactory,
    SurveyFactory,
)

pytestmark = pytest.mark.django_db
MODELS = {EmployeeSnapshot: EmployeeSnapshotFactory, Survey: SurveyFactory, Departure: DepartureFactory}


def chunks(size):
    return list(selectors.newest_raw_chunks(size))


@pytest.mark.parametrize("model", MODELS)
def test_newest_is_the_last_recorded_of_each_employee(model):
    now = timezone.now()
    one, other = EmployeeFactory.create_batch(2)
    newest = MODELS[model](employee=one, recorded_at=now)
    MODELS[model](employee=one, recorded_at=now - timedelta(days=1))
    only = MODELS[model](employee=other, recorded_at=now - timedelta(days=9))
    assert set(selectors.newest(model)) == {newest, only}


@pytest.mark.parametrize("model", MODELS)
def test_newest_of_the_same_instant_is_the_last_written(model):
    now = timezone.now()
    rows = MODELS[model].create_batch(2, employee=EmployeeFactory(), recorded_at=now)
    assert list(selectors.newest(model)) == [rows[1]]


@pytest.mark.parametrize("model", MODELS)
def test_newest_frame_holds_the_raw_columns_of_a_range(model, django_assert_num_queries):
    rows = MODELS[model].create_batch(3)
    employees = range(rows[0].employee_id, rows[2].employee_id)
    with django_assert_num_queries(1):
        frame = selectors.newest_frame(model, employees)
    assert list(frame.columns) == selectors.raw_columns(model)
    assert frame.index.tolist() == [row.employee_id for row in rows[:2]]


def test_employee_numbers_are_indexed_by_primary_key(django_assert_num_queries):
    late = EmployeeFactory(employee_id=7, departement="Commercial")
    early = EmployeeFactory(employee_id=3)
    with django_assert_num_queries(1):
        frame = selectors.employee_numbers()
    assert frame.index.tolist() == [late.pk, early.pk]
    assert frame["employee_id"].tolist() == [7, 3]
    assert frame["departement"].tolist() == ["Commercial", "Consulting"]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 100])
def test_employee_ranges_hold_everyone_once(size):
    EmployeeFactory.create_batch(4)
    Employee.objects.all()[1].delete()
    ranges = list(selectors.employee_ranges(size))
    pks = [pk for employees in ranges for pk in employees]
    assert len(pks) == len(set(pks))
    known = set(Employee.objects.values_list("pk", flat=True))
    assert known <= set(pks)
    assert [len(known & set(employees)) for employees in ranges[:-1]] == [size] * (len(ranges) - 1)


def test_employee_ranges_cross_a_gap_in_one_step():
    EmployeeFactory(pk=1)
    EmployeeFactory(pk=1_000_000)
    assert list(selectors.employee_ranges(1)) == [range(1, 2), range(1_000_000, 1_000_001)]


def test_employee_ranges_of_nobody_are_none():
    assert list(selectors.employee_ranges(10)) == []


def test_raw_chunks_join_the_newest_of_each_table(django_assert_num_queries):
    employee = EmployeeFactory()
    EmployeeSnapshotFactory(employee=employee, age=40)
    EmployeeSnapshotFactory(employee=employee, age=41)
    SurveyFactory(employee=employee, niveau_education=4)
    DepartureFactory(employee=employee, a_quitte_l_entreprise=True)
    with django_assert_num_queries(5):  # the primary keys, then four a chunk
        (chunk,) = chunks(10_000_000)
    row = chunk.loc[employee.pk]
    assert (row["employee_id"], row["age"], row["niveau_education"]) == (employee.employee_id, 41, 4)
    assert row["has_snapshot"]
    assert row["has_survey"]
    assert row["a_quitte_l_entreprise"]


def test_raw_chunks_say_what_an_employee_lacks():
    without_survey = EmployeeSnapshotFactory().employee
    without_snapshot = SurveyFactory().employee
    (chunk,) = chunks(10_000_000)
    assert chunk["has_snapshot"].to_dict() == {without_survey.pk: True, without_snapshot.pk: False}
    assert chunk["has_survey"].to_dict() == {without_survey.pk: False, without_snapshot.pk: True}
    assert chunk["a_quitte_l_entreprise"].isna().all()


def test_raw_chunks_hold_everyone_once():
    employees = EmployeeFactory.create_batch(5)
    Employee.objects.filter(pk=employees[2].pk).delete()
    pks = [pk for chunk in chunks(1) for pk in chunk.index]
    assert pks == [employee.pk for place, employee in enumerate(employees) if place != 2]
