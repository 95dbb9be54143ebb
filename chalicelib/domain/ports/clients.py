"""The assertions that resource servers authenticate with (RFC 7523)."""

from datetime import datetime
from typing import Protocol

from chalicelib.domain.clients import UsedAssertion, VerifiedAssertion


class AssertionVerifier(Protocol):
    """Reads what resource servers sign to authenticate (RFC 7523 section 3)."""

    def verify(self, unverified_assertion: str) -> VerifiedAssertion:
        """Return which client signed, and what makes the assertion one of its kind.

        Raises InvalidClient.
        """
        ...


class AssertionStore(Protocol):
    """Assertions that were used. The call raises StoreUnavailable."""

    def use_assertion(self, used: UsedAssertion, now: datetime) -> bool:
        """Note the use; return False when it is noted already, unless that has expired by ``now``."""
        ...
