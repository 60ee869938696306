"""Values of a person that HR corrected at the person's request."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from employees.columns import BY_NAME, Extract
from employees.models.workforce import AnswerQuerySet, Employee
from technova.database.fields import account


class Correction(models.Model):
    """The right value of a column, which stands over the one in the extracts until the source says the same.

    ``agreed_on`` is derived with every replay: a withdrawn extract may take it back.
    """

    employee = models.ForeignKey(
        Employee, on_delete=models.CASCADE, related_name="corrections", verbose_name=_("employee")
    )
    column = models.CharField(_("column"), max_length=50)
    value = models.JSONField(_("right value"))
    as_of = models.DateField(_("as of"), help_text=_("The day from which it is right."))
    agreed_on = models.DateField(
        _("the source says the same since"), null=True, help_text=_("From this day on the extracts count again.")
    )
    recorded_at = models.DateTimeField(_("recorded at"), default=timezone.now, editable=False)
    recorded_by = account(_("corrected by"))
    revoked_at = models.DateTimeField(_("lifted at"), null=True, editable=False)
    revoked_by = account(_("lifted by"))

    objects = AnswerQuerySet.as_manager()

    class Meta:
        verbose_name = _("correction")
        verbose_name_plural = _("corrections")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(agreed_on=None) | Q(agreed_on__gte=models.F("as_of")), name="source_agrees_after_correction"
            ),
        ]

    def __str__(self):
        return f"{self.employee_id} {self.column} {self.as_of:%Y-%m-%d}"

    @property
    def kind(self) -> Extract:
        return BY_NAME[self.column].extract

    @property
    def stands(self) -> bool:
        """Whether it stands over the newest extracts."""
        return self.revoked_at is None and self.agreed_on is None
