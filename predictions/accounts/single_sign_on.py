"""Single sign-on: who enters from the company's provider, with which role, and until when.

The provider says who somebody is, and by its groups which role they have (``SSO_ROLES``). It is asked again every
``CHECKED_EVERY`` seconds while the account is used: by its refresh token, which a provider stops honouring once the
account is closed, and by the groups that it then names. Where it gave no such token, as with SAML, the browser goes to
it instead, which whoever is still signed in there does not notice. Nobody stays longer than ``WITHIN`` without its
word.
"""

import enum
import logging
import time
from collections.abc import Collection, Mapping
from typing import Any

from allauth.account.signals import user_logged_in
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialLogin, SocialToken
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import Q
from django.dispatch import receiver
from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from employees.access import HR, MANAGER, ROLES
from employees.models import Employee
from employees.selectors import own_number
from predictions.accounts import second_factor, services, sessions
from predictions.accounts.sealing import seal, unseal

logger = logging.getLogger(__name__)

CHECKED_EVERY = 180  # seconds
WITHIN = 300  # seconds, after which an account that the provider did not confirm is not served
RETRIED_AFTER = 20  # seconds, when the provider did not answer
ACCOUNT, CONFIRMED, TRIED = "sso_account", "sso_confirmed_at", "sso_tried_at"  # in a session


class Answer(enum.Enum):
    CONFIRMED = enum.auto()
    REFUSED = enum.auto()
    SIGN_IN_AGAIN = enum.auto()  # there is no refresh token
    UNREACHABLE = enum.auto()


def entry(next_page: str = "") -> str:
    """The address at which somebody enters through the provider; empty where there is none."""
    if not settings.SOCIALACCOUNT_PROVIDERS:
        return ""
    address = reverse("saml_login" if settings.SAML_METADATA else "openid_connect_login", args=["company"])
    return f"{address}?{urlencode({'next': next_page})}" if next_page else address


def roles_in(claims: Mapping[str, Any]) -> set[str]:
    """The roles of the groups that the provider names."""
    named = claims.get(settings.SSO_GROUPS_CLAIM) or []
    groups = [named] if isinstance(named, str) else named
    return {settings.SSO_ROLES[group] for group in groups if isinstance(group, str) and group in settings.SSO_ROLES}


def give_team(user: User, claims: Mapping[str, Any]) -> None:
    """Tie a manager's account to the person whose number the provider names, if it is asked for it.

    An account of *RH* would see its own team alone from then on: it is tied here, by hand, or not at all.
    """
    held = set(user.groups.values_list("name", flat=True))
    if not settings.SSO_EMPLOYEE_CLAIM or MANAGER.group not in held or HR.group in held:
        return
    named = claims.get(settings.SSO_EMPLOYEE_CLAIM)
    number = str((named[0] if named else "") if isinstance(named, list) else named).strip()
    is_number = number.isascii() and number.isdigit() and len(number) < 11
    services.tie(user, Employee.objects.filter(employee_id=own_number(int(number))).first() if is_number else None)


def claims_of(login: SocialLogin) -> dict[str, Any]:
    """What the provider said: allauth keeps the claims of the token and of the user in two parts."""
    data = login.account.extra_data
    return {**data.get("id_token", {}), **data.get("userinfo", {})} or data


class SingleSignOnAdapter(DefaultSocialAccountAdapter):
    """Who enters: a person with a role by a group, or, without ``SSO_ROLES``, one who was invited."""

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        claims = claims_of(sociallogin)
        sociallogin.sso_claims = claims
        sociallogin.sso_roles = roles_in(claims)
        _forget(sociallogin.account)
        if settings.SSO_ROLES and not sociallogin.sso_roles:
            self._refuse(request, _("None of your groups at your company has access to TechNova."))
        if not sociallogin.is_existing:
            self._connect(request, sociallogin, claims)
        if sociallogin.is_existing and (sociallogin.user.is_staff or sociallogin.user.is_superuser):
            self._refuse(request, _("Accounts of administrators sign in with their password here."))

    def _connect(self, request: HttpRequest, sociallogin: SocialLogin, claims: Mapping[str, Any]) -> None:
        """Connect the account that has the person's address, which from then on has no password here."""
        email = sociallogin.user.email
        if email and claims.get("email_verified") is False:
            self._refuse(request, _("Your company has not verified your address."))
        has_address = Q(email__iexact=email) | Q(username__iexact=email)
        found = list(get_user_model().objects.filter(has_address)) if email else []
        if len(found) == 1 and not (found[0].is_staff or found[0].is_superuser):
            account = found[0]
            if not account.is_active:
                self._refuse(request, _("This account is closed. Your administrator can open it."))
            account.set_unusable_password()
            account.save(update_fields=["password"])
            sociallogin.connect(request, account)
        elif found:
            self._refuse(
                request, _("An account with your address signs in with its password here: ask your administrator.")
            )

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        if not settings.SSO_ROLES:
            self._refuse(request, _("You have no account here yet: ask your administrator for an invitation."))
        return True

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: Mapping[str, Any]) -> User:
        account = super().populate_user(request, sociallogin, data)
        account.username = (account.email or account.username or sociallogin.account.uid).lower()[:150]
        return account

    def on_authentication_error(self, request, provider, error=None, exception=None, extra_context=None) -> None:
        logger.warning("Single sign-on failed: %s", exception or error)
        self._refuse(
            request, _("Your company's sign-in did not work. Try again; if it goes on, tell your administrator.")
        )

    def _refuse(self, request: HttpRequest, said: str) -> None:
        messages.error(request, said)
        raise ImmediateHttpResponse(redirect("account_login"))


@receiver(user_logged_in)
def note(request: HttpRequest, user: User, sociallogin: SocialLogin | None = None, **_kwargs: Any) -> None:
    """After a sign-in through the provider: its roles, its refresh token, and that it is confirmed now."""
    if sociallogin is None:
        return
    account = sociallogin.account
    refresh = sociallogin.token.token_secret if sociallogin.token else ""
    with transaction.atomic():
        give_roles(user, getattr(sociallogin, "sso_roles", set()))
        give_team(user, getattr(sociallogin, "sso_claims", {}))
        SocialToken.objects.filter(account=account).delete()
        SocialToken.objects.create(account=account, token="", token_secret=seal(refresh) if refresh else "")
        _confirm(account, time.time())
    request.session.update({ACCOUNT: account.pk, CONFIRMED: time.time()})
    second_factor.note(request=request, user=user)  # the provider asks for its own


def give_roles(user: User, roles: Collection[str]) -> None:
    """The roles of the groups, in place of those before; without ``SSO_ROLES`` they are given here."""
    if settings.SSO_ROLES:
        user.groups.remove(*Group.objects.filter(name__in=ROLES.keys() - set(roles)))
        user.groups.add(*Group.objects.filter(name__in=roles))


def confirm(request: HttpRequest) -> Answer:
    """Whether the provider stands by the account of a session, asking it if it has not said so for a while."""
    pk, now = request.session.get(ACCOUNT), time.time()
    if pk is None or now - request.session.get(CONFIRMED, 0) < CHECKED_EVERY:
        return Answer.CONFIRMED
    if now - request.session.get(TRIED, 0) < RETRIED_AFTER:
        return _unless_overdue(request, now, Answer.UNREACHABLE)
    with transaction.atomic():
        # Other requests of the account wait: a refresh token may be good for one use.
        account = SocialAccount.objects.select_for_update().filter(pk=pk, user=request.user).first()
        if account is None:
            return Answer.REFUSED
        if now - account.extra_data.get(CONFIRMED, 0) < CHECKED_EVERY:
            request.session[CONFIRMED] = account.extra_data[CONFIRMED]
            return Answer.CONFIRMED
        answer = _asked(account)
        if answer is Answer.CONFIRMED:
            _confirm(account, now)
    if answer is Answer.CONFIRMED:
        request.session[CONFIRMED] = now
    elif answer is Answer.REFUSED:
        sessions.end(sessions.open_sessions(request.user))
    elif answer is Answer.UNREACHABLE:
        request.session[TRIED] = now
    return _unless_overdue(request, now, answer)


def _unless_overdue(request: HttpRequest, now: float, answer: Answer) -> Answer:
    """What can wait for the provider's word does, as long as it may."""
    is_waiting = answer in (Answer.UNREACHABLE, Answer.SIGN_IN_AGAIN)
    return Answer.CONFIRMED if is_waiting and now - request.session.get(CONFIRMED, 0) < WITHIN else answer


def _confirm(account: SocialAccount, now: float) -> None:
    """Nothing else of what the provider said is kept."""
    SocialAccount.objects.filter(pk=account.pk).update(extra_data={CONFIRMED: now})


def _forget(account: SocialAccount) -> None:
    """Drop what the provider said of a person, which allauth keeps."""
    account.extra_data = {}
    if account.pk:
        SocialAccount.objects.filter(pk=account.pk).update(extra_data={})


def _asked(account: SocialAccount) -> Answer:
    token = SocialToken.objects.filter(account=account).exclude(token_secret="").first()
    if token is None:
        return Answer.SIGN_IN_AGAIN
    from predictions.accounts import refreshing  # the libraries of OpenID Connect, where it is set

    try:
        fresh = refreshing.refresh(unseal(token.token_secret))
    except refreshing.Unreachable as error:
        logger.warning("The provider of single sign-on did not answer: %s", error)
        return Answer.UNREACHABLE
    except refreshing.Refused:
        return Answer.REFUSED
    roles = roles_in(fresh.claims)
    if fresh.subject != account.uid or (settings.SSO_ROLES and not roles):
        return Answer.REFUSED
    give_roles(account.user, roles)
    give_team(account.user, fresh.claims)
    if fresh.refresh_token:
        SocialToken.objects.filter(pk=token.pk).update(token_secret=seal(fresh.refresh_token))
    return Answer.CONFIRMED
