"""An OpenID provider on loopback that follows one profile."""

import base64
import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import get_default_algorithms

from chalicelib.domain.ports.time import Clock
from tests.providers.profile import (
    BASIC,
    ISSUER,
    NONCE,
    NOW,
    ORIGIN,
    POST,
    SOON,
    Claims,
    Jwt,
    ProviderProfile,
)
from tests.support import canaries

ID_KEY, ACCESS_KEY = "id-key", "access-key"
_LIFETIME = timedelta(hours=1)
_FORM = "application/x-www-form-urlencoded"


@cache
def _private_key(algorithm: str, kid: str) -> Any:
    """Return a key. It is made once for the whole suite, because RSA keys are slow to make."""
    if algorithm.startswith("RS"):
        return rsa.generate_private_key(65537, 2048)
    return (
        ec.generate_private_key(ec.SECP256R1())
        if algorithm == "ES256"
        else ed25519.Ed25519PrivateKey.generate()
    )


@dataclass(frozen=True, slots=True)
class Visit:
    """A browser's visit at the authorization endpoint, until its code is redeemed."""

    redirect_uri: str
    challenge: str
    nonce: str


class LoopbackProvider:
    """The provider of one person. ``is_admin`` gives the person the administrator's claims.

    ``page_id_token`` replaces the ID token of the token endpoint. ``client_methods`` and
    ``userinfo_calls`` record the service's requests.
    """

    def __init__(self, profile: ProviderProfile, origin: str, clock: Clock) -> None:
        self.profile = profile
        self.origin = origin
        self.issuer = f"{origin}{profile.issuer_path}"
        self.is_admin = False
        self.page_id_token: Jwt | None = None
        self.client_methods: list[str] = []
        self.userinfo_calls = 0
        self._clock = clock
        self._visits: dict[str, Visit] = {}
        self._access_tokens: set[str] = set()

    # JWTs.

    def id_token(self, nonce: str = "a-nonce-of-another-client") -> str:
        """Return an ID token of the person."""
        return self.sign(self._with_role(self.profile.id_token, "id"), nonce)

    def access_token(self) -> str:
        """Return an access token of the person: a JWT, or an opaque string."""
        token = self.profile.access_token
        if token is None:
            opaque = secrets.token_hex(32)
            canaries.remember(opaque)
            return opaque
        return self.sign(self._with_role(token, "access"), key=ACCESS_KEY)

    def sign(self, token: Jwt, nonce: str = "", key: str = ID_KEY) -> str:
        """Return a JWT with the placeholders filled in."""
        claims = {name: self._filled(value, nonce) for name, value in token.claims.items()}
        algorithm = self.profile.algorithm
        signed = jwt.encode(
            claims,
            _private_key(algorithm, key),
            algorithm=algorithm,
            # An empty typ takes the member away, which PyJWT would add.
            headers={"kid": key, "typ": token.typ or ""},
        )
        canaries.remember(signed)
        return signed

    def _with_role(self, token: Jwt, place: str) -> Jwt:
        return token.with_claims(**self._admin_claims(place))

    def _admin_claims(self, place: str) -> Claims:
        return self.profile.admin if self.is_admin and place in self.profile.admin_in else {}

    def _filled(self, value: Any, nonce: str = "") -> Any:
        if isinstance(value, list):
            return [self._filled(each, nonce) for each in value]
        if not isinstance(value, str):
            return value
        now = self._clock.now()
        times = {NOW: now, SOON: now + _LIFETIME}
        if value in times:
            return int(times[value].timestamp())
        filled = value.replace(ISSUER, self.issuer).replace(ORIGIN, self.origin)
        return nonce if value == NONCE else filled

    # Endpoints.

    def discovery(self) -> dict[str, Any]:
        """Return the configuration (OpenID Connect Discovery 1.0 section 3)."""
        methods = self.profile.auth_methods
        endpoints = {
            "authorization_endpoint": f"{self.origin}/op/authorize",
            "token_endpoint": f"{self.origin}/op/token",
            "jwks_uri": f"{self.origin}/op/keys",
        }
        return {
            "issuer": self.issuer,
            **endpoints,
            **({"userinfo_endpoint": f"{self.origin}/op/userinfo"} if self.profile.userinfo else {}),
            **({"token_endpoint_auth_methods_supported": list(methods)} if methods else {}),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [self.profile.algorithm],
        }

    def keys(self) -> dict[str, Any]:
        """Return the public keys, including one for encryption, as some providers publish."""
        kids = [ID_KEY, ACCESS_KEY] if self.profile.publishes_access_key else [ID_KEY]
        published = [self._jwk(kid) for kid in kids]
        return {"keys": [self._jwk("encryption") | {"use": "enc"}, *published]}

    def _jwk(self, kid: str) -> dict[str, Any]:
        profile = self.profile
        algorithm = get_default_algorithms()[profile.algorithm]
        jwk: dict[str, Any] = json.loads(
            algorithm.to_jwk(_private_key(profile.algorithm, kid).public_key())
        )
        members = {"kid": kid, "use": "sig", **profile.jwk_extras}
        return jwk | members | ({"alg": profile.algorithm} if profile.jwk_has_alg else {})

    def authorize(self, query: Mapping[str, str]) -> str | None:
        """Return the redirect with a code, or None if the request is not valid."""
        is_valid = (
            query.get("response_type") == "code"
            and query.get("client_id") == self.profile.client_id
            and "openid" in query.get("scope", "").split()
            and query.get("code_challenge_method") == "S256"
        )
        if not is_valid:
            return None
        code = secrets.token_urlsafe(16)
        self._visits[code] = Visit(query["redirect_uri"], query["code_challenge"], query.get("nonce", ""))
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def redeem(self, form: Mapping[str, str], authorization: str) -> dict[str, Any] | None:
        """Return the tokens for a code, or None if the request is not valid."""
        visit = self._visits.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            visit is None
            or not self._is_client(form, authorization)
            or (visit.redirect_uri, visit.challenge) != (form.get("redirect_uri"), challenge)
        ):
            return None
        access_token = self.access_token()
        self._access_tokens.add(access_token)
        special = self.page_id_token
        id_token = self.sign(special, visit.nonce) if special else self.id_token(visit.nonce)
        return {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": int(_LIFETIME.total_seconds()),
            "id_token": id_token,
        }

    def _is_client(self, form: Mapping[str, str], authorization: str) -> bool:
        """Return whether the client proves its identity (RFC 6749 section 2.3.1)."""
        if authorization:
            method = BASIC
            pair = base64.b64decode(authorization.removeprefix("Basic ")).decode()
            client_id, _, secret = (unquote_plus(part) for part in pair.partition(":"))
        else:
            method = POST if "client_secret" in form else "none"
            client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
        self.client_methods.append(method)
        # A provider that does not name a method takes the default (Discovery 1.0 section 3).
        supported = self.profile.auth_methods or (BASIC,)
        known = (self.profile.client_id, self.profile.secret or "")
        return method in supported and (client_id, secret) == known

    def userinfo(self, authorization: str) -> dict[str, Any] | None:
        """Return the person's profile if the request has the person's access token, else None."""
        self.userinfo_calls += 1
        if self.profile.userinfo is None:
            return None
        if authorization.removeprefix("Bearer ") not in self._access_tokens:
            return None
        claims = {**self.profile.userinfo, **self._admin_claims("userinfo")}
        return {name: self._filled(value) for name, value in claims.items()}


class _Server(ThreadingHTTPServer):
    provider: LoopbackProvider


class _Handler(BaseHTTPRequestHandler):
    """The endpoints over HTTP."""

    server: _Server

    def do_GET(self) -> None:
        """Answer discovery, keys, authorization and userinfo."""
        provider, address = self.server.provider, urlsplit(self.path)
        if address.path == provider.profile.discovery:
            self._send(200, provider.discovery())
        elif address.path == "/op/keys":
            self._send(200, provider.keys())
        elif address.path == "/op/authorize":
            location = provider.authorize(dict(parse_qsl(address.query)))
            self._send(302 if location else 400, {}, location)
        elif address.path == "/op/userinfo":
            claims = provider.userinfo(self.headers.get("Authorization", ""))
            self._send(200 if claims else 401, claims or {"error": "invalid_token"})
        else:
            self._send(404, {})

    def do_POST(self) -> None:
        """Answer the token endpoint."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        is_form = self.headers.get("Content-Type", "").startswith(_FORM)
        if self.path != "/op/token" or not is_form:
            self._send(404, {})
            return
        form = dict(parse_qsl(body))
        tokens = self.server.provider.redeem(form, self.headers.get("Authorization", ""))
        self._send(200 if tokens else 400, tokens or {"error": "invalid_grant"})

    def _send(self, status: int, document: Mapping[str, Any], location: str | None = None) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        """Stay silent."""


@contextmanager
def serving(profile: ProviderProfile, clock: Clock) -> Iterator[LoopbackProvider]:
    """Run the provider of a profile on a free port."""
    server = _Server(("127.0.0.1", 0), _Handler)
    provider = LoopbackProvider(profile, f"http://127.0.0.1:{server.server_port}", clock)
    server.provider = provider
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
