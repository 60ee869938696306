from datetime import datetime

from croniter import croniter
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from technova.database.fields import account


class JobProgress(models.Model):
    """How far a running job of a worker is.

    Written beside the job's own transaction, which would hide it, and deleted when the job ends.
    """

    work = models.CharField(_("work"), max_length=200, primary_key=True)
    step = models.CharField(_("step"), max_length=100)
    done = models.PositiveBigIntegerField(_("of it done"))
    total = models.PositiveBigIntegerField(_("in total"))
    written_at = models.DateTimeField(_("written at"), default=timezone.now)

    class Meta:
        verbose_name = _("progress of a job")
        verbose_name_plural = _("progress of jobs")

    def __str__(self):
        return f"{self.work}: {self.step} {self.done}/{self.total}"


class Schedule(models.Model):
    """When a task without arguments is enqueued by itself; never while ``cron`` is empty."""

    task = models.CharField(_("task"), max_length=200, primary_key=True)
    cron = models.CharField(_("time"), max_length=50, blank=True, help_text=_("As five fields of cron, in local time."))
    enqueued_at = models.DateTimeField(_("counted from"), default=timezone.now)
    begun_at = models.DateTimeField(_("last started"), null=True, editable=False)
    changed_at = models.DateTimeField(_("changed at"), null=True, editable=False)
    changed_by = account(_("changed by"))

    class Meta:
        verbose_name = _("schedule")
        verbose_name_plural = _("schedules")
        ordering = ["task"]

    def __str__(self):
        return f"{self.task} {self.cron}"

    def next_after(self, moment: datetime) -> datetime:
        """The next time after a moment. Raises ``ValueError`` for what is no time of cron."""
        return croniter(self.cron, timezone.localtime(moment)).get_next(datetime)
