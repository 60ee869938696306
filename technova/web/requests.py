"""The type of a request inside the middleware, with the attributes that Django's own class does not declare."""

import uuid
from typing import TYPE_CHECKING

from django.http import HttpRequest

if TYPE_CHECKING:  # the log's formatter imports this before the apps are there
    from django.contrib.auth.models import User
    from django_htmx.middleware import HtmxDetails


class Request(HttpRequest):
    """``server.logs`` sets ``request_id``, django-htmx ``htmx``; ``user`` is an account on a page that needs one.

    ``oversized`` is there once ``upload_limit`` has dropped a file.
    """

    request_id: uuid.UUID
    htmx: "HtmxDetails"
    user: "User"
    oversized: set[str]
