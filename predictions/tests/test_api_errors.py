"""What real networks send: every one a 4xx, or a 503 that passes, in one JSON shape; never a page and never a 500."""

import gzip
import io
import json
import time
import uuid

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import OperationalError, connection, connections
from django.test import Client, RequestFactory

from features.tests.factories import EmployeeFeaturesFactory
from predictions import handlers, registry
from predictions.models import Prediction
from predictions.tests.conftest import APIClient, only_postgresql
from predictions.tests.factories import PredictionFactory
from predictions.tests.test_api_keys import CALLS
from predictions.tests.test_api_predict import features
from technova.wsgi import application

pytestmark = pytest.mark.django_db


def assert_error(response, *statuses):
    assert response.status_code in statuses, response.content[:500]
    assert response["Content-Type"] == "application/json"
    body = response.json()
    assert body.keys() == {"detail", "request_id"}
    assert body["detail"]
    if isinstance(body["detail"], list):
        assert all(error["msg"] and error["type"] for error in body["detail"])
    assert uuid.UUID(body["request_id"])
    assert response["X-Request-ID"] == body["request_id"]


def body_with(text, name="poste"):
    """The JSON of the 32 features with the raw text of one value replaced."""
    return json.dumps(features(**{name: "@"})).replace('"@"', text).encode("utf-8", "surrogatepass")


BODIES = {
    "empty": b"",
    "blank": b" ",
    "null": b"null",
    "a number": b"1",
    "a text": b'"age"',
    "a list": b"[]",
    "a list of bodies": b"[{}]",
    "an empty object": b"{}",
    "cut off": b'{"age": 41',
    "form-encoded by mistake": b"age=41&genre=0",
    "100,000 nested lists": b"[" * 100_000 + b"]" * 100_000,
    "100,000 nested objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "100,000 open lists": b"[" * 100_000,
    "deep inside a field": body_with("[" * 100_000 + "]" * 100_000),
    "an escaped null": body_with('"Consultant\\u0000"'),
    "a raw null": body_with('"Consultant\0"'),
    "a null in a name": body_with('"Consultant", "a\\u0000": 1'),
    "an escaped lone surrogate": body_with('"\\ud800"'),
    "a raw lone surrogate": body_with('"\ud800"'),
    "a surrogate in a name": body_with('"Consultant", "\\udc00": 1'),
    "a surrogate deep inside": body_with('[{"a": ["\\ud800"]}]'),
    "not UTF-8": body_with('"Consultant"').replace(b"Consultant", b"\xff\xfe"),
    "UTF-16": body_with('"Consultant"').decode().encode("utf-16"),
    "two byte order marks": b"\xef\xbb\xbf" * 2 + body_with('"Consultant"'),
    "a byte order mark alone": b"\xef\xbb\xbf",
    "NaN": body_with("NaN", "risque_global"),
    "Infinity": body_with("Infinity", "risque_global"),
    "-Infinity": body_with("-Infinity", "risque_global"),
    "1e400": body_with("1e400", "risque_global"),
    "-1e400": body_with("-1e400", "risque_global"),
    "1e400 for an integer": body_with("1e400", "age"),
    "2**31": body_with("2147483648", "revenu_mensuel"),
    "2**63": body_with("9223372036854775808", "revenu_mensuel"),
    "a number of 1,000 digits": body_with("9" * 1000, "revenu_mensuel"),
    "a number of 5,000 digits": body_with("9" * 5000, "revenu_mensuel"),
    "a float of 1,000 digits": body_with("9" * 1000, "risque_global"),
    "true for a number": body_with("true", "risque_global"),
    "Arabic digits": body_with('"٤١"', "age"),
    "raw Arabic digits": body_with("٤١", "age"),
    "a key twice": body_with('"Consultant", "age": 41'),
    "a key twice, the second deep inside": body_with('{"a": 1, "a": 2}'),
    "two bodies": body_with('"Consultant"') * 2,
    "gzip'd": gzip.compress(body_with('"Consultant"')),
}


@pytest.mark.parametrize("body", BODIES)
def test_body_is_refused(api, body):
    response = api.call("/predict/by-features", BODIES[body])
    assert_error(response, 400, 422)
    assert not Prediction.objects.exists()


@pytest.mark.parametrize("body", BODIES)
def test_body_is_refused_as_a_batch(api, body):
    assert_error(api.call("/predict/batch", BODIES[body]), 400, 422)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("cut off", "illisible à partir de la ligne 1, colonne 11"),
        ("NaN", "NaN n’est pas un nombre"),
        ("1e400", "un nombre est trop grand"),
        ("a number of 5,000 digits", "un nombre est trop grand"),
        ("a key twice", "une clé y figure deux fois"),
        ("an escaped null", "un texte contient un caractère invalide"),
    ],
)
def test_what_is_wrong_with_a_body_is_said_in_the_clients_language(api, body, reason):
    response = api.call("/predict/by-features", BODIES[body], headers={"Accept-Language": "fr"})
    assert response.json()["detail"].endswith(f": {reason}.")


@pytest.mark.parametrize("path", ["/predict/by-features", "/predict/batch"])
@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The body is null: an object is needed."),
        ("fr", "Le corps de la requête est null : un objet est attendu."),
    ],
)
def test_null_for_a_body_is_refused_in_the_clients_language(api, path, language, text):
    response = api.call(path, b"null", headers={"Accept-Language": language})
    assert_error(response, 422)
    assert response.json()["detail"] == [{"loc": ["body"], "msg": text, "type": "null"}]


@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain",
        "application/xml",
        "application/jsonp",
        "text/json",
        "nonsense",
        "application/json; charset=latin-1",
        "application/json; charset=utf-16",
        "application/json; charset=bz2",
        "application/json; charset=nonsense",
    ],
)
def test_content_type_other_than_json_in_utf8_is_refused(api, content_type):
    response = api.generic("POST", "/predict/by-features", json.dumps(features()), content_type=content_type)
    assert_error(response, 415)
    assert response.json()["detail"] == "The body must be JSON in UTF-8, uncompressed."


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "Application/JSON", 'application/json; charset="UTF-8"', "application/vnd.api+json", ""],
)
def test_json_is_taken_however_it_is_declared(api, content_type):
    body = json.dumps(features(), ensure_ascii=False).encode()
    assert api.generic("POST", "/predict/by-features", body, content_type=content_type).status_code == 200


@pytest.mark.parametrize("path", ["/predict/by-features", "/predict/batch"])
def test_body_after_a_byte_order_mark_is_read(api, path):
    assert api.call(path, b"\xef\xbb\xbf" + BODY[path]["data"].encode()).status_code == 200


def test_compressed_body_is_refused(api):
    body = gzip.compress(json.dumps(features()).encode())
    assert_error(api.call("/predict/by-features", body, headers={"Content-Encoding": "gzip"}), 415)


def test_body_over_the_limit_is_refused(api):
    body = b'{"age": "' + b"9" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE + b'"}'
    assert_error(api.call("/predict/by-features", body), 413)


def chunked(api, path, body):
    """A body whose length is not said, as the server hands on one that came in chunks."""
    stream = body if isinstance(body, io.IOBase) else io.BytesIO(body)
    headers = {"Transfer-Encoding": "chunked"}
    return api.post(path, content_type="application/json", headers=headers, CONTENT_LENGTH="", **{"wsgi.input": stream})


def test_body_in_chunks_is_read(api):
    assert chunked(api, "/predict/by-features", json.dumps(features()).encode()).status_code == 200


def test_body_in_chunks_over_the_limit_is_refused(api):
    body = b'{"age": "' + b"9" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE + b'"}'
    assert_error(chunked(api, "/predict/by-features", body), 413)


@pytest.mark.parametrize("body", [b"", b"{"])
def test_body_in_chunks_that_is_no_json_is_refused(api, body):
    assert_error(chunked(api, "/predict/by-features", body), 400, 422)


def test_call_without_a_body_takes_none_in_chunks_too(api):
    row = EmployeeFeaturesFactory()
    assert chunked(api, f"/predict/by-id/{row.employee.employee_id}", b"").status_code == 200


class Broken(io.RawIOBase):
    def read(self, size=-1):
        raise OSError("connection reset")


def test_body_that_breaks_off_is_refused(api):
    assert_error(api.call("/predict/batch", {}, **{"wsgi.input": Broken()}), 400)
    assert_error(chunked(api, "/predict/batch", Broken()), 400)


def test_thousands_of_unknown_fields_are_not_all_repeated(api):
    response = api.call("/predict/batch", {f"field{place}": 1 for place in range(10_000)})
    assert_error(response, 422)
    assert len(response.json()["detail"]) == 100


@pytest.mark.parametrize("path", ["/predictions/latest", "/predictions/"])
@pytest.mark.parametrize(
    "query",
    [
        "limit=abc",
        "limit=-1",
        "limit=0",
        "limit=201",
        f"limit={10**30}",
        f"limit={'9' * 5000}",
        "limit=1.5",
        "limit=1e2",
        "limit=",
        "limit=%00",
        "limit=%D9%A3",
        "limit=1%0A",
        "q=%00",
        "%00=1",
        "unknown=1",
        "mod=scoring",
        "limit=%ff",
    ],
)
def test_query_is_refused(api, path, query):
    assert_error(api.get(f"{path}?{query}"), 422)


@pytest.mark.parametrize(
    "query",
    [
        "employee_id=abc",
        "employee_id=-1",
        "employee_id=0",
        f"employee_id={2**31}",
        f"employee_id={'9' * 5000}",
        "employee_id=%00",
        "employee_id=%D9%A3",
        "employee_id=1.0",
        "employee_id=1e400",
        "employee_id=NaN",
        "mode=unknown",
        "mode=%00",
        "predicted_class=maybe",
        "predicted_class=%00",
        "model_version=%00",
        f"model_version={'a' * 41}",
        "created_from=yesterday",
        "created_from=%00",
        "ordering=payload",
        "ordering=%00",
        "cursor=%00",
        "cursor=",
        "mode=",
        "created_from=",
        "model_version=%20",
        "model_version=%09",
    ],
)
def test_filter_is_refused(api, query):
    response = api.get(f"/predictions/?{query}")
    assert_error(response, 422)
    assert response.json()["detail"][0]["loc"] == ["query", query.partition("=")[0]]


@pytest.mark.parametrize("cursor", ["abc", "cD0x", "%D9%A3", "a" * 5000])
def test_cursor_that_is_none_is_refused_by_name(api, cursor):
    response = api.get(f"/predictions/?cursor={cursor}")
    assert_error(response, 422)
    assert response.json()["detail"][0]["loc"] == ["query", "cursor"]


@pytest.mark.parametrize("charset", ["bz2", "utf-16", "idna", "nonsense"])
def test_content_type_does_not_choose_the_charset_of_the_query(api_key, charset):
    request = RequestFactory(headers={"X-API-Key": api_key.secret}).get("/predictions/latest")
    environ = request.environ | {
        "CONTENT_TYPE": f"application/json; charset={charset}",
        "QUERY_STRING": "limit=%31",
    }
    assert application.get_response(application.request_class(environ)).status_code == 200


@pytest.mark.parametrize("number", ["abc", "-1", "%00", "%D9%A3", "1.0"])
def test_prediction_number_is_refused(api, number):
    assert_error(api.get(f"/predictions/{number}"), 422)


@pytest.mark.parametrize("number", [0, 999_999, 2**63, 10**40, "9" * 5000])
def test_prediction_number_is_unknown(api, number):
    response = api.get(f"/predictions/{number}", headers={"Accept-Language": "fr"})
    assert_error(response, 404)
    assert response.json()["detail"] == "Non trouvé."


@pytest.mark.parametrize(
    "path",
    [
        "/predict",
        "/predict/",
        "/predict/by-id",
        "/predict/by-id/",
        "/predict/by-id/1/2",
        "/predict/by-features/1",
        "/predict/%00",
        f"/predict/{'a' * 5000}",
        "/predictions/latest/1",
        "/predictions/%ff/%fe",
        "/openapi.json/1",
        "/docs/1",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_unknown_address_is_json(api, method, path):
    assert_error(api.generic(method, path), 404)


def test_address_that_begins_with_two_slashes_is_unknown_in_json(api):
    assert_error(api.get("/", PATH_INFO="//predict/by-id/1"), 404)


def test_unknown_address_is_json_under_the_prefix_of_a_site_too(api):
    assert_error(api.get("/predict/no-such-call", SCRIPT_NAME="/technova"), 404)


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize("accept", [None, "*/*", BROWSER, "text/plain", "text/html, application/json;q=0.9"])
def test_unknown_page_stays_a_page(api, accept):
    headers = {"Accept": accept} if accept else {}
    assert api.get("/no-such-page", headers=headers)["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    "accept", ["application/json", "application/json, text/plain, */*", "text/html;q=0.5, application/*"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_unknown_page_is_json_to_who_asks_for_json(api, method, accept):
    response = api.generic(method, "/no-such-page", headers={"Accept": accept})
    assert_error(response, 404)


def test_refused_host_is_json_to_who_asks_for_json(api):
    assert_error(api.get("/", headers={"Host": "evil.example", "Accept": "application/json"}), 400)


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/predict/by-id/1", "POST"),
        ("/predict/by-features", "POST"),
        ("/predict/batch", "POST"),
        ("/predictions/latest", "GET, HEAD"),
        ("/predictions/", "GET, HEAD"),
        ("/predictions/1", "GET, HEAD"),
        ("/openapi.json", "GET, HEAD"),
        ("/docs", "GET, HEAD"),
        ("/health", "GET, HEAD"),
        ("/ready", "GET, HEAD"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
def test_other_methods_are_refused(api, path, allowed, method):
    if method not in allowed:
        response = api.generic(method, path)
        assert_error(response, 405)
        assert response["Allow"] == allowed


@pytest.mark.parametrize(
    ("method", "path"),
    [
        # test_api_extracts sends files, test_api_cases has cases
        *(call for call in CALLS if not call[1].startswith(("/extracts", "/cases/"))),
        *(("GET", path) for path in ("/openapi.json", "/docs", "/health", "/ready")),
    ],
)
def test_slash_at_the_end_is_answered_as_none_is(api, method, path):
    EmployeeFeaturesFactory(employee__employee_id=1)
    if method == "GET":  # a call that predicts takes the next number in the log itself
        PredictionFactory(pk=1)
    bare, slashed = (api.generic(method, path.rstrip("/") + end, **BODY.get(path, {})) for end in ("", "/"))
    assert bare.status_code == slashed.status_code == 200
    assert bare["Content-Type"] == slashed["Content-Type"]
    if "json" in bare["Content-Type"]:
        assert _names(bare.json()) == _names(slashed.json())


def _names(body):
    return list(body[0] if isinstance(body, list) else body)


BODY = {
    "/predict/by-features": {"data": json.dumps(features()), "content_type": "application/json"},
    "/predict/batch": {"data": json.dumps({"employee_ids": [1]}), "content_type": "application/json"},
}


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "nonsense", "*/*;q=0"])
def test_accept_changes_nothing(api, accept):
    assert api.get("/predictions/latest", headers={"Accept": accept})["Content-Type"] == "application/json"


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_thousands_of_parameters_are_refused(api, method, path):
    query = "&".join(f"field{place}=1" for place in range(settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + 1))
    assert_error(api.generic(method, f"{path}?{query}"), 400)


@pytest.mark.parametrize("path", ["/predict/batch", "/predictions/", "/predict/no-such-call"])
def test_unknown_host_is_json(api, path):
    assert_error(api.get(path, headers={"Host": "evil.example"}), 400)


def test_fault_of_ours_is_json_without_a_word_about_it(api, monkeypatch):
    monkeypatch.setattr("predictions.services.predict_for_employee", lambda **_: 1 / 0)
    response = api.call("/predict/by-id/1")
    assert_error(response, 500)
    assert "division" not in response.content.decode()


@pytest.mark.parametrize("given", ["5f0c3f0e-6f7e-4b1f-9a55-0d5b1c2d3e4f", "01ARZ3NDEKTSV4RRFFQ69G5FAV"])
def test_request_id_of_the_caller_comes_back_beside_the_one_that_is_logged(api, given):
    number = EmployeeFeaturesFactory().employee.employee_id
    response = api.call(f"/predict/by-id/{number}", headers={"X-Request-ID": given})
    assert response["X-Request-ID"] == given
    assert response["X-Request-UUID"] == str(Prediction.objects.get().request_id)


def test_error_names_the_id_that_is_logged_whatever_the_caller_calls_it(api):
    response = api.get("/predictions/0", headers={"X-Request-ID": "01ARZ3NDEKTSV4RRFFQ69G5FAV"})
    assert response.json()["request_id"] == response["X-Request-UUID"]


def test_answers_are_not_stored_on_the_way(api):
    for response in (api.get("/predictions/latest"), api.get("/predictions/0"), APIClient().get("/predictions/")):
        assert response["Cache-Control"] == "no-store"


def test_missing_model_is_unavailable(api, artifacts):
    (artifacts / "current").unlink()
    registry.forget_model()
    number = EmployeeFeaturesFactory().employee.employee_id
    response = api.call(f"/predict/by-id/{number}")
    assert_error(response, 503)
    assert int(response["Retry-After"]) > 0


@only_postgresql
@pytest.mark.parametrize("path", ["/predict/by-id/1", "/predict/by-features", "/predict/batch"])
def test_unreachable_database_is_unavailable_within_three_seconds(api, lose_database, path):
    lose_database()
    assert_unavailable_within_three_seconds(api, path)


@only_postgresql
def test_exhausted_pool_is_unavailable_within_three_seconds(api, replaced_database):
    options = connection.settings_dict["OPTIONS"]
    replaced_database(OPTIONS=options | {"pool": options["pool"] | {"min_size": 0, "max_size": 1}})
    pool = connections["default"].pool
    pool.open()
    taken = pool.getconn()
    try:
        assert_unavailable_within_three_seconds(api, "/predict/by-id/1")
    finally:
        pool.putconn(taken)


@only_postgresql
def test_database_that_takes_no_writes_is_unavailable(api, replaced_database):
    options = connection.settings_dict["OPTIONS"]
    replaced_database(OPTIONS=options | {"options": "-c default_transaction_read_only=on"})
    assert_unavailable_within_three_seconds(api, "/predict/by-id/1")


@only_postgresql
def test_locked_database_is_unavailable_within_three_seconds(api, replaced_database):
    options = connection.settings_dict["OPTIONS"]
    with connection.cursor() as cursor:  # in the transaction of the test
        cursor.execute("LOCK TABLE predictions_requestcount IN ACCESS EXCLUSIVE MODE")
    replaced_database(OPTIONS=options | settings.REQUEST_LIMITS)
    assert_unavailable_within_three_seconds(api, "/predict/by-id/1")


def assert_unavailable_within_three_seconds(api, path):
    started = time.monotonic()
    response = api.call(path, features())
    assert time.monotonic() - started < 3
    assert_error(response, 503)
    assert int(response["Retry-After"]) > 0


@pytest.mark.parametrize(("path", "content_type"), [("/predictions/", "application/json"), ("/history/", "text/html")])
def test_database_that_fails_before_the_view_is_unavailable(rf, path, content_type):
    try:
        raise OperationalError
    except OperationalError:
        response = handlers.server_error(rf.get(path))
    assert (response.status_code, response["Retry-After"]) == (503, "30")
    assert response["Content-Type"].startswith(content_type)


@pytest.mark.parametrize(
    ("path", "asked", "content_type"),
    [
        ("/nowhere", {"HTTP_ACCEPT": "application/problem+json"}, "application/json"),
        ("/runs/1/2", {}, "application/json"),
        ("/nowhere", {}, "text/html"),
        ("/keyring", {}, "text/html"),  # not below /key
    ],
)
def test_unknown_address_is_answered_as_its_caller_reads(client, path, asked, content_type):
    response = client.get(path, **asked)
    assert response.status_code == 404
    assert response["Content-Type"].startswith(content_type)


@pytest.mark.parametrize(("path", "content_type"), [("/predictions/", "application/json"), ("/history/", "text/html")])
def test_refusal_outside_the_views_has_the_shape_of_its_address(rf, path, content_type):
    response = handlers.permission_denied(rf.get(path), PermissionDenied())
    assert response.status_code == 403
    assert response["Content-Type"].startswith(content_type)


@pytest.mark.parametrize(
    ("accepted", "content_type"), [("application/json", "application/json"), ("text/html", "text/html")]
)
def test_form_without_its_token_is_refused_as_its_caller_reads(accepted, content_type):
    response = Client(enforce_csrf_checks=True).post("/login/", headers={"Accept": accepted})
    assert response.status_code == 403
    assert response["Content-Type"].startswith(content_type)
    assert "reload the page" in response.text
