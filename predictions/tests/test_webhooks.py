"""Webhooks: what is told, how it is signed, sent and tried again, and where it is never sent to."""

import base64
import hashlib
import hmac
import json
import socket
import threading
import time
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from employees.messages import Message
from employees.models import Import
from employees.tests.test_uploads import text_of
from features.tests.factories import EmployeeFeaturesFactory
from predictions import deliveries, services
from predictions.events import addresses, sending
from predictions.events import services as events
from predictions.events.models import Event, WebhookDelivery, WebhookEndpoint, new_secret
from predictions.models import ScoringRun, WorkforceCheck
from predictions.tests.imports import run_import
from predictions.tests.test_deliveries import deliver
from predictions.workforce_checks import check_workforce
from technova.jobs import Task

pytestmark = pytest.mark.django_db

State = WebhookDelivery.State
EVERY_EVENT = list(Event.values)


class Receiver(BaseHTTPRequestHandler):
    """Answers as ``server.answers`` say, the last one again and again, and keeps what came."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((self.path, dict(self.headers), body))
        answers = self.server.answers
        status, text = answers.pop(0) if len(answers) > 1 else answers[0]
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def receiver(settings):
    settings.DEBUG, settings.WEBHOOKS_TO_PRIVATE_NETWORKS = True, True
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    server.received, server.answers = [], [(204, b"")]
    server.url = f"http://127.0.0.1:{server.server_port}/hook?from=technova"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def endpoint(receiver, started):
    return WebhookEndpoint.objects.create(name="tickets", url=receiver.url, events=EVERY_EVENT)


def told(*, about="something", count=1):
    events.emit(Event.RUN_FINISHED, about=about, data={"employee_count": count})
    return WebhookDelivery.objects.first()


def send(endpoint):
    events.send_waiting(str(endpoint.pk))


def later(**span):
    """Let the time of the next attempts come."""
    WebhookDelivery.objects.filter(state=State.WAITING).update(next_attempt_at=timezone.now() - timedelta(seconds=1))


def test_message_is_signed_as_the_specification_says(endpoint, receiver, started):
    delivery = told(count=1233)
    assert started == [("send_waiting", str(endpoint.pk))]
    send(endpoint)
    [(path, headers, body)] = receiver.received
    assert path == "/hook?from=technova"
    assert headers["Content-Type"] == "application/json"
    assert headers["webhook-id"] == delivery.message_id
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    document = Webhook(endpoint.secret).verify(body, headers)
    assert document["type"] == "run.finished"
    assert document["data"] == {"employee_count": 1233}
    # and by hand, from the words of the specification
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body.decode()}".encode()
    key = base64.b64decode(endpoint.secret.removeprefix("whsec_"))
    signature = base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{signature}"


def test_message_that_was_changed_is_not_verified(endpoint, receiver):
    told()
    send(endpoint)
    [(_path, headers, body)] = receiver.received
    with pytest.raises(WebhookVerificationError):
        Webhook(endpoint.secret).verify(body.replace(b"1", b"2"), headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(body, headers)


def test_delivered_message_is_not_sent_again(endpoint, receiver):
    told()
    send(endpoint)
    send(endpoint)
    delivery = WebhookDelivery.objects.get()
    assert (delivery.state, delivery.attempts, delivery.last_status) == (State.DELIVERED, 1, 204)
    assert delivery.next_attempt_at is None
    assert len(receiver.received) == 1


def test_same_event_is_told_once(endpoint):
    for _ in range(2):
        told(about="run 1")
    told(about="run 2")
    assert WebhookDelivery.objects.count() == 2


def test_event_of_a_transaction_that_fails_is_not_told(endpoint, started):
    with transaction.atomic():
        told()
        assert WebhookDelivery.objects.exists()
        transaction.set_rollback(True)
    assert not WebhookDelivery.objects.exists()


def test_only_active_endpoints_that_chose_the_event_are_told(endpoint, receiver):
    WebhookEndpoint.objects.create(name="off", url=receiver.url, events=EVERY_EVENT, is_active=False)
    WebhookEndpoint.objects.create(name="drift", url=receiver.url, events=["drift.found"])
    told()
    assert [delivery.endpoint for delivery in WebhookDelivery.objects.all()] == [endpoint]


def test_event_without_endpoints_takes_one_query(django_assert_num_queries):
    with django_assert_num_queries(1):
        events.emit(Event.RUN_FINISHED, about="run 1", data={})


def test_failed_attempts_are_repeated_with_the_same_id_ever_later_and_given_up(endpoint, receiver):
    receiver.answers = [(500, b"out of\norder")]
    told()
    waits = []
    for _ in range(len(events.BACKOFF) + 1):
        later()
        send(endpoint)
        delivery = WebhookDelivery.objects.get()
        waits.append(delivery.next_attempt_at and delivery.next_attempt_at - delivery.last_attempt_at)
    assert waits == [*events.BACKOFF, None]
    assert sorted(events.BACKOFF) == events.BACKOFF
    assert (delivery.state, delivery.last_status, delivery.last_answer) == (State.GIVEN_UP, 500, "out of order")
    assert len({headers["webhook-id"] for _path, headers, _body in receiver.received}) == 1
    later()
    send(endpoint)
    assert len(receiver.received) == len(events.BACKOFF) + 1


@pytest.fixture
def retries(monkeypatch):
    """The moments for which sending is enqueued, with the webhook."""
    found = []
    monkeypatch.setattr(Task, "enqueue_at", lambda task, moment, *arguments: found.append((moment, *arguments)))
    return found


def test_retry_is_enqueued_once_for_when_the_first_message_is_due(endpoint, receiver, retries):
    receiver.answers = [(500, b"")]
    for number in range(3):
        told(about=str(number))
    send(endpoint)
    first = min(WebhookDelivery.objects.values_list("next_attempt_at", flat=True))
    assert retries == [(first, str(endpoint.pk))]
    send(endpoint)  # for another event, with nothing due
    assert len(retries) == 1


def test_delivered_message_has_no_retry_enqueued(endpoint, receiver, retries):
    told()
    send(endpoint)
    assert retries == []


def test_attempt_that_succeeds_after_others_is_the_last(endpoint, receiver):
    receiver.answers = [(503, b""), (200, b"thanks")]
    told()
    send(endpoint)
    send(endpoint)  # not yet
    assert len(receiver.received) == 1
    later()
    send(endpoint)
    delivery = WebhookDelivery.objects.get()
    assert (delivery.state, delivery.attempts, delivery.last_answer) == (State.DELIVERED, 2, "thanks")


def test_redirect_is_not_followed(endpoint, receiver):
    receiver.answers = [(302, b"")]
    told()
    send(endpoint)
    assert [path for path, _headers, _body in receiver.received] == ["/hook?from=technova"]
    assert WebhookDelivery.objects.get().state == State.WAITING


def test_endpoint_that_is_gone_is_told_nothing_more(endpoint, receiver):
    receiver.answers = [(410, b"")]
    told()
    send(endpoint)
    endpoint.refresh_from_db()
    assert (endpoint.is_active, WebhookDelivery.objects.get().state) == (False, State.GIVEN_UP)
    told(about="something else")
    assert WebhookDelivery.objects.count() == 1


def test_message_that_one_refuses_does_not_hold_up_the_next(endpoint, receiver):
    receiver.answers = [(400, b"no"), (200, b"")]
    told(about="1")
    told(about="2")
    send(endpoint)
    assert sorted(WebhookDelivery.objects.values_list("state", flat=True)) == [State.DELIVERED, State.WAITING]


def test_endpoint_that_does_not_answer_is_asked_once(endpoint, receiver, monkeypatch):
    asked = []

    def silent(**arguments):
        asked.append(arguments)
        return sending.Answer(None, failure=Message(sending.LATE, {"seconds": 15}))

    monkeypatch.setattr(events.sending, "send", silent)
    for number in range(3):
        told(about=str(number))
    send(endpoint)
    assert len(asked) == 1
    assert not WebhookDelivery.objects.filter(next_attempt_at__lte=timezone.now()).exists()
    assert sorted(WebhookDelivery.objects.values_list("attempts", flat=True)) == [0, 0, 1]


def test_endpoint_that_trickles_is_broken_off(settings, monkeypatch):
    settings.DEBUG, settings.WEBHOOKS_TO_PRIVATE_NETWORKS = True, True
    monkeypatch.setattr(sending, "DEADLINE", 0.5)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        stop = threading.Event()

        def trickle():
            client, _address = listener.accept()
            with client:
                while not stop.wait(0.1):
                    try:
                        client.sendall(b"H")
                    except OSError:
                        return

        thread = threading.Thread(target=trickle, daemon=True)
        thread.start()
        begun = time.monotonic()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        answer = sending.send(url=url, secrets=[new_secret()], message_id="msg_1", body="{}")
        stop.set()
        thread.join()
    assert answer.status is None
    assert time.monotonic() - begun < 5


def test_port_where_nobody_listens_is_an_answer(settings):
    settings.DEBUG, settings.WEBHOOKS_TO_PRIVATE_NETWORKS = True, True
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    answer = sending.send(url=url, secrets=[new_secret()], message_id="msg_1", body="{}")
    assert (answer.status, answer.text) == (None, "")
    assert str(answer.failure) == "127.0.0.1 refuses connections on this port."


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1"),
        *("224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1"),
        *("64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::"),
    ],
)
def test_address_inside_the_network_is_refused(address, settings):
    assert not addresses.is_permitted(ip_address(address))
    settings.WEBHOOKS_TO_PRIVATE_NETWORKS = True
    assert addresses.is_permitted(ip_address(address))


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:93.184.216.34"])
def test_address_of_the_internet_is_permitted(address):
    assert addresses.is_permitted(ip_address(address))


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://technova.example/", "https://"),
        ("ftp://technova.example/", "https://"),
        ("https://name:word@technova.example/", "leave them out"),
        ("https://127.0.0.1/", "inside the network"),
        ("https://[::1]/", "inside the network"),
        ("https://169.254.169.254/latest/meta-data", "inside the network"),
        ("https://localhost/", "name of the network alone"),
        ("https://hooks/", "name of the network alone"),
        ("https://hooks.technova.internal/", "name of the network alone"),
        ("https://printer.Local./", "name of the network alone"),
        ("https:///path", "no host"),
        ("https://technova.example:port/", "no host"),
    ],
)
def test_url_that_is_not_safe_is_refused(url, why):
    with pytest.raises(addresses.Refused, match=why):
        addresses.check_url(url)
    with pytest.raises(ValidationError):
        WebhookEndpoint(name="x", url=url, events=["drift.found"]).full_clean()


def test_name_that_resolves_inside_the_network_is_not_connected_to(monkeypatch):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 443))]
    monkeypatch.setattr(addresses.socket, "getaddrinfo", lambda *given, **named: found)
    monkeypatch.setattr(sending.socket, "create_connection", lambda *given: 1 / 0)
    answer = sending.send(url="https://technova.example/", secrets=[new_secret()], message_id="m", body="{}")
    assert answer.status is None
    assert "inside the network" in str(answer.failure)


def test_form_refuses_a_name_that_resolves_inside_the_network(monkeypatch, admin_client):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 443))]
    monkeypatch.setattr(addresses.socket, "getaddrinfo", lambda *given, **named: found)
    data = {"name": "Tickets", "url": "https://hooks.example.com/", "events": ["run.finished"], "is_active": "on"}
    answer = admin_client.post(reverse("admin:predictions_webhookendpoint_add"), data)
    assert b"inside the network" in answer.content or "à l’intérieur du réseau" in answer.content.decode()
    assert not WebhookEndpoint.objects.exists()


def test_webhook_is_deleted_with_its_messages(admin_client):
    endpoint = WebhookEndpoint.objects.create(name="Tickets", url="https://hooks.example.com/", events=["run.finished"])
    events.emit(Event.RUN_FINISHED, about="run 1", data={})
    assert WebhookDelivery.objects.exists()
    page = reverse("admin:predictions_webhookendpoint_delete", args=[endpoint.pk])
    admin_client.post(page, {"post": "yes"})
    assert not WebhookEndpoint.objects.exists()
    assert not WebhookDelivery.objects.exists()


def test_why_nothing_was_answered_is_said_in_the_language_of_the_page(admin_client):
    endpoint = WebhookEndpoint.objects.create(name="Tickets", url="https://hooks.example.com/", events=["run.finished"])
    failure = Message(sending.CLOSED, {"host": "hooks.example.com"}).document()
    WebhookDelivery.objects.create(
        endpoint=endpoint, message_id="msg_1", event="run.finished", body="{}", last_failure=failure
    )
    page = admin_client.get(
        reverse("admin:predictions_webhookdelivery_changelist"), headers={"accept-language": "fr"}
    ).content.decode()
    assert "hooks.example.com refuse les connexions sur ce port." in page


def test_connection_goes_to_the_checked_address_and_no_other(monkeypatch):
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in ("192.168.0.1", "93.184.216.34")
    ]
    connected = []

    def connect(address, timeout):
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(addresses.socket, "getaddrinfo", lambda *given, **named: found)
    monkeypatch.setattr(sending.socket, "create_connection", connect)
    sending.send(url="https://technova.example/", secrets=[new_secret()], message_id="m", body="{}")
    assert connected == [("93.184.216.34", 443)]


def test_replaced_secret_signs_beside_the_new_one_for_a_day(endpoint, receiver):
    old = endpoint.secret
    new = endpoint.replace_secret()
    told()
    send(endpoint)
    [(_path, headers, body)] = receiver.received
    for secret in (old, new):
        Webhook(secret).verify(body, headers)
    assert endpoint.secrets_at(timezone.now() + timedelta(days=1, seconds=1)) == [new]


def test_message_is_sent_again_on_demand_with_its_id(endpoint, receiver, started):
    receiver.answers = [(410, b""), (200, b"")]
    delivery = told()
    send(endpoint)
    WebhookEndpoint.objects.update(is_active=True)
    delivery.refresh_from_db()
    events.send_again(delivery)
    send(endpoint)
    assert WebhookDelivery.objects.get().state == State.DELIVERED
    assert len({headers["webhook-id"] for _path, headers, _body in receiver.received}) == 1


def test_due_messages_are_sent_by_the_schedule_and_the_command(endpoint, receiver, started, capsys):
    told()
    started.clear()
    events.send_due()
    assert started == [("send_waiting", str(endpoint.pk))]
    call_command("send_webhooks")
    assert capsys.readouterr().out == "1 messages are due and are being sent\n"
    WebhookDelivery.objects.update(next_attempt_at=timezone.now() + timedelta(hours=1))
    started.clear()
    events.send_due()
    assert started == []


def test_deliveries_are_purged_after_a_month(endpoint):
    told(about="old")
    WebhookDelivery.objects.update(created_at=timezone.now() - events.KEPT - timedelta(seconds=1))
    told(about="new")
    assert events.purge() == 1
    assert WebhookDelivery.objects.count() == 1


def test_database_refuses_what_is_neither_waiting_nor_over(endpoint):
    told()
    with pytest.raises(IntegrityError), transaction.atomic():
        WebhookDelivery.objects.update(state=State.DELIVERED)


def data_of(event):
    return json.loads(WebhookDelivery.objects.get(event=event).body)["data"]


def test_finished_run_is_told_in_counts(endpoint):
    EmployeeFeaturesFactory()
    run = services.score_employees()
    assert data_of("run.finished") == {
        "run_id": run.pk,
        "as_of": run.day.isoformat(),
        "model_version": run.model_version,
        "employee_count": 1,
        "above_threshold_count": run.above_threshold_count,
        "link": "http://127.0.0.1:8000/employees/",
    }


def test_alarm_of_a_check_is_told_once(endpoint, monkeypatch):
    EmployeeFeaturesFactory()
    monkeypatch.setattr("predictions.selectors.drift_check.Found.is_alarm", True)
    services.score_employees()
    check_workforce()
    check = WorkforceCheck.objects.get()
    assert data_of("drift.found") == {
        "check_id": check.pk,
        "run_id": ScoringRun.objects.get().pk,
        "as_of": check.run.day.isoformat(),
        "drifted_count": 0,
        "unexpected_forecast_count": 0,
        "link": "http://127.0.0.1:8000/model/workforce/",
    }


@pytest.fixture
def folder(tmp_path, settings):
    settings.EXTRACTS_DIR = str(tmp_path)
    return tmp_path


def delivered(folder, day="2026-06-30", **texts):
    deliver(folder, day, **texts)
    deliveries.collect()
    upload = Import.objects.latest("created_at")
    run_import(upload=upload)
    return upload


def test_question_of_a_delivery_is_told_once_without_its_word(endpoint, folder):
    upload = delivered(folder, sirh=text_of("sirh").replace("Commercial,", "Chez Mme Durand,"))
    told = data_of("question.open")
    assert (told["import_id"], told["as_of"], told["subject"]) == (str(upload.pk), "2026-06-30", "files")
    assert told["question_count"] == len(upload.questions)
    assert told["link"] == f"http://127.0.0.1:8000/import/{upload.pk}/"
    assert "Durand" not in WebhookDelivery.objects.get().body
    Import.objects.update(state="checking")
    run_import(upload=upload)
    assert WebhookDelivery.objects.filter(event="question.open").count() == 1


def test_stop_of_a_delivery_is_told(endpoint, folder):
    delivered(folder)
    lines = text_of("sirh").splitlines()
    kept = delivered(folder, "2026-07-31", sirh="\n".join(lines[:4]))
    assert kept.state == Import.State.READY
    told = data_of("load.stopped")
    assert (told["state"], told["alarm_count"]) == ("ready", len(kept.summary["alarms"]))


def test_refused_file_of_the_folder_is_told(endpoint, folder):
    deliver(folder, "no-day")
    deliveries.collect()
    assert {json.loads(row.body)["data"]["state"] for row in WebhookDelivery.objects.all()} == {"refused"}


def test_failure_of_a_delivery_is_told(endpoint, folder, monkeypatch):
    deliver(folder)
    deliveries.collect()
    upload = Import.objects.get()
    monkeypatch.setattr("predictions.import_process.uploads.check", lambda **arguments: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run_import(upload=upload)
    assert data_of("load.stopped")["state"] == "failed"


def test_people_missing_after_a_delivery_are_told_as_a_count(endpoint, folder):
    delivered(folder)
    without_one = text_of("sirh").splitlines()
    del without_one[2]
    delivered(folder, "2026-07-31", sirh="\n".join(without_one))
    told = data_of("question.open")
    assert (told["subject"], told["question_count"]) == ("absent people", 1)
    assert told["link"] == "http://127.0.0.1:8000/clarify/"


def test_upload_of_a_person_tells_nothing(endpoint, django_user_model):
    user = django_user_model.objects.create_user("someone")
    upload = Import.objects.create(user=user, as_of="2026-06-30", state="checking")
    upload.files.create(name="x.csv", size=0, sha256=hashlib.sha256(b"").hexdigest(), content=b"")
    run_import(upload=upload)
    assert upload.state == Import.State.REFUSED
    assert not WebhookDelivery.objects.exists()


ADD = reverse("admin:predictions_webhookendpoint_add")
LIST = reverse("admin:predictions_webhookendpoint_changelist")


def form(**changed):
    return {
        "name": "tickets",
        "url": "https://technova.example/hook",
        "events": ["run.finished"],
        "is_active": "on",
    } | changed


def test_secret_is_shown_on_the_page_after_its_making_alone(admin_client):
    response = admin_client.post(ADD, form())
    endpoint = WebhookEndpoint.objects.get()
    assert endpoint.secret in response.text
    assert endpoint.created_by.username == "admin"
    change = reverse("admin:predictions_webhookendpoint_change", args=[endpoint.pk])
    history = reverse("admin:predictions_webhookendpoint_history", args=[endpoint.pk])
    for page in map(admin_client.get, (LIST, change, history)):
        assert page.status_code == 200
        assert endpoint.secret[6:] not in page.text


def test_secret_is_replaced_by_an_action(admin_client):
    admin_client.post(ADD, form())
    old = WebhookEndpoint.objects.get()
    response = admin_client.post(LIST, {"action": "replace_secret", "_selected_action": [old.pk]})
    new = WebhookEndpoint.objects.get()
    assert new.secret != old.secret == new.previous_secret
    assert new.secret in response.text
    assert old.secret not in response.text


@pytest.mark.parametrize(
    "wrong", [{"url": "http://technova.example/"}, {"url": "https://127.0.0.1/"}, {"events": []}, {"events": ["other"]}]
)
def test_webhook_that_makes_no_sense_is_refused(admin_client, wrong):
    response = admin_client.post(ADD, form(**wrong))
    assert list(response.context["adminform"].form.errors) == list(wrong)
    assert not WebhookEndpoint.objects.exists()


def test_deliveries_are_listed_and_sent_again(admin_client, endpoint, started):
    delivery = told()
    address = reverse("admin:predictions_webhookdelivery_changelist")
    assert delivery.event in admin_client.get(address).text
    started.clear()
    admin_client.post(address, {"action": "send_again", "_selected_action": [delivery.pk]})
    assert started == [("send_waiting", str(endpoint.pk))]
