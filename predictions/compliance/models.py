"""The company's answers for its compliance file, and its log of incidents. Rows are only added."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from technova.database.fields import account


class CompanyFact(models.Model):
    """An answer to a question of ``questions``: the newest one of a name holds; an empty one takes it back."""

    name = models.CharField(_("question"), max_length=40)
    value = models.TextField(_("answer"), blank=True)
    recorded_at = models.DateTimeField(_("recorded at"), default=timezone.now, editable=False)
    recorded_by = account(_("recorded by"), null=False)

    class Meta:
        verbose_name = _("answer for the compliance file")
        verbose_name_plural = _("answers for the compliance file")
        ordering = ["-id"]
        indexes = [models.Index(fields=["name", "-id"], name="fact_newest_by_name")]

    def __str__(self):
        return self.name


class Incident(models.Model):
    """Something that went wrong with the data or the scores: what, when, whom it touched and what was done."""

    class Kind(models.TextChoices):
        ACCESS = "access", _("somebody saw what they must not")
        CHANGE = "change", _("data or scores were wrong or altered")
        LOSS = "loss", _("data were lost or out of reach")
        HARM = "harm", _("a score led to a wrong decision about a person")

    kind = models.CharField(_("what kind of incident"), max_length=6, choices=Kind.choices)
    happened_on = models.DateField(_("happened on"))
    noticed_on = models.DateField(_("noticed on"))
    people = models.PositiveIntegerField(_("people concerned"), null=True, blank=True, help_text=_("Empty: not known."))
    what = models.TextField(_("what happened"))
    measures = models.TextField(_("what was done"))
    authority_told_on = models.DateField(_("authority told on"), null=True, blank=True)
    people_told_on = models.DateField(_("people told on"), null=True, blank=True)
    recorded_at = models.DateTimeField(_("recorded at"), default=timezone.now, editable=False)
    recorded_by = account(_("recorded by"), null=False)

    class Meta:
        verbose_name = _("incident")
        verbose_name_plural = _("incidents")
        ordering = ["-noticed_on", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(noticed_on__gte=F("happened_on")), name="incident_is_noticed_after_it"),
            models.CheckConstraint(condition=~Q(what="") & ~Q(measures=""), name="incident_says_what_was_done"),
        ]

    def __str__(self):
        return f"{self.noticed_on:%Y-%m-%d} {self.kind}"
