"""API tokens that do not exist, or whose state or number does not allow a change."""

from datetime import timedelta
from typing import ClassVar

from chalicelib.domain.errors.base import ApiTokensError, Conflict


class TokenNotFound(ApiTokensError):
    """The user has no such token. Another user's token gets the same error."""

    code = "token_not_found"
    detail = "No token of this user has this id."


class NoPredecessor(ApiTokensError):
    """The token has no predecessor whose overlap could end."""

    code = "no_predecessor"
    detail = "This token has no predecessor that still works."


class TokenAlreadyRevoked(Conflict):
    """A revoked token cannot be changed; revocation is final."""

    code = "token_revoked"
    detail = "This token is revoked, which is final. Create a new one."


class TokenAlreadyExpired(Conflict):
    """An expired token cannot change its status."""

    code = "token_expired"
    detail = "This token has expired, which is final. Create a new one."


class TokenNotActive(Conflict):
    """A paused or idle token cannot be rotated or kept alive."""

    code = "token_not_active"
    detail = "This token is not active. Re-activate it first."


class TokenAlreadyRotated(Conflict):
    """A token can be rotated once. Its successor is the one to rotate next."""

    code = "token_rotated"

    def __init__(self, successor_id: str) -> None:
        self.successor_id = successor_id
        super().__init__(f"This token was rotated; its successor is {successor_id}.")


class TokenLimitReached(Conflict):
    """The user has as many live tokens as allowed."""

    code = "token_limit_reached"

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(f"You have {limit} tokens, the most allowed. Revoke one first.")


class DailyLimitReached(ApiTokensError):
    """As much was done on this UTC day as is allowed (RFC 6585 section 4).

    ``retry_after`` is the rest of the day. ``sentence`` has a place for the limit.
    """

    code = "daily_limit_reached"
    sentence: ClassVar[str]

    def __init__(self, limit: int, retry_after: timedelta) -> None:
        self.limit = limit
        self.retry_after = retry_after
        super().__init__(self.sentence.format(limit=limit))


class TooManyCreations(DailyLimitReached):
    """As many tokens as allowed were created or rotated today."""

    code = "too_many_creations"
    sentence = (
        "{limit} tokens were created or rotated in your account today, the most allowed. "
        "Retry after midnight UTC."
    )


class ReactivationLimitReached(DailyLimitReached):
    """A user, or the user's tokens, were re-activated as often today as allowed.

    Changes of lists of networks count as well.
    """

    code = "reactivation_limit_reached"
    sentence = (
        "There were {limit} re-activations and changes of network lists today, the most allowed. "
        "Retry after midnight UTC."
    )


class TooManyChanges(DailyLimitReached):
    """The user's tokens were changed as often today as allowed."""

    code = "too_many_changes"
    sentence = "There were {limit} changes of tokens today, the most allowed. Retry after midnight UTC."


class AlreadyCreated(Conflict):
    """A token was created with this idempotency key before. Its string is shown only once."""

    code = "already_created"

    def __init__(self, token_id: str) -> None:
        self.token_id = token_id
        super().__init__(
            f"Token {token_id} was created with this idempotency key. Its string was shown then and "
            "cannot be shown again. If you lost it, revoke the token and create another one."
        )


class PreconditionFailed(ApiTokensError):
    """The caller's change is meant for another version than the present one."""

    code = "precondition_failed"
    detail = "The token changed since you read it. Read it again, then retry."
