import shutil

import pytest
from django.db import OperationalError, connection, connections, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from features.tests.factories import EmployeeFeaturesFactory
from predictions.ml.store import FILES, current_directory
from predictions.registry import current_model, forget_model
from technova.tests.conftest import ROOT


@pytest.fixture
def ready(db):
    """Everything that a prediction needs."""
    EmployeeFeaturesFactory()


@pytest.fixture
def dead_database(monkeypatch):
    def refuse(*args, **options):
        raise OperationalError("connection to server at 10.1.2.3 failed")

    monkeypatch.setattr(connections["default"], "cursor", refuse)


@pytest.fixture
def no_model(settings, tmp_path):
    """An empty directory for the model."""
    settings.ARTIFACTS_DIR = tmp_path
    forget_model()
    yield
    forget_model()


def test_health_is_ok_with_the_database_down(client, dead_database):
    response = client.get("/health")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_health_asks_nothing_of_the_database(client, db, django_assert_num_queries):
    with django_assert_num_queries(0):
        client.get("/health")


def test_ready_names_the_model_version(client, ready):
    response = client.get("/ready")
    assert (response.status_code, response.json()) == (
        200,
        {"status": "ready", "model_version": current_model().version},
    )


def test_ready_costs_a_few_queries(client, ready, django_assert_num_queries):
    client.get("/ready")
    with django_assert_num_queries(4 if connection.vendor == "postgresql" else 3):
        client.get("/ready")


def test_ready_names_a_database_that_is_down_without_telling_where_it_is(client, dead_database):
    response = client.get("/ready")
    assert response.status_code == 503
    assert response.json() == {
        "status": "not ready",
        "detail": "Not ready: database.",
        "not_ready": {"database": "does not answer"},
    }
    assert response["Retry-After"]


def test_ready_names_unapplied_migrations(client, ready):
    MigrationRecorder(connection).record_unapplied("predictions", latest_migration("predictions"))
    response = client.get("/ready")
    assert (response.status_code, response.json()["not_ready"]) == (
        503,
        {"database": "has unapplied migrations: run manage.py migrate"},
    )


def latest_migration(app):
    return max(name for label, name in MigrationRecorder(connection).applied_migrations() if label == app)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL alone has standbys")
def test_ready_names_a_database_that_takes_no_writes(client, ready):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL transaction_read_only = on")
        response = client.get("/ready")
        transaction.set_rollback(True)
    assert (response.status_code, response.json()["not_ready"]) == (503, {"database": "takes no writes"})


def test_ready_names_absent_features(client, db):
    response = client.get("/ready")
    assert (response.status_code, list(response.json()["not_ready"])) == (503, ["clean features"])


def test_ready_names_an_absent_model(client, ready, no_model, tmp_path):
    response = client.get("/ready")
    assert (response.status_code, list(response.json()["not_ready"])) == (503, ["model"])
    assert str(tmp_path) not in response.text


@pytest.mark.parametrize("name", FILES)
def test_ready_names_a_damaged_model(client, ready, no_model, tmp_path, name, caplog):
    version = current_directory(ROOT / "artifacts")
    shutil.copytree(version, tmp_path / version.name)
    (tmp_path / "current").symlink_to(version.name)
    path = tmp_path / version.name / name
    path.write_bytes(path.read_bytes().replace(b"1", b"2", 1))
    response = client.get("/ready")
    assert (response.status_code, response.json()["not_ready"]) == (503, {"model": "cannot be used: see the log"})
    assert version.name in caplog.text


def test_ready_names_everything_that_is_missing(client, dead_database, no_model):
    assert client.get("/ready").json()["detail"] == "Not ready: database, model."


@pytest.mark.parametrize("address", ["/health", "/ready"])
@pytest.mark.parametrize("accept", ["text/html", "application/xml", "nonsense", "*/*"])
def test_probe_answers_json_whatever_is_accepted(client, ready, address, accept):
    response = client.get(address, headers={"Accept": accept})
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")


@pytest.mark.parametrize("address", ["/health", "/ready", "/health/", "/ready/"])
def test_probe_answers_on_plain_http_under_any_host(ready, settings, address):
    settings.SECURE_SSL_REDIRECT = True
    settings.ALLOWED_HOSTS = ["technova.example"]
    assert Client(headers={"Host": "10.0.0.7:8000"}).get(address).status_code == 200


def test_other_addresses_refuse_an_unknown_host(client, settings):
    settings.ALLOWED_HOSTS = ["technova.example"]
    assert client.get("/login/", headers={"Host": "10.0.0.7:8000"}).status_code == 400
