"""Which addresses webhooks may be sent to: none inside the network, unless the operator allows it.

Every address that a name resolves to is checked, and the connection goes to the checked one: a second resolution could
answer otherwise.
"""

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from django.conf import settings

from employees.messages import Message, gettext_noop

NAT64 = IPv6Network("64:ff9b::/96")
LOCAL_DOMAINS = frozenset(("localhost", "local", "internal", "intranet", "lan", "home", "corp", "private"))
TUNNELS = (IPv6Network("2002::/16"), IPv6Network("2001::/32"))  # 6to4 and Teredo, which hold an IPv4 address

NO_HTTPS = gettext_noop("%(url)s does not begin with https://, which alone keeps a message from being read on its way.")
HAS_ACCOUNT = gettext_noop(
    "The address holds a name or a password: leave them out, as the signature proves the sender."
)
NO_HOST = gettext_noop("%(url)s names no host and port.")
INSIDE = gettext_noop(
    "%(host)s is inside the network: WEBHOOKS_TO_PRIVATE_NETWORKS permits such addresses, for all webhooks."
)
LOCAL = gettext_noop(
    "%(host)s is a name of the network alone: give the whole name of the receiver, as hooks.example.com. "
    "WEBHOOKS_TO_PRIVATE_NETWORKS permits such addresses, for all webhooks."
)
UNKNOWN = gettext_noop("%(host)s cannot be found.")


class Refused(Exception):
    """An address that nothing is sent to; ``message`` says why."""

    def __init__(self, message: Message):
        super().__init__(str(message))
        self.message = message


def check_url(url: str) -> tuple[str, int, bool]:
    """The host, the port and whether it is HTTPS. No name is resolved. Raises ``Refused``."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise Refused(Message(NO_HOST, {"url": url})) from error
    is_secure = parts.scheme == "https"
    if not is_secure and not (settings.DEBUG and parts.scheme == "http"):
        raise Refused(Message(NO_HTTPS, {"url": url}))
    if parts.username is not None or parts.password is not None:
        raise Refused(Message(HAS_ACCOUNT))
    if not host:
        raise Refused(Message(NO_HOST, {"url": url}))
    try:
        literal = ip_address(host)
    except ValueError:
        literal = None
    if literal is not None and not is_permitted(literal):
        raise Refused(Message(INSIDE, {"host": host}))
    if literal is None and _is_local(host) and not settings.WEBHOOKS_TO_PRIVATE_NETWORKS:
        raise Refused(Message(LOCAL, {"host": host}))
    return host, port or (443 if is_secure else 80), is_secure


def _is_local(name: str) -> bool:
    labels = name.rstrip(".").lower().split(".")
    return len(labels) == 1 or labels[-1] in LOCAL_DOMAINS or labels[-2:] == ["home", "arpa"]


def check_host(url: str) -> None:
    """Refuse a name that resolves to addresses inside the network now. One that is unknown yet passes."""
    host, port, _is_secure = check_url(url)
    try:
        resolve(host, port)
    except Refused as error:
        if error.message.text == INSIDE:
            raise


def resolve(host: str, port: int) -> str:
    """The first permitted address of a host. Raises ``Refused`` where there is none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Refused(Message(UNKNOWN, {"host": host})) from error
    addresses = [ip_address(str(sockaddr[0]).partition("%")[0]) for *_rest, sockaddr in found]
    permitted = next(filter(is_permitted, addresses), None)
    if permitted is None:
        raise Refused(Message(INSIDE, {"host": host}))
    return str(permitted)


def is_permitted(address: IPv4Address | IPv6Address) -> bool:
    if settings.WEBHOOKS_TO_PRIVATE_NETWORKS:
        return True
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return is_permitted(address.ipv4_mapped)
        if address in NAT64:
            return is_permitted(IPv4Address(int(address) & 0xFFFFFFFF))
        if any(address in tunnel for tunnel in TUNNELS):
            return False
    return address.is_global and not address.is_multicast
