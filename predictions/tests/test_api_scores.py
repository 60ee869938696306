"""Everyone's scores through the API: in pages, as NDJSON, as CSV."""

import csv
import io
import json
import tracemalloc
from datetime import UTC, date, datetime

import pytest
from django.core import signing
from django.db import connection

from employees.models import Employee
from employees.tests.factories import WorkforceDayFactory, leave
from predictions.api import views
from predictions.api.renderers import FastJSONRenderer, preferred_type
from predictions.tests.conftest import APIClient, only_postgresql
from predictions.tests.factories import APIKeyFactory, PredictionFactory, ScoringRunFactory
from predictions.tests.scoring import score

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 2, 12, 30, tzinfo=UTC)
NDJSON, CSV = "application/x-ndjson", "text/csv"
FIELDS = {
    "employee_id",
    "department",
    "presence",
    "turnover_probability",
    "will_leave",
    "threshold",
    "low",
    "high",
    "is_extrapolated",
    "horizon_months",
    "main_reason",
    "second_reason",
    "model_version",
    "prediction_id",
    "run_id",
    "scored_at",
    "as_of",
}


@pytest.fixture
def run():
    return ScoringRunFactory(threshold=0.2, created_at=NOON, as_of=date(2026, 2, 28))


def numbers(client, query=""):
    return [row["employee_id"] for row in client.get(f"/scores/{query}").json()["results"]]


def follow(client, address):
    """The rows of all pages from an address on."""
    rows = []
    while address:
        page = client.get(address).json()
        rows += page["results"]
        address = page["next"]
    return rows


def stream(client, media_type, query=""):
    response = client.get(f"/scores/{query}", headers={"Accept": media_type})
    assert (response.status_code, response["Content-Type"]) == (200, f"{media_type}; charset=utf-8")
    return b"".join(response.streaming_content).decode()


def test_score_says_who_how_much_by_which_model_and_when(api, run):
    logged = score(run, 7, 0.7, low=0.5, high=0.8, main_reason="heures_supplementaires", second_reason="age")
    answer = api.get("/scores/").json()
    assert answer == {
        "next": None,
        "previous": None,
        "results": [
            {
                "employee_id": 7,
                "turnover_probability": 0.7,
                "will_leave": True,
                "prediction_id": logged.pk,
                "threshold": 0.2,
                "model_version": run.model_version,
                "low": 0.5,
                "high": 0.8,
                "is_extrapolated": False,
                "horizon_months": None,
                "department": "Consulting",
                "presence": "present",
                "main_reason": "heures_supplementaires",
                "second_reason": "age",
                "run_id": run.pk,
                "scored_at": "2026-03-02T12:30:00+00:00",
                "as_of": "2026-02-28",
            }
        ],
    }


def test_scores_are_of_the_newest_run_alone_riskiest_first(api, run):
    score(ScoringRunFactory(pk=run.pk - 1), 9, 0.99)
    for number, probability in ((1, 0.1), (2, 0.9), (3, 0.5)):
        score(run, number, probability)
    PredictionFactory(probability=0.95)
    PredictionFactory(ready_made=True, probability=0.95)
    assert numbers(api) == [2, 3, 1]


def test_before_the_first_run_there_are_no_scores(api):
    PredictionFactory()
    assert api.get("/scores/").json() == {"next": None, "previous": None, "results": []}
    assert stream(api, NDJSON) == ""
    assert set(stream(api, CSV).splitlines()[0].replace('"', "").split(",")) == FIELDS


def test_those_present_alone_are_given(api, run):
    score(run, 1, 0.9, employee__presence="left")
    score(run, 2, 0.8)
    score(run, 3, 0.7, employee__presence="absent")
    for query in ("", f"?run_id={run.pk}", "?employee_ids=1,2,3", "?department=Consulting"):
        assert numbers(api, query) == [2], query


@pytest.mark.parametrize("departments", [None, ["Consulting"]])
def test_departure_after_the_run_drops_the_person_from_every_page_and_line(run, departments):
    for number in range(1, 6):
        score(run, number, 1 - number / 10)
    client = APIClient(APIKeyFactory(departments=departments).secret)
    first = client.get("/scores/?limit=2").json()
    leave(Employee.objects.get(employee_id=4))
    Employee.objects.filter(employee_id=5).update(presence="absent")
    WorkforceDayFactory()
    assert [row["employee_id"] for row in follow(client, first["next"])] == [3]
    assert numbers(client) == [1, 2, 3]
    assert [json.loads(line)["employee_id"] for line in stream(client, NDJSON).splitlines()] == [1, 2, 3]
    assert len(stream(client, CSV).splitlines()) == 4


def test_filters_hold_together(api, run):
    score(run, 1, 0.9)
    score(run, 2, 0.5, departement="Commercial")
    score(run, 3, 0.3, departement="Commercial")
    score(run, 4, 0.1, departement="Commercial")
    for query, expected in {
        "department=Commercial": [2, 3, 4],
        "department=%20commercial": [2, 3, 4],
        "will_leave=true": [1, 2, 3],
        "will_leave=false": [4],
        "min_probability=0.5": [1, 2],
        "min_probability=1e-1": [1, 2, 3, 4],
        "employee_ids=3": [3],
        "employee_ids=4,1,77": [1, 4],
        "department=Commercial&will_leave=true&min_probability=0.4": [2],
    }.items():
        assert numbers(api, f"?{query}") == expected, query


@pytest.mark.parametrize(
    "query",
    [
        "department=Mars",
        "department=",
        "will_leave=perhaps",
        "min_probability=1.1",
        "min_probability=-0.1",
        "min_probability=nan",
        "min_probability=inf",
        "min_probability=1e400",
        "min_probability=%D9%A1",
        "employee_ids=0",
        "employee_ids=1,,2",
        "employee_ids=1,x",
        "employee_ids=2147483648",
        "employee_ids=" + ",".join(["1"] * 201),
        "presence=present",
        "presence=any",
        "run_id=x",
        "run_id=0",
        "run_id=9223372036854775808",
        "limit=0",
        "limit=1001",
        "cursor=abc",
        "departement=Commercial",
        "ordering=-created_at",
        "page=2",
    ],
)
def test_parameter_that_breaks_a_rule_is_named(api, run, query):
    response = api.get(f"/scores/?{query}")
    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["query", query.partition("=")[0]]
    assert response.json()["detail"][0]["type"]


@pytest.mark.parametrize("query", ["limit=1", "cursor=abc"])
@pytest.mark.parametrize("media_type", [NDJSON, CSV])
def test_stream_has_no_pages(api, run, media_type, query):
    response = api.get(f"/scores/?{query}", headers={"Accept": media_type})
    assert (response.status_code, response["Content-Type"]) == (422, "application/json")


def test_scores_of_an_earlier_run(api):
    earlier = ScoringRunFactory(model_version="earlier", threshold=0.6)
    score(earlier, 1)
    score(ScoringRunFactory(), 2)
    [row] = api.get(f"/scores/?run_id={earlier.pk}").json()["results"]
    assert (row["employee_id"], row["model_version"], row["run_id"]) == (1, "earlier", earlier.pk)
    assert (row["threshold"], row["will_leave"]) == (0.6, False)


def test_scores_of_a_run_that_never_was(api, run):
    response = api.get(f"/scores/?run_id={run.pk + 1}")
    assert response.status_code == 404
    assert response.json()["detail"] == "There is no scoring run of this number."


def test_pages_hold_everyone_once_in_order_both_ways(api, run):
    for number, probability in enumerate((0.5, 0.1, 0.5, 0.5, 0.9, 0.5, 0.1), start=1):
        score(run, number, probability)
    everyone = numbers(api)
    assert [row["employee_id"] for row in follow(api, "/scores/?limit=2")] == everyone
    page = api.get("/scores/?limit=7").json()
    assert page["next"] is None
    middle = api.get(api.get("/scores/?limit=3").json()["next"]).json()
    back = api.get(middle["previous"]).json()
    assert [row["employee_id"] for row in back["results"]] == everyone[:3]


def test_pages_stay_with_their_run_when_a_newer_one_ends(api, run):
    for number in range(1, 5):
        score(run, number)
    first = api.get("/scores/?limit=2").json()
    newer = ScoringRunFactory()
    score(newer, 5, 0.99)
    rest = follow(api, first["next"])
    assert [row["employee_id"] for row in rest] == [3, 4]
    assert {row["run_id"] for row in rest} == {run.pk}
    assert numbers(api) == [5]


def test_cursor_of_one_run_is_refused_for_another(api, run):
    for number in (1, 2):
        score(run, number)
    following = api.get("/scores/?limit=1").json()["next"]
    other = ScoringRunFactory()
    assert api.get(f"{following}&run_id={run.pk}").status_code == 200
    assert api.get(f"{following}&run_id={other.pk}").status_code == 422


def test_cursor_that_was_damaged_is_refused_by_name(api, run):
    for number in (1, 2):
        score(run, number)
    cursor = api.get("/scores/?limit=1").json()["next"].partition("cursor=")[2].partition("&")[0]
    forged = signing.dumps([run.pk, False, [1.0, 0]], salt="another")
    log = signing.dumps(["-created_at", False, [1.0, 0]], salt="predictions.api.cursor /predictions/")
    damaged = [cursor[:place] + "0" + cursor[place + 1 :] for place in range(0, len(cursor), 7) if cursor[place] != "0"]
    for bad in [*damaged, cursor[:-1], cursor[1:], cursor + "A", forged, log, "%00", "é"]:
        response = api.get("/scores/", {"limit": 1, "cursor": bad})
        assert (response.status_code, response.json()["detail"][0]["loc"]) == (422, ["query", "cursor"]), bad


def test_limit_of_a_page(api, run):
    for number in range(1, 203):
        score(run, number)
    assert [len(numbers(api, query)) for query in ("", "?limit=1", "?limit=1000")] == [200, 1, 202]


@pytest.mark.parametrize("query", ["?min_probability=0", "?will_leave=true&department=Commercial"])
def test_streams_say_what_the_pages_say(api, run, query, monkeypatch):
    monkeypatch.setattr(views, "CHUNK_SIZE", 2)
    for number in range(1, 8):
        score(
            run,
            number,
            (0.1, 0.5, 0.6)[number % 3],
            departement=("Commercial", "Consulting")[number > 5],
            second_reason="",
        )
    pages = follow(api, f"/scores/{query}&limit=3")
    assert len(pages) > 2
    assert [json.loads(line) for line in stream(api, NDJSON, query).splitlines()] == pages
    lines = list(csv.DictReader(io.StringIO(stream(api, CSV, query))))
    texts = {"True": "true", "False": "false", "None": ""}
    assert lines == [{name: texts.get(str(value), str(value)) for name, value in row.items()} for row in pages]


def test_csv_begins_with_the_names_and_no_mark(api, run):
    score(run, 1)
    assert stream(api, CSV).startswith('"employee_id","turnover_probability"')


def test_csv_cell_cannot_become_a_formula(api, run):
    run.model_version = "=1+1;=2+2"
    run.save()
    score(run, 1)
    [row] = csv.DictReader(io.StringIO(stream(api, CSV)))
    assert row["model_version"] == "'=1+1;'=2+2"


@pytest.mark.parametrize(
    ("accept", "given"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/json"),
        ("application/json; charset=utf-8", "application/json"),
        ("APPLICATION/JSON", "application/json"),
        ("text/csv", CSV),
        ("text/csv;charset=utf-8;header=present", CSV),
        ("text/csv, */*", CSV),
        ("text/csv;q=0.4, application/x-ndjson;q=0.5", NDJSON),
        ("text/csv;q=0.4, */*;q=0.5", "application/json"),
        ("application/json;q=0, */*", NDJSON),
        ("application/json;q=0, application/*", NDJSON),
        ("application/*;q=0.1, text/*", CSV),
        ("text/csv;q=nonsense", CSV),
        (",,", "application/json"),
        ("application/x-ndjson,text/csv", NDJSON),
        ("text/csv,application/x-ndjson", CSV),
    ],
)
def test_format_is_the_one_that_accept_prefers(api, run, accept, given):
    score(run, 1)
    response = api.get("/scores/", headers={"Accept": accept})
    assert (response.status_code, response["Content-Type"].partition(";")[0]) == (200, given)
    assert "Accept" in response["Vary"]


@pytest.mark.parametrize("accept", ["text/html", "application/xml, text/html", "*/*;q=0", "text/csv;q=0"])
def test_format_that_cannot_be_given_is_refused_in_json(api, run, accept):
    response = api.get("/scores/", headers={"Accept": accept})
    assert (response.status_code, response["Content-Type"]) == (406, "application/json")
    assert "text/csv" in response.json()["detail"]
    assert response.has_header("RateLimit")


def test_no_offer_pleases_a_header_that_excludes_all():
    assert preferred_type("*/*;q=0", ["application/json"]) is None


@pytest.mark.parametrize("media_type", ["application/json", NDJSON, CSV])
def test_limited_key_reads_the_scores_of_its_departments(run, media_type):
    score(run, 1, 0.9)
    score(run, 2, 0.8, departement="Commercial")
    client = APIClient(APIKeyFactory(departments=["Commercial"]).secret)
    for query in ("", "?employee_ids=1,2", "?min_probability=0"):
        body = client.get(f"/scores/{query}", headers={"Accept": media_type})
        text = (b"".join(body.streaming_content) if body.streaming else body.content).decode()
        assert text.count("Commercial") == 1
        assert "Consulting" not in text
    assert numbers(client, "?department=Consulting") == []


@pytest.mark.parametrize("media_type", ["application/json", NDJSON, CSV])
def test_every_answer_says_what_is_left_of_the_minute(api, run, media_type, minute):
    response = api.get("/scores/", headers={"Accept": media_type})
    assert response["RateLimit"] == '"key";r=5999;t=50'


def test_page_costs_the_same_queries_for_one_person_and_for_many(api, run, django_assert_num_queries):
    api.get("/scores/")
    for number in range(1, 4):
        score(run, number)
        with django_assert_num_queries(3 if connection.vendor == "postgresql" else 4):
            api.get("/scores/")


def test_stream_costs_one_query_a_chunk(api, run, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(views, "CHUNK_SIZE", 2)
    for number in range(1, 6):
        score(run, number)
    api.get("/key")
    with django_assert_num_queries(7 if connection.vendor == "postgresql" else 8):  # two of the journal
        assert stream(api, NDJSON).count("\n") == 5


def test_stream_keeps_no_connection_while_the_client_reads(run, monkeypatch):
    events = []
    monkeypatch.setattr("technova.database.keyset._release_connection", lambda: events.append("given back"))
    monkeypatch.setattr(views, "CHUNK_SIZE", 1)
    for number in (1, 2):
        score(run, number)
    client = APIClient(APIKeyFactory().secret)
    lines = iter(client.get("/scores/", headers={"Accept": NDJSON}).streaming_content)
    assert events == []
    next(lines)
    assert events == ["given back"]
    next(lines)
    assert events == ["given back"] * 2


@only_postgresql
@pytest.mark.django_db(transaction=True)
def test_stream_gives_its_connection_back_to_the_pool(run, monkeypatch):
    monkeypatch.setattr(views, "CHUNK_SIZE", 1)
    for number in (1, 2):
        score(run, number)
    lines = iter(APIClient(APIKeyFactory().secret).get("/scores/", headers={"Accept": NDJSON}).streaming_content)
    for _line in (1, 2):
        next(lines)
        assert connection.connection is None


@pytest.mark.parametrize("media_type", [NDJSON, CSV])
def test_head_reads_nobody(api, run, media_type, django_assert_num_queries):
    score(run, 1)
    api.get("/key")
    with django_assert_num_queries(2 if connection.vendor == "postgresql" else 3):
        response = api.head("/scores/", headers={"Accept": media_type})
        assert b"".join(response.streaming_content) == b""
    assert response["Content-Type"] == f"{media_type}; charset=utf-8"


@pytest.mark.parametrize("media_type", [NDJSON, CSV])
def test_memory_of_a_stream_does_not_grow_with_the_workforce(api, run, media_type, monkeypatch):
    monkeypatch.setattr(views, "CHUNK_SIZE", 100)
    score(run, 1)

    def peak(length):
        [row] = views.scores.of_run(run, views.scope_of_key(APIKeyFactory()))
        monkeypatch.setattr(views.keyset, "chunks", lambda *_arguments: ([row] * 100 for _ in range(length // 100)))
        tracemalloc.start()
        response = api.get("/scores/", headers={"Accept": media_type})
        size = sum(map(len, response.streaming_content))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size, peak

    peak(100)
    (small, before), (large, after) = peak(2_000), peak(10_000)
    assert large > 4 * small
    assert after < before * 1.5


def test_fields_of_every_format_are_those_of_the_pages(api, run):
    score(run, 1)
    [row] = api.get("/scores/").json()["results"]
    assert row.keys() == FIELDS == set(next(csv.reader(io.StringIO(stream(api, CSV)))))


def test_answers_are_compact_utf8_that_scripts_can_hold():
    assert FastJSONRenderer().render({"é": ["\u2028\u2029", 0.5]}) == '{"é":["\\u2028\\u2029",0.5]}'.encode()
