"""Access tokens as strings: compact JWS, ES256, by the profile of RFC 9068."""

from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from chalicelib import numeric_date
from chalicelib.adapters import jws
from chalicelib.adapters.key_cache import KeyCache
from chalicelib.domain.claims import AccessClaims
from chalicelib.domain.errors import ExpiredToken, MalformedToken, WrongClaims
from chalicelib.domain.ids import TOKEN_ID, USER_ID
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.scopes import parse_scope, write_scope

TYPE = "at+jwt"
MAX_LENGTH = 4096


class JwtAccessTokenSigner:
    """The signer of the access tokens of one issuer."""

    def __init__(self, keys: jws.SigningKeys, issuer: str) -> None:
        self._keys = keys
        self._issuer = issuer

    def sign(self, claims: AccessClaims) -> str:
        """Return the access token for ``claims``.

        Raises SigningUnavailable, StoreUnavailable.
        """
        payload = {
            "iss": self._issuer,
            "aud": claims.audience,
            "sub": claims.subject,
            "client_id": claims.client_id,
            "jti": claims.access_token_id,
            "iat": numeric_date.write(claims.issued_at),
            "exp": numeric_date.write(claims.expires_at),
            "scope": write_scope(claims.scopes),
        }
        return jws.sign(payload, TYPE, self._keys)


class JwtAccessTokenVerifier:
    """The verifier of the access tokens of one issuer, for any audience.

    Its steps have the numbers and the order of those for API tokens. Steps 2 to 6 are in ``jws``.
    """

    def __init__(self, keys: KeyCache[EllipticCurvePublicKey], issuer: str, clock: Clock) -> None:
        self._keys = keys
        self._issuer = issuer
        self._clock = clock

    def verify(self, unverified_token: str) -> AccessClaims:
        """Return the claims of a valid access token.

        Raises InvalidToken, or StoreUnavailable if the keys cannot be loaded.
        """
        # 1. The length.
        if len(unverified_token) > MAX_LENGTH:
            raise MalformedToken
        payload = jws.verified_payload(unverified_token, TYPE, self._keys)
        try:
            claims = _parse(payload)
        except (ValueError, KeyError, TypeError) as error:
            raise WrongClaims from error

        # 7. The issuer.
        if payload["iss"] != self._issuer:
            raise WrongClaims

        # 8. The expiry.
        if self._clock.now() >= claims.expires_at:
            raise ExpiredToken
        return claims


def _parse(payload: dict[str, Any]) -> AccessClaims:
    texts = [payload[name] for name in ("iss", "aud", "sub", "client_id", "jti", "scope")]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("a claim is not a string")
    _, audience, subject, client_id, access_token_id, scope = texts
    if not (USER_ID.fullmatch(subject) and TOKEN_ID.fullmatch(client_id)):
        raise ValueError("an id has another form")
    return AccessClaims(
        subject=subject,
        client_id=client_id,
        audience=audience,
        access_token_id=access_token_id,
        scopes=parse_scope(scope),
        issued_at=numeric_date.read_whole(payload["iat"]),
        expires_at=numeric_date.read_whole(payload["exp"]),
    )
