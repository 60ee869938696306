"""Sessions and the record of sign-ins, and their retention."""

from datetime import timedelta

from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.models import Session
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from employees.models import SignIn
from technova.web.clients import client_address

RECORDS_KEPT = timedelta(days=30)


def record(*, request: HttpRequest, user, has_worked: bool) -> SignIn:
    """Record an attempt; ``user`` is None if no account has the name."""
    address = client_address(request.META)[: SignIn._meta.get_field("address").max_length]
    return SignIn.objects.create(user=user, address=address, has_worked=has_worked)


@receiver(user_logged_in)
def record_success(request: HttpRequest, user, **_kwargs) -> None:
    """Record a sign-in by any means: a password, single sign-on."""
    record(request=request, user=user, has_worked=True)


def purge() -> int:
    """Delete old records, and return how many."""
    return SignIn.objects.filter(at__lte=timezone.now() - RECORDS_KEPT).delete()[0]


def purge_sessions() -> int:
    """Delete expired sessions, and return how many."""
    return Session.objects.filter(expire_date__lt=timezone.now()).delete()[0]
