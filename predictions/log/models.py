"""The proof of the log: sealed blocks, purges, erased rows, and the keys that tie rows to people."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from employees.models import Employee
from technova.database.fields import account


class LogName(models.TextChoices):
    """The tables that can only grow."""

    PREDICTIONS = "predictions", _("log of predictions")
    JOURNAL = "journal", _("access journal")
    PURGES = "purges", _("purges")
    ERASURES = "erasures", _("erasures")


class LogBlock(models.Model):
    """The seal of the rows of one log whose ids lie after ``after_id`` and up to ``last_id``. Written once.

    ``digest`` is the SHA-256 of all the other columns, the digest of the rows and that of the block before among them:
    whoever changes a row has to rewrite every later block too.
    """

    number = models.PositiveBigIntegerField(_("number"), primary_key=True)
    log = models.CharField(_("log"), max_length=12, choices=LogName.choices)
    after_id = models.BigIntegerField(_("after row"))
    last_id = models.BigIntegerField(_("up to row"))
    row_count = models.PositiveIntegerField(_("rows"))
    newest = models.DateTimeField(_("newest row"))
    sealed_at = models.DateTimeField(_("sealed at"), default=timezone.now)
    rows_digest = models.CharField(_("digest of the rows"), max_length=64)
    previous = models.CharField(_("digest of the block before"), max_length=64)
    digest = models.CharField(_("digest"), max_length=64, unique=True)

    class Meta:
        verbose_name = _("sealed block")
        verbose_name_plural = _("sealed blocks")
        ordering = ["number"]
        get_latest_by = "number"
        constraints = [
            models.UniqueConstraint(fields=["log", "after_id"], name="one_block_after_a_row"),
            models.CheckConstraint(condition=Q(last_id__gt=F("after_id"), row_count__gte=1), name="block_holds_rows"),
        ]

    def __str__(self):
        return f"{self.number}: {self.log} {self.after_id + 1}-{self.last_id}"


class LogPurge(models.Model):
    """Rows of a log that were deleted: by whom, when, how many and under which rule. Nothing is deleted without it."""

    log = models.CharField(_("log"), max_length=12, choices=LogName.choices)
    after_id = models.BigIntegerField(_("after row"))
    last_id = models.BigIntegerField(_("up to row"))
    row_count = models.PositiveIntegerField(_("rows"))
    rule = models.CharField(_("rule"), max_length=200)
    at = models.DateTimeField(_("when"), default=timezone.now)
    by = account(_("account"))
    role = models.CharField(_("role of the database"), max_length=63, blank=True)

    class Meta:
        verbose_name = _("purge of a log")
        verbose_name_plural = _("purges of logs")
        ordering = ["id"]
        constraints = [models.CheckConstraint(condition=Q(last_id__gt=F("after_id")), name="purge_names_rows")]

    def __str__(self):
        return f"{self.log} {self.after_id + 1}-{self.last_id}"


class PersonKey(models.Model):
    """A random key under which the seals know a person. Once it is destroyed, no seal tells whose a row was."""

    employee = models.OneToOneField(
        Employee, on_delete=models.PROTECT, primary_key=True, related_name="seal_key", verbose_name=_("employee")
    )
    key = models.BinaryField(_("key"), max_length=32)

    class Meta:
        verbose_name = _("key of a person")
        verbose_name_plural = _("keys of people")

    def __str__(self):
        return str(self.employee_id)


class ErasedRow(models.Model):
    """A row of a log that lost its person: the seals verify it by the commitment to what it held.

    Nothing says which erasure emptied it. Rows that held the same, as all entries of the journal about one person did,
    have the same commitment (decision 44).
    """

    pk = models.CompositePrimaryKey("log", "row")
    log = models.CharField(_("log"), max_length=12, choices=LogName.choices)
    row = models.BigIntegerField(_("row"))
    commitment = models.CharField(_("commitment"), max_length=64)

    class Meta:
        verbose_name = _("erased row of a log")
        verbose_name_plural = _("erased rows of logs")
        ordering = ["log", "row"]

    def __str__(self):
        return f"{self.log} {self.row}"
