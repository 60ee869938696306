"""Error pages. They ask nothing of the database, which may be what is failing."""

import sys

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from employees.access import SeesNobody
from predictions.outages import outage_of
from predictions.pages.formats import duration


def bad_request(request: HttpRequest, exception=None) -> HttpResponse:
    return render(request, "errors/400.html", status=400)


def permission_denied(request: HttpRequest, exception=None) -> HttpResponse:
    """What the exception says is shown: it is a word to the person, if any."""
    if isinstance(exception, SeesNobody):
        return render(request, "accounts/sees_nobody.html", {"has_role": exception.has_role}, status=403)
    return render(request, "errors/403.html", {"text": str(exception or "")}, status=403)


def not_found(request: HttpRequest, exception=None) -> HttpResponse:
    return render(request, "errors/404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """503 for an outage, which passes; 500 for a defect."""
    outage = outage_of(sys.exception())
    if outage:
        response = render(request, "errors/503.html", {"text": outage.said}, status=503)
        response.headers["Retry-After"] = str(outage.wait)
        return response
    return render(request, "errors/500.html", status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    text = _("This form was open too long or came from another site. Go back, reload the page and send it again.")
    return render(request, "errors/403.html", {"text": text}, status=403)


def too_many_tries(request: HttpRequest, wait: int) -> HttpResponse:
    """Too many wrong passwords, and for how many seconds none is checked: no word on whether the account exists."""
    response = render(request, "errors/429.html", {"wait": duration(wait)}, status=429)
    response.headers["Retry-After"] = str(wait)
    return response
