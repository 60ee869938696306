"""The columns that the company has switched off."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from technova.database.fields import account


class ColumnSwitchQuerySet(models.QuerySet):
    def in_force(self):
        return self.filter(revoked_at=None)


class ColumnSwitch(models.Model):
    """An optional column that was switched off: by whom, when and why, and when it was switched on again."""

    column = models.CharField(_("column"), max_length=50)
    reason = models.TextField(_("reason"))
    recorded_at = models.DateTimeField(_("switched off at"), default=timezone.now, editable=False)
    recorded_by = account(_("switched off by"))
    revoked_at = models.DateTimeField(_("switched on at"), null=True, editable=False)
    revoked_by = account(_("switched on by"))

    objects = ColumnSwitchQuerySet.as_manager()

    class Meta:
        verbose_name = _("switched-off column")
        verbose_name_plural = _("switched-off columns")
        ordering = ["-id"]
        default_permissions = ()
        permissions = [("switch_column", "Can switch columns off and on")]
        constraints = [
            models.UniqueConstraint(fields=["column"], condition=Q(revoked_at=None), name="a_column_is_off_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="a_column_is_off_for_a_reason"),
        ]

    def __str__(self):
        return self.column
