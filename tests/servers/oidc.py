"""A local OpenID Connect provider: discovery, keys, authorization code with PKCE, signed ID tokens, userinfo.

It consents at once as the person set by the test. Whatever a provider must refuse it refuses: a code used twice, a
wrong secret, verifier or redirect address.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

CLIENT, SECRET = "assay", "a secret of the client"


class Provider:
    """The provider: `person` are the claims of whoever sits at the browser, `refused` what it did not accept."""

    def __init__(self):
        self.person = {"sub": "u1", "preferred_username": "grace", "email": "grace@example.org",
                       "email_verified": True, "name": "Grace H"}
        self.refused: list[str] = []
        self.denies = False
        self.url = ""
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._codes: dict[str, dict] = {}
        self._tokens: dict[str, dict] = {}

    def discovery(self) -> dict:
        return {"issuer": self.url, "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token", "userinfo_endpoint": f"{self.url}/userinfo",
                "jwks_uri": f"{self.url}/keys", "token_endpoint_auth_methods_supported": ["client_secret_post"],
                "response_types_supported": ["code"], "id_token_signing_alg_values_supported": ["RS256"]}

    def keys(self) -> dict:
        return {"keys": [{**RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True), "kid": "k", "use": "sig",
                          "alg": "RS256"}]}

    def authorize(self, asked: dict[str, str]) -> str:
        """Where the browser is sent back to."""
        back = asked["redirect_uri"]
        if self.denies:
            return f"{back}?{urlencode({'error': 'access_denied', 'state': asked['state']})}"
        if asked.get("client_id") != CLIENT or asked.get("code_challenge_method") != "S256":
            self.refused.append("authorize")
            return f"{back}?{urlencode({'error': 'invalid_request', 'state': asked['state']})}"
        code = secrets.token_urlsafe(16)
        self._codes[code] = {**asked, "person": dict(self.person)}
        return f"{back}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, form: dict[str, str]) -> dict | None:
        known = self._codes.pop(form.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(
            hashlib.sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=").decode()
        if known is None or form.get("client_secret") != SECRET or challenge != known["code_challenge"] \
                or form.get("redirect_uri") != known["redirect_uri"]:
            self.refused.append("token")
            return None
        access, now = secrets.token_urlsafe(16), int(time.time())
        self._tokens[access] = known["person"]
        claims = {**known["person"], "iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 300}
        if "nonce" in known:
            claims["nonce"] = known["nonce"]
        return {"access_token": access, "token_type": "Bearer", "expires_in": 300,
                "id_token": jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": "k"})}

    def userinfo(self, authorization: str) -> dict | None:
        return self._tokens.get(authorization.removeprefix("Bearer "))


@contextmanager
def oidc_provider() -> Iterator[Provider]:
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            parts = urlsplit(self.path)
            asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
            if parts.path == "/authorize":
                self.send_response(302)
                self.send_header("Location", provider.authorize(asked))
                self.end_headers()
                return
            self.say({"/.well-known/openid-configuration": provider.discovery, "/keys": provider.keys}.get(
                parts.path, lambda: provider.userinfo(self.headers.get("Authorization", "")))())

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self.say(provider.token({name: values[0] for name, values in parse_qs(body).items()}))

        def say(self, data: dict | None) -> None:
            body = json.dumps(data if data is not None else {"error": "invalid_grant"}).encode()
            self.send_response(200 if data is not None else 400)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args) -> None:
            """The test says what matters."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
