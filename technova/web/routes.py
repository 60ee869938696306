"""Addresses as clients write them: a slash at the end of a call, or none, and any host name for a probe."""

from collections.abc import Callable
from typing import Any

from django.http.response import HttpResponseBase
from django.middleware.common import CommonMiddleware
from django.urls import URLPattern
from django.urls.resolvers import RoutePattern

PROBES = ("/health", "/ready", "/metrics")


class EitherSlash(RoutePattern):
    """A route that matches with a slash at its end and without; it is reversed and named as it is written."""

    def match(self, path: str) -> tuple[str, tuple[Any, ...], dict[str, Any]] | None:
        return super().match(path) or super().match(path[:-1] if path.endswith("/") else f"{path}/")


def call(route: str, view: Callable[..., HttpResponseBase], name: str) -> URLPattern:
    """``django.urls.path`` for a call of the API: no redirect, with which a client drops its body or its key."""
    return URLPattern(EitherSlash(route, name=name, is_endpoint=True), view, None, name)


class ProbeMiddleware(CommonMiddleware):
    """Django's, but a probe may come under any host name: an orchestrator calls the container's address."""

    def process_request(self, request):
        return None if request.path_info.removesuffix("/") in PROBES else super().process_request(request)
