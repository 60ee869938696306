"""The API's errors: the status of each exception, in the shape of ``technova.web.json_errors``."""

import logging
import sys
from collections.abc import Iterator

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import exceptions, status
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_exception_handler

from predictions.api.authentication import add_rate_limit
from predictions.ml.artifacts.store import ArtifactError
from predictions.outages import Outage, outage_of
from predictions.services import ObjectsToScoring, OutOfScope, UnknownEmployee
from technova.web.json_errors import error_body, error_response

logger = logging.getLogger(__name__)

ERRORS_SHOWN = 100  # a body can have more unknown fields than an answer should repeat


class Unavailable(exceptions.APIException):
    status_code = status.HTTP_503_SERVICE_UNAVAILABLE

    def __init__(self, outage: Outage):
        super().__init__(str(outage.said))
        self.wait = outage.wait


class BodyTooLarge(exceptions.APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = gettext_lazy("The body is too large.")


class Objection(exceptions.APIException):
    """The person objects to being scored."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = gettext_lazy("This person is not scored: they objected to it.")


class InvalidRequest(exceptions.ValidationError):
    """Values that break a rule: 422; ``where`` is the part of the request that holds them."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY

    def __init__(self, detail, where: str):
        super().__init__(detail)
        self.where = where


def exception_handler(exc: Exception, context: dict) -> Response | None:
    """DRF's handler, with the project's exceptions translated and one shape for all errors; None for a defect."""
    request = context["request"]
    exc = _translate(exc, request)
    response = drf_exception_handler(exc, context)
    if response is None:
        return None
    if isinstance(exc, InvalidRequest):
        detail = list(_field_errors(exc.detail, [exc.where]))[:ERRORS_SHOWN]
    else:
        detail = response.data["detail"]
    response.data = error_body(request, detail)
    request.accepted_renderer, request.accepted_media_type = JSONRenderer(), JSONRenderer.media_type  # for /docs, too
    return response


def _translate(exc: Exception, request) -> Exception:
    """The HTTP error for an exception of the layers below; the exception itself if there is none."""
    outage = outage_of(exc)
    match exc:
        case UnknownEmployee():
            return exceptions.NotFound(_("There are no clean features for this employee number."))
        case ObjectsToScoring():
            return Objection()
        case OutOfScope():
            text = _("No employee that you may see has this value: %(value)s.") % {"value": exc.value}
            return InvalidRequest({exc.name: [text]}, "body")
        case _ if outage:
            if isinstance(exc, ArtifactError):  # a fault of the files, which the answer does not reveal
                logger.error("The model cannot be used: %s", exc)
            return Unavailable(outage)
        case RequestDataTooBig():
            return BodyTooLarge()
        case UnreadablePostError():
            return exceptions.ParseError(_("The body did not arrive whole."))
        case exceptions.ValidationError() if not isinstance(exc, InvalidRequest):
            return InvalidRequest(exc.detail, "query" if request.method == "GET" else "body")
    return exc


def _field_errors(detail, loc: list) -> Iterator[dict]:
    """The errors of a serializer, however nested, as a flat list."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            yield from _field_errors(inner, loc if name == "non_field_errors" else [*loc, name])
    elif isinstance(detail, list):
        for inner in detail:
            yield from _field_errors(inner, loc)
    else:
        yield {"loc": loc, "msg": str(detail), "type": _TYPES.get(detail.code, detail.code) or "invalid"}


# The reference's types for the two that a client may check.
_TYPES = {"required": "missing", "unknown": "extra_forbidden"}


def refusal(request: HttpRequest, error: exceptions.APIException) -> HttpResponse:
    """The answer to a request that reached no view of the API."""
    wait = getattr(error, "wait", None)
    response = error_response(request, error, {"Retry-After": str(wait)} if wait else None)
    add_rate_limit(response, request)
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """503 for an outage, which passes; 500 for a defect."""
    outage = outage_of(sys.exception())
    return refusal(request, Unavailable(outage) if outage else exceptions.APIException())
