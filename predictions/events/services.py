"""Services: tell of an event, and deliver what is due.

An event is a row for each endpoint, written in the transaction that made it. Its message has one id, made of what it is
about, so that the same event is sent once however often its work is done again; the receiver knows a repeated attempt
by that id.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from predictions.events import sending
from predictions.events.models import Event, WebhookDelivery, WebhookEndpoint
from technova import jobs
from technova.commands import Progress

State = WebhookDelivery.State
BACKOFF = [timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 300, 600, 840)]  # 31 hours in all
KEPT = timedelta(days=30)  # deliveries that are over
GONE = 410  # the answer of an endpoint that wants no more


def address(name: str, *arguments: object) -> str:
    """The whole address of a page, for a message."""
    return f"{settings.SITE_ADDRESS.rstrip('/')}{reverse(name, args=arguments)}"


def is_told(event: Event) -> bool:
    """Whether an endpoint has chosen the event. One query."""
    return any(event in endpoint.events for endpoint in WebhookEndpoint.objects.filter(is_active=True))


def emit(event: Event, *, about: str, data: Mapping[str, object], page: str = "") -> None:
    """Tell the endpoints that chose the event; ``about`` names what happened, once. One query where there are none.

    ``data`` holds counts and links, and no value of a person; ``page`` is the name of one to link to, whose address is
    not made where nobody is told: that imports every page.
    """
    active = WebhookEndpoint.objects.filter(is_active=True)
    endpoints = [endpoint for endpoint in active if event in endpoint.events]
    if not endpoints:
        return
    now = timezone.now()
    data = data if not page else {**data, "link": address(page)}
    body = json.dumps({"type": event, "timestamp": now.astimezone(UTC).isoformat(), "data": data}, ensure_ascii=False)
    message_id = f"msg_{hashlib.sha256(f'{event} {about}'.encode()).hexdigest()[:32]}"
    with transaction.atomic():
        WebhookDelivery.objects.bulk_create(
            (WebhookDelivery(endpoint=each, message_id=message_id, event=event, body=body) for each in endpoints),
            ignore_conflicts=True,
        )
        for endpoint in endpoints:
            send_waiting.enqueue(str(endpoint.pk))


@jobs.quick_task
def send_due(*, progress: Progress | None = None) -> None:
    """Have the messages delivered whose next attempt has come."""
    due = WebhookDelivery.objects.filter(state=State.WAITING, next_attempt_at__lte=timezone.now())
    for pk in due.values_list("endpoint", flat=True).distinct().order_by():
        if send_waiting.state(str(pk)) is None:
            send_waiting.enqueue(str(pk))


@jobs.quick_task
def send_waiting(pk: str, *, progress: Progress | None = None) -> None:
    """Deliver what is due to one endpoint, the oldest first; one that does not answer is not asked twice.

    What failed is tried again when it is due; where no worker waits for that, by the next ``send_due``.
    """
    started, has_tried = timezone.now(), False
    while delivery := _next(pk, started):
        answer = sending.send(
            url=delivery.endpoint.url,
            secrets=delivery.endpoint.secrets_at(started),
            message_id=delivery.message_id,
            body=delivery.body,
        )
        _record(delivery, answer)
        if answer.status is None:
            later = timezone.now() + BACKOFF[0]
            _due(pk, timezone.now()).update(next_attempt_at=later)
        has_tried = True
    # A run that had nothing to try leaves it to the one that did: or each event would have a retry of its own for ever.
    if has_tried and (first := _waiting(pk).order_by("next_attempt_at").first()):
        send_waiting.enqueue_at(first.next_attempt_at, pk)


def _waiting(pk: str):
    return WebhookDelivery.objects.filter(endpoint__pk=pk, endpoint__is_active=True, state=State.WAITING)


def _due(pk: str, moment):
    return _waiting(pk).filter(next_attempt_at__lte=moment)


def _next(pk: str, started) -> WebhookDelivery | None:
    """The oldest that is due; each is tried once."""
    return _due(pk, started).select_related("endpoint").order_by("created_at").first()


@transaction.atomic
def _record(delivery: WebhookDelivery, answer: sending.Answer) -> None:
    now = timezone.now()
    delivery.attempts += 1
    delivery.last_attempt_at, delivery.last_status, delivery.last_answer = now, answer.status, answer.text
    delivery.last_failure = answer.failure and answer.failure.document()
    if answer.is_success:
        delivery.state, delivery.next_attempt_at = State.DELIVERED, None
    elif delivery.attempts > len(BACKOFF) or answer.status == GONE:
        delivery.state, delivery.next_attempt_at = State.GIVEN_UP, None
    else:
        delivery.next_attempt_at = now + BACKOFF[delivery.attempts - 1]
    delivery.save(
        update_fields=[
            *("attempts", "last_attempt_at", "last_status", "last_answer", "last_failure"),
            *("state", "next_attempt_at"),
        ]
    )
    if answer.status == GONE:
        WebhookEndpoint.objects.filter(pk=delivery.endpoint_id).update(is_active=False)


@transaction.atomic
def send_again(delivery: WebhookDelivery) -> None:
    """Deliver it anew, whatever became of it before; the receiver knows its id."""
    delivery.state, delivery.attempts, delivery.next_attempt_at = State.WAITING, 0, timezone.now()
    delivery.save(update_fields=["state", "attempts", "next_attempt_at"])
    send_waiting.enqueue(str(delivery.endpoint_id))


def purge() -> int:
    """Delete the deliveries of a month ago, and return how many."""
    return WebhookDelivery.objects.filter(created_at__lt=timezone.now() - KEPT).delete()[0]
