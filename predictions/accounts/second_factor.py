"""The second factor: which accounts need one, which sessions have given it, and how many codes may be tried."""

import time
from collections.abc import Collection

from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_used
from django.conf import settings
from django.db import transaction
from django.dispatch import receiver

from employees.access import roles_of
from predictions.accounts import sessions
from predictions.keys import limits
from predictions.passwords import TooManyTries

STAFF = "staff"  # in SECOND_FACTOR_ROLES: whoever enters the administration
GIVEN = "second_factor_of"  # in a session: the account that has given one
USED, VALID_AT_A_TIME = "used_codes", 3  # that of now, and one to either side
POLICY, TRIES, WINDOW = "code", 5, 15  # codes of an account that are checked in so many minutes


def is_needed(user, groups: Collection[str] | None = None) -> bool:
    """Whether a role of the account is one that needs a second factor; ``groups`` are its groups if known."""
    wanted = set(settings.SECOND_FACTOR_ROLES)
    if not wanted:
        return False
    if STAFF in wanted and (user.is_staff or user.is_superuser):
        return True
    return not wanted.isdisjoint({role.group for role in roles_of(user)} if groups is None else groups)


def is_given(request) -> bool:
    """Whether this session has given a second factor, or set one up."""
    return request.session.get(GIVEN) == request.user.pk


@receiver([authenticator_used, authenticator_added])
def note(request, user, **_kwargs) -> None:
    request.session[GIVEN] = user.pk


@transaction.atomic
def reset(account) -> None:
    """Remove every factor of an account whose device is lost, and end its sessions."""
    Authenticator.objects.filter(user=account).delete()
    sessions.end(sessions.open_sessions(account))


def count_code(user) -> None:
    """Count a code before it is checked. Raises ``TooManyTries``."""
    quota = limits.count(POLICY, str(user.pk), limit=TRIES, now=time.time(), minutes=WINDOW, is_kept=True)
    if quota.is_exceeded:
        raise TooManyTries(quota.reset)


def forgive(user) -> None:
    """After the right code: reset the account's count."""
    limits.forget(POLICY, str(user.pk))


def accept(authenticator: Authenticator | None, code: str) -> bool:
    """Whether the right code of an app is new: over all processes of the server each is accepted once."""
    if authenticator is None or authenticator.type != Authenticator.Type.TOTP:
        return True  # the first code of an app; a recovery code, which allauth crosses out
    plain = "".join(filter(str.isalnum, code))
    with transaction.atomic():
        kept = Authenticator.objects.select_for_update().get(pk=authenticator.pk)
        used = kept.data.get(USED, [])
        if plain in used:
            return False
        kept.data[USED] = [*used, plain][-VALID_AT_A_TIME:]
        kept.save(update_fields=["data"])
    return True
