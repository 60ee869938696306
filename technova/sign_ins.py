"""What signing in leaves behind, and how long it is kept: sessions, and axes' records of accounts and addresses."""

from datetime import timedelta

from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessAttempt
from django.contrib.sessions.models import Session
from django.utils import timezone

RECORDS_KEPT = timedelta(days=30)


def purge() -> tuple[int, int]:
    """Delete the sessions that expired and the records that are old; how many of each."""
    now = timezone.now()
    sessions, _ = Session.objects.filter(expire_date__lt=now).delete()
    records = AxesProxyHandler.reset_logs(age_days=RECORDS_KEPT.days)
    # Axes deletes failed attempts when somebody signs in; the last ones would stay until then.
    attempts, _ = AccessAttempt.objects.filter(attempt_time__lte=now - RECORDS_KEPT).delete()
    return sessions, records + attempts
