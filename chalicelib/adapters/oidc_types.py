"""Telling an OpenID provider's access tokens from its ID tokens (RFC 8725 section 3.12).

No standard makes every provider say which is which, so each must show what its kind has and nothing
that only the other has. JWTs that show neither pass as ``jwt`` alone.
"""

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.token_types import TokenType

_ID_TOKEN_CLAIMS = frozenset({"nonce", "at_hash", "c_hash"})  # OpenID Connect Core sections 2, 3.3.2.11
_SCOPE_CLAIMS = frozenset({"scope", "scp"})  # RFC 9068 section 2.2.3; Okta and Microsoft Entra


def is_of_type(kind: TokenType, header: Mapping[str, Any], claims: Mapping[str, Any]) -> bool:
    """Whether a verified JWT is what it is said to be."""
    if kind is TokenType.ACCESS_TOKEN:
        return _looks_like_access_token(header, claims) and not _looks_like_id_token(claims)
    if kind is TokenType.ID_TOKEN:
        return _may_be_id_token(header, claims)
    return True


def _looks_like_access_token(header: Mapping[str, Any], claims: Mapping[str, Any]) -> bool:
    return (
        _media_type(header) == "at+jwt"  # RFC 9068 section 2.1
        or claims.get("token_use") == "access"  # Amazon Cognito
        or claims.get("typ") == "Bearer"  # Keycloak
        or not _SCOPE_CLAIMS.isdisjoint(claims)
    )


def _looks_like_id_token(claims: Mapping[str, Any]) -> bool:
    marked = claims.get("token_use") == "id" or claims.get("typ") == "ID"
    return marked or not _ID_TOKEN_CLAIMS.isdisjoint(claims)


def _may_be_id_token(header: Mapping[str, Any], claims: Mapping[str, Any]) -> bool:
    """ID tokens need no mark of their own, but may bear none of another kind, known or not.

    Their audience is checked as that of every JWT; only Cognito's access tokens may have none.
    """
    return (
        _media_type(header) in ("", "jwt")
        and claims.get("token_use", "id") == "id"
        and claims.get("typ", "ID") == "ID"
        and _SCOPE_CLAIMS.isdisjoint(claims)
    )


def _media_type(header: Mapping[str, Any]) -> str:
    """Return ``typ`` without what a sender may leave out (RFC 7515 section 4.1.9)."""
    return str(header.get("typ") or "").lower().removeprefix("application/")
