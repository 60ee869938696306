import pytest
from django.http import HttpResponse

from predictions.tests.conftest import APIClient
from technova.web.caching import no_store

HEADER = "Content-Security-Policy"
DIRECTIVES = {
    "default-src 'none'",
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
def test_every_answer_carries_the_strict_policy(db, path, status):
    response = APIClient().get(path)

    assert response.status_code == status
    assert set(response[HEADER].split("; ")) == DIRECTIVES


def test_fault_carries_the_strict_policy(monkeypatch):
    monkeypatch.setattr("predictions.api.probes.HealthView.get", lambda self, request: 1 / 0)

    response = APIClient().get("/health")

    assert response.status_code == 500
    assert set(response[HEADER].split("; ")) == DIRECTIVES


def test_fault_is_not_stored(monkeypatch):
    monkeypatch.setattr("predictions.api.probes.HealthView.get", lambda self, request: 1 / 0)

    assert APIClient().get("/health")["Cache-Control"] == "no-store"


def test_static_file_may_be_stored(settings):
    settings.WHITENOISE_USE_FINDERS = True  # nobody collected the files

    response = APIClient().get("/static/technova/app.js")

    assert response.status_code == 200
    assert "max-age" in response["Cache-Control"]


def test_view_may_allow_its_answer_to_be_stored(rf):
    response = no_store(lambda request: HttpResponse(headers={"Cache-Control": "max-age=60"}))(rf.get("/"))

    assert response["Cache-Control"] == "max-age=60"
