"""Django's error handlers: an HTML page or JSON for requests that no view answered."""

from django.http import HttpRequest, HttpResponse
from rest_framework import exceptions

from predictions.api import errors as api
from predictions.api.urls import urlpatterns
from predictions.pages import error_pages as pages
from technova.web.routes import PROBES

# The first parts of the API's addresses, and of those that its clients may take for one.
API_PATHS = {"predict", *(str(call.pattern).partition("/")[0] for call in urlpatterns), *(p.strip("/") for p in PROBES)}
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


def permission_denied(request: HttpRequest, exception=None) -> HttpResponse:
    if wants_json(request):
        return api.refusal(request, exceptions.PermissionDenied())
    return pages.permission_denied(request, exception)


def not_found(request: HttpRequest, exception=None) -> HttpResponse:
    return api.refusal(request, exceptions.NotFound()) if wants_json(request) else pages.not_found(request)


def server_error(request: HttpRequest) -> HttpResponse:
    return api.server_error(request) if wants_json(request) else pages.server_error(request)
