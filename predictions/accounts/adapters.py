"""What django-allauth asks of the project."""

import time

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from django.contrib import messages
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from predictions.accounts.sealing import seal, unseal
from technova.web.clients import client_address

NEWCOMER = "is_newcomer"  # in the session of an account's first sign-in
RECENTLY = 300  # seconds after a sign-in in which a factor may be changed without the password
# What is said after a change, by the template that allauth would say it with; the others are not said.
SAID = {
    "mfa/messages/totp_activated.txt": gettext_lazy("The authenticator app is set up."),
    "mfa/messages/totp_deactivated.txt": gettext_lazy("The authenticator app is removed."),
    "mfa/messages/recovery_codes_generated.txt": gettext_lazy("There are new recovery codes. Keep them safe."),
    "mfa/messages/webauthn_added.txt": gettext_lazy("The passkey is set up."),
    "mfa/messages/webauthn_removed.txt": gettext_lazy("The passkey is removed."),
}


class AccountAdapter(DefaultAccountAdapter):
    """Nobody signs up; addresses and messages are ours."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": gettext_lazy("This name and this password do not belong together."),
        "incorrect_password": gettext_lazy("This is not your password."),
    }

    def is_open_for_signup(self, request) -> bool:
        return False

    def login(self, request, user) -> None:
        is_first = user.last_login is None
        super().login(request, user)
        if is_first:
            request.session[NEWCOMER] = True

    def get_client_ip(self, request) -> str:
        return client_address(request.META).partition("%")[0] or "0.0.0.0"  # noqa: S104 - in a test or a console

    def add_message(self, request, level, message_template=None, message_context=None, extra_tags="", message=None):
        text = message or SAID.get(message_template or "")
        if text:
            messages.add_message(request, level, str(text))

    def is_reauthentication_required(self, *, app, **kwargs) -> bool:
        """Whether the password is asked for again: not in the minutes after a sign-in."""
        records = get_authentication_records(context.request, context.request.user)
        has_just_come = any(record["at"] > time.time() - RECENTLY for record in records)
        return not has_just_come and super().is_reauthentication_required(app=app, **kwargs)


class SecondFactorAdapter(DefaultMFAAdapter):
    """The secrets of factors are encrypted like notes, with ``NOTES_KEYS``, where that is set."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": gettext_lazy("This code is not right, or was used already: wait for the next one."),
    }

    def encrypt(self, text: str) -> str:
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text)

    def generate_authenticator_name(self, user, type) -> str:  # noqa: A002 - as allauth calls it
        return _("Passkey")
