"""The client's address, and the network that counts as one client."""

import ipaddress
from collections.abc import Mapping

from django.conf import settings


def client_address(meta: Mapping[str, str]) -> str:
    """The address that the outermost trusted proxy saw, or the peer's own where none is configured.

    Proxies append to ``X-Forwarded-For``; the client's own entries are to the left.
    """
    peer = meta.get("REMOTE_ADDR") or ""
    if not settings.TRUSTED_PROXIES:
        return peer
    seen = [entry.strip() for entry in meta.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    address = seen[-min(settings.TRUSTED_PROXIES, len(seen))]
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return peer


def network_of(address: str) -> str:
    """The network that counts as one client: an IPv4 address, or the /64 of one IPv6 customer.

    A dual-stack listener writes IPv4 addresses as IPv6, ``::ffff:203.0.113.1``: all of them in one /64.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    return str(ipaddress.ip_network((parsed, 64), strict=False) if parsed.version == 6 else parsed)
