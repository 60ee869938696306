"""Error pages, without queries, since the database may be what fails."""

import sys

from django.conf import settings
from django.core.exceptions import TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from employees.access import SeesNobody
from predictions.formats import duration
from predictions.outages import outage_of


def _page(request: HttpRequest, status: int, **context) -> HttpResponse:
    """Links back to the pages, or to sign-in if there is no session cookie: looking up the session would be a query."""
    context["has_session"] = settings.SESSION_COOKIE_NAME in request.COOKIES
    return render(request, f"errors/{status}.html", context, status=status)


def bad_request(request: HttpRequest, exception=None) -> HttpResponse:
    if isinstance(exception, TooManyFilesSent):
        text = _("At most %(count)s files can be sent at once. Send the others after these.")
        return _page(request, 400, text=text % {"count": settings.DATA_UPLOAD_MAX_NUMBER_FILES})
    return _page(request, 400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Shows the exception's message, if any."""
    if isinstance(exception, SeesNobody):
        return render(request, "accounts/sees_nobody.html", {"has_role": exception.has_role}, status=403)
    return _page(request, 403, text=str(exception))


def not_found(request: HttpRequest, exception=None) -> HttpResponse:
    return _page(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """503 for an outage, which passes; 500 for a defect."""
    outage = outage_of(sys.exception())
    if outage:
        response = _page(request, 503, text=outage.said)
        response.headers["Retry-After"] = str(outage.wait)
        return response
    return _page(request, 500)


def too_many_tries(request: HttpRequest, wait: int) -> HttpResponse:
    """Too many wrong passwords, and the seconds to wait; does not reveal whether the account exists."""
    response = _page(request, 429, wait=duration(wait))
    response.headers["Retry-After"] = str(wait)
    return response
