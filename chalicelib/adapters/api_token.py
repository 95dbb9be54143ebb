"""API tokens as strings: ``bodhi_`` and a compact JWS (see ``jws``)."""

from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from chalicelib import numeric_date
from chalicelib.adapters import jws
from chalicelib.adapters.key_cache import KeyCache
from chalicelib.adapters.verified_signatures import VerifiedSignatures
from chalicelib.domain.claims import Claims
from chalicelib.domain.errors import ExpiredToken, MalformedToken, WrongClaims
from chalicelib.domain.ids import API_TOKEN_PREFIX, MAX_API_TOKEN_LENGTH, TOKEN_ID, USER_ID
from chalicelib.domain.scopes import parse_scope, write_scope

if TYPE_CHECKING:
    from chalicelib.domain.ports.time import Clock

TYPE = "api-token+jwt"


class ApiTokenSigner:
    """The signer of the API tokens of one issuer and audience."""

    def __init__(self, keys: jws.SigningKeys, issuer: str, audience: str) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience

    def sign(self, claims: Claims) -> str:
        """Return the token string for ``claims``.

        Raises SigningUnavailable, StoreUnavailable.
        """
        payload: dict[str, Any] = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": claims.subject,
            "jti": claims.token_id,
            "iat": numeric_date.write(claims.issued_at),
            "scope": write_scope(claims.scopes),
        }
        if claims.expires_at:
            payload["exp"] = numeric_date.write(claims.expires_at)
        return API_TOKEN_PREFIX + jws.sign(payload, TYPE, self._keys)


class ApiTokenVerifier:
    """The verifier of the API tokens of one issuer and audience.

    The comments number its steps in the order of the design. Steps 2 to 6 are in ``jws``.
    """

    def __init__(
        self,
        keys: KeyCache[EllipticCurvePublicKey],
        issuer: str,
        audience: str,
        clock: "Clock",
        verified: VerifiedSignatures[EllipticCurvePublicKey] | None = None,
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._verified = verified

    def verify(self, unverified_token: str) -> Claims:
        """Return the claims of a valid token.

        Raises InvalidToken, or StoreUnavailable if the keys cannot be loaded.
        """
        # 1. The length, and the prefix.
        is_short = len(unverified_token) <= MAX_API_TOKEN_LENGTH
        if not is_short or not unverified_token.startswith(API_TOKEN_PREFIX):
            raise MalformedToken
        unverified_jws = unverified_token.removeprefix(API_TOKEN_PREFIX)
        payload = jws.verified_payload(unverified_jws, TYPE, self._keys, self._verified)
        try:
            claims = _parse(payload)
        except (ValueError, KeyError, TypeError) as error:
            raise WrongClaims from error

        # 7. Issuer and audience.
        if (payload.get("iss"), payload.get("aud")) != (self._issuer, self._audience):
            raise WrongClaims

        # 8. The expiry. The rows decide next, in ``services.verify``.
        if claims.expires_at and self._clock.now() >= claims.expires_at:
            raise ExpiredToken
        return claims


def _parse(payload: dict[str, Any]) -> Claims:
    subject, token_id, scope = payload["sub"], payload["jti"], payload["scope"]
    if not (USER_ID.fullmatch(subject) and TOKEN_ID.fullmatch(token_id)):
        raise ValueError("an id has another form")
    if not isinstance(scope, str):
        raise TypeError("scope is not a string")
    return Claims(
        subject=subject,
        token_id=token_id,
        issued_at=numeric_date.read_whole(payload["iat"]),
        scopes=parse_scope(scope),
        expires_at=numeric_date.read_whole(payload["exp"]) if "exp" in payload else None,
    )
