"""Refusals of API tokens that are presented to an API.

A stranger gets the same code and sentence for every InvalidToken. The log gets ``reason``.
"""

from typing import ClassVar

from chalicelib.domain.errors.base import ApiTokensError


class InvalidToken(ApiTokensError):
    """The presented API token is refused (RFC 6750 ``invalid_token``).

    ``is_presented`` is false if the call has no bearer credential at all.
    """

    code = "invalid_token"
    detail = "This API token is not valid. It is not one of ours, or it may not be used any more."
    reason: ClassVar[str]

    def __init__(self, detail: str | None = None, *, is_presented: bool = True) -> None:
        self.is_presented = is_presented
        super().__init__(detail)


class MalformedToken(InvalidToken):
    """The string does not have the form of our tokens."""

    reason = "malformed"


class UnknownSigningKey(InvalidToken):
    """The ``kid`` does not name a key of ours that may still verify."""

    reason = "unknown_key"


class BadSignature(InvalidToken):
    """The signature does not verify, or is not in its one canonical form."""

    reason = "bad_signature"


class WrongClaims(InvalidToken):
    """The token is signed by us, but it is not an API token for this audience."""

    reason = "wrong_claims"


class UnknownToken(InvalidToken):
    """The row of the token or of its owner does not exist."""

    reason = "unknown"


class ExpiredToken(InvalidToken):
    """The token has expired."""

    reason = "expired"


class RevokedToken(InvalidToken):
    """The token was revoked, alone or with its generation."""

    reason = "revoked"


class RotatedToken(RevokedToken):
    """The token was rotated, and its overlap is over."""

    reason = "rotated"


class InactiveToken(InvalidToken):
    """The token is paused."""

    reason = "inactive"


class IdleToken(InvalidToken):
    """The token was not used for too long."""

    reason = "idle"


class WrongNetwork(InvalidToken):
    """The caller's address is unknown, or not in the networks that the token may be used from."""

    reason = "network"


class InactiveOwner(InvalidToken):
    """The token's owner is deactivated or removed."""

    reason = "user_inactive"


class InsufficientScope(ApiTokensError):
    """The token is valid but lacks a scope (RFC 6750 ``insufficient_scope``)."""

    code = "insufficient_scope"

    def __init__(self, scope: str | None) -> None:
        self.scope = scope
        super().__init__(
            f"This call needs a token with the scope {scope}." if scope else "No scope opens this call."
        )


class PathTooLong(ApiTokensError):
    """The path is longer than API Gateway allows, so it is not compared with scopes."""

    code = "path_too_long"
    detail = "The path of this call is too long."


class AmbiguousPath(ApiTokensError):
    """The backend may read the path as another one, so it is not compared with scopes."""

    code = "ambiguous_path"
    detail = "The path of this call can be read in several ways."
