from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


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
