"""The assertions that resource servers authenticate with (RFC 7523)."""

from datetime import datetime
from typing import Protocol

from chalicelib.domain.clients import UsedAssertion, VerifiedAssertion


class AssertionVerifier(Protocol):
    """A verifier of client assertions (RFC 7523 section 3)."""

    def verify(self, unverified_assertion: str) -> VerifiedAssertion:
        """Return the client that signed, and the assertion's unique id (``jti``).

        Raises InvalidClient.
        """
        ...


class AssertionStore(Protocol):
    """Used assertions. The call raises StoreUnavailable."""

    def use_assertion(self, used: UsedAssertion, now: datetime) -> bool:
        """Record the use. Return False if a record exists that has not expired by ``now``."""
        ...
