"""The record of erased people: that somebody was erased, and not who."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from technova.database.fields import account


class Erasure(models.Model):
    """A person who was erased: when, by whom and why, never who. A row for each of the person's numbers.

    The pseudonym is a keyed digest of the number (``employees.erased``). With the key, which is not in the
    database, one can tell whether a number was erased: after a restore, and when the number comes back in a file.
    """

    pseudonym = models.CharField(_("pseudonym"), max_length=64)
    key_id = models.CharField(_("key"), max_length=8, help_text=_("Which key made the pseudonym."))
    at = models.DateTimeField(_("when"), default=timezone.now)
    by = account(_("account"))
    reason = models.CharField(_("reason"), max_length=200)
    is_repeated = models.BooleanField(
        _("again"), default=False, help_text=_("After a backup was restored that still held the person.")
    )
    log_rows = models.PositiveIntegerField(_("rows of the logs"), help_text=_("As many lost the person."))

    class Meta:
        verbose_name = _("erasure of a person")
        verbose_name_plural = _("erasures of people")
        ordering = ["id"]
        indexes = [models.Index(fields=["pseudonym"], name="erasure_of_pseudonym")]
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="erasure_has_a_reason")]

    def __str__(self):
        return f"{self.pseudonym[:8]} {timezone.localtime(self.at):%Y-%m-%d}"
