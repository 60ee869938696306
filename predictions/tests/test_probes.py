import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest
from django.db import OperationalError, connection, connections, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils.translation import override

from features.tests.factories import EmployeeFeaturesFactory
from predictions import registry
from predictions.ml.artifacts.store import CARD_FILE, FILES, current_directory
from predictions.models import Prediction
from predictions.outages import OF_MODEL, outage_by
from predictions.registry import current_model, forget_model
from predictions.tests.test_api_predict import features
from technova import __version__
from technova.database.trouble import Trouble
from technova.tests.conftest import ROOT, another_connection, fill, small_file_system

pytestmark = pytest.mark.slow


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
        {"status": "ready", "model_version": current_model().version, "version": __version__},
    )


def test_ready_costs_a_few_queries(client, ready, django_assert_num_queries):
    client.get("/ready")
    with django_assert_num_queries(5 if connection.vendor == "postgresql" else 4):
        client.get("/ready")


def test_ready_names_a_database_that_is_down_without_telling_where_it_is(client, dead_database):
    response = client.get("/ready")
    assert response.status_code == 503
    assert response.json() == {
        "status": "not ready",
        "detail": "Not ready: database.",
        "request_id": response["X-Request-UUID"],
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
    ((_, name),) = MigrationLoader(connection).graph.leaf_nodes(app)
    return name


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
    assert response["Retry-After"] == "30"
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


@pytest.mark.parametrize("address", ["/ready", "/predict/by-id/1", "/model/"])
def test_model_that_is_damaged_under_a_running_server_is_refused_and_named(
    browse, api, artifacts, monkeypatch, caplog, address
):
    EmployeeFeaturesFactory(employee__employee_id=1)
    browser = browse("RH")
    browser.raise_request_exception = False

    def ask():
        return api.call(address) if address.startswith("/predict") else browser.get(address)

    monkeypatch.setattr(registry, "CHECK_INTERVAL", 0.0)
    assert ask().status_code == 200
    path = current_directory(artifacts) / CARD_FILE
    path.write_bytes(path.read_bytes().replace(b'"features"', b'"feature"', 1))
    refused = ask()
    assert (refused.status_code, refused["Retry-After"]) == (503, "30")
    assert f"{path.parent} does not hold what was published" in caplog.text


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


# What refuses the log, for real.


@contextmanager
def code_of_postgresql(code: str) -> Iterator[None]:
    """The database refuses rows of the log with one of its codes, which a trigger gives."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            CREATE FUNCTION refuse_row() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '{code}'; END $$;
            CREATE TRIGGER refuse_row BEFORE INSERT ON predictions_prediction
            FOR EACH ROW EXECUTE FUNCTION refuse_row()
            """
        )
        try:
            yield
        finally:
            cursor.execute("DROP FUNCTION refuse_row CASCADE")


@contextmanager
def full_sqlite() -> Iterator[None]:
    """No page is left, nor room in those that there are."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA page_count")
        cursor.execute(f"PRAGMA max_page_count = {cursor.fetchone()[0] + 10}")
        cursor.execute("CREATE TABLE filler (content)")
        for size in (100_000, 2_000, 10):
            with suppress(OperationalError):
                while True:
                    cursor.execute("INSERT INTO filler VALUES (zeroblob(%s))", [size])
        try:
            yield
        finally:
            cursor.execute("PRAGMA max_page_count = 1073741823")
            cursor.execute("DROP TABLE filler")


@contextmanager
def full_disk() -> Iterator[None]:
    """The log's table is on a file system of its own, which a file fills."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW data_directory")
        data = Path(cursor.fetchone()[0])
        if not data.exists():
            pytest.skip("needs the machine of the database")
        with small_file_system(f"size=1m,uid={data.stat().st_uid},mode=700") as directory:
            name = f"technova_tiny_{os.getpid()}"  # the server's, whose other databases have such tests too
            cursor.execute(f"CREATE TABLESPACE {name} LOCATION '{directory}'")
            try:
                cursor.execute(f"ALTER TABLE predictions_prediction SET TABLESPACE {name}")
                filler = fill(directory)
                yield
                filler.unlink()
            finally:
                cursor.execute("ALTER TABLE predictions_prediction SET TABLESPACE pg_default")
                cursor.execute(f"DROP TABLESPACE {name}")


@contextmanager
def locked_table() -> Iterator[None]:
    with another_connection() as other, other.transaction(), connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = 2500")  # as the server has it
        other.execute("LOCK TABLE predictions_prediction IN ACCESS EXCLUSIVE MODE")
        yield
        cursor.execute("RESET lock_timeout")


@contextmanager
def no_connections() -> Iterator[None]:
    """The server of the database runs, and lets nobody in."""
    name = connection.settings_dict["NAME"]
    with another_connection("postgres") as other:
        other.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false')
        try:
            other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
            yield
        finally:
            other.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS true')
            connection.close()  # which a server does after each request


FULL, BUSY, READ_ONLY = "has no room left on its disk", "is locked by other work", "takes no writes"
AWAY = "does not answer"
FAULTS = {
    "postgresql": [
        (partial(code_of_postgresql, "53100"), FULL, "300"),
        (partial(code_of_postgresql, "55P03"), BUSY, "5"),
        (partial(code_of_postgresql, "25006"), READ_ONLY, "30"),
        (partial(code_of_postgresql, "57P01"), AWAY, "30"),
        (full_disk, FULL, "300"),
        (locked_table, BUSY, "5"),
        (no_connections, AWAY, "30"),
    ],
    "sqlite": [(full_sqlite, FULL, "300")],
}[connection.vendor]


def first_refusal(api, path, body):
    """The first answer that is none: on a full disk, the page of the last row may have room for a few more."""
    return next(answer for answer in (api.call(path, body) for _ in range(20)) if answer.status_code != 200)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("fault", "reason", "wait"), FAULTS)
@pytest.mark.parametrize("path", ["/predict/by-features", "/predict/by-id/1", "/predict/batch"])
def test_ready_says_why_the_log_took_no_row_until_it_takes_rows_again(client, api, fault, reason, wait, path):
    number = EmployeeFeaturesFactory(employee__employee_id=1).employee.employee_id
    body = {"employee_ids": [number]} if path.endswith("batch") else features()
    assert client.get("/ready").status_code == 200
    with fault():
        refused = first_refusal(api, path, body)
        logged = Prediction.objects.count() if reason is FULL else 0
        started = time.monotonic()
        ready = client.get("/ready")
        waited = time.monotonic() - started
    assert (refused.status_code, refused["Retry-After"]) == (503, wait)
    assert refused.json()["detail"] == str(outage_by(Trouble(reason)).said)
    assert (ready.status_code, ready["Retry-After"]) == (503, wait)
    assert ready.json()["not_ready"] == {"database": reason}
    assert waited < 3
    assert client.get("/ready").status_code == 200
    assert Prediction.objects.count() == logged
    assert api.call(path, body).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_row_that_is_taken_makes_ready_again_without_a_try_of_the_probe(client, api, django_assert_num_queries):
    EmployeeFeaturesFactory()
    client.get("/ready")
    fault, _reason, _wait = FAULTS[0]
    with fault():
        first_refusal(api, "/predict/by-features", features())
    assert api.call("/predict/by-features", features()).status_code == 200
    with django_assert_num_queries(5 if connection.vendor == "postgresql" else 4):
        assert client.get("/ready").status_code == 200


@pytest.mark.parametrize("outage", Trouble)
def test_each_trouble_of_the_database_has_words_of_its_own(outage):
    others = [outage_by(other).said for other in Trouble if other is not outage]
    assert outage_by(outage).said not in others


@pytest.mark.parametrize("outage", [OF_MODEL, *map(outage_by, Trouble)])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_what_is_said_of_an_outage_names_the_seconds_that_programs_are_told(outage, language):
    with override(language):
        said = re.findall(r"\d+", str(outage.said))
    assert said == (["30"] if outage.wait == 30 else [])
