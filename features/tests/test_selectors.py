from datetime import date, timedelta

import pytest

from employees.access import Scope
from employees.models import Employee
from employees.tests.extracts import load_all
from employees.tests.factories import DAY, EmployeeFactory, EmployeeStateFactory, WorkforceDayFactory, leave
from features import schema, selectors
from features.engineering import DTYPES
from features.services import build_features
from features.tests.factories import EmployeeFeaturesFactory
from technova.database.prepared_statements import PreparedSelect

pytestmark = pytest.mark.django_db
LATER = date(2026, 7, 31)


def test_newest_features_of_an_employee(django_assert_num_queries):
    old = EmployeeFeaturesFactory()
    new = EmployeeFeaturesFactory(employee=old.employee)
    EmployeeFeaturesFactory()
    with django_assert_num_queries(1):
        found = selectors.newest_features(old.employee.employee_id)
        assert found.employee.employee_id == old.employee.employee_id
    assert found == new


def test_newest_features_of_an_unknown_employee_are_none():
    assert selectors.newest_features(EmployeeFactory().employee_id) is None


def test_newest_frame_has_a_typed_row_an_employee_in_the_order_of_their_numbers(django_assert_num_queries):
    late = EmployeeFeaturesFactory(employee__employee_id=900)
    early = EmployeeFeaturesFactory(employee__employee_id=800)
    newest = EmployeeFeaturesFactory(employee=late.employee, age=50)
    with django_assert_num_queries(1):
        frame = selectors.newest_frame(Employee.objects.all())
    assert frame["employee_id"].tolist() == [800, 900]
    assert frame["features_pk"].tolist() == [early.pk, newest.pk]
    assert frame["age"].tolist() == [41, 50]
    assert frame[list(DTYPES)].dtypes.astype(str).to_dict() == DTYPES


def test_feature_chunks_hold_everyone_once(django_assert_num_queries):
    rows = EmployeeFeaturesFactory.create_batch(5)
    EmployeeFactory()  # without features
    pks = [pk for chunk in selectors.feature_chunks(2) for pk in chunk["features_pk"]]
    assert sorted(pks) == [row.pk for row in rows]


def test_feature_chunks_of_an_earlier_day_hold_those_of_then():
    load_all(people={1: {"revenu_mensuel": 5000}, 2: {}})
    load_all(LATER, {1: {"revenu_mensuel": 7000}, 2: {"a_quitte_l_entreprise": True}})
    build_features()
    (then,), (now,) = selectors.feature_chunks(10, DAY), selectors.feature_chunks(10)
    assert dict(zip(then["employee_id"], then["revenu_mensuel"], strict=True)) == {1: 5000, 2: 5993}
    assert dict(zip(now["employee_id"], now["revenu_mensuel"], strict=True)) == {1: 7000}


def test_training_frame_holds_those_present_and_the_leavers_of_a_year_by_number():
    WorkforceDayFactory(as_of=LATER)
    for number, day in ((900, DAY), (700, LATER - timedelta(days=366))):
        leave(EmployeeFeaturesFactory(employee__employee_id=number).employee, day=day)
    EmployeeFeaturesFactory(employee__employee_id=800)
    EmployeeFeaturesFactory(employee__presence="absent")
    frame = selectors.training_frame()
    assert frame.index.tolist() == [800, 900]
    assert list(frame.columns) == [*schema.FEATURE_NAMES, schema.TARGET]
    assert frame[schema.TARGET].tolist() == [False, True]


def test_employees_with_features_counts_each_once(django_assert_num_queries):
    row = EmployeeFeaturesFactory()
    EmployeeFeaturesFactory(employee=row.employee)
    EmployeeFactory()
    with django_assert_num_queries(1):
        assert selectors.employees_with_features() == 1


def test_workforce_medians_are_of_the_newest_rows(django_assert_num_queries):
    old = EmployeeFeaturesFactory(age=20)
    EmployeeFeaturesFactory(employee=old.employee, age=30, poste="Manager")
    EmployeeFeaturesFactory(age=41, poste="Manager")
    EmployeeFeaturesFactory(age=60, poste="Consultant")
    with django_assert_num_queries(2):
        typical = selectors.workforce_medians(Scope.EVERYONE)
    assert typical["age"] == 41
    assert typical["poste"] == "Manager"
    assert typical["satisfaction_moyenne"] == 2.0
    assert typical["heures_supplementaires"] == 1


def test_workforce_medians_are_of_a_job_that_its_department_has():
    jobs = (
        [("Commercial", "Cadre Commercial")] * 4 + [("Consulting", "Manager")] * 3 + [("Consulting", "Consultant")] * 2
    )
    for department, job in jobs:
        EmployeeFeaturesFactory(employee__departement=department, poste=job)
    typical = selectors.workforce_medians(Scope.EVERYONE)
    assert (typical["departement"], typical["poste"]) == ("Commercial", "Cadre Commercial")


def test_workforce_medians_of_many_people_read_an_even_sample(monkeypatch):
    monkeypatch.setattr(selectors, "SAMPLE", 4)
    rows = EmployeeFeaturesFactory.create_batch(12, age=20)  # one in four of them is read
    sample = [row for row in rows if row.employee_id % 4 == 0]
    assert len(sample) == 3
    for row in sample:
        EmployeeFeaturesFactory(employee=row.employee, age=60)
    assert selectors.workforce_medians(Scope.EVERYONE)["age"] == 60


def test_workforce_medians_stay_within_the_departments():
    EmployeeFeaturesFactory(age=20, employee__departement="Commercial")
    EmployeeFeaturesFactory(age=60, employee__departement="Consulting")
    assert selectors.workforce_medians(Scope.of_departments(["Commercial"]))["age"] == 20
    assert selectors.workforce_medians(Scope.NOBODY) == {}


def test_prepared_select_converts_what_the_database_stores_otherwise():
    state = EmployeeStateFactory(left=True, is_said_left=True)
    features = EmployeeFeaturesFactory(employee=state.employee)
    of_state = PreparedSelect(lambda: type(state).objects.filter(pk=0).values_list("is_said_left", "left_by"))
    of_features = PreparedSelect(lambda: type(features).objects.filter(pk=0).values_list("as_of", "created_at"))
    ((is_said_left, left_by),) = of_state.rows(state.pk)
    assert is_said_left is True
    assert left_by == state.left_by
    assert of_features.rows(features.pk) == [(features.as_of, features.created_at)]
