"""Links by e-mail: an invitation, or a new password. Each works once, for ``PASSWORD_RESET_TIMEOUT``."""

import logging
import time
from smtplib import SMTPException

from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import OuterRef, Subquery, TextField
from django.db.models.functions import Cast
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _

from predictions.accounts.history import record
from predictions.events.services import address
from predictions.keys import limits
from predictions.passwords import TooManyTries, digest
from technova import jobs
from technova.commands import Progress
from technova.web.clients import client_address, network_of

logger = logging.getLogger(__name__)

INVITATION, RESET = "invitation", "reset"
DAYS = settings.PASSWORD_RESET_TIMEOUT // (24 * 3600)
SENT, UNSENT = "Sent a link to set a password.", "The link to set a password could not be sent."  # in the history
MESSAGES_AN_HOUR = 3  # to one address, whoever asks


def may_receive(account: User) -> bool:
    """Whether an account may set a password by a link: not one that is closed, or signs in elsewhere."""
    has_or_awaits_password = account.has_usable_password() or account.last_login is None
    return account.is_active and bool(account.email) and has_or_awaits_password


def ask_for_new_password(*, request: HttpRequest, email: str, language: str) -> None:
    """Send a link to the accounts of an address. The caller learns nothing of whether there are any.

    Raises ``TooManyTries`` where one network asks often. What is over the limit of an address is not sent.
    """
    network, now = network_of(client_address(request.META)), time.time()
    quota = limits.count("network", f"link {network}", limit=settings.BAD_PASSWORD_RATE, now=now)
    if quota.is_exceeded:
        raise TooManyTries(quota.reset)
    name = digest("link", email.casefold())
    if limits.count("link", name, limit=MESSAGES_AN_HOUR, now=now, minutes=60).is_exceeded:
        return
    for account in get_user_model().objects.filter(email__iexact=email):
        if may_receive(account):
            post(account, RESET, language)


def post(account: User, kind: str, language: str, *, by: User | None = None) -> None:
    """Have the link sent once the transaction is committed; where messages are only written out, by this process.

    If sending fails, the account's history says so to whoever asked for it.
    """
    arguments = (str(account.pk), kind, language, str(by.pk) if by else "")
    if settings.EMAIL_BACKEND.endswith("console.EmailBackend"):
        transaction.on_commit(lambda: send(*arguments))
    else:
        send.enqueue(*arguments)


@jobs.quick_task
def send(account: str, kind: str, language: str, by: str = "", *, progress: Progress | None = None) -> None:
    """Send an account its link. Made here, so that no link stands in the queue or in a log."""
    owner = get_user_model().objects.filter(pk=account).first()
    if owner is None or not may_receive(owner):
        return
    token = default_token_generator.make_token(owner)
    link = address("password_set", urlsafe_base64_encode(force_bytes(owner.pk)), token)
    with translation.override(language or settings.LANGUAGE_CODE):
        subject = _("Your account of TechNova") if kind == INVITATION else _("TechNova: a new password")
        body = render_to_string(f"mails/{kind}.txt", {"account": owner, "link": link, "days": DAYS})
    try:
        send_mail(subject, body.strip() + "\n", None, [owner.email])
    except (OSError, SMTPException) as error:
        logger.warning("A link could not be sent: %s", error)
        if by and (sender := get_user_model().objects.filter(pk=by).first()):
            record(sender, owner, CHANGE, UNSENT)


def last_word() -> Subquery:
    """Of an account ``SENT`` or ``UNSENT``, as the last link went that was asked for on the pages of accounts."""
    of_account = LogEntry.objects.filter(
        content_type__app_label="auth", content_type__model="user", object_id=Cast(OuterRef("pk"), TextField())
    )
    words = of_account.filter(change_message__in=(SENT, UNSENT)).order_by("-pk")
    return Subquery(words.values("change_message")[:1])
