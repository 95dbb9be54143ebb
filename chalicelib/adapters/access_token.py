"""Access tokens as strings: compact JWS, ES256, by the profile of RFC 9068."""

from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from chalicelib.adapters import jws
from chalicelib.adapters.api_token import SigningKeys, verified_payload
from chalicelib.adapters.key_cache import KeyCache
from chalicelib.domain.claims import AccessClaims
from chalicelib.domain.errors import ExpiredToken, MalformedToken, WrongClaims
from chalicelib.domain.ids import TOKEN_ID, USER_ID
from chalicelib.domain.keys import ES256
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.scopes import parse_scope, write_scope

TYPE = "at+jwt"
MAX_LENGTH = 4096


class JwtAccessTokenSigner:
    """Writes access tokens of one issuer."""

    def __init__(self, keys: SigningKeys, issuer: str) -> None:
        self._keys = keys
        self._issuer = issuer

    def sign(self, claims: AccessClaims) -> str:
        """Return the access token for ``claims``.

        Raises SigningUnavailable, StoreUnavailable.
        """
        key = self._keys.active()
        header = {"alg": ES256, "kid": key.kid, "typ": TYPE}
        payload = {
            "iss": self._issuer,
            "aud": claims.audience,
            "sub": claims.subject,
            "client_id": claims.client_id,
            "jti": claims.access_token_id,
            "iat": int(claims.issued_at.timestamp()),
            "exp": int(claims.expires_at.timestamp()),
            "scope": write_scope(claims.scopes),
        }
        message = f"{jws.encode_json(header)}.{jws.encode_json(payload)}"
        return f"{message}.{jws.encode(key.sign(message.encode()))}"


class JwtAccessTokenVerifier:
    """Reads access tokens of one issuer, for any audience; in the order of API tokens."""

    def __init__(self, keys: KeyCache[EllipticCurvePublicKey], issuer: str, clock: Clock) -> None:
        self._keys = keys
        self._issuer = issuer
        self._clock = clock

    def verify(self, unverified_token: str) -> AccessClaims:
        """Return what a genuine access token says.

        Raises InvalidToken, or StoreUnavailable while the keys cannot be loaded.
        """
        if len(unverified_token) > MAX_LENGTH:
            raise MalformedToken
        return self._claims(verified_payload(unverified_token, TYPE, self._keys))

    def _claims(self, segment: str) -> AccessClaims:
        try:
            payload = jws.decode_json(segment)
            claims = _parse(payload)
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            raise WrongClaims from error
        if payload["iss"] != self._issuer:
            raise WrongClaims
        if self._clock.now() >= claims.expires_at:
            raise ExpiredToken
        return claims


def _parse(payload: dict[str, Any]) -> AccessClaims:
    texts = [payload[name] for name in ("iss", "aud", "sub", "client_id", "jti", "scope")]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("a claim is no string")
    _, audience, subject, client_id, token_id, scope = texts
    if not (USER_ID.fullmatch(subject) and TOKEN_ID.fullmatch(client_id)):
        raise ValueError("ids of another form")
    return AccessClaims(
        subject=subject,
        client_id=client_id,
        audience=audience,
        access_token_id=token_id,
        scopes=parse_scope(scope),
        issued_at=datetime.fromtimestamp(payload["iat"], UTC),
        expires_at=datetime.fromtimestamp(payload["exp"], UTC),
    )
