import pytest
from django.contrib.auth.models import User
from django.db import connection

from technova.database.prepared_statements import PreparedSelect, run
from technova.tests.conftest import another_connection

pytestmark = pytest.mark.django_db

COLUMNS = ("last_name", "date_joined", "username")
SELECT = PreparedSelect(lambda: User.objects.filter(last_name="").filter(username="").values_list(*COLUMNS))


def people():
    return [User.objects.create(username=f"name{number}", last_name="Martin") for number in range(3)]


def test_prepared_select_gives_what_the_query_gives_for_each_parameter():
    for user in people():
        expected = User.objects.filter(pk=user.pk).values_list(*COLUMNS)
        assert SELECT.rows(user.last_name, user.username) == list(expected)


def test_prepared_select_without_a_row_is_empty():
    assert SELECT.rows("Martin", "name9") == []


@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL alone prepares statements")
def test_prepared_select_is_planned_once_a_connection():
    for user in people():
        SELECT.rows(user.last_name, user.username)
    with connection.cursor() as cursor:
        cursor.execute("""SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%"last_name" = $1%'""")
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
