"""The log through the API: pages, filters, order, one row with its explanation."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from employees.access import Scope
from employees.tests.factories import EmployeeFactory
from features import schema
from features.tests.factories import EmployeeFeaturesFactory
from predictions import services
from predictions.models import Prediction
from predictions.services import Caller
from predictions.tests.factories import APIKeyFactory, PredictionFactory

pytestmark = pytest.mark.django_db

CONTRACT = {
    "prediction_id",
    "request_id",
    "created_at",
    "predicted_class",
    "predicted_proba",
    "threshold_used",
    "model_version",
    "latency_ms",
    "payload",
}


def row(**given):
    features = EmployeeFeaturesFactory()
    return PredictionFactory(employee=features.employee, features=features, **given)


def ids(response):
    body = response.json()
    return [found["prediction_id"] for found in (body if isinstance(body, list) else body["results"])]


def test_latest_answers_as_the_reference_did(api):
    created_at = datetime(2026, 7, 1, 12, 30, 0, 120_000, tzinfo=UTC)
    logged = row(created_at=created_at, probability=0.123456, latency_ms=2.6)
    [answer] = api.get("/predictions/latest").json()
    assert list(answer.items()) == [
        ("prediction_id", logged.pk),
        ("request_id", str(logged.request_id)),
        ("created_at", "2026-07-01T12:30:00.120000+00:00"),
        ("predicted_class", 0),
        ("predicted_proba", 0.1235),
        ("threshold_used", 0.2),
        ("model_version", logged.model_version),
        ("latency_ms", 3),
        ("payload", {"mode": "by_employee_id", "employee_id": logged.employee.employee_id}),
    ]
    assert [type(answer[name]) for name in ("predicted_class", "latency_ms")] == [int, int]


def test_latest_tells_a_departure_by_one(api):
    row(probability=0.2)
    [answer] = api.get("/predictions/latest").json()
    assert (answer["predicted_class"], type(answer["predicted_class"])) == (1, int)


@pytest.mark.parametrize("mode", ["by_id", "batch", "scoring"])
def test_payload_of_whatever_was_made_from_the_table_is_the_employees_number(api, mode):
    logged = row(scored=True) if mode == "scoring" else row(mode=mode)
    [answer] = api.get("/predictions/latest").json()
    assert answer["payload"] == {"mode": "by_employee_id", "employee_id": logged.employee.employee_id}


@pytest.mark.parametrize("employee", [None, EmployeeFactory])
def test_payload_of_whatever_was_made_from_given_features_is_these(api, employee):
    logged = PredictionFactory(ready_made=True, mode="simulation", employee=employee and employee())
    [answer] = api.get("/predictions/latest").json()
    assert answer["payload"] == {"mode": "by_features", "payload": logged.payload}
    assert tuple(answer["payload"]["payload"]) == schema.FEATURE_NAMES


@pytest.mark.parametrize("trait", [{}, {"ready_made": True}])
def test_rows_of_the_three_calls_agree_in_the_fields_of_the_reference(api, trait):
    logged = PredictionFactory(**trait) if trait else row()
    [latest] = api.get("/predictions/latest").json()
    [listed] = api.get("/predictions/").json()["results"]
    single = api.get(f"/predictions/{logged.pk}").json()
    assert {name: listed[name] for name in CONTRACT} == {name: single[name] for name in CONTRACT} == latest


def test_rows_of_the_log_hold_the_probability_exactly_and_the_features(api):
    logged = row(probability=0.123456)
    [listed] = api.get("/predictions/").json()["results"]
    single = api.get(f"/predictions/{logged.pk}").json()
    for answer in (listed, single):
        assert (answer["turnover_probability"], answer["features"]) == (0.123456, logged.features.values())


def test_latest_is_the_newest_first_and_twenty_by_default(api):
    rows = [row() for _ in range(22)]
    newest_first = [logged.pk for logged in reversed(rows)]
    assert ids(api.get("/predictions/latest")) == newest_first[:20]
    assert ids(api.get("/predictions/latest?limit=1")) == newest_first[:1]
    assert ids(api.get("/predictions/latest?limit=200")) == newest_first


def test_row_of_a_page_has_employee_and_mode_besides(api):
    logged = row()
    [answer] = api.get("/predictions/").json()["results"]
    assert answer.keys() == CONTRACT | {"employee_id", "mode", "turnover_probability", "features"}
    assert (answer["employee_id"], answer["mode"]) == (logged.employee.employee_id, "by_id")


def test_row_of_ready_made_features_has_no_employee(api):
    PredictionFactory(ready_made=True)
    [answer] = api.get("/predictions/").json()["results"]
    assert answer["employee_id"] is None


@pytest.mark.parametrize("path", ["/predictions/latest", "/predictions/"])
def test_list_costs_the_same_queries_for_one_row_and_for_many(api, journal_apart, path):
    api.get(path)
    counts = []
    for _round in range(2):
        row()
        PredictionFactory(ready_made=True)
        with CaptureQueriesContext(connection) as queries:
            api.get(path)
        counts.append(len(queries))
    assert counts[0] == counts[1] == (2 if connection.vendor == "postgresql" else 3)


@pytest.mark.parametrize("ordering", ["created_at", "-created_at", "predicted_proba", "-predicted_proba"])
def test_pages_hold_every_row_once_in_order_both_ways(api, ordering):
    now = timezone.now()
    # Not written in the order of their times, as a run is not that began before a call.
    for hours, probability in enumerate((0.5, 0.1, 0.5, 0.5, 0.9, 0.5, 0.1)):
        row(probability=probability, created_at=now - timedelta(hours=hours % 3))
    field = "probability" if "proba" in ordering else "created_at"
    order = [f"-{field}", "-id"] if ordering.startswith("-") else [field, "id"]
    expected = list(Prediction.objects.order_by(*order).values_list("pk", flat=True))
    forward, page = [], api.get(f"/predictions/?ordering={ordering}&limit=2").json()
    while True:
        forward += [found["prediction_id"] for found in page["results"]]
        if page["next"] is None:
            break
        page = api.get(page["next"]).json()
    assert forward == expected
    backward = []
    while True:
        backward = [found["prediction_id"] for found in page["results"]] + backward
        if page["previous"] is None:
            break
        page = api.get(page["previous"]).json()
    assert backward == expected


def test_new_rows_do_not_shift_the_next_page(api):
    rows = [row() for _ in range(4)]
    first = api.get("/predictions/?limit=2").json()
    row()
    assert ids(api.get(first["next"])) == [rows[1].pk, rows[0].pk]


def test_star_for_a_cursor_is_the_first_page(api):
    for _ in range(3):
        row()
    first = api.get("/predictions/?limit=2&cursor=*").json()
    assert [found["prediction_id"] for found in first["results"]] == ids(api.get("/predictions/?limit=2"))
    assert first["previous"] is None
    assert len(ids(api.get(first["next"]))) == 1


def test_cursor_of_another_order_is_refused(api):
    for _ in range(2):
        row()
    cursor = api.get("/predictions/?limit=1").json()["next"].partition("cursor=")[2].partition("&")[0]
    assert api.get(f"/predictions/?limit=1&ordering=predicted_proba&cursor={cursor}").status_code == 422


def test_cursor_that_was_tampered_with_is_refused(api):
    for _ in range(2):
        row()
    following = api.get("/predictions/?limit=1").json()["next"]
    assert api.get(following).status_code == 200
    assert api.get(following.replace("cursor=W", "cursor=X")).status_code == 422


def test_filters_narrow_the_list(api):
    features = EmployeeFeaturesFactory()
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    sought = PredictionFactory(
        employee=features.employee, features=features, probability=0.1, model_version="sought", created_at=long_ago
    )
    row(scored=True)
    for query in (
        f"employee_id={features.employee.employee_id}",
        "mode=by_id",
        "model_version=sought",
        "predicted_class=false",
        "created_before=2026-01-02T00:00:00Z",
        "created_from=2025-12-31T00:00:00Z&created_before=2026-01-02T00:00:00Z&mode=by_id",
    ):
        assert ids(api.get(f"/predictions/?{query}")) == [sought.pk], query
    tomorrow = (timezone.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert ids(api.get(f"/predictions/?created_from={tomorrow}")) == []
    assert ids(api.get("/predictions/?predicted_class=true&mode=by_id")) == []


@pytest.mark.parametrize(("yes", "no"), [("true", "false"), ("True", "False"), ("TRUE", "FALSE"), ("1", "0")])
def test_predicted_class_is_taken_as_clients_write_it(api, yes, no):
    leaving, staying = row(probability=0.5), row(probability=0.1)
    assert ids(api.get(f"/predictions/?predicted_class={yes}")) == [leaving.pk]
    assert ids(api.get(f"/predictions/?predicted_class={no}")) == [staying.pk]


@pytest.mark.parametrize("offset", ["+02:00", "+0200", " 02:00"])
@pytest.mark.parametrize("time", ["T14:30:00", "T14:30", "T14:30:00.000", " 14:30:00"])
def test_plus_of_an_instant_need_not_be_escaped(api, time, offset):
    logged = row(created_at=datetime(2026, 7, 1, 12, 30, tzinfo=UTC))
    row(created_at=datetime(2026, 7, 1, 12, 29, 59, tzinfo=UTC))
    assert ids(api.get(f"/predictions/?created_from=2026-07-01{time}{offset}")) == [logged.pk]


@pytest.mark.parametrize(
    "instant", ["2026-07-01%2012:30:00", "2026-07-01T12:30:00", "2026-07-01T12:30:00Z", "2026-07-01T14:30:00%2B02:00"]
)
def test_instant_without_an_offset_is_in_utc(api, instant):
    logged = row(created_at=datetime(2026, 7, 1, 12, 30, tzinfo=UTC))
    assert ids(api.get(f"/predictions/?created_from={instant}")) == [logged.pk]
    assert ids(api.get(f"/predictions/?created_from={instant.replace(':00', ':01', 1)}")) == []


@pytest.mark.parametrize("instant", ["2026-03-29T02:30:00", "2026-10-25T02:30:00"])
def test_instant_in_an_hour_of_the_clock_change_is_taken(api, instant):
    logged = row(created_at=datetime.fromisoformat(f"{instant}Z"))
    assert ids(api.get(f"/predictions/?created_from={instant}")) == [logged.pk]


@pytest.mark.parametrize("instant", ["0001-01-01T00:00:00%2B14:00", "0001-01-01T00:00:00", "9999-12-31T23:59:59-14:00"])
def test_instants_far_from_the_log_are_taken(api, instant):
    logged = row()
    is_early = instant.startswith("0")
    assert ids(api.get(f"/predictions/?created_from={instant}")) == ([logged.pk] if is_early else [])
    assert ids(api.get(f"/predictions/?created_before={instant}")) == ([] if is_early else [logged.pk])


def test_one_row_comes_with_its_explanation(api):
    number = EmployeeFeaturesFactory(heures_supplementaires=1).employee.employee_id
    logged = services.predict_for_employee(employee_id=number, caller=Caller(scope=Scope.EVERYONE))
    answer = api.get(f"/predictions/{logged.pk}").json()
    assert (answer["employee_id"], answer["mode"]) == (number, "by_id")
    total = answer["base_value"] + math.fsum(reason["contribution"] for reason in answer["reasons"])
    assert total == pytest.approx(logged.link.value(logged.probability), abs=1e-6)
    assert answer["low"] <= answer["turnover_probability"] <= answer["high"]


def test_one_row_costs_one_query_more_than_the_key(api, journal_apart):
    logged = row()
    api.get(f"/predictions/{logged.pk}")
    with CaptureQueriesContext(connection) as queries:
        api.get(f"/predictions/{logged.pk}")
    assert len(queries) == (2 if connection.vendor == "postgresql" else 3)


def test_key_that_may_only_predict_reads_nothing(api, api_key):
    row()
    api_key.can_read = False
    api_key.save()
    assert api.get("/predictions/latest").status_code == 403
    assert APIKeyFactory().can_read
