import io
import json
import logging
import uuid

import pytest
from django.db import IntegrityError, connection
from django.http import JsonResponse
from django.test import Client
from django.urls import path

SECRET = "s3cr3t-employee-payload"


class Key:
    prefix = "AbCdEfGh"


def answer(request, number):
    request.auth = Key
    return JsonResponse({"id": str(request.request_id)})


def fail(request, number):
    logging.getLogger("somewhere").warning("a step before", extra={"request": request, "payload": SECRET})
    raise RuntimeError("broken")


urlpatterns = [path("answer/<int:number>", answer), path("fail/<int:number>", fail)]


@pytest.fixture
def log(settings, monkeypatch):
    """What the process writes to its log, as the configured handler would."""
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = ["technova.logs.log_requests"]
    stream = io.StringIO()
    (handler,) = (handler for handler in logging.root.handlers if handler.name == "console")
    monkeypatch.setattr(handler, "stream", stream)
    return stream


def lines(log):
    return [json.loads(line) for line in log.getvalue().splitlines()]


GIVEN = "0F8FAD5B-D9CB-469F-A165-70867728950E"


@pytest.mark.parametrize("header", [GIVEN, GIVEN.lower(), GIVEN.replace("-", "")])
def test_request_id_of_the_caller_is_kept(client, log, header):
    response = client.get("/answer/12", headers={"X-Request-ID": header})
    assert response["X-Request-ID"] == response.json()["id"] == lines(log)[0]["request_id"] == GIVEN.lower()


@pytest.mark.parametrize(
    "header", [None, "", "42", f"{{{GIVEN}}}", f"urn:uuid:{GIVEN}", "1_" * 16, "x\u00e9", "a" * 9000]
)
def test_request_id_that_is_no_uuid_is_replaced(client, log, header):
    response = client.get("/answer/12", headers={"X-Request-ID": header} if header is not None else {})
    assert uuid.UUID(response["X-Request-ID"]).version == 4
    assert lines(log)[0]["request_id"] == response["X-Request-ID"] == response.json()["id"]


def test_each_request_has_its_own_id(client, log):
    assert client.get("/answer/12")["X-Request-ID"] != client.get("/answer/12")["X-Request-ID"]


def test_log_has_one_line_a_request_with_its_route_status_time_and_key(client, log):
    client.post("/answer/12")
    (line,) = lines(log)
    assert line["milliseconds"] >= 0
    assert {name: line[name] for name in ("level", "logger", "method", "route", "status", "key")} == {
        "level": "INFO",
        "logger": "technova.logs",
        "method": "POST",
        "route": "answer/<int:number>",
        "status": 200,
        "key": "AbCdEfGh",
    }


def test_log_of_an_unknown_address_has_no_route(client, log):
    client.get(f"/nowhere/{SECRET}")
    (line,) = lines(log)
    assert (line["status"], "route" in line) == (404, False)


def test_host_that_is_not_ours_is_one_line_without_a_traceback(client, log, settings):
    settings.MIDDLEWARE += ["django.middleware.common.CommonMiddleware"]  # looks at the host, as most pages do
    assert client.get("/answer/1", headers={"Host": "made-up.example"}).status_code == 400
    (line,) = lines(log)
    assert (line["level"], line["status"]) == ("INFO", 400)


@pytest.mark.parametrize("address", ["/answer/424242", "/fail/424242", "/nowhere/424242"])
def test_log_holds_no_path_query_payload_header_or_cookie(log, address):
    client = Client(
        headers={"X-API-Key": SECRET, "User-Agent": SECRET, "Referer": SECRET}, raise_request_exception=False
    )
    client.cookies["session"] = SECRET
    client.post(f"{address}?q={SECRET}", {"age": SECRET}, content_type="application/json")
    assert log.getvalue()
    assert SECRET not in log.getvalue()
    assert "424242" not in log.getvalue()


def test_everything_that_is_logged_during_a_request_carries_its_id(log):
    response = Client(raise_request_exception=False).get("/fail/424242")
    request_id = response["X-Request-ID"]
    logging.getLogger("somewhere").warning("afterwards")
    assert [(line["message"].split()[0], line.get("request_id")) for line in lines(log)] == [
        ("a", request_id),
        ("Unhandled", request_id),
        ("GET", request_id),
        ("afterwards", None),
    ]


def test_log_of_an_unhandled_error_has_the_traceback(log):
    Client(raise_request_exception=False).get("/fail/424242")
    (error,) = [line for line in lines(log) if "exc_info" in line]
    assert (error["level"], error["message"]) == ("ERROR", "Unhandled error in fail/<int:number>")
    assert error["exc_info"].endswith("RuntimeError: broken")


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL alone quotes the row in its errors")
def test_log_of_a_refused_row_does_not_quote_it(log):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE person (name text, age int CHECK (age > 0)) ON COMMIT DROP")
        with pytest.raises(IntegrityError) as refused:
            cursor.execute("INSERT INTO person VALUES (%s, -1)", [SECRET])
    logging.getLogger("somewhere").error("refused", exc_info=refused.value)
    assert SECRET in str(refused.value)
    assert "person_age_check" in log.getvalue()
    assert SECRET not in log.getvalue()
