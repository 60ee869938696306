"""Who gets in: keys good and bad, their scopes, and how often."""

import os
import sqlite3
import subprocess
import sys
from datetime import timedelta

import pytest
from django.core.exceptions import SuspiciousOperation
from django.db import OperationalError, connection
from django.test import override_settings
from django.utils import timezone

from features.engineering import engineer_one
from features.tests.factories import INPUTS, EmployeeFeaturesFactory
from predictions.api.views import LogViewSet
from predictions.keys.models import SCOPES
from predictions.models import APIKey, Prediction, RequestCount
from predictions.tests.conftest import APIClient
from predictions.tests.factories import APIKeyFactory, PredictionFactory

pytestmark = pytest.mark.django_db

CALLS = [
    ("GET", "/key"),
    ("POST", "/predict/by-id/1"),
    ("POST", "/predict/by-features"),
    ("POST", "/predict/batch"),
    ("GET", "/predictions/latest"),
    ("GET", "/predictions/"),
    ("GET", "/predictions/1"),
    ("GET", "/runs"),
    ("GET", "/scores"),
    ("GET", "/cases"),
    ("POST", "/cases/"),
    ("GET", "/cases/1"),
    ("PATCH", "/cases/1"),
    ("POST", "/extracts"),
    ("GET", "/extracts/0e0b3a52-6c0f-4a1e-9d2a-3f1f0a5f7f10"),
]


def expired():
    return APIKeyFactory(expiry_date=timezone.now() - timedelta(seconds=1)).secret


def revoked():
    key = APIKeyFactory()
    key.revoke()
    return key.secret


BAD_KEYS = {
    "absent": lambda: None,
    "empty": lambda: "",
    "malformed": lambda: "no key at all",
    "with a null": lambda: "aaaaaaaa." + "b" * 31 + "\0",
    "not ascii": lambda: "aaaaaaaa." + "é" * 32,
    "enormous": lambda: "a" * 100_000,
    "unknown": lambda: "aaaaaaaa." + "b" * 32,
    "with another's prefix": lambda: APIKeyFactory().secret[:9] + "b" * 32,
    "expired": expired,
    "revoked": revoked,
}


@pytest.mark.parametrize("bad", BAD_KEYS)
def test_bad_key_is_refused_in_the_same_words(bad):
    response = APIClient(BAD_KEYS[bad]()).call("/predict/by-id/1")
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("ApiKey")
    assert response.json()["detail"] == "A valid API key is needed in the X-API-Key header."


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_every_call_needs_a_key(method, path):
    response = APIClient().generic(method, path)
    assert (response.status_code, response["Content-Type"]) == (401, "application/json")


@pytest.mark.parametrize(("method", "path"), CALLS[1:])
def test_missing_scope_is_forbidden(method, path):
    of_paths = {"/extracts": "load", "/cases": "cases"}
    needed = next((scope for start, scope in of_paths.items() if path.startswith(start)), None)
    needed = needed or ("read" if method == "GET" else "predict")
    key = APIKeyFactory(**{field: name != needed for name, field in SCOPES.items()})
    response = APIClient(key.secret).generic(method, path)
    assert response.status_code == 403
    assert response.json()["detail"] == (
        f"This call needs the scope “{needed}”, which this API key lacks: ask the administrator for a key that has it."
    )


def test_a_session_is_no_key(admin_client):
    assert admin_client.get("/predictions/").status_code == 401


def test_key_revoked_elsewhere_is_refused_at_the_next_request(api, api_key):
    assert api.get("/predictions/").status_code == 200
    APIKey.objects.get(pk=api_key.pk).revoke()
    assert api.get("/predictions/").status_code == 401


def test_last_used_is_written_once_in_a_quarter_of_an_hour(api, api_key):
    api.get("/predictions/")
    api_key.refresh_from_db()
    first = api_key.last_used_at
    assert timezone.now() - first < timedelta(minutes=1)
    api.get("/predictions/")
    api_key.refresh_from_db()
    assert api_key.last_used_at == first
    APIKey.objects.filter(pk=api_key.pk).update(last_used_at=first - timedelta(minutes=15, seconds=1))
    api.get("/predictions/")
    api_key.refresh_from_db()
    assert api_key.last_used_at > first


def test_bad_key_leaves_last_used_alone(api_key):
    APIClient(api_key.secret[:9] + "b" * 32).get("/predictions/")
    api_key.refresh_from_db()
    assert api_key.last_used_at is None


@override_settings(API_KEY_RATE=3)
def test_key_is_throttled_when_its_minute_is_used_up(api, minute):
    assert [api.get("/predictions/").status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    minute(1)
    assert api.get("/predictions/").status_code == 200


@override_settings(API_KEY_RATE=0)
def test_throttled_answer_says_how_long_to_wait(api, minute):
    response = api.get("/predictions/")
    assert (response.status_code, response["Retry-After"]) == (429, "50")
    assert response.json()["request_id"] == response["X-Request-ID"]


@override_settings(API_KEY_RATE=4)
def test_every_counted_answer_says_what_is_left_of_the_minute(api, minute):
    told = [
        (response.status_code, response["RateLimit-Policy"], response["RateLimit"])
        for response in (
            api.get("/predictions/"),
            api.get("/predictions/1"),
            api.get("/predict/batch"),
            api.call("/predict/batch", {}),
            api.get("/predictions/"),
        )
    ]
    policy = '"key";q=4;w=60'
    assert told == [
        (200, policy, '"key";r=3;t=50'),
        (404, policy, '"key";r=2;t=50'),
        (405, policy, '"key";r=1;t=50'),
        (422, policy, '"key";r=0;t=50'),
        (429, policy, '"key";r=0;t=50'),
    ]


def test_answer_without_the_scope_says_what_is_left(minute):
    response = APIClient(APIKeyFactory(can_read=False).secret).get("/predictions/")
    assert (response.status_code, response["RateLimit"]) == (403, '"key";r=5999;t=50')


@pytest.mark.parametrize(
    ("fault", "status"), [(RuntimeError, 500), (OperationalError, 503), (SuspiciousOperation, 400)]
)
def test_fault_after_the_key_was_counted_says_what_is_left(api, minute, monkeypatch, fault, status):
    def fail(*_arguments):
        raise fault

    monkeypatch.setattr(LogViewSet, "get_queryset", fail)
    response = api.get("/predictions/")
    assert (response.status_code, response["RateLimit"]) == (status, '"key";r=5999;t=50')


@override_settings(BAD_KEY_RATE=1)
def test_bad_key_is_told_what_is_left_to_its_address(minute):
    responses = [APIClient("nonsense").get("/predictions/") for _ in range(2)]
    assert [response.status_code for response in responses] == [401, 429]
    for response in responses:
        assert (response["RateLimit-Policy"], response["RateLimit"]) == ('"address";q=1;w=60', '"address";r=0;t=50')
    assert responses[1]["Retry-After"] == "50"


def test_answer_that_counts_against_nobody_names_both_policies(minute, settings):
    settings.API_KEY_RATE, settings.BAD_KEY_RATE = 6000, 20
    for path in ("/predictions/", "/predict/nothing", "/health", "/ready", "/openapi.json"):
        response = APIClient().get(path)
        assert not response.has_header("RateLimit"), path
        assert response["RateLimit-Policy"] == '"key";q=6000;w=60, "address";q=20;w=60', path


def test_limits_are_told_without_a_query_of_their_own(api, django_assert_num_queries):
    api.get("/key")
    with django_assert_num_queries(1 if connection.vendor == "postgresql" else 2):
        assert api.get("/key").has_header("RateLimit")


def test_key_is_told_what_it_may_do(minute):
    key = APIKeyFactory(name="payroll", owner="HR systems", can_predict=False, departments=["Consulting"])
    client = APIClient(key.secret)
    client.get("/predictions/")
    answer = client.get("/key")
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    assert answer.json() == {
        "name": "payroll",
        "owner": "HR systems",
        "prefix": key.prefix,
        "scopes": ["read"],
        "sees_everyone": False,
        "departments": ["Consulting"],
        "expires_at": key.expiry_date.isoformat(),
        "rate_limit": {"limit": 6000, "window": 60, "remaining": 5998, "reset": 50},
    }


def test_key_of_everyone_that_never_expires():
    answer = APIClient(APIKeyFactory(expiry_date=None).secret).get("/key").json()
    assert answer["scopes"] == ["predict", "read"]
    assert (answer["sees_everyone"], answer["departments"], answer["expires_at"]) == (True, [], None)


@override_settings(API_KEY_RATE=1)
def test_one_key_does_not_use_up_anothers_minute(api, minute):
    other = APIClient(APIKeyFactory().secret)
    assert [api.get("/predictions/").status_code for _ in range(2)] == [200, 429]
    assert other.get("/predictions/").status_code == 200


@override_settings(API_KEY_RATE=1)
def test_knowing_a_prefix_does_not_use_up_its_key(api, api_key, minute):
    for _ in range(3):
        APIClient(api_key.secret[:9] + "b" * 32).get("/predictions/")
    assert api.get("/predictions/").status_code == 200


def test_bad_keys_are_throttled_by_address(minute):
    client = APIClient("aaaaaaaa." + "b" * 32)
    statuses = [client.call("/predict/by-id/1").status_code for _ in range(50)]
    assert statuses == [401] * 20 + [429] * 30


def test_forged_forwarded_for_changes_nothing(minute):
    client = APIClient("nonsense")
    statuses = [
        client.get("/predictions/", headers={"X-Forwarded-For": f"203.0.113.{place}"}).status_code
        for place in range(21)
    ]
    assert statuses == [401] * 20 + [429]


@override_settings(TRUSTED_PROXIES=1, BAD_KEY_RATE=1)
def test_behind_a_trusted_proxy_the_address_is_the_one_that_it_saw(minute):
    def status(forwarded):
        return APIClient("nonsense").get("/predictions/", headers={"X-Forwarded-For": forwarded}).status_code

    assert status("198.51.100.1, 203.0.113.1") == 401
    assert status("198.51.100.2, 203.0.113.1") == 429
    assert status("203.0.113.1, 203.0.113.2") == 401


@override_settings(TRUSTED_PROXIES=1, BAD_KEY_RATE=1)
@pytest.mark.parametrize("forwarded", ["", "not an address", "203.0.113.1, \0", "," * 1000])
def test_nonsense_in_forwarded_for_counts_for_the_peer(forwarded, minute):
    client = APIClient("nonsense")
    statuses = [client.get("/predictions/", headers={"X-Forwarded-For": forwarded}).status_code for _ in range(2)]
    assert statuses == [401, 429]


@override_settings(BAD_KEY_RATE=1)
@pytest.mark.parametrize(
    ("address", "same", "other"),
    [
        pytest.param("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1", id="a network of IPv6"),
        pytest.param("::ffff:203.0.113.1", "203.0.113.1", "::ffff:203.0.113.2", id="IPv4 written as IPv6"),
    ],
)
def test_what_counts_as_one_address(minute, address, same, other):
    statuses = [
        APIClient("nonsense").get("/predictions/", REMOTE_ADDR=peer).status_code for peer in (address, same, other)
    ]
    assert statuses == [401, 429, 401]


def test_a_good_key_works_from_an_address_of_bad_ones(api, minute):
    for _ in range(25):
        APIClient("nonsense").get("/predictions/")
    assert api.get("/predictions/").status_code == 200


def test_addresses_of_earlier_minutes_are_forgotten(minute):
    for place in range(5):
        APIClient("nonsense").get("/predictions/", REMOTE_ADDR=f"203.0.113.{place}")
    minute(3)
    APIClient("nonsense").get("/predictions/")
    assert list(RequestCount.objects.values_list("subject", flat=True)) == ["address 127.0.0.1"]


@override_settings(API_KEY_RATE=2)
def test_a_request_that_read_the_clock_before_the_minute_turned_is_counted(api, minute):
    api.get("/predictions/")
    minute(1)
    api.get("/predictions/")
    minute(0)
    api.get("/predictions/")
    minute(1)
    assert api.get("/predictions/").status_code == 429


@override_settings(API_KEY_RATE=1)
def test_a_clock_set_back_locks_nobody_out(api, minute):
    minute(1_000_000)
    api.get("/predictions/")
    minute(0)
    assert api.get("/predictions/").status_code == 200


ASK = """
import os, sys, threading
import django; django.setup()
from django.core.exceptions import SuspiciousOperation
from django.db import OperationalError, connection
from predictions.keys import services as keys

keys.time.time = lambda: 1_800_000_010.0
admitted = []

def ask():
    for _ in range(20):
        try:
            keys.admit(secret=sys.argv[1], address="")
            admitted.append(1)
        except keys.TooManyRequests:
            pass
    connection.close()

threads = [threading.Thread(target=ask) for _ in range(4)]
print("ready", flush=True)
sys.stdin.readline()
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(len(admitted), flush=True)
os._exit(0)  # the pool's threads are not waited for
"""


@pytest.mark.django_db(transaction=True)
def test_throttle_is_exact_across_threads_and_processes(tmp_path):
    secret = APIKeyFactory().secret
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "technova.settings",
        "DATABASE_URL": url_of_database(tmp_path),
        "API_KEY_RATE": "50",
    }
    command = [sys.executable, "-c", ASK, secret]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(command, env=environment, **pipes) for _ in range(2)]
    assert [process.stdout.readline() for process in processes] == ["ready\n"] * 2
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    admitted = [int(process.communicate(timeout=120)[0]) for process in processes]
    assert sum(admitted) == 50


def url_of_database(tmp_path):
    """The test database as another process reaches it: a copy in a file where it lives in memory."""
    if connection.vendor == "postgresql":
        parts = connection.settings_dict
        return f"postgres://{parts['USER']}:{parts['PASSWORD']}@{parts['HOST']}:{parts['PORT']}/{parts['NAME']}"
    copy = sqlite3.connect(tmp_path / "db.sqlite3")
    connection.connection.backup(copy)
    copy.close()
    return f"sqlite:///{tmp_path / 'db.sqlite3'}"


def test_limited_key_sees_only_its_departments_everywhere():
    ours = EmployeeFeaturesFactory(employee__departement="Consulting")
    theirs = EmployeeFeaturesFactory(employee__departement="Commercial")
    key = APIKeyFactory(departments=["Consulting"])
    visible = PredictionFactory(employee=ours.employee, features=ours)
    hidden = PredictionFactory(employee=theirs.employee, features=theirs)
    own = PredictionFactory(ready_made=True, payload=ours.values(), api_key=key)
    anothers = PredictionFactory(ready_made=True, payload=ours.values(), api_key=APIKeyFactory())
    once_ours = PredictionFactory(employee=theirs.employee, features=theirs, api_key=key)
    client = APIClient(key.secret)
    expected = {visible.pk, own.pk}
    assert {row["prediction_id"] for row in client.get("/predictions/latest").json()} == expected
    assert {row["prediction_id"] for row in client.get("/predictions/").json()["results"]} == expected
    for prediction in Prediction.objects.all():
        status = 200 if prediction.pk in expected else 404
        assert client.get(f"/predictions/{prediction.pk}").status_code == status
    assert {hidden.pk, anothers.pk, once_ours.pk}.isdisjoint(expected)


def test_key_of_no_department_sees_nobody():
    number = EmployeeFeaturesFactory().employee.employee_id
    client = APIClient(APIKeyFactory(departments=[]).secret)
    assert client.call(f"/predict/by-id/{number}").status_code == 404


@pytest.mark.parametrize(
    ("name", "value"),
    [("departement", "Commercial"), ("poste", "Cadre Commercial"), ("domaine_etude", "Marketing")],
)
def test_by_features_of_what_only_others_have_is_refused_to_a_limited_key(name, value):
    EmployeeFeaturesFactory()
    EmployeeFeaturesFactory(employee__departement="Commercial", **{name: value})
    client = APIClient(APIKeyFactory(departments=["Consulting"]).secret)
    inside = engineer_one(INPUTS)
    assert client.call("/predict/by-features", inside).status_code == 200
    response = client.call("/predict/by-features", inside | {name: value})
    assert response.status_code == 422
    (error,) = response.json()["detail"]
    assert (error["loc"], error["msg"]) == (["body", name], f"No employee that you may see has this value: {value}.")
    assert Prediction.objects.count() == 1
    assert APIClient(APIKeyFactory().secret).call("/predict/by-features", inside | {name: value}).status_code == 200
