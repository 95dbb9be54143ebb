"""The errors of this package, in one hierarchy. None holds a token, a header or a secret."""


class BodhiTokensError(Exception):
    """The base of all errors of this package. It is never raised itself."""


class NotAuthenticated(BodhiTokensError):
    """The request names no caller that the gateway or the token service has verified: 401.

    The message is for your log. It says which part is missing, and never repeats what the client sent.
    """


class InactiveToken(NotAuthenticated):
    """The presented token may not be used: 401. The reason is not told."""


class MissingScope(BodhiTokensError):
    """The caller's token lacks a scope: 403 (RFC 6750 ``insufficient_scope``)."""

    def __init__(self, scope: str) -> None:
        self.scope = scope
        super().__init__(f"This call needs a token with the scope {scope}.")


class TokenServiceUnavailable(BodhiTokensError):
    """The token service made no decision: 503. It is neither a refusal nor a permission."""
