"""Answers to requests that no view answered, a page or JSON: Django's error handlers, and too many passwords."""

from collections.abc import Callable

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from rest_framework import exceptions

from predictions.api import errors as api
from predictions.api.urls import urlpatterns
from predictions.pages import error_pages as pages
from predictions.passwords import TooManyTries, remember_browser
from technova.server import metrics

# The first parts of the API's addresses, and of addresses that clients may take for the API's.
API_PATHS = {str(call.pattern).partition("/")[0] for call in [*urlpatterns, *metrics.urlpatterns]}
JSON_TYPES = ("application/json", "application/problem+json")


def wants_json(request: HttpRequest) -> bool:
    """Whether the address is the API's, or the client prefers JSON to HTML.

    Ignores the site's prefix, and a double slash from a client's base address.
    """
    is_api = request.path_info.strip("/").partition("/")[0] in API_PATHS
    return is_api or request.get_preferred_type(["text/html", *JSON_TYPES]) in JSON_TYPES


def bad_request(request: HttpRequest, exception=None) -> HttpResponse:
    if wants_json(request):
        return api.refusal(request, exceptions.ParseError())
    return pages.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if wants_json(request):
        return api.refusal(request, exceptions.PermissionDenied(str(exception) or None))
    return pages.permission_denied(request, exception)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    text = _("This form was open too long or came from another site. Go back, reload the page and send it again.")
    return permission_denied(request, PermissionDenied(text))


def not_found(request: HttpRequest, exception=None) -> HttpResponse:
    return api.refusal(request, exceptions.NotFound()) if wants_json(request) else pages.not_found(request)


def server_error(request: HttpRequest) -> HttpResponse:
    return api.server_error(request) if wants_json(request) else pages.server_error(request)


class PasswordLimits:
    """Middleware: refuse passwords over the limit, and remember browsers that sent the right one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if hasattr(request, "proven_account"):
            remember_browser(response, request.proven_account)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, TooManyTries):
            return None
        if wants_json(request):
            return api.refusal(request, exceptions.Throttled(exception.wait))
        return pages.too_many_tries(request, exception.wait)
