"""Kinds of JWTs: sign-ins and others, ID tokens and access tokens.

Providers need not name the kind of a JWT (RFC 8725 section 3.12), so marks tell it. A JWT with a mark of
one kind alone is of that kind. A JWT without any mark is an ID token, because many ID tokens have none.
A JWT with marks of both is of neither kind.
"""

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.claims import TokenType
from chalicelib.domain.errors import SignInRefused
from chalicelib.domain.refusals import SignInReason

Members = Mapping[str, Any]

_ACCESS_TYPES = frozenset({"at+jwt", "application/at+jwt"})  # RFC 9068 section 2.1
_ID_TYPES = frozenset({"id+jwt"})
_HEADER_TYPES = _ACCESS_TYPES | _ID_TYPES | {"jwt"}
_CLAIM_TYPES = frozenset({"id", "bearer"})  # Keycloak
_TOKEN_USES = frozenset({"id", "access"})  # Amazon Cognito
_ID_TOKEN_CLAIMS = frozenset({"nonce", "at_hash", "c_hash"})  # OpenID Connect Core sections 2, 3.3.2.11
_SCOPE_CLAIMS = frozenset({"scope", "scp"})  # RFC 9068 section 2.2.3; Okta and Microsoft Entra


def require_sign_in(header: Members, claims: Members) -> None:
    """Check that the JWT may be a sign-in. Raises SignInRefused.

    Logout tokens, security events and refresh tokens are not sign-ins. A JWT that is bound to a key is
    refused, because this service does not check the proof (RFC 7800 section 3.1).
    """
    known = (
        _is_one_of(_HEADER_TYPES, header, "typ")
        and _is_one_of(_CLAIM_TYPES, claims, "typ")
        and _is_one_of(_TOKEN_USES, claims, "token_use")
    )
    # Security events and logout tokens have this claim (RFC 8417 section 2.2).
    if not known or "events" in claims:
        raise SignInRefused(SignInReason.WRONG_KIND)
    if "cnf" in claims:
        raise SignInRefused(SignInReason.SENDER_CONSTRAINED)


def is_of_type(kind: TokenType, header: Members, claims: Members) -> bool:
    """Return whether a JWT is of the kind that its sender says.

    An ID token does not need a mark of its own, because many have none.
    """
    if kind is TokenType.ACCESS_TOKEN:
        return kind_of(header, claims) is kind
    if kind is TokenType.ID_TOKEN:
        return not _has_access_mark(header, claims)
    return True


def is_plain_id_token(header: Members, claims: Members) -> bool:
    """Return whether a JWT that answers our own request may be an ID token, even if it has scopes."""
    return not _has_access_mark(header, {name: claims[name] for name in claims.keys() - _SCOPE_CLAIMS})


def kind_of(header: Members, claims: Members) -> TokenType | None:
    """Return ID_TOKEN, ACCESS_TOKEN, or None if the JWT has marks of both."""
    if not _has_access_mark(header, claims):
        return TokenType.ID_TOKEN
    return None if _has_id_mark(header, claims) else TokenType.ACCESS_TOKEN


def _has_access_mark(header: Members, claims: Members) -> bool:
    return (
        _lower(header, "typ") in _ACCESS_TYPES
        or _lower(claims, "token_use") == "access"
        or _lower(claims, "typ") == "bearer"
        or not _SCOPE_CLAIMS.isdisjoint(claims)
    )


def _has_id_mark(header: Members, claims: Members) -> bool:
    return (
        _lower(header, "typ") in _ID_TYPES
        or _lower(claims, "token_use") == "id"
        or _lower(claims, "typ") == "id"
        or not _ID_TOKEN_CLAIMS.isdisjoint(claims)
    )


def _is_one_of(allowed: frozenset[str], members: Members, name: str) -> bool:
    return name not in members or _lower(members, name) in allowed


def _lower(members: Members, name: str) -> str:
    """Return a member in lower case, or "" if it is absent or not text."""
    value = members.get(name)
    return value.lower() if isinstance(value, str) else ""
