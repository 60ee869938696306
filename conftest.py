"""What all tests share: settings that are slow or need a build step are replaced by plain ones."""

import gc
import math

import pytest
from django.conf import settings as project_settings
from django.db import transaction
from django.test import TransactionTestCase, override_settings


def pytest_addoption(parser):
    parser.addoption("--quick", action="store_true", help="only tests that need no database and are not marked slow")


def pytest_collection_modifyitems(config, items):
    if config.getoption("quick"):
        slow = {item for item in items if is_slow(item)}
        config.hook.pytest_deselected(items=list(slow))
        items[:] = [item for item in items if item not in slow]


def uses_database(item) -> bool:
    return bool(item.get_closest_marker("django_db") or {"db", "transactional_db"} & set(item.fixturenames))


def is_slow(item) -> bool:
    """Whether a test uses a database, a browser or another process, trains a model, or is slow otherwise."""
    return bool(uses_database(item) or item.get_closest_marker("slow") or "browser" in item.path.parts)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish():
    """Freeze the objects loaded so far, so that the garbage collector does not scan them again."""
    gc.collect()
    gc.freeze()


# Passwords hash quickly, pages name static files without `collectstatic` having run, and texts are the msgids.
PLAIN = {
    "LANGUAGE_CODE": "en",
    "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
    "STORAGES": project_settings.STORAGES
    | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}},
    "WHITENOISE_AUTOREFRESH": True,  # or each test client would look at every static file there is
}


@pytest.fixture(autouse=True)
def plain_settings(settings):
    for name, value in PLAIN.items():
        setattr(settings, name, value)


@pytest.fixture(scope="module")
def module_db(django_db_setup, django_db_blocker):
    """The database, for rows that the tests of a module share: what each changes is rolled back, and they at the end.

    No test of such a module may have real transactions.
    """
    with override_settings(**PLAIN), django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def no_refusal_of_another_test():
    """Clear the process's memory of refused log writes and of blocked networks."""
    from predictions import passwords
    from technova.database import refused_writes

    refused_writes.forget()
    passwords.closed_networks.clear()


@pytest.fixture(autouse=True)
def words_of_this_database(request):
    """Clear the cached words of another test and reload them here, so that no test counts the queries."""
    from employees import terms

    terms.forget()
    if uses_database(request.node):
        request.getfixturevalue("db")
        terms.refreshed()
        terms.forget()


@pytest.fixture(autouse=True)
def nothing_decided_in_another_test():
    """Clear the cached decisions of another test and mark them as read, so that no test counts the query."""
    from predictions.registry import _decided

    _decided.thresholds, _decided.version, _decided.is_shipped, _decided.consulted_on = (), None, False, ""
    _decided.checked_at = math.inf


@pytest.fixture(scope="session", autouse=True)
def log_may_be_emptied_between_tests():
    """After a test with real transactions every table is emptied, which the database refuses for the prediction log."""
    from predictions.tests.protection import unprotected

    empty_tables = TransactionTestCase._fixture_teardown

    def teardown(test):
        with unprotected():
            empty_tables(test)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", teardown)
        yield


@pytest.fixture
def journal_apart(monkeypatch):
    """Answers write no entry of the journal of reads: pinned numbers of queries are of what they read.

    That each writes an entry, by one statement, is tested in ``test_journal``.
    """
    from employees import journal

    monkeypatch.setattr(journal, "insert", lambda entry: None)


@pytest.fixture
def django_assert_num_queries(journal_apart, django_assert_num_queries):
    return django_assert_num_queries


@pytest.fixture
def django_assert_max_num_queries(journal_apart, django_assert_max_num_queries):
    return django_assert_max_num_queries
