"""No list, count or page reads the log's table from end to end: PostgreSQL's own plans, on a log of a year."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from features.tests.factories import EmployeeFeaturesFactory
from predictions.models import Prediction, ScoringRun
from predictions.services import score_employees
from predictions.tests.conftest import APIClient, only_postgresql
from predictions.tests.factories import APIKeyFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, only_postgresql]

WEEKS = 51  # before the two newest runs

PAGES = [
    "/",
    "/employees/",
    "/employees/?department=Consulting",
    "/employees/?band=over&reason=heures_supplementaires",
    "/employees/?department=Consulting&job=Consultant&band=over&reason=heures_supplementaires",
    "/employees/?sort=job&size=100",
    "/employees/?page=10",
    "/employees/?number={number}",
    "/employees/{number}/",
    "/employees/{number}/?sort=job",
    "/employees/export.csv",
    "/simulate/",
    "/history/",
    "/history/?employee={number}",
    "/history/?predicted_class=true",
    "/history/?model_version={version}",
    "/history/?mode=by_id",
    "/history/?mode=scoring",
    "/history/?mode=simulation",
    "/history/?before={old}",
    "/history/?after={old}",
    "/history/?since=2026-01-01&until=2026-01-31",
    "/history/{old}/",
    "/departures/",
    "/clarify/",
    "/import/",
    "/data/",
    "/model/",
    "/model/?tab=all",
    "/model/effects/",
    "/model/workforce/",
]
OF_MANAGERS = [
    page
    for page in PAGES
    if not page.startswith(("/import/", "/data/", "/clarify/", "/departures/", "/model/workforce/"))
]
CALLS = [
    "/predictions/",
    "/predictions/?ordering=created_at",
    "/predictions/?ordering=-predicted_proba",
    "/predictions/?ordering=predicted_proba",
    "/predictions/?mode=by_id",
    "/predictions/?mode=simulation",
    "/predictions/?mode=scoring",
    "/predictions/?predicted_class=true",
    "/predictions/?employee_id={number}",
    "/predictions/?model_version={version}",
    "/predictions/latest?limit=100",
    "/predictions/{old}",
    "/runs",
    "/scores",
    "/scores?department=Consulting",
    "/scores?employee_ids={number}",
]
ADMINISTRATION = [
    "/admin/predictions/prediction/",
    "/admin/predictions/prediction/?p=20",
    "/admin/predictions/prediction/?mode__exact=by_id",
    "/admin/predictions/prediction/?q={number}",
    "/admin/predictions/prediction/{old}/change/",
]


@pytest.fixture
def places():
    """Words for the addresses, after the demo was scored each week of a year: one run, dated back, and two of now."""
    call_command("seed_from_csv", "--demo", verbosity=0)
    call_command("build_features", verbosity=0)
    run = score_employees()
    dates, rows = columns(ScoringRun, "created_at", "as_of"), columns(Prediction, "created_at", "run")
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO predictions_scoringrun (created_at, as_of, {dates}) "
            f"SELECT created_at - week * interval '7 days', as_of - 7 * week, {dates} "
            f"FROM predictions_scoringrun, generate_series({WEEKS}, 1, -1) week"
        )
        cursor.execute(
            f"INSERT INTO predictions_prediction (created_at, run_id, {rows}) "
            f"SELECT old.at, old.run, {rows} FROM predictions_prediction, "
            "(SELECT id AS run, created_at AS at FROM predictions_scoringrun WHERE id > %s) old",
            [run.pk],
        )
        rows = columns(Prediction, "created_at", "run", "mode")
        cursor.execute(
            f"INSERT INTO predictions_prediction (created_at, mode, {rows}) "
            f"SELECT created_at + interval '1 hour', 'by_id', {rows} FROM predictions_prediction WHERE id % 40 = 0"
        )
    score_employees()
    newest = score_employees()
    call_command("check_drift", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    score = newest.predictions.filter(employee__departement="Consulting").latest()
    old = Prediction.objects.filter(employee=score.employee).earliest()
    return {"number": score.employee_number, "old": old.pk, "version": newest.model_version}


def columns(model, *left_out):
    fields = (field for field in model._meta.concrete_fields if field.name not in {"id", *left_out})
    return ", ".join(f'"{field.column}"' for field in fields)


def read_sequentially(client, address):
    """The plans, of an address's queries, that read the log's table from end to end."""
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(address)
        assert answer.status_code == 200, address
        if answer.streaming:
            list(answer)
    found = []
    for sql in (query["sql"] or "" for query in queries.captured_queries):  # None: a prepared statement
        if "predictions_prediction" in sql and sql.startswith("SELECT"):
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (FORMAT JSON) {sql.replace('%', '%%')}")
                plan = cursor.fetchone()[0]
            if any(node["Node Type"] == "Seq Scan" for node in nodes(plan[0]["Plan"])):
                found.append((address, sql))
    return found


def nodes(plan):
    """The nodes of a plan that read the log."""
    if plan.get("Relation Name") == "predictions_prediction":
        yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


def test_no_page_reads_the_log_sequentially(places, browse, admin_client):
    department, everyone = (APIKeyFactory(departments=departments) for departments in (["Consulting"], None))
    manager = browse("Manager", "Consulting")
    admin = [*ADMINISTRATION, f"/admin/auth/user/{manager.account.pk}/delete/"]
    asked = [(browse("RH"), PAGES), (manager, OF_MANAGERS), (admin_client, admin)]
    asked += [(APIClient(key.secret), CALLS) for key in (everyone, department)]
    found = [
        read
        for client, addresses in asked
        for address in addresses
        for read in read_sequentially(client, address.format(**places))
    ]
    assert found == []


def test_after_a_run_indexes_alone_can_answer():
    EmployeeFeaturesFactory.create_batch(3)
    score_employees()
    with connection.cursor() as cursor:
        cursor.execute("SELECT relpages, relallvisible FROM pg_class WHERE relname = 'predictions_prediction'")
        assert cursor.fetchone() == (1, 1)
