"""The longest strings that issued tokens can have under some settings.

A test compares them with real tokens.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from chalicelib.domain.ids import API_TOKEN_PREFIX, new_token_id, user_id_for
from chalicelib.domain.scopes import ScopeCatalogue, write_scope
from chalicelib.domain.users import Role

_LAST = datetime(9999, 12, 31, tzinfo=UTC)
_SECONDS = int(_LAST.timestamp())
# A SHA-256 and an ES256 signature in base64url (RFC 7638, RFC 7518 section 3.4).
_THUMBPRINT, _SIGNATURE = "k" * 43, "s" * 86
# 16 random bytes in base64url.
_RANDOM_ID = "r" * 22


def longest_api_token(issuer: str, audience: str, catalogue: ScopeCatalogue) -> int:
    """Return the characters of an API token with an expiry and every scope of one role."""
    claims = {**_claims(issuer, audience, catalogue), "jti": new_token_id(_LAST)}
    return len(API_TOKEN_PREFIX) + _compact("api-token+jwt", claims)


def longest_access_token(issuer: str, audiences: Iterable[str], catalogue: ScopeCatalogue) -> int:
    """Return the characters of an access token for the longest audience, or 0 without audiences."""
    api_token = new_token_id(_LAST)
    return max(
        (
            _compact(
                "at+jwt",
                {**_claims(issuer, audience, catalogue), "client_id": api_token, "jti": _RANDOM_ID},
            )
            for audience in audiences
        ),
        default=0,
    )


def _claims(issuer: str, audience: str, catalogue: ScopeCatalogue) -> Mapping[str, object]:
    strings = [write_scope(scope.name for scope in catalogue.held_by(role)) for role in Role]
    return {
        "iss": issuer,
        "aud": audience,
        "sub": user_id_for(issuer, ""),
        "iat": _SECONDS,
        "exp": _SECONDS,
        "scope": max(strings, key=len),
    }


def _compact(kind: str, claims: Mapping[str, object]) -> int:
    """Return the characters of a compact JWS (RFC 7515 section 7.1)."""
    header = {"alg": "ES256", "kid": _THUMBPRINT, "typ": kind}
    segments = (len(json.dumps(each, separators=(",", ":"))) for each in (header, claims))
    return sum(-(-size * 4 // 3) + 1 for size in segments) + len(_SIGNATURE)
