"""What workers enqueue by themselves: a minute's tick goes through the rows of ``Schedule``."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from technova.jobs import task_of
from technova.jobs.models import Schedule


@transaction.atomic
def enqueue_due(now: datetime | None = None) -> int:
    """Enqueue each task whose time has come since it was enqueued last, and return how many.

    Once each, however many workers ask; a time that passed while none was at work is caught up with, once.
    """
    now = now or timezone.now()
    rows = Schedule.objects.select_for_update(skip_locked=True).exclude(cron="")
    due = [row for row in rows if row.next_after(row.enqueued_at) <= now]
    for row in due:
        task_of(row.task).enqueue()
        row.enqueued_at = row.begun_at = now
        row.save(update_fields=["enqueued_at", "begun_at"])
    return len(due)
