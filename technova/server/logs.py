"""The server's log: one JSON object a line, one line a request, and the request id on every line."""

import logging
import re
import sys
import time
import uuid
from collections.abc import Callable
from contextvars import ContextVar

from django.core.signals import got_request_exception
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from pythonjsonlogger.json import JsonFormatter as BaseJsonFormatter

from technova.server.metrics import count_request
from technova.web.requests import Request

logger = logging.getLogger("technova.logs")  # operators filter by it, wherever this module is

REQUEST_FIELDS = ("method", "route", "status", "milliseconds", "key", "account", "client_request_id", "traceparent")
FIELDS = ("time", "level", "logger", "message", "request_id", *REQUEST_FIELDS, "exc_info")
FORBIDDEN, NOT_FOUND = 403, 404
LONGEST_REFUSAL = 200  # characters; the host that a client makes up can be very long

SHORT_TEXT = re.compile(r"[ -~]{1,128}")  # printable ASCII: a ULID, a trace id, what another system counts by
TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")  # W3C's

# PostgreSQL's error details quote the values of the row.
QUOTED_ROW = re.compile(
    r"^(?:DETAIL|CONTEXT):.*?(?=\n\nThe above exception|\n\nDuring handling|\Z)", re.DOTALL | re.MULTILINE
)

_request_id: ContextVar[uuid.UUID | None] = ContextVar("request_id", default=None)


def log_requests(get_response: Callable[[Request], HttpResponse]) -> Callable[[Request], HttpResponse]:
    """Middleware, the outermost: sets ``request.request_id``, returns it as ``X-Request-UUID``, logs and counts.

    ``X-Request-ID`` repeats the client's own, or the same UUID. The line has the route, the prefix of an accepted key,
    the number of an account that was refused (403; 404 for a person outside its scope) and the ids that the client
    sent to find it by; never a path, a query string, a body or another header, which hold employee numbers, personal
    data and secrets.
    """

    def middleware(request: Request) -> HttpResponse:
        started = time.perf_counter()
        given = short_text(request.headers.get("X-Request-ID"))
        request.request_id = choose_request_id(given)
        token = _request_id.set(request.request_id)
        try:
            response = get_response(request)
            response["X-Request-ID"] = given or str(request.request_id)
            response["X-Request-UUID"] = str(request.request_id)
            route, duration = route_of(request), time.perf_counter() - started
            count_request(route=route, method=request.method or "", status=response.status_code, duration=duration)
            fields = {
                "method": request.method,
                "route": route,
                "status": response.status_code,
                "milliseconds": round(duration * 1000, 2),
                "key": getattr(getattr(request, "auth", None), "prefix", None),
                "account": refused_account(request) if response.status_code in (FORBIDDEN, NOT_FOUND) else None,
                "client_request_id": given if given != str(request.request_id) else None,
                "traceparent": traceparent(request.headers.get("traceparent")),
            }
            logger.log(
                level_of(response.status_code),
                "%(method)s %(route)s: %(status)s in %(milliseconds)s ms",
                fields,
                extra=fields,
            )
            return response
        finally:
            _request_id.reset(token)

    return middleware


def level_of(status: int) -> int:
    """An error is what the server failed at, a warning what an account or a key asked for without the right to."""
    if status >= 500:
        return logging.ERROR
    return logging.WARNING if status == FORBIDDEN else logging.INFO


def refused_account(request: HttpRequest) -> int | None:
    """The number of the account that a page was refused to, if the request got as far as to read it: no query."""
    return getattr(getattr(request, "_cached_user", None), "pk", None)  # set by AuthenticationMiddleware


def short_text(header: str | None) -> str | None:
    """A client's own request id, if it is at most 128 printable ASCII characters."""
    return header if header and SHORT_TEXT.fullmatch(header) else None


def traceparent(header: str | None) -> str | None:
    """A request's position in a distributed trace, if it is valid W3C Trace Context."""
    return header if header and TRACEPARENT.fullmatch(header) else None


def choose_request_id(header: str | None) -> uuid.UUID:
    """The caller's id when it is a UUID, with or without hyphens (nginx sends none), otherwise a new one."""
    if header:
        try:
            given = uuid.UUID(header)
        except ValueError:
            pass
        else:
            if header.lower() in (str(given), given.hex):  # UUID() also takes braces, prefixes and underscores
                return given
    return uuid.uuid4()


def route_of(request: HttpRequest) -> str | None:
    """The pattern of the address: ``predict/by-id/<str:employee_id>``. None for a static file or an unknown address."""
    return request.resolver_match.route if request.resolver_match else None


@receiver(got_request_exception)
def log_exception(request: HttpRequest | None = None, **_kwargs) -> None:
    """Log the traceback of an error that no view handled."""
    logger.error("Unhandled error in %s", request and route_of(request), exc_info=sys.exception())


class RequestIdFilter(logging.Filter):
    """Add the id of the current request to a record; drops nothing."""

    def filter(self, record: logging.LogRecord) -> bool:
        request_id = _request_id.get() or getattr(record, "request_id", None)  # one that the server itself answered
        record.request_id = str(request_id) if request_id else None
        return True


class RefusalFilter(logging.Filter):
    """Remove the client's input from Django's and gunicorn's records of refused requests.

    Django's errors on a suspicious request, most often with a long traceback, become warnings.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name == "gunicorn.error":
            return _without_the_request(record)
        if not record.name.startswith("django.security."):
            return True
        record.msg, record.args = "Refused: %s", (refusal(record),)
        record.exc_info = record.exc_text = None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        return logging.root.isEnabledFor(logging.WARNING)  # LOG_LEVEL, which Django's loggers do not ask


def _without_the_request(record: logging.LogRecord) -> bool:
    """Gunicorn's lines on a request quote its address or a header, which may be an API key."""
    for beginning in ("Invalid request", "Error handling request"):
        if record.msg.startswith(beginning):
            record.msg, record.args = beginning, ()
    return True


def refusal(record: logging.LogRecord) -> str:
    """The refusal, without the client's input except a host name."""
    kind = record.name.rpartition(".")[2]
    if kind == "DisallowedHost":
        return f"{kind}: {record.getMessage()[:LONGEST_REFUSAL]}"
    if kind == "csrf":  # its arguments are the reason, which may end in the address of another page, and the path
        (reason, *_path) = record.args if isinstance(record.args, tuple) else ("",)
        return f"{kind}: {str(reason).partition(' - ')[0]}"
    return kind


class JsonFormatter(BaseJsonFormatter):
    """Writes ``FIELDS`` only: a library may attach a whole request, with its query string, to a record."""

    def __init__(self):
        fields = {"levelname": "level", "name": "logger"}
        super().__init__(["levelname", "name", "message"], rename_fields=fields, timestamp="time")

    def formatException(self, exc_info) -> str:  # noqa: N802 - logging's name
        text = super().formatException(exc_info)
        return QUOTED_ROW.sub("", text if isinstance(text, str) else "\n".join(text)).rstrip()

    def process_log_record(self, log_data: dict) -> dict:
        return {name: log_data[name] for name in FIELDS if log_data.get(name) is not None}
