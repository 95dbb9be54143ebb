"""Client assertions: JWTs by which resource servers authenticate (RFC 7523 section 3)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import jwt

from chalicelib import numeric_date
from chalicelib.adapters import jws
from chalicelib.domain.clients import ResourceServer, VerifiedAssertion
from chalicelib.domain.errors import InvalidClient
from chalicelib.domain.ports.time import Clock

_LEEWAY = timedelta(seconds=60)
# The default of Authlib's clients. An assertion can be used once.
_LONGEST_LIFETIME = timedelta(hours=1)
_MAX_LENGTH = 8 * 1024
_MAX_ID_LENGTH = 255


class ClientAssertions:
    """The verifier of assertions: with the keys that the operator configured, for one of our addresses."""

    def __init__(
        self, servers: Mapping[str, ResourceServer], audiences: frozenset[str], clock: Clock
    ) -> None:
        self._servers = servers
        self._audiences = audiences
        self._clock = clock

    def verify(self, unverified_assertion: str) -> VerifiedAssertion:
        """Return the client that signed, the assertion's id and its end.

        The algorithm is the key's own, whatever the header asks for. Raises InvalidClient.
        """
        if len(unverified_assertion) > _MAX_LENGTH or not unverified_assertion.isascii():
            raise InvalidClient
        try:
            client_id, key = self._key_of(unverified_assertion)
            claims = jwt.decode(
                unverified_assertion,
                key,
                algorithms=[key.algorithm_name],
                issuer=client_id,
                subject=client_id,
                # Time is checked against the one clock, the audience member by member.
                options={
                    "require": ["exp", "iss", "sub", "aud", "jti"],
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                    "verify_aud": False,
                    "enforce_minimum_key_length": True,
                },
            )
        except (jwt.PyJWTError, ValueError) as error:
            raise InvalidClient from error
        self._require_audience(claims["aud"])
        return VerifiedAssertion(client_id, _id(claims["jti"]), self._end(claims))

    def _key_of(self, unverified_assertion: str) -> tuple[str, jwt.PyJWK]:
        """Return the client that the unverified assertion names, and the client's key."""
        # Parsed strictly before PyJWT, whose parser accepts repeated members and any depth.
        header, payload, _ = unverified_assertion.split(".")
        jws.decode_json(header)
        client_id = jws.decode_json(payload).get("iss")
        server = self._servers.get(client_id) if isinstance(client_id, str) else None
        if server is None or server.jwk is None:
            raise InvalidClient
        return server.id, jwt.PyJWK(dict(server.jwk))

    def _require_audience(self, audience: object) -> None:
        """Refuse an assertion that names another audience too, because that one could use it first."""
        named = audience if isinstance(audience, list) else [audience]
        if not named or not all(isinstance(a, str) and a in self._audiences for a in named):
            raise InvalidClient

    def _end(self, claims: Mapping[str, Any]) -> datetime:
        """Return the time from which the assertion can no longer be used. Raises InvalidClient."""
        now, expires_at = self._clock.now(), _time(claims["exp"])
        starts = [_time(claims[name]) for name in ("iat", "nbf") if name in claims]
        if now - _LEEWAY >= expires_at or any(now + _LEEWAY < start for start in starts):
            raise InvalidClient("The client assertion has expired, or is not valid yet.")
        if expires_at > now + _LONGEST_LIFETIME + _LEEWAY:
            raise InvalidClient("The client assertion must expire within an hour.")
        return expires_at + _LEEWAY


def _id(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_ID_LENGTH:
        raise InvalidClient
    return value


def _time(seconds: object) -> datetime:
    try:
        return numeric_date.read(seconds)
    except ValueError as error:
        raise InvalidClient from error
