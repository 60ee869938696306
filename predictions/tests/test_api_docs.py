"""The OpenAPI description and the page that shows it."""

import json
import os
import subprocess
import sys
from urllib.parse import urlencode

import pytest
from django.core.management import call_command
from django.test.utils import override_script_prefix
from django.urls import reverse

from features import schema
from features.tests.factories import EmployeeFeaturesFactory
from predictions.tests.conftest import APIClient
from predictions.tests.factories import PredictionFactory
from technova import __version__

pytestmark = pytest.mark.slow

CALLS = {
    ("/key", "get"),
    ("/predict/by-id/{employee_id}", "post"),
    ("/predict/by-features", "post"),
    ("/predict/batch", "post"),
    ("/predictions/latest", "get"),
    ("/predictions", "get"),
    ("/predictions/{prediction_id}", "get"),
    ("/runs", "get"),
    ("/scores", "get"),
    ("/cases", "get"),
    ("/cases", "post"),
    ("/cases/{case_id}", "get"),
    ("/cases/{case_id}", "patch"),
    ("/extracts", "post"),
    ("/extracts/{import_id}", "get"),
}
OF_EXTRACTS = {call for call in CALLS if call[0].startswith("/extracts")}  # test_api_extracts sends files
STATUSES = {("/extracts", "post"): "202", ("/cases", "post"): "201"}
OF_CASES = {call for call in CALLS if call[0].startswith("/cases")}  # test_api_cases sends the examples


@pytest.fixture(scope="module")
def described():
    return APIClient().get("/openapi.json").json()


def operations(described):
    return {
        (path, method): operation
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    }


def test_description_is_open_to_everyone_and_valid():
    response = APIClient().get("/openapi.json")
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", "/dev/null")


def test_description_is_in_one_language_whatever_the_client_asks_for():
    french, english = (APIClient().get("/openapi.json", headers={"Accept-Language": code}) for code in ("fr", "en"))
    assert french.content == english.content
    assert french["Content-Language"] == "en"
    assert b"Overtime" in french.content


def test_description_is_built_once(monkeypatch):
    before = APIClient().get("/openapi.json")
    monkeypatch.setattr("predictions.api.openapi.SchemaGenerator.get_schema", lambda *_given, **_named: 1 / 0)
    after = APIClient().get("/openapi.json")
    assert (after.status_code, after.content) == (200, before.content)


def test_description_is_built_without_looking_for_geography():
    code = (
        "import django, sys; django.setup(); from predictions.api import openapi; import technova.urls;"
        "openapi.description('/'); print('django.contrib.gis' in sys.modules)"
    )
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "technova.settings"}
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert told.stdout.strip() == "False"


@pytest.mark.parametrize("given", ["{etag}", "W/{etag}", '"other", {etag}', "*"])
@pytest.mark.parametrize("method", ["get", "head"])
def test_description_that_the_client_has_is_not_sent_again(given, method):
    etag = APIClient().get("/openapi.json")["ETag"]
    response = getattr(APIClient(), method)("/openapi.json", headers={"If-None-Match": given.format(etag=etag)})
    assert (response.status_code, response.content) == (304, b"")
    assert (response["ETag"], response["Cache-Control"]) == (etag, "no-cache")


@pytest.mark.parametrize("given", ['"other"', "nonsense", ""])
def test_description_that_the_client_has_not_is_sent(given):
    response = APIClient().get("/openapi.json", headers={"If-None-Match": given})
    assert response.json()["openapi"]
    assert response["ETag"].strip('"').isalnum()


@pytest.mark.parametrize(("prefix", "server"), [("/", "/"), ("/technova/", "/technova")])
def test_description_names_the_server_that_sends_it(prefix, server):
    with override_script_prefix(prefix):
        described = APIClient().get("/openapi.json").json()
    assert [entry["url"] for entry in described["servers"]] == [server]
    assert "/health" in described["paths"]


def test_description_has_the_version_of_the_project(described):
    assert described["info"]["version"] == __version__


def test_description_names_contact_and_licence(described):
    assert described["info"]["contact"]["name"]
    assert described["info"]["license"].keys() == {"name", "url"}


def test_description_explains_each_tag_that_a_call_has(described):
    told = {tag["name"] for tag in described["tags"] if tag["description"]}
    assert told == {tag for operation in operations(described).values() for tag in operation["tags"]}


def test_description_says_of_every_call_whether_it_needs_a_key(described):
    assert described["security"] == [{"ApiKey": []}]
    assert all("security" in operation for operation in operations(described).values())


def test_addresses_are_described_without_a_slash_at_their_end(described):
    assert [path for path in described["paths"] if path.endswith("/")] == []


def test_every_parameter_is_described_with_an_example(described):
    parameters = {
        (call, parameter["name"]): parameter
        for call, operation in operations(described).items()
        for parameter in operation.get("parameters", [])
    }
    assert parameters
    assert [call for call, parameter in parameters.items() if not parameter.get("description")] == []
    assert [call for call, parameter in parameters.items() if "example" not in parameter] == []


@pytest.mark.django_db
@pytest.mark.parametrize("call", sorted(CALLS - OF_EXTRACTS - OF_CASES))
def test_call_with_the_examples_alone_succeeds(described, api, call):
    path, method = call
    operation = operations(described)[call]
    row = EmployeeFeaturesFactory(employee__employee_id=1)
    if method == "get":  # a call that predicts takes the next number in the log itself
        PredictionFactory(pk=1, scored=True, run__pk=1, employee=row.employee, features=row)
    query = {}
    for parameter in operation.get("parameters", []):
        example = parameter["example"]
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", str(example))
        else:
            query[parameter["name"]] = ",".join(map(str, example)) if isinstance(example, list) else example
    address = f"{path}?{urlencode(query)}"
    for body in bodies(operation):
        response = api.call(address, body) if method == "post" else api.get(address)
        assert response.status_code == 200, response.content


def bodies(operation):
    """The examples of the body of a call, None for a call without one."""
    for content in operation.get("requestBody", {"content": {}})["content"].values():
        return [example["value"] for example in content["examples"].values()]
    return [None]


def test_values_of_an_enumeration_have_one_name(described):
    found = [tuple(part["enum"]) for part in parts(described["paths"]) if "enum" in part]
    found += [tuple(part["enum"]) for part in parts(described["components"]["schemas"]) if "enum" in part]
    assert len(set(found)) == len(found)


def parts(described):
    """Every object inside a description."""
    if isinstance(described, dict):
        yield described
    for part in described.values() if isinstance(described, dict) else described:
        if isinstance(part, dict | list):
            yield from parts(part)


def test_numbers_that_stand_for_words_are_explained(described):
    described = described["components"]["schemas"]["FeaturesRequest"]["properties"]
    assert described["genre"]["description"] == "Sex: 0 Woman, 1 Man"
    for feature in schema.FEATURES:
        if feature.choices and feature.is_integer:
            for choice in feature.choices:
                assert f"{choice.value} {choice.label}" in described[feature.name]["description"]


def test_every_call_is_described_with_the_key_it_needs(described):
    found = {call for call, operation in operations(described).items() if operation.get("security")}
    assert found == CALLS
    assert described["components"]["securitySchemes"] == {
        "ApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"}
    }
    for call in CALLS:
        assert operations(described)[call]["security"] == [{"ApiKey": []}]


@pytest.mark.parametrize("call", sorted(CALLS))
def test_every_status_is_described(described, call):
    responses = operations(described)[call]["responses"]
    assert responses.keys() >= {STATUSES.get(call, "200")}
    assert responses.keys() >= {"400", "401", "403", "405", "422", "429", "500", "503"}
    if "requestBody" in operations(described)[call]:
        assert responses.keys() >= {"413", "415"}
    assert all(response["description"] for response in responses.values())


@pytest.mark.parametrize(("path", "statuses"), [("/health", "200 405 500"), ("/ready", "200 405 500 503")])
def test_every_status_of_a_probe_is_described_with_an_example(described, path, statuses):
    responses = operations(described)[path, "get"]["responses"]
    assert sorted(responses) == statuses.split()
    for response in responses.values():
        assert response["description"]
        assert "X-Request-ID" in response["headers"]
        content = response["content"]["application/json"]
        [example] = content["examples"].values()
        answer = content["schema"]
        if "$ref" in answer:
            answer = described["components"]["schemas"][answer["$ref"].rpartition("/")[2]]
        assert example["value"].keys() == answer["properties"].keys()


def test_headers_are_described_with_the_statuses_that_have_them(described):
    found = {
        (header, status)
        for operation in operations(described).values()
        for status, response in operation["responses"].items()
        for header in response["headers"]
    }
    always = {(name, status) for name in ("X-Request-ID", "X-Request-UUID") for _header, status in found}
    others = {("Allow", "405"), ("WWW-Authenticate", "401"), ("Retry-After", "429"), ("Retry-After", "503")}
    counted = {
        (header, status)
        for call in CALLS
        for status in operations(described)[call]["responses"]
        for header in ("RateLimit", "RateLimit-Policy")
    }
    assert found == always | others | counted | {("Location", "202"), ("Location", "201")}


@pytest.mark.parametrize("path", ["/health", "/ready"])
def test_probe_is_described_without_a_limit(described, path):
    for response in operations(described)[path, "get"]["responses"].values():
        assert "RateLimit" not in response["headers"]


@pytest.mark.django_db
@pytest.mark.parametrize(("path", "status"), [("/health", "200"), ("/ready", "503")])
def test_probe_answers_as_in_its_example(described, path, status):
    response = APIClient().get(path)
    [shown] = operations(described)[path, "get"]["responses"][status]["content"]["application/json"][
        "examples"
    ].values()
    assert (str(response.status_code), response.json().keys()) == (status, shown["value"].keys())


@pytest.mark.django_db
@pytest.mark.parametrize("media_type", ["application/x-ndjson", "text/csv"])
def test_stream_answers_as_in_its_example(described, api, media_type):
    PredictionFactory(scored=True)
    content = operations(described)["/scores", "get"]["responses"]["200"]["content"][media_type]
    [example] = content["examples"].values()
    answer = b"".join(api.get("/scores/", headers={"Accept": media_type}).streaming_content).decode()
    if media_type == "text/csv":
        assert answer.splitlines()[0] == example["value"].splitlines()[0]
    else:
        assert list(json.loads(answer)) == list(json.loads(example["value"]))


@pytest.mark.django_db
def test_page_is_described_with_addresses_of_ours(described, api):
    page = described["components"]["schemas"]["PaginatedLogRowList"]
    assert page["required"] == list(page["properties"]) == list(api.get("/predictions/").json())
    content = operations(described)["/predictions", "get"]["responses"]["200"]["content"]["application/json"]
    [example] = content["examples"].values()
    for name in ("next", "previous"):
        for address in (page["properties"][name]["example"], example["value"][name]):
            assert address.startswith("https://technova.example/predictions/?cursor=")


@pytest.mark.parametrize("call", sorted(CALLS))
def test_every_call_has_an_example_of_its_answer(described, call):
    responses = operations(described)[call]["responses"]
    status = next(status for status in ("200", "201", "202") if status in responses)
    for content in responses[status]["content"].values():
        assert content["examples"]


def test_latest_is_described_as_the_plain_list_that_it_is(described):
    operation = operations(described)["/predictions/latest", "get"]
    assert operation["responses"]["200"]["content"]["application/json"]["schema"]["type"] == "array"
    assert [parameter["name"] for parameter in operation["parameters"]] == ["limit"]


@pytest.mark.parametrize("name", ["created_from", "created_before"])
def test_instants_are_described_as_utc(described, name):
    parameters = operations(described)["/predictions", "get"]["parameters"]
    [parameter] = [parameter for parameter in parameters if parameter["name"] == name]
    assert parameter["description"].endswith("in UTC where it names no offset.")


def test_body_of_by_features_is_exactly_the_32_features(described):
    body = described["components"]["schemas"]["FeaturesRequest"]
    assert tuple(body["properties"]) == schema.FEATURE_NAMES
    assert set(body["required"]) == set(schema.FEATURE_NAMES)
    assert body["additionalProperties"] is False


@pytest.mark.django_db
def test_the_example_of_by_features_is_accepted_and_answered_as_in_the_example(described, api):
    operation = operations(described)["/predict/by-features", "post"]
    [example] = operation["requestBody"]["content"]["application/json"]["examples"].values()
    answer = api.call("/predict/by-features", example["value"]).json()
    [shown] = operation["responses"]["200"]["content"]["application/json"]["examples"].values()
    assert answer.keys() == shown["value"].keys()
    assert answer["reasons"][0].keys() == shown["value"]["reasons"][0].keys()


@pytest.mark.django_db
def test_answers_hold_what_is_described_and_nothing_else(described, api):
    number = EmployeeFeaturesFactory().employee.employee_id
    answers = {
        "Prediction": api.call(f"/predict/by-id/{number}").json(),
        "BatchScore": api.call("/predict/batch", {"employee_ids": [number], "reasons": True}).json()[0],
        "Unknown": api.call("/predict/batch", {"employee_ids": [number + 1]}).json()[0],
        "Latest": api.get("/predictions/latest").json()[0],
        "LogRow": api.get("/predictions/").json()["results"][0],
        "LoggedPrediction": api.get(f"/predictions/{api.get('/predictions/latest').json()[0]['prediction_id']}").json(),
        "Key": api.get("/key").json(),
        "Quota": api.get("/key").json()["rate_limit"],
        "Error": APIClient().get("/predictions/").json(),
        "Invalid": api.call("/predict/batch", {}).json(),
    }
    PredictionFactory(scored=True)
    answers["Run"] = api.get("/runs").json()["results"][0]
    answers["ScoreOfRun"] = api.get("/scores/").json()["results"][0]
    for name, answer in answers.items():
        assert answer.keys() == described["components"]["schemas"][name]["properties"].keys(), name


def test_docs_load_nothing_from_elsewhere_and_run_nothing_inline():
    response = APIClient().get(reverse("api-docs"))
    page = response.content.decode()
    assert response.status_code == 200
    assert "<style" not in page
    assert "<script>" not in page
    assert "http://" not in page
    assert "https://" not in page


def test_docs_by_another_method_are_refused_in_json():
    response = APIClient().post("/docs")
    assert (response.status_code, response["Content-Type"]) == (405, "application/json")


def test_docs_script_is_served_by_the_same_address():
    response = APIClient().get("/docs?script=")
    assert response["Content-Type"].startswith("application/javascript")
    assert "/openapi.json" in response.content.decode()
