"""Authentication by the ``X-API-Key`` header, and the key's scopes."""

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied, Throttled
from rest_framework.permissions import BasePermission

from employees.access import scope_of_key
from predictions.keys import services as keys
from predictions.keys.quota import MINUTE
from predictions.models import APIKey
from predictions.services import Caller
from technova.web.clients import client_address


class APIKeyAuthentication(BaseAuthentication):
    """The request's key, as ``request.auth``; a client is not a user, so ``request.user`` is None.

    An authentication and not a permission, so that a bad key gets 401 and is counted against its address.
    """

    def authenticate(self, request) -> tuple[None, APIKey]:
        secret = request.META.get("HTTP_X_API_KEY")
        try:
            if secret is None:
                raise keys.InvalidKey
            key = keys.admit(secret=secret, address=client_address(request.META))
        except keys.InvalidKey as error:
            request._request.quota = error.quota
            raise AuthenticationFailed(_("A valid API key is needed in the X-API-Key header.")) from error
        except keys.TooManyRequests as error:
            request._request.quota = error.quota
            raise Throttled(error.quota.reset) from error
        request._request.quota = key.quota
        return None, key

    def authenticate_header(self, request) -> str:
        return 'ApiKey realm="technova"'


class HasScope(BasePermission):
    """Require the scope that the view names, such as ``read``. A view without one is closed."""

    def has_permission(self, request, view) -> bool:
        scope = getattr(view, "scope", None)
        if scope is None:
            return False
        if scope not in request.auth.scopes:
            text = _(
                "This call needs the scope “%(scope)s”, which this API key lacks: ask the administrator for a key that "
                "has it."
            )
            raise PermissionDenied(text % {"scope": scope})
        return True


def add_rate_limit(response: HttpResponseBase, request: HttpRequest) -> None:
    """Add the fields of draft-ietf-httpapi-ratelimit-headers-11: both policies if the request was not counted."""
    quota = getattr(request, "quota", None)
    if quota is None:
        policies = (("key", settings.API_KEY_RATE), ("address", settings.BAD_KEY_RATE))
        response["RateLimit-Policy"] = ", ".join(f'"{name}";q={limit};w={MINUTE}' for name, limit in policies)
    else:
        response["RateLimit-Policy"] = f'"{quota.policy}";q={quota.limit};w={MINUTE}'
        response["RateLimit"] = f'"{quota.policy}";r={quota.remaining};t={quota.reset}'


def caller_of(request) -> Caller:
    """The caller of an authenticated request, for the services and the log."""
    key = request.auth
    return Caller(api_key=key, scope=scope_of_key(key), request_id=request.request_id)
