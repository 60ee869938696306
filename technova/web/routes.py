"""Lenient addresses: calls with or without a trailing slash, and probes under any host name."""

from collections.abc import Callable
from typing import Any

from django.http.response import HttpResponseBase
from django.middleware.common import CommonMiddleware
from django.urls import URLPattern
from django.urls.resolvers import RoutePattern

PROBES = ("/health", "/ready", "/metrics")


class EitherSlash(RoutePattern):
    """A route that matches with and without a trailing slash; it is reversed as written."""

    def match(self, path: str) -> tuple[str, tuple[Any, ...], dict[str, Any]] | None:
        return super().match(path) or super().match(path[:-1] if path.endswith("/") else f"{path}/")


def call(route: str, view: Callable[..., HttpResponseBase], name: str) -> URLPattern:
    """``django.urls.path`` for a call of the API, without redirects, after which clients drop body or key."""
    return URLPattern(EitherSlash(route, name=name, is_endpoint=True), view, None, name)


class ProbeMiddleware(CommonMiddleware):
    """Django's, but probes may use any host name: an orchestrator calls the container's address."""

    def process_request(self, request):
        return None if request.path_info.removesuffix("/") in PROBES else super().process_request(request)
