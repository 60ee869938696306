"""No response is cached, except static files and those of views that set ``Cache-Control``."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


def no_store(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: forbid caching of every response, including errors and downloads, unless the view sets a policy.

    It stands below WhiteNoise, which answers static files itself: those stay cacheable.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return middleware
