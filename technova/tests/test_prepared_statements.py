import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from employees.models import Employee
from employees.tests.factories import EmployeeFactory, EmployeeStateFactory
from features.tests.factories import EmployeeFeaturesFactory
from predictions.models import Prediction
from predictions.tests.factories import PredictionFactory
from technova.database.prepared_statements import PreparedSelect, insert, run
from technova.tests.conftest import another_connection

pytestmark = pytest.mark.django_db

COLUMNS = ("departement", "created_at", "employee_id")
SELECT = PreparedSelect(lambda: Employee.objects.filter(departement="").filter(employee_id=0).values_list(*COLUMNS))


def test_prepared_select_gives_what_the_query_gives_for_each_parameter():
    for employee in EmployeeFactory.create_batch(3):
        expected = Employee.objects.filter(pk=employee.pk).values_list(*COLUMNS)
        assert SELECT.rows(employee.departement, employee.employee_id) == list(expected)


def test_prepared_select_without_a_row_is_empty():
    assert SELECT.rows("Commercial", 1) == []


def test_prepared_select_converts_what_the_database_stores_otherwise():
    state = EmployeeStateFactory(left=True, is_said_left=True)
    features = EmployeeFeaturesFactory(employee=state.employee)
    of_state = PreparedSelect(lambda: type(state).objects.filter(pk=0).values_list("is_said_left", "left_by"))
    of_features = PreparedSelect(lambda: type(features).objects.filter(pk=0).values_list("as_of", "created_at"))
    ((is_said_left, left_by),) = of_state.rows(state.pk)
    assert is_said_left is True
    assert left_by == state.left_by
    assert of_features.rows(features.pk) == [(features.as_of, features.created_at)]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL alone prepares statements")
def test_prepared_select_is_planned_once_a_connection():
    for employee in EmployeeFactory.create_batch(3):
        SELECT.rows(employee.departement, employee.employee_id)
    with connection.cursor() as cursor:
        cursor.execute("""SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%"departement" = $1%'""")
        assert cursor.fetchone() == (1,)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL alone prepares statements")
@pytest.mark.django_db(transaction=True)
def test_statement_of_a_table_that_a_migration_changed_is_prepared_anew():
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE changed (name varchar(50))")
    try:
        assert run("SELECT name FROM changed", []) == []
        with another_connection() as other:
            other.execute("ALTER TABLE changed ALTER name TYPE varchar(60)")
        assert run("SELECT name FROM changed", []) == []
        assert run("SELECT name FROM changed", []) == []
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE changed")


def test_insert_stores_what_save_stores():
    saved = PredictionFactory()
    inserted = Prediction(**{name: value for name, value in fields(saved).items() if name != "id"})
    insert(inserted)
    assert not inserted._state.adding
    assert inserted.pk > saved.pk
    assert fields(Prediction.objects.get(pk=inserted.pk)) == fields(saved) | {"id": inserted.pk}


def fields(instance):
    return {field.attname: getattr(instance, field.attname) for field in instance._meta.concrete_fields}


def test_insert_is_one_statement():
    row = PredictionFactory.build(employee=None, features=None, mode="by_features", payload={"age": 40})
    with CaptureQueriesContext(connection) as queries:
        insert(row)
    assert len(queries) == 1


def test_insert_of_what_a_constraint_forbids_is_refused():
    row = PredictionFactory.build(employee=None, features=None, mode="by_features", payload={"age": 40}, probability=2)
    with pytest.raises(IntegrityError):
        insert(row)


def test_statement_runs_again_after_it_failed():
    row = PredictionFactory.build(employee=None, features=None, mode="by_features", payload={"age": 40})
    row.probability, fitting = 2, row.probability
    with pytest.raises(IntegrityError), transaction.atomic():
        insert(row)
    row.probability = fitting
    insert(row)
    assert Prediction.objects.get(pk=row.pk).probability == fitting


def test_statement_takes_parameters_of_other_types_than_before():
    sql = "SELECT COALESCE(%s, CAST(%s AS TEXT))"
    assert [run(sql, parameters) for parameters in [("a", "b"), (None, "b"), ("a", None), (None, None)]] == [
        [("a",)],
        [("b",)],
        [("a",)],
        [(None,)],
    ]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="only the connections to PostgreSQL keep cursors")
def test_each_statement_keeps_its_cursor():
    connection.ensure_connection()
    first, again, other = (connection.connection.cursor_of(sql) for sql in ("SELECT 1", "SELECT 1", "SELECT 2"))
    assert first is again
    assert first is not other
