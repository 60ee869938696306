"""A company's identity provider that speaks SAML 2.0, in a process of its own: pysaml2 behind a plain HTTP server.

``python saml_provider.py PORT`` writes its key into the working directory. ``PUT /users/NAME`` makes an account with
its attributes as JSON, ``DELETE`` closes it; ``PUT /site`` takes the site's metadata; ``PUT /signing`` says whether
answers are signed. ``GET /sso`` takes an authentication request, and ``POST /sso`` with ``sub`` answers with the page
that a browser sends on by its script.
"""

import json
import sys
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.authn_context import PASSWORD
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.saml import NAMEID_FORMAT_PERSISTENT, NameID
from saml2.server import Server
from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256


def make_key(key: Path, certificate: Path) -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .sign(private, hashes.SHA256())
    )
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))


class IdentityProvider:
    """The accounts, and the answers about them."""

    def __init__(self, url: str):
        self.url = url
        self.users: dict[str, dict] = {}
        self.is_signing = True
        key, certificate = Path("idp.key"), Path("idp.pem")
        make_key(key, certificate)
        self.settings = {
            "entityid": f"{url}/metadata",
            "xmlsec_binary": "/usr/bin/xmlsec1",
            "key_file": str(key),
            "cert_file": str(certificate),
            "service": {
                "idp": {
                    "name": "Acme",
                    "endpoints": {"single_sign_on_service": [(f"{url}/sso", BINDING_HTTP_REDIRECT)]},
                    "policy": {"default": {"lifetime": {"minutes": 5}, "attribute_restrictions": None}},
                }
            },
        }
        self.server = Server(config=IdPConfig().load(self.settings))

    def meet(self, metadata: str) -> None:
        """Take the metadata of the site."""
        self.server = Server(config=IdPConfig().load(self.settings | {"metadata": {"inline": [metadata]}}))

    def metadata(self) -> bytes:
        return str(entity_descriptor(self.server.config)).encode()

    def answer(self, name: str, request: str) -> str:
        """The page by which a browser takes the answer to the site."""
        asked = self.server.parse_authn_request(request, BINDING_HTTP_REDIRECT)
        arguments = self.server.response_args(asked.message, [BINDING_HTTP_POST])
        response = self.server.create_authn_response(
            identity=self.users[name],
            userid=name,
            name_id=NameID(format=NAMEID_FORMAT_PERSISTENT, text=name),
            authn={"class_ref": PASSWORD, "authn_auth": self.url},
            sign_assertion=self.is_signing,
            sign_alg=SIG_RSA_SHA256,
            digest_alg=DIGEST_SHA256,
            **{key: arguments[key] for key in ("in_response_to", "sp_entity_id", "destination")},
        )
        sent = self.server.apply_binding(BINDING_HTTP_POST, str(response), arguments["destination"], response=True)
        return sent["data"]


class Handler(BaseHTTPRequestHandler):
    provider: IdentityProvider

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self._send(self.provider.metadata() if path == "/metadata" else b"<form method=post>Who are you?</form>")

    def do_POST(self) -> None:
        name = parse_qs(self._body())["sub"][0]
        if name not in self.provider.users:
            self._send(b"This account is closed.", 403)
            return
        request = parse_qs(urlsplit(self.path).query)["SAMLRequest"][0]
        self._send(self.provider.answer(name, request).encode())

    def do_PUT(self) -> None:
        path, body = urlsplit(self.path).path, self._body()
        if path == "/site":
            self.provider.meet(body)
        elif path == "/signing":
            self.provider.is_signing = json.loads(body)
        else:
            self.provider.users[path.removeprefix("/users/")] = json.loads(body)
        self._send(b"")

    def do_DELETE(self) -> None:
        del self.provider.users[urlsplit(self.path).path.removeprefix("/users/")]
        self._send(b"")

    def _body(self) -> str:
        return self.rfile.read(int(self.headers["Content-Length"])).decode()

    def _send(self, body: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    port = int(sys.argv[1])
    Handler.provider = IdentityProvider(f"http://localhost:{port}")
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
