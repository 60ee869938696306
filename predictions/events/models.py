"""Where events are sent, and each delivery of one."""

import base64
import secrets
import uuid
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from predictions.events.addresses import Refused, check_url
from technova.database.fields import account

SECRET_BYTES = 32  # of the 24 to 64 that the specification permits
OVERLAP = timedelta(days=1)  # in which a message is also signed with the secret before


class Event(models.TextChoices):
    RUN_FINISHED = "run.finished", _("everyone was scored")
    LOAD_STOPPED = "load.stopped", _("a delivery of extracts was stopped")
    QUESTION_OPEN = "question.open", _("a question waits for HR")
    CASE_OPENED = "case.opened", _("cases were opened")
    CASE_CLOSED = "case.closed", _("a case was closed")
    CASE_OVERDUE = "case.overdue", _("cases are overdue")
    DRIFT_FOUND = "drift.found", _("a check raised an alarm")


def validate_url(url: str) -> None:
    try:
        check_url(url)
    except Refused as error:
        raise ValidationError(error.message.said(gettext)) from error


def validate_events(value) -> None:
    if not (isinstance(value, list) and value and set(map(str, value)) <= set(Event.values)):
        raise ValidationError(_("Choose at least one of: %(names)s.") % {"names": ", ".join(Event.values)})


def new_secret() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"


class WebhookEndpoint(models.Model):
    """An address of another system that is told of events.

    Its secret signs what is sent, so that the receiver knows the sender; it is shown once, and stored as it is.
    """

    name = models.CharField(_("name"), max_length=50, unique=True)
    url = models.URLField(
        _("address"), max_length=500, validators=[validate_url], help_text=_("It begins with https://.")
    )
    events = models.JSONField(_("events"), validators=[validate_events])
    is_active = models.BooleanField(_("active"), default=True, help_text=_("Nothing is sent to one that is not."))
    secret = models.CharField(max_length=100, default=new_secret, editable=False)
    previous_secret = models.CharField(max_length=100, blank=True, editable=False)
    previous_until = models.DateTimeField(_("old secret signs until"), null=True, editable=False)
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)
    created_by = account(_("created by"), editable=False)

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(previous_secret="", previous_until=None)
                | (~Q(previous_secret="") & Q(previous_until__isnull=False)),
                name="previous_secret_ends",
            ),
        ]

    def __str__(self):
        return self.name

    def replace_secret(self) -> str:
        """A new secret, beside which the old one signs for a day more."""
        self.previous_secret, self.previous_until = self.secret, timezone.now() + OVERLAP
        self.secret = new_secret()
        self.save(update_fields=["secret", "previous_secret", "previous_until"])
        return self.secret

    def secrets_at(self, moment: datetime) -> list[str]:
        """The secrets that sign then, the newest first."""
        is_old_valid = self.previous_until is not None and moment < self.previous_until
        return [self.secret, self.previous_secret] if is_old_valid else [self.secret]


class WebhookDelivery(models.Model):
    """One event on its way to one endpoint: what is sent, how often it was tried, and what came back."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DELIVERED = "delivered", _("delivered")
        GIVEN_UP = "given up", _("given up")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    endpoint = models.ForeignKey(
        WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries", verbose_name=_("webhook")
    )
    message_id = models.CharField(_("id of the message"), max_length=50, help_text=_("The same at every attempt."))
    event = models.CharField(_("event"), max_length=20, choices=Event.choices)
    body = models.TextField(_("message"))
    created_at = models.DateTimeField(_("created at"), default=timezone.now, db_index=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"), null=True, default=timezone.now)
    last_attempt_at = models.DateTimeField(_("last attempt"), null=True)
    last_status = models.PositiveSmallIntegerField(
        _("last status"), null=True, help_text=_("Of HTTP; empty without one.")
    )
    last_answer = models.CharField(_("last answer"), max_length=200, blank=True)
    last_failure = models.JSONField(
        _("last failure"), null=True, help_text=_("Why there was no answer: the English message and its parameters.")
    )

    class Meta:
        verbose_name = _("delivery of a webhook")
        verbose_name_plural = _("deliveries of webhooks")
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=Q(state="waiting"), name="webhook_delivery_due"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "message_id"], name="one_delivery_a_message_and_webhook"),
            models.CheckConstraint(
                condition=Q(state="waiting", next_attempt_at__isnull=False)
                | (~Q(state="waiting") & Q(next_attempt_at=None)),
                name="waiting_delivery_has_a_next_attempt",
            ),
        ]

    def __str__(self):
        return f"{self.event} {self.message_id}"
