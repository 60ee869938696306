"""One HTTP request to a webhook: signed, to a checked address, within a limit of time, and following no redirect."""

import socket
import ssl
from contextlib import suppress
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Timer
from typing import NamedTuple
from urllib.parse import urlsplit

from standardwebhooks import Webhook

from employees.messages import Message, gettext_noop
from predictions.events.addresses import Refused, check_url, resolve
from technova import __version__

TIMEOUT = 10.0  # seconds for each wait
DEADLINE = 15.0  # and for all of it, or an endpoint that trickles would hold a worker
SHOWN = 200  # characters of an answer

LATE = gettext_noop("No answer within %(seconds)s seconds.")
CLOSED = gettext_noop("%(host)s refuses connections on this port.")
BAD_CERTIFICATE = gettext_noop("The certificate of %(host)s is not valid (%(reason)s).")
BROKEN = gettext_noop("The connection broke off (%(error)s).")


class Answer(NamedTuple):
    """What came back; ``status`` is None where nothing did, and ``failure`` says why."""

    status: int | None
    text: str = ""
    failure: Message | None = None

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def signatures(secrets: list[str], *, message_id: str, moment: datetime, body: str) -> str:
    """The signature by each secret, as ``webhook-signature`` holds them."""
    return " ".join(Webhook(secret).sign(message_id, moment, body) for secret in secrets)


def send(*, url: str, secrets: list[str], message_id: str, body: str) -> Answer:
    """POST a message, and return the answer. Raises nothing of the network."""
    moment = datetime.now(UTC)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"TechNova/{__version__}",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": signatures(secrets, message_id=message_id, moment=moment, body=body),
    }
    try:
        host, port, is_secure = check_url(url)
        address = resolve(host, port)
    except Refused as error:
        return Answer(None, failure=error.message)
    connection = (_Secure if is_secure else _Plain)(host, port, address)
    timer = Timer(DEADLINE, connection.break_off)
    timer.daemon = True
    timer.start()
    parts = urlsplit(url)
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    try:
        connection.request("POST", target, body.encode(), headers)
        response = connection.getresponse()
        text = response.read(SHOWN * 4).decode("utf-8", "replace")
    except (OSError, HTTPException, ValueError) as error:
        return Answer(None, failure=_failure(error, host))
    finally:
        timer.cancel()
        connection.close()
    return Answer(response.status, " ".join(text.replace("\0", " ").split())[:SHOWN])


def _failure(error: Exception, host: str) -> Message:
    if isinstance(error, TimeoutError):
        return Message(LATE, {"seconds": int(DEADLINE)})
    if isinstance(error, ConnectionRefusedError):
        return Message(CLOSED, {"host": host})
    if isinstance(error, ssl.SSLCertVerificationError):
        return Message(BAD_CERTIFICATE, {"host": host, "reason": error.verify_message})
    return Message(BROKEN, {"error": f"{type(error).__name__}: {error}"[:SHOWN]})


class _Plain(HTTPConnection):
    """A connection to an address that was checked, whatever its name resolves to now."""

    def __init__(self, host: str, port: int, address: str):
        super().__init__(host, port, timeout=TIMEOUT)
        self.address = address

    def connect(self) -> None:
        self.sock = socket.create_connection((self.address, self.port), self.timeout)

    def break_off(self) -> None:
        with suppress(OSError, AttributeError):
            self.sock.shutdown(socket.SHUT_RDWR)


class _Secure(_Plain, HTTPSConnection):
    """The same with TLS; the certificate is that of the name."""

    def connect(self) -> None:
        super().connect()
        self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)
