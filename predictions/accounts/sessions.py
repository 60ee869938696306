"""Sessions: how long each lasts, which are open, and how one is ended.

A session ends ``SESSION_IDLE_MINUTES`` after its last page and ``SESSION_COOKIE_AGE`` after its sign-in. Both are in
the expiry that Django itself checks; it is written anew once a minute at most, so that a page costs no write.
"""

import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.dispatch import receiver
from django.utils import timezone

RENEWED_EVERY = 60  # seconds
BEGUN, RENEWED = "signed_in_at", "renewed_at"


@receiver(user_logged_in)
def begin(request, **_kwargs) -> None:
    """Start the clocks of a session, at a sign-in by any means."""
    request.session[BEGUN] = time.time()
    _renew(request.session, time.time())


def keep_alive(session: SessionBase) -> None:
    """Count the idle time of a signed-in session afresh, if it was not in the last minute."""
    now = time.time()
    if SESSION_KEY in session and now - session.get(RENEWED, 0) >= RENEWED_EVERY:
        session.setdefault(BEGUN, now)  # one from before there were clocks
        _renew(session, now)
        UserSession.objects.filter(session_key=session.session_key).update(last_seen_at=timezone.now())


def _renew(session: SessionBase, now: float) -> None:
    session[RENEWED] = now
    end = min(now + 60 * settings.SESSION_IDLE_MINUTES, session[BEGUN] + settings.SESSION_COOKIE_AGE)
    session.set_expiry(datetime.fromtimestamp(end, tz=UTC))


def open_sessions(user) -> QuerySet[UserSession]:
    """The sessions of an account that have not expired, the last one seen first."""
    alive = Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")
    return UserSession.objects.filter(user=user, session_key__in=alive).order_by("-last_seen_at")


def end(sessions: Iterable[UserSession]) -> int:
    """End sessions at once, and return how many."""
    keys = [session.session_key for session in sessions]
    Session.objects.filter(session_key__in=keys).delete()
    UserSession.objects.filter(session_key__in=keys).delete()
    return len(keys)


def purge() -> int:
    """Forget the sessions that are over, a day after their last page; return how many."""
    yesterday = timezone.now() - timedelta(days=1)
    open_ones = Session.objects.values("session_key")
    over = UserSession.objects.filter(last_seen_at__lt=yesterday).exclude(session_key__in=open_ones)
    return over.delete()[0]
