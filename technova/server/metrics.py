"""Metrics for the operator, in the format that Prometheus reads, summed over the server's processes.

They count from the start of the server. ``technova/gunicorn.py`` prepares the directory through which the
processes share them.
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from rest_framework.exceptions import MethodNotAllowed, NotAuthenticated

from technova.web.json_errors import error_response
from technova.web.requests import Request
from technova.web.routes import call

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}  # a client may invent any number of others
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

requests = Counter("technova_requests", "Requests answered.", ["route", "method", "status"])
seconds = Histogram("technova_request_seconds", "Time to answer a request.", ["route"], buckets=BUCKETS)


def count_request(*, route: str | None, method: str, status: int, duration: float) -> None:
    """Count one answered request; ``duration`` in seconds."""
    route = route if route is not None else "none"
    requests.labels(route, method if method in METHODS else "other", status).inc()
    seconds.labels(route).observe(duration)


class ProcessFiles:
    """Collect what all processes have written, leaving out the empty file of one that is just starting."""

    def collect(self) -> Iterable[Metric]:
        written = []
        for path in Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).glob("*.db"):
            with suppress(FileNotFoundError):  # of a process that has just ended
                if path.stat().st_size:
                    written.append(str(path))
        return MultiProcessCollector.merge(written)


@csrf_exempt  # or another method would be refused with a page
@login_not_required
def metrics(request: Request) -> HttpResponse:
    """The metrics, to whoever sends ``Authorization: Bearer METRICS_TOKEN``; there are none without that setting."""
    if not settings.METRICS_TOKEN:
        raise Http404
    if request.method not in ("GET", "HEAD"):
        return error_response(request, MethodNotAllowed(request.method or ""), {"Allow": "GET, HEAD"})
    if not constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {settings.METRICS_TOKEN}"):
        return error_response(request, NotAuthenticated(), {"WWW-Authenticate": 'Bearer realm="metrics"'})
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        registry.register(ProcessFiles())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)


urlpatterns = [call("metrics", metrics, name="metrics")]
