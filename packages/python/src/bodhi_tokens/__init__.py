"""The callers of an API behind the authorizer of Bodhi API Tokens."""

from bodhi_tokens.bearers import bearer_token
from bodhi_tokens.callers import Caller, caller, caller_from_context, caller_in
from bodhi_tokens.errors import (
    BodhiTokensError,
    InactiveToken,
    MissingScope,
    NotAuthenticated,
    TokenServiceUnavailable,
)
from bodhi_tokens.introspection import IntrospectionClient
from bodhi_tokens.verified import VerifiedToken

__all__ = [
    "BodhiTokensError",
    "Caller",
    "InactiveToken",
    "IntrospectionClient",
    "MissingScope",
    "NotAuthenticated",
    "TokenServiceUnavailable",
    "VerifiedToken",
    "bearer_token",
    "caller",
    "caller_from_context",
    "caller_in",
]
