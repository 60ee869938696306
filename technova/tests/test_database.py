import sqlite3
import threading
from contextlib import closing
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction
from django.db.utils import ConnectionHandler

from technova.database import locks
from technova.database.bulk import python_values, reserve_keys
from technova.database.locks import Busy, exclusive, one_after_another
from technova.database.trouble import Trouble, trouble_of

pytestmark = pytest.mark.django_db


# python_values


def test_values_of_a_column_are_plain_and_missing_ones_are_none():
    frame = pd.DataFrame(
        {
            "integer": [1, 2],
            "float": [0.5, np.nan],
            "boolean": pd.array([True, pd.NA], dtype="boolean"),
            "category": pd.Categorical(["a", None]),
            "text": ["x", None],
            "time": pd.to_datetime(["2026-01-31", None]),
        }
    )
    first, second = zip(*(python_values(frame[name]) for name in frame), strict=True)
    assert first[:5] == (1, 0.5, True, "a", "x")
    assert second == (2, None, None, None, None, None)
    assert {type(value) for value in first[:5]} == {int, float, bool, str}


# exclusive


def test_exclusive_commits():
    with exclusive():
        User.objects.create(username="a")
    assert User.objects.count() == 1


def test_exclusive_rolls_back_on_an_error():
    with pytest.raises(IntegrityError), exclusive():
        User.objects.bulk_create([User(username="a"), User(username="a")])
    assert not User.objects.exists()


def test_exclusive_may_be_entered_again_by_the_one_who_holds_it():
    with exclusive(), exclusive():
        User.objects.create(username="a")
    assert User.objects.count() == 1


def test_database_error_of_the_work_itself_is_not_called_busy():
    with pytest.raises(OperationalError), exclusive():
        raise OperationalError("database is locked")


def test_writer_that_does_not_get_the_lock_is_busy(monkeypatch):
    def locked():
        cause = sqlite3.OperationalError("database is locked")
        cause.sqlite_errorname = "SQLITE_BUSY"
        raise OperationalError("database is locked") from cause

    monkeypatch.setattr(locks, "connection", SimpleNamespace(vendor="postgresql", cursor=locked))
    with pytest.raises(Busy, match="Another load, build or scoring is running: try again when it is done"), exclusive():
        pass


def test_other_failure_before_the_work_is_not_called_busy(monkeypatch):
    def gone():
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(locks, "connection", SimpleNamespace(vendor="postgresql", cursor=gone))
    with pytest.raises(OperationalError, match="server closed"), exclusive():
        pass


class Holder:
    """Another connection that holds a lock until told to let it go."""

    def __init__(self, name):
        self.name, self.has_it, self.may_end = name, threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        try:
            with exclusive(self.name):
                self.has_it.set()
                self.may_end.wait(10)
        finally:
            connection.close()

    def __enter__(self):
        self.thread.start()
        assert self.has_it.wait(10)
        return self

    def __exit__(self, *error):
        self.may_end.set()
        self.thread.join()


two_connections = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="needs two connections to PostgreSQL"),
]


class TestTwoConnections:
    pytestmark = two_connections

    def test_second_writer_is_refused_after_its_wait(self):
        with Holder("pipeline"), pytest.raises(Busy), exclusive(wait=0.1):
            pass

    def test_other_lock_is_free(self):
        with Holder("another"), exclusive(wait=0.1):
            User.objects.create(username="a")
        assert User.objects.count() == 1

    def test_lock_is_free_after_the_end(self):
        with Holder("pipeline"):
            pass
        with exclusive(wait=0.1):
            User.objects.create(username="a")
        assert User.objects.count() == 1

    def test_lock_timeout_does_not_stay_for_the_work(self):
        with exclusive(wait=0.1), connection.cursor() as cursor:
            cursor.execute("SHOW lock_timeout")
            assert cursor.fetchone() == ("0",)

    def test_work_that_is_no_transaction_begins_when_the_other_has_ended(self):
        with Holder("migrate") as other:
            threading.Timer(0.3, other.may_end.set).start()
            with one_after_another("migrate"):
                assert other.may_end.is_set()
        with Holder("migrate"):
            assert User.objects.count() == 0

    def test_refused_writer_can_work_on_in_the_same_connection(self):
        with Holder("pipeline"), pytest.raises(Busy), exclusive(wait=0.1):
            pass
        with transaction.atomic():
            assert User.objects.count() == 0


def test_reserved_keys_are_nobody_elses():
    first = User.objects.create(username="first")
    with transaction.atomic():
        keys = list(reserve_keys(User, 3))
        User.objects.create(pk=keys[0], username="reserved")
        User.objects.create(pk=keys[2], username="reserved, too")
        assert User.objects.create(username="next").pk not in keys
    assert len(set(keys)) == 3
    assert first.pk not in keys


@pytest.mark.parametrize(
    ("statements", "trouble"),
    [
        (["PRAGMA max_page_count = 2", "CREATE TABLE a (b)", "INSERT INTO a VALUES (zeroblob(99999))"], Trouble.FULL),
        (["PRAGMA query_only = on", "CREATE TABLE a (b)"], Trouble.READ_ONLY),
        (["SELECT * FROM absent"], Trouble.AWAY),
        (["PRAGMA foreign_keys = on", "CREATE TABLE a (b UNIQUE)", "INSERT INTO a VALUES (1), (1)"], None),
    ],
)
def test_trouble_of_sqlite_is_told_by_its_error(statements, trouble):
    errors = ConnectionHandler({"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}})["default"]
    *before, last = statements
    with errors.cursor() as cursor:
        for statement in before:
            cursor.execute(statement)
        with pytest.raises(DatabaseError) as caught:
            cursor.execute(last)
    assert trouble_of(caught.value) is trouble


def test_sqlite_that_another_writer_holds_is_busy(tmp_path):
    options = {"ENGINE": "django.db.backends.sqlite3", "NAME": tmp_path / "db", "OPTIONS": {"timeout": 0}}
    waiting = ConnectionHandler({"default": options})["default"]
    with closing(sqlite3.connect(tmp_path / "db")) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseError) as caught, waiting.cursor() as cursor:
            cursor.execute("CREATE TABLE a (b)")
    waiting.close()
    assert trouble_of(caught.value) is Trouble.BUSY


@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs the codes of PostgreSQL")
@pytest.mark.parametrize(
    ("code", "trouble"),
    [
        ("53100", Trouble.FULL),
        ("55P03", Trouble.BUSY),
        ("57014", Trouble.BUSY),
        ("25006", Trouble.READ_ONLY),
        ("57P03", Trouble.AWAY),
        ("23505", None),
        ("22003", None),
    ],
)
def test_trouble_of_postgresql_is_told_by_its_code(db, code, trouble):
    with pytest.raises(DatabaseError) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{code}'; END $$")
    assert trouble_of(caught.value) is trouble


def test_error_of_something_else_is_no_trouble_of_the_database():
    assert trouble_of(ValueError()) is None
    assert trouble_of(None) is None
