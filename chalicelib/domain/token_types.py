"""Token types by their names in a token exchange (RFC 8693 section 3)."""

from enum import Enum

TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - a name


class TokenType(Enum):
    """What a ``subject_token`` is said to be."""

    ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105
    ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"  # noqa: S105
    JWT = "urn:ietf:params:oauth:token-type:jwt"
