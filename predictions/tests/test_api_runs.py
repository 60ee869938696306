"""The scoring runs through the API."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection

from employees.tests.factories import WorkforceDayFactory, leave
from predictions.tests.conftest import APIClient
from predictions.tests.factories import APIKeyFactory, RunGroupFactory, ScoringRunFactory
from predictions.tests.scoring import score, write_figures

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 2, 12, 30, tzinfo=UTC)


def runs(client, query=""):
    return client.get(f"/runs{query}").json()["results"]


def figures(row):
    return tuple(row[name] for name in ("employee_count", "above_threshold_count", "expected_departures"))


@pytest.fixture
def limited():
    return APIClient(APIKeyFactory(departments=["Commercial"]).secret)


def test_run_says_when_by_which_model_and_with_what_figures(api):
    run = ScoringRunFactory(created_at=NOON, threshold=0.3, as_of=date(2026, 2, 28))
    RunGroupFactory(run=run, departement="Commercial")
    RunGroupFactory(run=run, departement="Consulting")
    assert api.get("/runs").json() == {
        "next": None,
        "previous": None,
        "results": [
            {
                "run_id": run.pk,
                "scored_at": "2026-03-02T12:30:00+00:00",
                "as_of": "2026-02-28",
                "model_version": run.model_version,
                "horizon_months": None,
                "threshold": 0.3,
                "employee_count": 20,
                "above_threshold_count": 6,
                "expected_departures": 4.0,
            }
        ],
    }


def test_runs_come_newest_first_in_pages(api):
    made = [ScoringRunFactory().pk for _ in range(5)]
    address, found = "/runs?limit=2", []
    while address:
        page = api.get(address).json()
        found += [row["run_id"] for row in page["results"]]
        address = page["next"]
    assert found == made[::-1]
    assert len(runs(api)) == 5


def test_run_that_ends_meanwhile_does_not_shift_the_next_page(api):
    first, second = ScoringRunFactory(), ScoringRunFactory()
    following = api.get("/runs?limit=1").json()["next"]
    ScoringRunFactory()
    assert [row["run_id"] for row in api.get(following).json()["results"]] == [first.pk]
    assert second.pk > first.pk


def test_figures_of_a_run_stay_those_of_its_day(api):
    run = ScoringRunFactory()
    gone = score(run, 1, 0.9).employee
    score(run, 2, 0.1)
    write_figures()
    leave(gone)
    WorkforceDayFactory()
    assert figures(runs(api)[0]) == (2, 1, 1.0)


def test_limited_key_reads_no_figure_of_other_departments(limited):
    run = ScoringRunFactory(employee_count=30, above_threshold_count=15, expected_departures=9.0)
    RunGroupFactory(run=run, departement="Commercial", employee_count=12, above_threshold_count=6)
    RunGroupFactory(run=run, departement="Consulting")
    [row] = runs(limited)
    assert figures(row) == (12, 6, 2.0)


@pytest.mark.parametrize(
    ("people", "above", "shown"),
    [
        (4, 2, (None, None, None)),
        (5, 0, (5, 0, 2.0)),
        (10, 4, (10, None, 2.0)),
        (10, 6, (10, None, 2.0)),
        (10, 5, (10, 5, 2.0)),
    ],
)
def test_limited_key_reads_no_figure_of_fewer_than_five(limited, people, above, shown):
    RunGroupFactory(
        run=ScoringRunFactory(),
        departement="Commercial",
        employee_count=people,
        above_threshold_count=above,
    )
    assert figures(runs(limited)[0]) == shown


def test_run_without_anyone_of_the_departments_has_no_figures(limited):
    RunGroupFactory(run=ScoringRunFactory(), departement="Consulting")
    assert figures(runs(limited)[0]) == (None, None, None)


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "cursor=abc", "department=Commercial", "run_id=1"])
def test_parameter_that_breaks_a_rule_is_named(api, query):
    response = api.get(f"/runs?{query}")
    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["query", query.partition("=")[0]]


def test_runs_cost_the_same_queries_for_one_and_for_many(api, django_assert_num_queries):
    api.get("/key")
    for _ in range(3):
        RunGroupFactory(run=ScoringRunFactory())
        with django_assert_num_queries(3 if connection.vendor == "postgresql" else 4):
            runs(api)


def test_scores_of_a_listed_run_are_found(api):
    run = ScoringRunFactory(created_at=NOON - timedelta(days=30))
    ScoringRunFactory()
    assert api.get(f"/scores?run_id={runs(api)[1]['run_id']}").status_code == 200
    assert runs(api)[1]["run_id"] == run.pk
