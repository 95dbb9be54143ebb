"""Access tokens: short-lived JWTs for other services, which verify them offline (RFC 9068)."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

LIFETIME = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """The claims of an access token (RFC 9068 section 2.2).

    ``client_id`` is the id of the API token that it was derived from: that is what acts.
    """

    subject: str
    client_id: str
    audience: str
    token_id: str
    scopes: frozenset[str]
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class AccessToken:
    """An access token and its string, which stays out of every ``repr``."""

    claims: AccessClaims
    secret: str = field(repr=False)

    @property
    def lifetime(self) -> timedelta:
        """How long it is good for from its issue on."""
        return self.claims.expires_at - self.claims.issued_at
