"""The Content-Security-Policy header."""

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
