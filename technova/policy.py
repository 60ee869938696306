"""Headers of every answer: the Content-Security-Policy, and that nothing but a static file is stored."""

from collections.abc import Callable

from csp.constants import HEADER
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, HttpResponse


def constant_policy(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: the policy of the settings on every answer.

    No view changes it and no page asks for a nonce, so that it is built once. The library's own middleware builds it
    anew for each answer, which took longer than the score that a prediction answers.
    """
    policy = build_policy()

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if not (settings.DEBUG and response.status_code in (404, 500)):  # Django's own pages with the traceback
            response.headers[HEADER] = policy
        return response

    return middleware


def no_store(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: no browser and no proxy keeps an answer, errors and downloads included, unless its view says so.

    It stands below WhiteNoise, which answers static files itself: those stay cacheable.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return middleware
