"""Verification of access tokens by their signature alone (RFC 9068), without a call for each token.

The standard library has no ES256. Install ``bodhi-tokens[jwt]``, which brings PyJWT and cryptography.
"""

import time
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

from bodhi_tokens.errors import InactiveToken, TokenServiceUnavailable
from bodhi_tokens.http import TokenService
from bodhi_tokens.verified import VerifiedToken, verified_token

try:
    import jwt
except ImportError as error:
    raise ImportError("Access tokens need ES256. Install bodhi-tokens[jwt].") from error

PATH = "/.well-known/jwks.json"
MAX_LENGTH = 4096
_KEPT_SECONDS = 60
# Strings with invented key ids must not make a call each.
_COOL_DOWN_SECONDS = 10
# Requests must not queue for a token service that does not respond.
_FAILURE_SECONDS = 1
_TYPES = {"at+jwt", "application/at+jwt"}
_CLAIMS = ["iss", "aud", "sub", "client_id", "jti", "iat", "exp"]
_INACTIVE = "The token is not a valid access token for this service."


class AccessTokenVerifier:
    """Verifies access tokens that API tokens were exchanged for, of one ``audience``.

    A revoked API token's access tokens work until they expire, for 5 minutes at most. API tokens themselves
    are refused, because a signature says nothing about a revocation.
    Raises ValueError for an invalid parameter.
    """

    def __init__(
        self, issuer: str, *, audience: str, timeout: float = 2.0, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._service = TokenService(issuer, timeout)
        self._issuer = issuer
        self._audience = audience
        self._now = now
        self._lock = Lock()
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._loaded_at = self._failed_at = float("-inf")

    def verify(self, unverified_token: str) -> VerifiedToken:
        """Return the token if its signature and claims are valid.

        Raises InactiveToken, or TokenServiceUnavailable if the keys cannot be loaded.
        """
        if not 0 < len(unverified_token) <= MAX_LENGTH:
            raise InactiveToken(_INACTIVE)
        try:
            unverified_header = jwt.get_unverified_header(unverified_token)
        except jwt.InvalidTokenError:
            raise InactiveToken(_INACTIVE) from None
        if str(unverified_header.get("typ")).lower() not in _TYPES:
            raise InactiveToken(_INACTIVE)
        key = self._key(unverified_header.get("kid"))
        try:
            claims = jwt.decode(
                unverified_token,
                key,
                algorithms=["ES256"],
                audience=self._audience,
                issuer=self._issuer,
                options={"require": _CLAIMS, "strict_aud": True, "verify_iat": False},
            )
            return verified_token(claims)
        except (jwt.InvalidTokenError, ValueError):
            raise InactiveToken(_INACTIVE) from None

    def _key(self, unverified_kid: object) -> jwt.PyJWK:
        if not isinstance(unverified_kid, str):
            raise InactiveToken(_INACTIVE)
        with self._lock:
            age = self._now() - self._loaded_at
            is_unknown = unverified_kid not in self._keys
            if age >= _KEPT_SECONDS or (is_unknown and age >= _COOL_DOWN_SECONDS):
                self._load()
            if unverified_kid in self._keys:
                return self._keys[unverified_kid]
        raise InactiveToken(_INACTIVE)

    def _load(self) -> None:
        if self._now() - self._failed_at < _FAILURE_SECONDS:
            raise TokenServiceUnavailable("The token service did not return its keys a moment ago.")
        try:
            self._keys = _keys(self._service.call("GET", PATH))
        except TokenServiceUnavailable:
            self._failed_at = self._now()
            raise
        self._loaded_at = self._now()


def _keys(document: Any) -> dict[str, jwt.PyJWK]:
    """Return the keys of a set by id. Keys of other kinds are left out (RFC 7517 section 5)."""
    members = document.get("keys") if isinstance(document, dict) else None
    keys = {}
    for member in members if isinstance(members, list) else []:
        try:
            if member["kty"] == "EC" and member["crv"] == "P-256":
                keys[str(member["kid"])] = jwt.PyJWK(member, "ES256")
        except (KeyError, TypeError, jwt.PyJWTError):
            continue
    return keys
