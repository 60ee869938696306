"""Middleware: the lifetime of a session, and the second factor that a role needs."""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _

from predictions.accounts import second_factor, sessions, single_sign_on


class SessionLifetime:
    """Count the idle time of a session afresh with each page. A call of the API has no session, and costs nothing."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.session.accessed and response.status_code < 500:  # not again what a failing database refused
            sessions.keep_alive(request.session)
        return response


class SingleSignOnConfirmed(MiddlewareMixin):
    """Have the provider confirm an account that came from it: one that is closed there is out here in minutes."""

    def process_view(self, request, view, _args, _kwargs) -> HttpResponseBase | None:
        if not getattr(view, "login_required", True) or not request.user.is_authenticated:
            return None
        match single_sign_on.confirm(request):
            case single_sign_on.Answer.CONFIRMED:
                return None
            case single_sign_on.Answer.REFUSED:
                logout(request)
                messages.error(request, _("Your company has closed your account, or taken its access to TechNova."))
                return _lead(request, reverse("account_login"))
            case single_sign_on.Answer.SIGN_IN_AGAIN if request.method in ("GET", "HEAD"):
                return _lead(request, single_sign_on.entry(_page_of(request)))
            case single_sign_on.Answer.SIGN_IN_AGAIN:
                entry = single_sign_on.entry(reverse("overview"))
                return render(request, "accounts/confirm_again.html", {"entry": entry}, status=403)
        response = render(request, "accounts/unconfirmed.html", status=503)
        response.headers["Retry-After"] = "30"
        return response


def _page_of(request) -> str:
    """The page that the browser shows, from which htmx asks for a part."""
    return request.htmx.current_url_abs_path or "/" if request.htmx else request.get_full_path()


def _lead(request, address: str) -> HttpResponse:
    """A redirect; for htmx one of the whole page, which it would put into a part of another."""
    return HttpResponse(headers={"HX-Redirect": address}) if request.htmx else redirect(address)


class SecondFactorRequired(MiddlewareMixin):
    """Lead an account whose role needs a second factor to where it sets one up; only pages about itself are open."""

    def process_view(self, request, view, _args, _kwargs) -> HttpResponse | None:
        is_open = not getattr(view, "login_required", True) or not getattr(view, "needs_scope", True)
        if is_open or not second_factor.is_needed(request.user) or second_factor.is_given(request):
            return None
        return _lead(request, reverse("mfa_index"))
