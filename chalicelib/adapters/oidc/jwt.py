"""The strict parser for JWTs of an OpenID provider, before verification (RFC 7515, RFC 7519)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib import base64url, strict_json
from chalicelib.adapters import jws
from chalicelib.adapters.oidc.facts import fact
from chalicelib.domain.errors import SignInRefused
from chalicelib.domain.refusals import SignInReason

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


@dataclass(frozen=True, slots=True)
class UnverifiedJwt:
    """A parsed JWT whose signature is not verified yet. ``kid`` None means that it does not name a key."""

    text: str = field(repr=False)
    header: Mapping[str, Any] = field(repr=False)
    claims: Mapping[str, Any] = field(repr=False)

    @property
    def kid(self) -> str | None:
        """The name of the key that signed it, as the header claims."""
        kid: str | None = self.header.get("kid")
        return kid

    @property
    def algorithm(self) -> str:
        """The algorithm that the header claims."""
        return str(self.header["alg"])


def parse(text: str, longest: int) -> UnverifiedJwt:
    """Return the parsed JWT of a compact JWS of at most ``longest`` characters.

    Raises SignInRefused with the reason too_large, malformed or algorithm_not_allowed.
    """
    if len(text) > longest:
        facts = {"length": str(len(text)), "longest": str(longest)}
        raise SignInRefused(SignInReason.TOO_LARGE, facts)
    match = _COMPACT.fullmatch(text)
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
    return UnverifiedJwt(text, header, claims)
