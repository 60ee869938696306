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


def count(request, number):
    return JsonResponse({"parameters": len(request.GET)})


def refuse_account(request, number, status):
    return JsonResponse({"id": request.user.pk}, status=status)


urlpatterns = [
    path("closed/<int:number>", refuse_account, {"status": 403}),
    path("absent/<int:number>", refuse_account, {"status": 404}),
    path("answer/<int:number>", answer),
    path("count/<int:number>", count),
    path("fail/<int:number>", fail),
]


@pytest.fixture
def log(settings, monkeypatch):
    """What the process writes to its log, as the configured handler would."""
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = ["technova.server.logs.log_requests"]
    stream = io.StringIO()
    (handler,) = (handler for handler in logging.root.handlers if handler.name == "console")
    monkeypatch.setattr(handler, "stream", stream)
    return stream


def lines(log):
    return [json.loads(line) for line in log.getvalue().splitlines()]


GIVEN = "0F8FAD5B-D9CB-469F-A165-70867728950E"


@pytest.mark.parametrize("header", [GIVEN, GIVEN.lower(), GIVEN.replace("-", "")])
def test_uuid_of_the_caller_is_the_id_of_the_request(client, log, header):
    response = client.get("/answer/12", headers={"X-Request-ID": header})
    assert response["X-Request-ID"] == header
    assert response["X-Request-UUID"] == response.json()["id"] == lines(log)[0]["request_id"] == GIVEN.lower()


@pytest.mark.parametrize(
    "header",
    [
        "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "Root=1-67891233-abcdef012345678912345678",
        "42",
        "export of July, 3rd try",
        f"{{{GIVEN}}}",
        f"urn:uuid:{GIVEN}",
        "1_" * 16,
        "a" * 128,
    ],
)
def test_short_text_of_the_caller_is_kept_beside_an_id_of_our_own(client, log, header):
    response = client.get("/answer/12", headers={"X-Request-ID": header})
    [line] = lines(log)
    assert response["X-Request-ID"] == line["client_request_id"] == header
    assert uuid.UUID(response["X-Request-UUID"]).version == 4
    assert response["X-Request-UUID"] == response.json()["id"] == line["request_id"]


@pytest.mark.parametrize("header", [None, "", "x\u00e9", "a\tb", "a\x7f", "a" * 129, "a" * 9000])
def test_request_id_that_is_no_short_printable_text_is_replaced(client, log, header):
    response = client.get("/answer/12", headers={"X-Request-ID": header} if header is not None else {})
    [line] = lines(log)
    assert uuid.UUID(response["X-Request-ID"]).version == 4
    assert response["X-Request-ID"] == response["X-Request-UUID"] == response.json()["id"] == line["request_id"]
    assert "client_request_id" not in line


TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize("header", [TRACE, TRACE.replace("00-", "01-", 1)])
def test_trace_of_the_caller_is_logged(client, log, header):
    client.get("/answer/12", headers={"traceparent": header})
    assert lines(log)[0]["traceparent"] == header


@pytest.mark.parametrize(
    "header",
    [
        "",
        SECRET,
        TRACE.upper(),
        f"{TRACE}-{SECRET}",
        f"{TRACE} ",
        TRACE.replace("00-", "ff-", 1),
        "00-" + "0" * 32 + TRACE[35:],
        TRACE[:36] + "0" * 16 + "-01",
        TRACE.removesuffix("-01"),
    ],
)
def test_trace_that_is_none_is_not_logged(client, log, header):
    client.get("/answer/12", headers={"traceparent": header})
    assert "traceparent" not in lines(log)[0]


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


def test_log_of_a_refused_page_names_the_account(admin_user, log, settings):
    """By its number, which is no employee's; and nobody where the page was not refused."""
    settings.MIDDLEWARE += [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ]
    client = Client()
    client.force_login(admin_user)
    for address in ("/closed/12", "/absent/12", "/answer/12"):
        client.get(address)
    refused, absent, answered = lines(log)
    assert (refused["level"], refused["status"], refused["account"]) == ("WARNING", 403, admin_user.pk)
    assert (absent["level"], absent["status"], absent["account"]) == ("INFO", 404, admin_user.pk)
    assert (answered["level"], "account" in answered) == ("INFO", False)


def test_log_of_an_unknown_address_has_no_route(client, log):
    client.get(f"/nowhere/{SECRET}")
    (line,) = lines(log)
    assert (line["status"], "route" in line) == (404, False)


def refuse(log, *middleware, settings, **request):
    """Send a request that Django refuses; the line on the refusal, which another on the request follows."""
    settings.MIDDLEWARE += middleware
    response = Client(enforce_csrf_checks=True).generic(**{"method": "GET", "path": "/answer/1"} | request)
    refusal, line = lines(log)
    level = "WARNING" if response.status_code == 403 else "INFO"
    assert (line["level"], line["status"]) == (level, response.status_code)
    assert (refusal["level"], "exc_info" in refusal) == ("WARNING", False)
    assert refusal["request_id"] == response["X-Request-ID"]
    return refusal["message"]


COMMON, CSRF = "django.middleware.common.CommonMiddleware", "django.middleware.csrf.CsrfViewMiddleware"


def test_host_that_is_not_ours_is_one_line_that_names_it(log, settings):
    message = refuse(log, COMMON, settings=settings, headers={"Host": "made-up.example"})
    assert message.startswith("Refused: DisallowedHost: Invalid HTTP_HOST header: 'made-up.example'.")


def test_host_that_is_very_long_is_cut(log, settings):
    assert len(refuse(log, COMMON, settings=settings, headers={"Host": "a" * 8000})) < 250


def test_too_many_parameters_are_one_line_without_any(log, settings):
    query = "&".join(f"{SECRET}{place}={SECRET}" for place in range(1001))
    assert refuse(log, settings=settings, path=f"/count/1?{query}") == "Refused: TooManyFieldsSent"
    assert SECRET not in log.getvalue()


def test_form_of_another_site_is_one_line_without_path_and_origin(log, settings):
    settings.CSRF_FAILURE_VIEW = "django.views.csrf.csrf_failure"  # ours needs the addresses of the site
    origin = f"https://{SECRET}.example"
    message = refuse(log, CSRF, settings=settings, method="POST", path="/answer/424242", headers={"Origin": origin})
    assert message == "Refused: csrf: Origin checking failed"
    assert SECRET not in log.getvalue()
    assert "424242" not in log.getvalue()


def test_refusal_is_no_error_for_who_asks_for_errors_alone(log):
    level = logging.root.level
    logging.root.setLevel(logging.ERROR)
    try:
        logging.getLogger("django.security.TooManyFieldsSent").error("too many")
    finally:
        logging.root.setLevel(level)
    assert log.getvalue() == ""


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


@pytest.mark.parametrize(
    ("message", "arguments", "written"),
    [
        (f"Invalid request from ip=127.0.0.1: Invalid Header: '{SECRET}'", (), "Invalid request"),
        ("Error handling request %s %s", ("GET", f"/history/?{SECRET}"), "Error handling request"),
        ("Worker (pid:%s) was sent %s!", (12, "SIGTERM"), "Worker (pid:12) was sent SIGTERM!"),
    ],
)
def test_what_gunicorn_writes_on_a_request_is_logged_without_it(log, message, arguments, written):
    logging.getLogger("gunicorn.error").error(message, *arguments)
    (line,) = lines(log)
    assert (line["message"], line["logger"]) == (written, "gunicorn.error")
