"""The Content-Security-Policy header: the policy of the settings, built once a process.

django-csp's middleware builds it for each answer, twice with that of reports: 21 µs, 2 % of a prediction by number
(``benchmarks/turns.py`` compares whole calls).
"""

from collections.abc import Callable

from csp.constants import HEADER
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, HttpResponse


def constant_policy(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: the policy on every answer, except Django's own pages with a traceback, which have inline styles."""
    policy = build_policy()

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if not (settings.DEBUG and response.status_code in (404, 500)):
            response.headers[HEADER] = policy
        return response

    return middleware
