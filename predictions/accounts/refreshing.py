"""Ask an OpenID Connect provider, by a refresh token, whether an account is still open and in which groups."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from allauth.core import context
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from requests import RequestException, codes


class Unreachable(Exception):
    """The provider did not answer, or not about the account: it may be down, or set up wrongly."""


class Refused(Exception):
    """The provider no longer honours the token: the account is closed, or its sessions there were ended."""


@dataclass(frozen=True, slots=True)
class Fresh:
    """What the provider says now; ``refresh_token`` is empty where the old one stays."""

    subject: str
    claims: Mapping[str, Any]
    refresh_token: str


def refresh(refresh_token: str) -> Fresh:
    """Raises ``Unreachable`` and ``Refused``."""
    provider = OpenIDConnectOAuth2Adapter(context.request, "company")
    app = provider.get_provider().app
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    try:
        # What a provider that does not say takes, by the specification of OpenID Connect Discovery.
        methods = provider.openid_config.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        auth = None
        if "client_secret_post" in methods:
            form |= {"client_id": app.client_id, "client_secret": app.secret}
        else:
            auth = (quote(app.client_id, safe=""), quote(app.secret, safe=""))
        with get_adapter().get_requests_session() as session:
            answer = session.post(provider.access_token_url, data=form, auth=auth)
            if answer.status_code == codes.bad_request and answer.json().get("error") == "invalid_grant":
                raise Refused
            answer.raise_for_status()
            tokens = answer.json()
            answer = session.get(provider.profile_url, headers={"Authorization": f"Bearer {tokens['access_token']}"})
            if answer.status_code in (codes.unauthorized, codes.forbidden):
                raise Refused
            answer.raise_for_status()
            claims = answer.json()
        return Fresh(str(claims["sub"]), claims, tokens.get("refresh_token", ""))
    except (RequestException, ValueError, KeyError) as error:
        raise Unreachable(repr(error)) from error
