"""The type of a request inside the middleware: what Django's own class does not declare."""

import uuid

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails


class Request(HttpRequest):
    """``request_id`` is set by ``technova.logs``, ``htmx`` by django-htmx."""

    request_id: uuid.UUID
    htmx: HtmxDetails
