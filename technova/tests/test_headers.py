import pytest
from django.http import HttpResponse
from django.test import Client

from technova.web.caching import no_store

HEADER = "Content-Security-Policy"
DIRECTIVES = {
    "default-src 'none'",
    "object-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/login/", 200),
        ("/docs", 200),
        ("/health", 200),
        ("/nowhere", 404),
        ("/predictions/", 401),
        ("/", 302),
        ("/static/api/none.js", 404),
    ],
)
def test_every_answer_carries_the_strict_policy(db, client, path, status):
    response = client.get(path)

    assert response.status_code == status
    assert set(response[HEADER].split("; ")) == DIRECTIVES


@pytest.fixture
def fault(settings, monkeypatch):
    """The answer to a request in whose view the program failed."""
    settings.METRICS_TOKEN = "a-token"
    monkeypatch.setattr("technova.server.metrics.generate_latest", lambda registry: 1 / 0)
    return Client(raise_request_exception=False).get("/metrics", headers={"Authorization": "Bearer a-token"})


def test_fault_carries_the_strict_policy(fault):
    assert fault.status_code == 500
    assert set(fault[HEADER].split("; ")) == DIRECTIVES


def test_fault_is_not_stored(fault):
    assert fault["Cache-Control"] == "no-store"


def test_static_file_may_be_stored(settings, client):
    settings.WHITENOISE_USE_FINDERS = True  # nobody collected the files

    response = client.get("/static/technova/app.js")

    assert response.status_code == 200
    assert "max-age" in response["Cache-Control"]


def test_view_may_allow_its_answer_to_be_stored(rf):
    response = no_store(lambda request: HttpResponse(headers={"Cache-Control": "max-age=60"}))(rf.get("/"))

    assert response["Cache-Control"] == "max-age=60"
