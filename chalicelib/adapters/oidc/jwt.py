"""JWTs of an OpenID provider before verification: the strict parser, and the kinds of JWTs.

Providers need not name the kind of a JWT (RFC 8725 section 3.12), so marks tell it. A JWT with a mark of
one kind alone is of that kind. A JWT without any mark is an ID token, because many ID tokens have none.
A JWT with marks of both is of neither kind. See RFC 7515 and RFC 7519 for the form.
"""

import re
from collections.abc import Mapping
from typing import Any

from chalicelib import base64url, strict_json
from chalicelib.adapters import jws
from chalicelib.domain.claims import TokenType
from chalicelib.domain.errors import SignInRefused
from chalicelib.domain.frozen import Frozen, field
from chalicelib.domain.reasons import SignInReason
from chalicelib.logs import fact

Members = Mapping[str, Any]

# Asymmetric only: HMAC would use the public key as the secret (RFC 8725 section 2.1).
RSA_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
EC_ALGORITHMS = {"P-256": ("ES256",), "P-384": ("ES384",), "P-521": ("ES512",)}
# Two names of one algorithm (RFC 9864 section 2.2).
ED25519_ALGORITHMS = ("EdDSA", "Ed25519")
ALGORITHMS = frozenset(RSA_ALGORITHMS).union(ED25519_ALGORITHMS, *EC_ALGORITHMS.values())

# The signature may be empty here, so that an unsecured JWT is refused because of its algorithm.
_COMPACT = re.compile(r"([A-Za-z0-9_-]++)\.([A-Za-z0-9_-]++)\.([A-Za-z0-9_-]*+)")
# A JWT with an extension that this service does not know must be refused (RFC 7515 section 4.1.11).
_EXTENSIONS = frozenset({"crit", "b64"})

# A thousand groups, and claims nested as providers nest them. The length of the JWT is bounded before.
_BOUNDS = strict_json.Bounds(longest=64 * 1024, deepest=32, most_values=20_000)

_ACCESS_TYPES = frozenset({"at+jwt", "application/at+jwt"})  # RFC 9068 section 2.1
_ID_TYPES = frozenset({"id+jwt"})
_HEADER_TYPES = _ACCESS_TYPES | _ID_TYPES | {"jwt"}
_CLAIM_TYPES = frozenset({"id", "bearer"})  # Keycloak
_TOKEN_USES = frozenset({"id", "access"})  # Amazon Cognito
_ID_TOKEN_CLAIMS = frozenset({"nonce", "at_hash", "c_hash"})  # OpenID Connect Core sections 2, 3.3.2.11
_SCOPE_CLAIMS = frozenset({"scope", "scp"})  # RFC 9068 section 2.2.3; Okta and Microsoft Entra


class UnverifiedJwt(Frozen):
    """A parsed JWT whose signature is not verified yet. ``kid`` None means that it does not name a key."""

    text: str = field(repr=False)
    header: Mapping[str, Any] = field(repr=False)
    claims: Mapping[str, Any] = field(repr=False)

    @property
    def kid(self) -> str | None:
        """The name of the key that signed it, as the unverified header states."""
        kid: str | None = self.header.get("kid")
        return kid

    @property
    def algorithm(self) -> str:
        """The algorithm that the unverified header states."""
        return str(self.header["alg"])


def parse(unverified_jwt: str, longest: int) -> UnverifiedJwt:
    """Return the parsed JWT of a compact JWS of at most ``longest`` characters.

    Raises SignInRefused with the reason too_large, malformed or algorithm_not_allowed.
    """
    if len(unverified_jwt) > longest:
        facts = {"length": str(len(unverified_jwt)), "longest": str(longest)}
        raise SignInRefused(SignInReason.TOO_LARGE, facts)
    match = _COMPACT.fullmatch(unverified_jwt)
    if match is None:
        raise SignInRefused(SignInReason.MALFORMED)
    try:
        # Each segment has exactly one spelling, the signature too. Only its spelling is checked here.
        base64url.decode(match[3])
        # A provider may cut a name within an emoji. Names are cleaned, and subjects are checked, later.
        header, claims = (
            jws.decode_json(segment, _BOUNDS, well_formed=False) for segment in (match[1], match[2])
        )
    except (ValueError, RecursionError) as error:
        raise SignInRefused(SignInReason.MALFORMED) from error
    if not _EXTENSIONS.isdisjoint(header) or not isinstance(header.get("kid", ""), str):
        raise SignInRefused(SignInReason.MALFORMED)
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise SignInRefused(SignInReason.ALGORITHM_NOT_ALLOWED, {"received_alg": fact(algorithm)})
    return UnverifiedJwt(unverified_jwt, header, claims)


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
    """Return whether a JWT for our own request may be an ID token, even if it has scopes."""
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
