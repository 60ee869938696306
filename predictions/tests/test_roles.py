"""The application's role on PostgreSQL: it serves, and can neither change the log nor switch its protection off."""

import os
from contextlib import contextmanager
from datetime import timedelta

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from psycopg import sql

from employees.access import Scope
from employees.models import Employee, JournalEntry
from features.tests.factories import EmployeeFeaturesFactory
from predictions.log import roles
from predictions.log.models import LogPurge
from predictions.log.protection import may_purge
from predictions.log.purge import purge_predictions
from predictions.log.seals import seal
from predictions.log.verification import verify
from predictions.models import Prediction
from predictions.rights.erasure import erase
from predictions.services import Caller, predict_for_employee, score_employees
from predictions.tests.conftest import only_postgresql
from predictions.tests.factories import PredictionFactory
from technova.tests.conftest import another_connection

pytestmark = [pytest.mark.django_db(transaction=True), only_postgresql]
OWN = f"technova_test_{os.getpid()}"  # roles are the server's, which other processes of the tests share
APPLICATION, PURGE = f"{OWN}_app", f"{OWN}_purge"


@pytest.fixture
def two_roles(settings):
    """Roles that the owner grants what they need; gone again afterwards."""
    settings.DATABASE_APP_ROLE, settings.DATABASE_PURGE_ROLE = APPLICATION, PURGE
    with connection.cursor() as cursor:
        for role in (APPLICATION, PURGE):
            cursor.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))
            cursor.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
    roles.grant(using="default")
    yield
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        for role in (APPLICATION, PURGE):
            cursor.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(sql.Identifier(role)))


@contextmanager
def acting_as(role):
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
        try:
            yield cursor
        finally:
            cursor.execute("RESET ROLE")


WAYS_ROUND = [
    "UPDATE predictions_prediction SET probability = 0.1",
    "DELETE FROM predictions_prediction",
    "TRUNCATE predictions_prediction CASCADE",
    "ALTER TABLE predictions_prediction DISABLE TRIGGER ALL",
    "ALTER TABLE predictions_prediction DISABLE TRIGGER USER",
    "DROP TRIGGER technova_row_stays ON predictions_prediction",
    "DROP TABLE predictions_prediction CASCADE",
    "ALTER TABLE predictions_prediction ADD COLUMN x int",
    "SET session_replication_role = replica",
    "CREATE OR REPLACE FUNCTION technova_log_only_grows() RETURNS trigger LANGUAGE sql AS 'SELECT 1'",
    "DROP FUNCTION technova_log_only_grows() CASCADE",
    "UPDATE employees_journalentry SET people = 0",
    "DELETE FROM employees_journalentry",
    "DELETE FROM predictions_logblock",
    "UPDATE predictions_logblock SET row_count = 1",
    "INSERT INTO predictions_logpurge (log, after_id, last_id) VALUES ('predictions', 0, 1000000)",
    "DELETE FROM predictions_logpurge",
    "GRANT DELETE ON predictions_prediction TO CURRENT_USER; DELETE FROM predictions_prediction",
    "SET ROLE {purge}",
    """
    CREATE TEMP TABLE own (id bigint);
    CREATE TRIGGER own AFTER DELETE ON own FOR EACH ROW EXECUTE FUNCTION predictions_prediction_employee_id_is_free()
    """,
    "INSERT INTO django_migrations (app, name, applied) VALUES ('predictions', 'x', now())",
]


@pytest.mark.parametrize("statement", WAYS_ROUND)
def test_application_has_no_way_round_the_protection(two_roles, statement):
    PredictionFactory()
    JournalEntry.objects.create(what="list", client="a key", people=1)
    with another_connection() as own:
        own.execute(f"SET SESSION AUTHORIZATION {APPLICATION}")  # as if it had signed in itself
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            own.execute(statement.replace("{purge}", PURGE))
    assert Prediction.objects.get().probability == 0.5
    assert JournalEntry.objects.get().people == 1


def test_no_function_by_the_rights_of_its_owner_is_for_everyone():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname, has_function_privilege('public', oid, 'EXECUTE') FROM pg_proc "
            "WHERE prosecdef AND pronamespace = 'public'::regnamespace"
        )
        found = dict(cursor.fetchall())
    assert "predictions_prediction_employee_id_is_free" in found
    assert not any(found.values())


def test_application_serves_scores_and_seals(two_roles, own_model):
    row = EmployeeFeaturesFactory()
    with acting_as(APPLICATION):
        run = score_employees()
        predict_for_employee(employee_id=row.employee.employee_id, caller=Caller(scope=Scope.EVERYONE))
        JournalEntry.objects.create(what="list", client="a key", people=1)
        assert seal() == 2
        assert verify().faults == []
        assert not may_purge()
    assert run.employee_count == 1


def test_application_deletes_nobody_whom_a_row_refers_to(two_roles, own_model):
    row = EmployeeFeaturesFactory()
    with acting_as(APPLICATION):
        score_employees()
        with pytest.raises(IntegrityError, match="refers to"), transaction.atomic():
            type(row.employee).objects.filter(pk=row.employee_id)._raw_delete("default")
    assert Prediction.objects.get().employee == row.employee


def test_application_takes_nobody_out_of_the_log_but_who_is_erased(two_roles):
    row = PredictionFactory()
    Employee.objects.update(presence="")
    with acting_as(APPLICATION) as cursor:
        with pytest.raises(Exception, match="can only grow"), transaction.atomic():
            cursor.execute("UPDATE predictions_prediction SET employee_id = NULL, features_id = NULL, payload = '{}'")
        erase(employee=Employee.objects.get(), reason="asked for by letter")
        seal()
        assert verify().faults == []
    assert Prediction.objects.get(pk=row.pk).employee is None


FORGERIES = [
    "",
    # where the triggers look something up, a temporary table of the same name would answer
    "CREATE TEMP TABLE employees_employee (id bigint);",
    "SET CONSTRAINTS ALL IMMEDIATE;",
]


@pytest.mark.parametrize("before", FORGERIES)
@pytest.mark.parametrize("log", ["journal", "predictions"])
def test_application_takes_nobody_out_of_a_row_who_is_still_there(two_roles, log, before):
    employee = PredictionFactory().employee
    JournalEntry.objects.create(what="person", client="a key", employee=employee, people=1)
    seal()
    table, emptied = {
        "journal": ("employees_journalentry", "employee_id = NULL"),
        "predictions": (
            "predictions_prediction",
            (
                "employee_id = NULL, features_id = NULL, payload = '{}', main_reason = '', second_reason = '', "
                "contributions = array_fill(NULL::float8, ARRAY[cardinality(contributions)])"
            ),
        ),
    }[log]
    with another_connection() as own:
        own.execute(f"SET SESSION AUTHORIZATION {APPLICATION}")
        with pytest.raises(psycopg.errors.RestrictViolation, match="who is not erased"):
            own.execute(
                f'BEGIN; {before} INSERT INTO predictions_erasedrow (log, "row", commitment) '
                f"SELECT '{log}', id, repeat('0', 64) FROM {table}; UPDATE {table} SET {emptied}; COMMIT"
            )
    assert Prediction.objects.get().employee == JournalEntry.objects.get().employee == employee


def test_temporary_table_vouches_for_no_erasure(two_roles):
    PredictionFactory()
    with another_connection() as own:
        own.execute(f"SET SESSION AUTHORIZATION {APPLICATION}")
        with pytest.raises(psycopg.errors.RestrictViolation, match="can only grow"):
            own.execute(
                'CREATE TEMP TABLE predictions_erasedrow (log text, "row" bigint);'
                "INSERT INTO predictions_erasedrow SELECT 'predictions', id FROM predictions_prediction;"
                "UPDATE predictions_prediction SET employee_id = NULL, features_id = NULL, payload = '{}', "
                "main_reason = '', second_reason = '', "
                "contributions = array_fill(NULL::float8, ARRAY[cardinality(contributions)])"
            )


def test_purge_has_a_role_of_its_own_that_is_recorded(two_roles):
    PredictionFactory(created_at=timezone.now() - timedelta(days=400))
    seal()
    with acting_as(PURGE):
        assert may_purge()
        assert purge_predictions(older_than=timedelta(days=365)) == 1
    assert LogPurge.objects.get().role == PURGE
    assert not Prediction.objects.exists()


def test_purge_changes_nothing_and_deletes_nothing_unrecorded(two_roles):
    PredictionFactory()
    with acting_as(PURGE) as cursor, pytest.raises(Exception, match="can only grow"), transaction.atomic():
        cursor.execute("DELETE FROM predictions_prediction")
    with acting_as(PURGE) as cursor, pytest.raises(Exception, match="permission denied"), transaction.atomic():
        cursor.execute("UPDATE predictions_prediction SET probability = 0.1")
    assert Prediction.objects.count() == 1
