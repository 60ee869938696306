"""JSON errors in one shape, ``{"detail": …, "request_id": …}``, for every status and layer."""

import uuid
from typing import Any

from django.http import HttpRequest, JsonResponse
from rest_framework.exceptions import APIException
from rest_framework.request import Request


def request_id_of(request: HttpRequest | Request) -> uuid.UUID:
    """The request id from the middleware, or a new one for an answer made before it."""
    plain: Any = getattr(request, "_request", request)
    if not hasattr(plain, "request_id"):
        plain.request_id = uuid.uuid4()
    return plain.request_id


def error_body(request: HttpRequest | Request, detail: object) -> dict[str, object]:
    """``detail`` is a sentence, or for 422 a list of ``{"loc", "msg", "type"}`` that names each field."""
    return {"detail": detail, "request_id": str(request_id_of(request))}


def error_response(request: HttpRequest, error: APIException, headers: dict[str, str] | None = None) -> JsonResponse:
    """An error outside the API's views."""
    return JsonResponse(error_body(request, str(error.detail)), status=error.status_code, headers=headers)
