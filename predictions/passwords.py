"""Limits on wrong passwords: each is counted before it is hashed, since hashing costs the server time.

A browser that has signed in to the account before carries a cookie for it and has its own count, so that nobody can
lock it out by guessing, from its office or from many addresses (OWASP's "device cookies"). Any other browser counts
by its network, by its network and the account, and by the account: in all three or, if one is full and the password
is not checked, in none. Names of no account are counted alike, so that no answer reveals which names exist.
"""

import logging
import math
import secrets
import time
import unicodedata
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from threading import BoundedSemaphore, Lock

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.backends import BaseBackend, ModelBackend
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.utils.crypto import salted_hmac

from employees.access import sign_ins
from predictions.keys import limits
from predictions.keys.quota import Quota
from technova.web.clients import client_address, network_of

logger = logging.getLogger(__name__)

WINDOW = 15  # minutes over which the tries on one account are counted
TRIES_FROM_ONE_PLACE = 5
TRIES_FROM_EVERYWHERE = 50
BROWSER_KNOWN_FOR = 180 * 24 * 3600  # seconds

# Backpressure: a process hashes one password at a time and queues one, or guesses from many addresses, each within
# the limits, would take all its threads. Known browsers wait too, and are never refused.
STRANGERS_AT_A_TIME = 2
BUSY_FOR = 5  # seconds until an unknown browser that was refused should retry
_strangers = BoundedSemaphore(STRANGERS_AT_A_TIME)
_hashing = Lock()

# The networks known to this process that have used up their minute, and its end: a flood from one is refused without
# a query.
closed_networks: dict[str, float] = {}
MOST_CLOSED = 10_000


class TooManyTries(Exception):
    """Too many wrong passwords: none is checked for ``wait`` seconds."""

    def __init__(self, wait: int):
        super().__init__(wait)
        self.wait = wait


class CountedBackend(ModelBackend):
    """Django's password backend within the limits. Without a request, as in a console, nothing is counted."""

    def authenticate(self, request, username=None, password=None, **kwargs):
        """The account, or None. Raises ``TooManyTries``, which stops the other backends."""
        if request is None or username is None or password is None:
            return super().authenticate(request, username=username, password=password, **kwargs)
        attempt = Attempt(request, username)
        with attempt.admitted():
            user = super().authenticate(request, username=username, password=password, **kwargs)
        if user is None:
            attempt.warn()
            known = get_user_model().objects.filter(**{get_user_model().USERNAME_FIELD: username}).first()
            sign_ins.record(request=request, user=known, has_worked=False)
        else:
            attempt.forgive()
            request.proven_account = attempt.account
        return user

    async def aauthenticate(self, request, username=None, password=None, **kwargs):
        """Through the above; Django's own would pass it by."""
        return await BaseBackend.aauthenticate(self, request, username=username, password=password, **kwargs)


@dataclass(frozen=True)
class Limit:
    """How many wrong passwords a subject may send in a window."""

    policy: str
    name: str
    most: int
    minutes: int = WINDOW


class Attempt:
    """One password for one name, from one place."""

    def __init__(self, request: HttpRequest, username: str):
        self.account = account_of(username)
        self.browser = browser_of(request, self.account)
        self.network = network_of(client_address(request.META))
        self.now = time.time()
        self.quotas: list[Quota] = []  # what it was counted in

    def limits(self) -> Iterator[Limit]:
        """In the same order for all attempts, so that none deadlock.

        The network's is first: one statement refuses most of a flood.
        """
        if self.browser:
            yield Limit("browser", self.browser, TRIES_FROM_ONE_PLACE)
            return
        yield Limit("network", self.network, settings.BAD_PASSWORD_RATE, minutes=1)
        yield Limit("account", digest(self.account, self.network), TRIES_FROM_ONE_PLACE)
        yield Limit("account", self.account, TRIES_FROM_EVERYWHERE)

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Count the attempt and wait for the processor. Raises ``TooManyTries`` without counting it."""
        self._refuse_closed_network()
        with ExitStack() as place:
            with transaction.atomic():
                self.quotas = [self._count(limit) for limit in self.limits()]
                if not self.browser:
                    self._take_place(place)
            self._clear()
            with _hashing:
                yield

    def _refuse_closed_network(self) -> None:
        rest = closed_networks.get(self.network, 0) - self.now
        if rest > 0 and not self.browser:
            raise TooManyTries(math.ceil(rest))

    def _count(self, limit: Limit) -> Quota:
        quota = limits.count(
            limit.policy, limit.name, limit=limit.most, now=self.now, minutes=limit.minutes, is_kept=True
        )
        if quota.is_exceeded:
            if limit.policy == "network":
                if len(closed_networks) >= MOST_CLOSED:
                    closed_networks.clear()
                closed_networks[limit.name] = self.now + quota.reset
            raise TooManyTries(quota.reset)
        return quota

    def _take_place(self, place: ExitStack) -> None:
        if not _strangers.acquire(blocking=False):
            raise TooManyTries(BUSY_FOR)
        place.callback(_strangers.release)

    def _clear(self) -> None:
        """After the transaction: inside it, clearing and counting could deadlock."""
        for limit, quota in zip(self.limits(), self.quotas, strict=True):
            if quota.requests == 1:
                limits.clear(limit.policy, now=self.now, minutes=limit.minutes)

    def warn(self) -> None:
        """After a wrong password: log it if it reached a limit."""
        for quota in self.quotas:
            if not quota.remaining:
                logger.warning("Too many wrong passwords counted by %s: none is checked for a while", quota.policy)

    def forgive(self) -> None:
        """After the right password: reset the account's counts, and return the network's try."""
        for limit in self.limits():
            if limit.policy == "network":
                limits.take_back(limit.policy, limit.name, now=self.now, minutes=limit.minutes)
            else:
                limits.forget(limit.policy, limit.name)


def digest(*parts: str) -> str:
    """A keyed digest of a name for the counts, since a password may be typed as a name."""
    return salted_hmac("predictions.passwords", "\0".join(parts), algorithm="sha256").hexdigest()[:40]


def account_of(username: str) -> str:
    """The subject of an account, however its name is written."""
    return digest(unicodedata.normalize("NFKC", username).casefold())


def browser_of(request: HttpRequest, account: str) -> str | None:
    """The random name of a browser that the account has signed in with; None for any other."""
    return request.get_signed_cookie(_cookie_of(account), None, salt=account, max_age=BROWSER_KNOWN_FOR)


def remember_browser(response: HttpResponseBase, account: str) -> None:
    """Give the browser a new name, in a cookie that is valid for this account only and grants no access."""
    response.set_signed_cookie(
        _cookie_of(account),
        secrets.token_hex(16),
        salt=account,
        max_age=BROWSER_KNOWN_FOR,
        path=settings.SESSION_COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _cookie_of(account: str) -> str:
    return f"{settings.COOKIE_PREFIX}browser_{account[:8]}"
