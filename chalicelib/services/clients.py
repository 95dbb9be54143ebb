"""Which client calls an OAuth endpoint (RFC 6749 section 2.3, RFC 7523 section 2.2)."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib import logs
from chalicelib.domain.clients import (
    ClientAssertion,
    ClientCredentials,
    ClientSecret,
    ResourceServer,
    UsedAssertion,
)
from chalicelib.domain.errors import InvalidClient
from chalicelib.domain.ports.clients import AssertionStore, AssertionVerifier
from chalicelib.domain.ports.time import Clock

# What a secret is compared with where there is none: no preimage of it is known.
_NOBODY = "0" * 64


@dataclass(frozen=True, slots=True)
class AssertionPorts:
    """What assertions are verified with and remembered in."""

    verifier: AssertionVerifier
    store: AssertionStore


class AuthenticateClients:
    """Tells configured resource servers from everybody else."""

    def __init__(
        self, servers: Mapping[str, ResourceServer], assertions: AssertionPorts, clock: Clock
    ) -> None:
        self._servers = servers
        self._assertions = assertions
        self._clock = clock

    def require(self, credentials: ClientCredentials | None) -> str:
        """Return the id of a configured client.

        Raises InvalidClient, also if nothing was presented, or StoreUnavailable.
        """
        client_id = self.check(credentials)
        if client_id is None:
            raise InvalidClient("Authenticate as a configured resource server.")
        return client_id

    def check(self, credentials: ClientCredentials | None) -> str | None:
        """Return the id of the client that proved who it is, or None if nothing was presented.

        Raises InvalidClient or StoreUnavailable.
        """
        if credentials is None:
            return None
        if isinstance(credentials, ClientSecret):
            client_id = self._check_secret(credentials)
        else:
            client_id = self._check_assertion(credentials)
        logs.add(client_id=client_id)
        return client_id

    def _check_secret(self, presented: ClientSecret) -> str:
        server = self._servers.get(presented.client_id)
        stored = server.secret_sha256 if server else None
        digest = hashlib.sha256(presented.secret.encode()).hexdigest()
        # An unknown client costs the same comparison as a known one.
        if not hmac.compare_digest(digest, stored or _NOBODY):
            raise InvalidClient(by_header=presented.by_header)
        return presented.client_id

    def _check_assertion(self, presented: ClientAssertion) -> str:
        verified = self._assertions.verifier.verify(presented.assertion)
        if presented.client_id not in (None, verified.client_id):
            raise InvalidClient
        # A length before the id, so that no other pair of client and jti reads the same.
        named = f"{len(verified.client_id)}:{verified.client_id}{verified.id}"
        used = UsedAssertion(hashlib.sha256(named.encode()).hexdigest(), verified.expires_at)
        if not self._assertions.store.use_assertion(used, self._clock.now()):
            raise InvalidClient("This client assertion was used before.")
        return verified.client_id
