import pytest
from django.test import Client
from prometheus_client import REGISTRY
from prometheus_client.mmap_dict import MmapedDict

from technova.server.metrics import count_request

TOKEN = "a-token-of-the-operator"


@pytest.fixture
def token(settings):
    settings.METRICS_TOKEN = TOKEN


def read(name, **labels):
    return REGISTRY.get_sample_value(name, {key: str(value) for key, value in labels.items()}) or 0


def test_metrics_do_not_exist_without_a_token(client):
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.parametrize("header", [None, "", TOKEN, "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}é"])
def test_metrics_with_another_token_are_refused(client, token, header):
    response = client.get("/metrics", headers={"Authorization": header} if header is not None else {})
    assert (response.status_code, response["WWW-Authenticate"]) == (401, 'Bearer realm="metrics"')
    assert response.json()["request_id"] == response["X-Request-ID"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"])
@pytest.mark.parametrize("header", ["Bearer wrong", f"Bearer {TOKEN}"])
def test_metrics_by_another_method_are_refused_in_json(token, method, header):
    client = Client(enforce_csrf_checks=True, headers={"Accept-Language": "en"})
    response = client.generic(method, "/metrics", headers={"Authorization": header})
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")
    assert response.json() == {
        "detail": f'Method "{method}" not allowed.',
        "request_id": response["X-Request-ID"],
    }


def test_metrics_by_another_method_do_not_exist_without_a_token():
    response = Client(enforce_csrf_checks=True).post("/metrics")
    assert (response.status_code, response["Content-Type"]) == (404, "application/json")


def test_metrics_with_the_token_are_in_the_text_format(client, token):
    response = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert (response.status_code, response["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert "# TYPE technova_requests_total counter" in response.text


def test_metrics_leave_out_a_process_that_has_not_written_yet(client, token, monkeypatch, tmp_path):
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    key = '["technova_requests_total", "technova_requests_total", {}, "Requests answered."]'
    MmapedDict(str(tmp_path / "counter_1.db")).write_value(key, 3, 0)
    (tmp_path / "counter_2.db").touch()
    response = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert "technova_requests_total 3.0" in response.text


def test_request_is_counted_by_route_method_and_status(client):
    labels = {"route": "health", "method": "POST", "status": 405}
    before = read("technova_requests_total", **labels), read("technova_request_seconds_count", route="health")
    client.post("/health")
    after = read("technova_requests_total", **labels), read("technova_request_seconds_count", route="health")
    assert after == (before[0] + 1, before[1] + 1)


@pytest.mark.parametrize("address", ["/nowhere/1", "/nowhere/2"])
def test_unknown_addresses_share_one_label(client, address):
    labels = {"route": "none", "method": "GET", "status": 404}
    before = read("technova_requests_total", **labels)
    client.get(address)
    assert read("technova_requests_total", **labels) == before + 1


def test_methods_that_a_client_invents_share_one_label():
    labels = {"route": "health", "method": "other", "status": 405}
    before = read("technova_requests_total", **labels)
    count_request(route="health", method="BREW", status=405, duration=0.1)
    count_request(route="health", method="STEEP", status=405, duration=0.1)
    assert read("technova_requests_total", **labels) == before + 2
