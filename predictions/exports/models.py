"""A file that was asked for, and its content."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Export(models.Model):
    """A file asked for by an account, which alone may fetch it while its rights are those with which it was made.

    It holds personal data, and is deleted after a day.
    """

    class Kind(models.TextChoices):
        CSV = "csv", "CSV"
        XLSX = "xlsx", "Excel"

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        READY = "ready", _("ready")
        FAILED = "failed", _("failed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("asked by")
    )
    rights = models.CharField(_("rights"), max_length=64, help_text=_("A fingerprint of what the account may see."))
    kind = models.CharField(_("kind"), max_length=4, choices=Kind.choices)
    query = models.TextField(_("filters"), blank=True)
    language = models.CharField(_("language"), max_length=10)
    created_at = models.DateTimeField(_("asked at"), default=timezone.now, db_index=True)
    started_at = models.DateTimeField(_("started at"), default=timezone.now)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.WAITING)
    name = models.CharField(_("file"), max_length=100, blank=True)
    people = models.PositiveIntegerField(_("people"), default=0, help_text=_("How many it lists."))
    size = models.PositiveBigIntegerField(_("size (bytes)"), default=0)

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        ordering = ["-created_at"]

    def __str__(self):
        return self.name or f"{self.kind} {timezone.localtime(self.created_at):%Y-%m-%d %H:%M}"


class ExportPiece(models.Model):
    """A part of the file's content, in order."""

    export = models.ForeignKey(
        Export, on_delete=models.CASCADE, db_index=False, related_name="pieces", verbose_name=_("export")
    )
    place = models.PositiveIntegerField(_("place"))
    content = models.BinaryField()

    class Meta:
        verbose_name = _("part of an export")
        verbose_name_plural = _("parts of exports")
        ordering = ["export", "place"]
        constraints = [models.UniqueConstraint(fields=["export", "place"], name="one_piece_a_place")]

    def __str__(self):
        return f"{self.export_id} {self.place}"
