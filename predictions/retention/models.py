"""What was deleted since its time was over. Rows are only added."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from technova.database.fields import account


class Clearance(models.Model):
    """Data of one class that were deleted together: how many, when, by whom and under which rule."""

    rule = models.CharField(_("data"), max_length=20, help_text=_("Its name in the table of retention."))
    kept = models.CharField(_("kept"), max_length=60, help_text=_("For how long, when they were deleted."))
    count = models.PositiveIntegerField(_("deleted"))
    at = models.DateTimeField(_("when"), default=timezone.now)
    by = account(_("account"), help_text=_("Empty for the daily deletion and for a command."))

    class Meta:
        verbose_name = _("deletion of old data")
        verbose_name_plural = _("deletions of old data")
        ordering = ["-id"]
        constraints = [models.CheckConstraint(condition=models.Q(count__gte=1), name="clearance_deleted_something")]

    def __str__(self):
        return f"{self.rule}: {self.count}"
