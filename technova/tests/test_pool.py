import psycopg
import pytest
from django.db import connection

from technova.tests.conftest import another_connection

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="only the connections to PostgreSQL are pooled"),
]


@pytest.fixture
def asked(monkeypatch):
    """The queries that connections run themselves, which is how the pool checks them."""
    queries = []
    execute = psycopg.Connection.execute

    def record(self, query, *args, **options):
        queries.append(query)
        return execute(self, query, *args, **options)

    monkeypatch.setattr(psycopg.Connection, "execute", record)
    return queries


def serving_process():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def test_pooled_connection_that_lives_is_used_without_asking_the_server(asked):
    serving_process()
    connection.close()
    serving_process()
    assert asked == []


def test_pooled_connections_that_the_server_ended_are_replaced_without_an_error():
    connection.close()  # which has read the words; it is not the pool's while it is in use
    pool = connection.pool
    waiting = [pool.getconn() for _ in range(6)]
    ended = {each.info.backend_pid for each in waiting}
    for each in waiting:
        pool.putconn(each)
    with another_connection() as other:
        query = """
            SELECT pid, pg_terminate_backend(pid, 5000) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()
        """
        ended |= {pid for pid, _is_ended in other.execute(query)}
    for _ in range(len(ended) + 1):
        assert serving_process() not in ended
        connection.close()
