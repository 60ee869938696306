"""The error pages ask nothing of the database, which may be what is failing."""

import time

import pytest
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.exceptions import PermissionDenied
from django.db import OperationalError, connections

from predictions import handlers
from predictions.pages import error_pages
from predictions.tests.conftest import only_postgresql

pytestmark = pytest.mark.django_db

PAGES = [("/", {}), ("/employees/", {"HX-Request": "true"})]


def unavailable(request):
    try:
        raise OperationalError
    except OperationalError:
        return error_pages.server_error(request)


@pytest.fixture
def request_of_an_account(browse, rf):
    """A request with a session that nothing has read yet."""
    request = rf.get("/")
    request.COOKIES = {name: cookie.value for name, cookie in browse("RH").cookies.items()}
    for middleware in (SessionMiddleware, AuthenticationMiddleware, MessageMiddleware):
        middleware(lambda request: None).process_request(request)
    return request


@pytest.mark.parametrize(
    ("handler", "status"),
    [
        (error_pages.bad_request, 400),
        (lambda request: error_pages.permission_denied(request, PermissionDenied()), 403),
        (handlers.csrf_failure, 403),
        (error_pages.not_found, 404),
        (lambda request: error_pages.too_many_tries(request, 60), 429),
        (error_pages.server_error, 500),
        (unavailable, 503),
    ],
)
def test_error_page_asks_nothing_of_the_database(request_of_an_account, django_assert_num_queries, handler, status):
    with django_assert_num_queries(0):
        response = handler(request_of_an_account)
    assert response.status_code == status
    assert request_of_an_account.user.is_authenticated  # to ask would have been possible


@pytest.fixture
def client(browse):
    """Signed in, and shown the answer to a fault as people are."""
    client = browse("RH")
    client.raise_request_exception = False
    return client


@pytest.mark.parametrize(("path", "headers"), PAGES)
def test_database_that_fails_is_asked_once_for_a_page(client, monkeypatch, path, headers):
    asked = []

    def refuse(*args, **options):
        asked.append(args)
        raise OperationalError

    monkeypatch.setattr(connections["default"], "cursor", refuse)
    response = client.get(path, headers=headers)
    assert (response.status_code, response["Retry-After"], len(asked)) == (503, "30", 1)


@only_postgresql
@pytest.mark.parametrize(("path", "headers"), PAGES)
def test_page_is_unavailable_within_three_seconds_of_an_unreachable_database(client, lose_database, path, headers):
    client.get("/no-such-page")  # a server has its addresses and templates loaded
    lose_database()
    started = time.monotonic()
    response = client.get(path, headers=headers)
    assert time.monotonic() - started < 3
    assert (response.status_code, response["Retry-After"]) == (503, "30")
    assert response["Content-Type"].startswith("text/html")
