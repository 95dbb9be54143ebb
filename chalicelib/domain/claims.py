"""The claims of API tokens and access tokens, and the types of tokens that an exchange takes."""

from datetime import datetime, timedelta
from enum import Enum

from chalicelib.domain.frozen import Frozen, field

ACCESS_TOKEN_LIFETIME = timedelta(minutes=5)


class TokenType(Enum):
    """The type of a token, by its name in a token exchange (RFC 8693 section 3)."""

    ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105
    ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"  # noqa: S105
    JWT = "urn:ietf:params:oauth:token-type:jwt"


class Claims(Frozen):
    """The claims of an API token (RFC 7519 section 4.1; RFC 8693 section 4.2 for ``scope``)."""

    subject: str
    token_id: str
    issued_at: datetime
    scopes: frozenset[str]
    expires_at: datetime | None


class AccessClaims(Frozen):
    """The claims of an access token, which another service verifies offline (RFC 9068 section 2.2).

    ``client_id`` is the id of the API token that the access token was derived from.
    """

    subject: str
    client_id: str
    audience: str
    access_token_id: str
    scopes: frozenset[str]
    issued_at: datetime
    expires_at: datetime


class AccessToken(Frozen):
    """An access token and its string, which stays out of every ``repr``."""

    claims: AccessClaims
    secret: str = field(repr=False)

    @property
    def lifetime(self) -> timedelta:
        """The time between issue and expiry."""
        return self.claims.expires_at - self.claims.issued_at
