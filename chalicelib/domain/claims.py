"""What a signed API token says, once its signature is verified."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of an API token (RFC 7519 section 4.1 and RFC 8693 section 4.2 for ``scope``)."""

    subject: str
    token_id: str
    issued_at: datetime
    scopes: frozenset[str]
    expires_at: datetime | None
