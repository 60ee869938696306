"""The limits on wrong passwords. Each password is counted before it is hashed, which is what costs the server time.

A browser that the account has signed in with before carries a cookie of its own for it and counts alone: nobody can
close the account to it by guessing, from its office or from many addresses (OWASP's "device cookies"). Any other counts
with the network that it comes from, with what else is tried on the account from there, and with what is tried on it
from everywhere: in all of them or, when one is full and the password is not checked, in none. Names that no account has
are counted like the others, so that no answer tells which do.
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

# A process hashes one password at a time and lets one wait, or guesses from many addresses, each within the limits,
# would have all its threads and all the processor. Known browsers wait too, and are never sent away.
STRANGERS_AT_A_TIME = 2
BUSY_FOR = 5  # seconds until a stranger who was sent away should come again
_strangers = BoundedSemaphore(STRANGERS_AT_A_TIME)
_hashing = Lock()

# The networks that have used up their minute, as far as this process has met them, and when it ends: a flood from one
# is refused without a question to the database.
closed_networks: dict[str, float] = {}
MOST_CLOSED = 10_000


class TooManyTries(Exception):
    """Too many wrong passwords: none is checked for ``wait`` seconds."""

    def __init__(self, wait: int):
        super().__init__(wait)
        self.wait = wait


class CountedBackend(ModelBackend):
    """Django's passwords, within the limits. Without a request, as in a console, nothing is counted."""

    def authenticate(self, request, username=None, password=None, **kwargs):
        """The account, or None. Raises ``TooManyTries``, which no other backend gets to overrule."""
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
        """In the order in which they count, the same for all, so that no two attempts wait for each other.

        That of the network is first: one statement refuses most of a flood.
        """
        if self.browser:
            yield Limit("browser", self.browser, TRIES_FROM_ONE_PLACE)
            return
        yield Limit("network", self.network, settings.BAD_PASSWORD_RATE, minutes=1)
        yield Limit("account", digest(self.account, self.network), TRIES_FROM_ONE_PLACE)
        yield Limit("account", self.account, TRIES_FROM_EVERYWHERE)

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Counted, and with the processor's time to itself. Raises ``TooManyTries``, and is counted nowhere then."""
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
        """After the transaction: within it, what is cleared and what is counted could wait for each other."""
        for limit, quota in zip(self.limits(), self.quotas, strict=True):
            if quota.requests == 1:
                limits.clear(limit.policy, now=self.now, minutes=limit.minutes)

    def warn(self) -> None:
        """The password was wrong: say so when it was the last one that a limit allows."""
        for quota in self.quotas:
            if not quota.remaining:
                logger.warning("Too many wrong passwords counted by %s: none is checked for a while", quota.policy)

    def forgive(self) -> None:
        """The password was right: what was tried on the account is forgotten, and the network gets its try back."""
        for limit in self.limits():
            if limit.policy == "network":
                limits.take_back(limit.policy, limit.name, now=self.now, minutes=limit.minutes)
            else:
                limits.forget(limit.policy, limit.name)


def digest(*parts: str) -> str:
    """Stands for names in the counts: what was typed as a name may be a password."""
    return salted_hmac("predictions.passwords", "\0".join(parts)).hexdigest()[:40]


def account_of(username: str) -> str:
    """What an account is counted under, however its name is written."""
    return digest(unicodedata.normalize("NFKC", username).casefold())


def browser_of(request: HttpRequest, account: str) -> str | None:
    """The random name of a browser that the account has signed in with; None for any other."""
    return request.get_signed_cookie(_cookie_of(account), None, salt=account, max_age=BROWSER_KNOWN_FOR)


def remember_browser(response: HttpResponseBase, account: str) -> None:
    """Give the browser a new name. The cookie is good for this account alone and opens nothing."""
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
    return f"browser_{account[:8]}"
