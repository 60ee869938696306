from datetime import timedelta

import pytest
from axes.models import AccessAttempt, AccessLog
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.utils import timezone

from technova import sign_ins

pytestmark = pytest.mark.django_db


def session(expires_in):
    store = SessionStore()
    store.set_expiry(expires_in)
    store.create()
    return store.session_key


def test_purge_deletes_the_sessions_that_expired():
    open_one = session(timedelta(minutes=1))
    session(-timedelta(minutes=1))
    assert sign_ins.purge() == (1, 0)
    assert Session.objects.get().session_key == open_one


@pytest.mark.parametrize(("model", "more"), [(AccessLog, {}), (AccessAttempt, {"failures_since_start": 1})])
def test_purge_deletes_the_records_of_a_month_ago(model, more):
    for days in (29, 31):
        record = model.objects.create(username=f"{days} days ago", **more)
        model.objects.filter(pk=record.pk).update(attempt_time=timezone.now() - timedelta(days=days))
    assert sign_ins.purge() == (0, 1)
    assert model.objects.get().username == "29 days ago"
