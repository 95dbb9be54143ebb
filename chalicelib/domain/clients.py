"""Resource servers: the services that may introspect tokens (RFC 7662 section 2.1)."""

from collections.abc import Mapping
from datetime import datetime

from chalicelib.domain.frozen import Frozen, field

# Algorithms of the keys that may be configured (RFC 7518 section 3.1, RFC 8037).
ASSERTION_ALGORITHMS = (
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "PS256",
    "PS384",
    "PS512",
    "RS256",
    "RS384",
    "RS512",
)


class ResourceServer(Frozen):
    """A configured client. It has either a secret, known by its SHA-256, or a public key.

    The secret has at least 128 random bits, so its hash cannot be guessed. Only a secret that a person
    chooses needs a slow hash. ``jwk`` is a public key (RFC 7517 section 4). ``audiences`` None means that
    the operator names none.
    """

    id: str
    secret_sha256: str | None = field(default=None, repr=False)
    jwk: Mapping[str, str] | None = None
    audiences: frozenset[str] | None = None


def audiences_by_client(
    servers: Mapping[str, ResourceServer], api: str, derived: frozenset[str]
) -> Mapping[str, frozenset[str]]:
    """Return the audiences that each client may ask about (RFC 7662 sections 2.2 and 4).

    ``api`` is the audience of API tokens, and ``derived`` are those of access tokens. A client without
    audiences may ask about API tokens. It may ask about access tokens for its own id if that is an
    audience. Otherwise it may ask about access tokens that are not for another client.
    """
    named = {
        id_: derived & (frozenset({id_}) if server.audiences is None else server.audiences)
        for id_, server in servers.items()
    }
    # A client of 0.1 has no ``audiences`` and keeps all, less what is another client's.
    free = derived.difference(*(each for each in named.values() if each))
    return {
        id_: frozenset({api}) | (named[id_] or free) if server.audiences is None else server.audiences
        for id_, server in servers.items()
    }


class PresentedSecret(Frozen):
    """A client id and the secret presented with it (RFC 6749 section 2.3.1).

    ``by_header`` is True for HTTP Basic, so that a refusal can be a challenge for it.
    """

    client_id: str
    unverified_secret: str = field(repr=False)
    by_header: bool = False


class PresentedAssertion(Frozen):
    """A JWT signed by the client (RFC 7523 section 2.2), and the ``client_id`` that came with it."""

    unverified_assertion: str = field(repr=False)
    client_id: str | None = None


ClientCredentials = PresentedSecret | PresentedAssertion


class VerifiedAssertion(Frozen):
    """An assertion that its client signed for us. It may be used only once until ``expires_at``."""

    client_id: str
    id: str = field(repr=False)
    expires_at: datetime


class UsedAssertion(Frozen):
    """The record of a used assertion, under the hash of client and ``jti``."""

    id_hash: str
    expires_at: datetime
