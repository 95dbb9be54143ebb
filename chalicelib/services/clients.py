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
from chalicelib.domain.ports import AssertionStore, AssertionVerifier, Clock

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

    def require(self, credentials: ClientCredentials | None) -> None:
        """Let a configured client pass.

        Raises InvalidClient, also where nothing was presented, or StoreUnavailable.
        """
        if credentials is None:
            raise InvalidClient("Authenticate as a configured resource server.")
        self.check(credentials)

    def check(self, credentials: ClientCredentials | None) -> None:
        """Let everybody pass who presents nothing, or something good.

        Raises InvalidClient or StoreUnavailable.
        """
        if isinstance(credentials, ClientSecret):
            self._check_secret(credentials)
        elif isinstance(credentials, ClientAssertion):
            self._check_assertion(credentials)

    def _check_secret(self, presented: ClientSecret) -> None:
        server = self._servers.get(presented.client_id)
        stored = server.secret_sha256 if server else None
        digest = hashlib.sha256(presented.secret.encode()).hexdigest()
        # An unknown client costs the same comparison as a known one.
        if not hmac.compare_digest(digest, stored or _NOBODY):
            raise InvalidClient(by_header=presented.by_header)
        logs.add(client_id=presented.client_id)

    def _check_assertion(self, presented: ClientAssertion) -> None:
        verified = self._assertions.verifier.verify(presented.assertion)
        if presented.client_id not in (None, verified.client_id):
            raise InvalidClient
        # A length before the id, so that no other pair of client and jti reads the same.
        named = f"{len(verified.client_id)}:{verified.client_id}{verified.id}"
        used = UsedAssertion(hashlib.sha256(named.encode()).hexdigest(), verified.expires_at)
        if not self._assertions.store.use_assertion(used, self._clock.now()):
            raise InvalidClient("This client assertion was used before.")
        logs.add(client_id=verified.client_id)
