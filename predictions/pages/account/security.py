"""What protects an account: its second factor, its recovery codes and its sessions, shown and changed by its owner."""

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn import views as webauthn
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from predictions.accounts import second_factor, sessions
from technova.web.requests import Request

# What a browser calls itself, the more special first.
BROWSERS = {"Edg/": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari"}
SYSTEMS = {"Android": "Android", "iPhone": "iPhone", "iPad": "iPad", "Windows": "Windows", "Mac OS": "macOS"}


class PasskeyRemoveView(webauthn.RemoveWebAuthnView):
    template_name = "accounts/passkey_remove.html"
    success_url = reverse_lazy("mfa_index")


@require_safe
def security(request: Request) -> HttpResponse:
    factors = list(Authenticator.objects.filter(user=request.user).order_by("created_at"))
    kinds = {factor.type: factor for factor in factors}
    codes = kinds.get(Authenticator.Type.RECOVERY_CODES)
    context = {
        "has_password": request.user.has_usable_password(),
        "passkeys": [factor for factor in factors if factor.type == Authenticator.Type.WEBAUTHN],
        "app": kinds.get(Authenticator.Type.TOTP),
        "codes_left": len(codes.wrap().get_unused_codes()) if codes else None,
        "is_needed": second_factor.is_needed(request.user),
        "is_given": second_factor.is_given(request),
        "sessions": [shown(session, request.session.session_key) for session in sessions.open_sessions(request.user)],
    }
    return render(request, "accounts/security.html", context)


def shown(session: UserSession, current: str | None) -> dict[str, object]:
    """A session as a page tells of it."""
    return {
        "pk": session.pk,
        "browser": _named(session.user_agent, BROWSERS) or _("another program"),
        "system": _named(session.user_agent, SYSTEMS | {"Linux": "Linux"}),
        "address": session.ip,
        "begun": session.created_at,
        "seen": session.last_seen_at,
        "is_current": session.session_key == current,
    }


def _named(user_agent: str, names: dict[str, str]) -> str:
    return next((name for mark, name in names.items() if mark in user_agent), "")


@require_POST
def end_sessions(request: Request) -> HttpResponse:
    """End one session of the account's own, or all but this one."""
    others = sessions.open_sessions(request.user).exclude(session_key=request.session.session_key)
    chosen = request.POST.get("session", "")
    if chosen:
        others = others.filter(pk=chosen) if chosen.isascii() and chosen.isdigit() else others.none()
    count = sessions.end(others)
    messages.success(
        request, ngettext("%(count)d session is ended.", "%(count)d sessions are ended.", count) % {"count": count}
    )
    return redirect("mfa_index")
