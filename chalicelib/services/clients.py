"""Clients of the OAuth endpoints (RFC 6749 section 2.3, RFC 7523 section 2.2)."""

import hashlib
import hmac
from collections.abc import Mapping

from chalicelib import logs
from chalicelib.domain.clients import (
    ClientCredentials,
    PresentedAssertion,
    PresentedSecret,
    ResourceServer,
    UsedAssertion,
)
from chalicelib.domain.errors import InvalidClient
from chalicelib.domain.ports.clients import AssertionStore, AssertionVerifier
from chalicelib.domain.ports.time import Clock

# For clients without a secret: no preimage of this hash is known.
_NO_SECRET_SHA256 = "0" * 64


class AuthenticateClients:
    """Authentication of the configured resource servers."""

    def __init__(
        self,
        servers: Mapping[str, ResourceServer],
        verifier: AssertionVerifier,
        used: AssertionStore,
        clock: Clock,
    ) -> None:
        self._servers = servers
        self._verifier = verifier
        self._used = used
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
        """Return the id of the client that authenticated itself, or None if nothing was presented.

        Raises InvalidClient or StoreUnavailable.
        """
        if credentials is None:
            return None
        if isinstance(credentials, PresentedSecret):
            client_id = self._check_secret(credentials)
        else:
            client_id = self._check_assertion(credentials)
        logs.add(client_id=client_id)
        return client_id

    def _check_secret(self, presented: PresentedSecret) -> str:
        server = self._servers.get(presented.client_id)
        stored = server.secret_sha256 if server else None
        digest = hashlib.sha256(presented.unverified_secret.encode()).hexdigest()
        # An unknown client costs the same comparison as a known one.
        if not hmac.compare_digest(digest, stored or _NO_SECRET_SHA256):
            raise InvalidClient(by_header=presented.by_header)
        return presented.client_id

    def _check_assertion(self, presented: PresentedAssertion) -> str:
        verified = self._verifier.verify(presented.unverified_assertion)
        if presented.client_id not in (None, verified.client_id):
            raise InvalidClient
        # The length keeps apart pairs of client and jti that are the same text.
        named = f"{len(verified.client_id)}:{verified.client_id}{verified.id}"
        used = UsedAssertion(hashlib.sha256(named.encode()).hexdigest(), verified.expires_at)
        if not self._used.use_assertion(used, self._clock.now()):
            raise InvalidClient("This client assertion was used before.")
        return verified.client_id
