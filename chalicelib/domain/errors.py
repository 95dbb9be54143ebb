"""Everything that can be refused or fail, in one hierarchy.

``code`` is the stable word that clients see; ``detail`` is the sentence beside it. HTTP status codes
live in ``handlers/problems.py`` only.
"""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    # Not loaded by authorizers, which never refuse a sign-in.
    from chalicelib.domain.refusals import LoginReason, ProviderReason, SignInReason

_NO_FACTS: Mapping[str, str] = MappingProxyType({})


class ApiTokensError(Exception):
    """Base of all errors of this service; never raised itself."""

    code: ClassVar[str]
    detail: str = ""

    def __init__(self, detail: str | None = None) -> None:
        self.detail = detail or self.detail
        super().__init__(self.detail)


# What a client sent is wrong in itself.


class InvalidRequest(ApiTokensError):
    """The request is malformed: its body, a member, a parameter or a header."""

    code = "invalid_request"


class InvalidCursor(InvalidRequest):
    """The ``cursor`` is not one that this list handed out for this order."""

    code = "invalid_cursor"
    detail = "This cursor does not belong to this list. Start again without one."


class TooManyToSort(InvalidRequest):
    """The list is too long for an order other than by creation."""

    code = "too_many_to_sort"
    detail = "This list is too long for that order. Use sort=created_at or sort=-created_at."


class InvalidScope(InvalidRequest):
    """A token is asked for without scopes or with one that does not exist (RFC 6749 section 5.2)."""

    code = "invalid_scope"
    detail = "Name at least one scope, and only scopes that exist."


class PayloadTooLarge(ApiTokensError):
    """The body is larger than any valid one."""

    code = "payload_too_large"


class UnsupportedMediaType(ApiTokensError):
    """The body is not declared as JSON."""

    code = "unsupported_media_type"
    detail = "Send the body as Content-Type: application/json."


# Who is calling the management API.


class NotAuthenticated(ApiTokensError):
    """No acceptable sign-in came with a management call."""

    code = "not_authenticated"
    detail = "Sign in at your OpenID provider and send its JWT as Authorization: Bearer."


class SignInRefused(NotAuthenticated):
    """A JWT of the provider is not acceptable (RFC 6750 ``invalid_token``).

    ``facts`` are for the log: the expected and the received values, never the JWT itself.
    ``retry_after`` is set if the same JWT may be accepted after that time.
    """

    def __init__(
        self,
        reason: "SignInReason",
        facts: Mapping[str, str] = _NO_FACTS,
        retry_after: timedelta | None = None,
    ) -> None:
        self.reason = reason
        self.facts = facts
        self.retry_after = retry_after
        super().__init__(reason.sentence)


class ApiTokenNotAllowed(ApiTokensError):
    """An API token was presented where only a person's sign-in counts."""

    code = "api_token_not_allowed"
    detail = "API tokens cannot make or manage API tokens. Sign in at your OpenID provider."


class LoginFailed(ApiTokensError):
    """A sign-in at the page did not finish. ``facts`` are for the log."""

    code = "login_failed"

    def __init__(self, reason: "LoginReason | SignInReason", facts: Mapping[str, str] = _NO_FACTS) -> None:
        self.reason = reason
        self.facts = facts
        super().__init__(reason.sentence)


class CrossSiteRequest(ApiTokensError):
    """A change was asked for with a session cookie, but not by our own page."""

    code = "cross_site_request"
    detail = "This request did not come from the page itself. Load the page again and retry."


class UserInactive(ApiTokensError):
    """The caller's account is not active."""

    code = "user_inactive"
    detail = "Your account is deactivated. Ask an administrator."


class SignInBeforeRemoval(UserInactive):
    """The caller's account was removed after this sign-in. A new sign-in starts a fresh account."""

    detail = "Your account was removed. Sign in again to start a new one."


class SignInTooSoon(ApiTokensError):
    """The caller's account was removed, and the sign-in may be older than the removal.

    The provider's clock and ours may differ by ``SIGN_IN_LEEWAY``.
    """

    code = "sign_in_too_soon"
    detail = "Your account was removed a moment ago. Sign in again in a minute."


class AdminRequired(ApiTokensError):
    """The call is for administrators."""

    code = "admin_required"
    detail = "Only administrators can do this."


class TokensUnavailable(ApiTokensError):
    """The service runs in non-authenticated mode."""

    code = "tokens_unavailable"
    detail = (
        "API tokens are not available when authentication is disabled. "
        "You can call the API without a token."
    )


# What only the OAuth endpoints refuse (RFC 6749 section 5.2, RFC 7009 section 2.2.1, RFC 8693 2.2.2).


class InvalidSubjectToken(InvalidRequest):
    """The ``subject_token`` is not valid for its type (RFC 8693 section 2.2.2, ``invalid_request``).

    ``refusal`` gives the reason if the token is a JWT of the provider.
    """

    detail = "The subject_token is invalid, expired, or not of the type in subject_token_type."

    def __init__(self, detail: str | None = None, refusal: SignInRefused | None = None) -> None:
        self.refusal = refusal
        super().__init__(
            detail or (f"The subject_token was refused. {refusal.detail}" if refusal else None)
        )


class InvalidClient(ApiTokensError):
    """A client is unknown, or did not prove that it is the one it names."""

    code = "invalid_client"
    detail = "The client could not be authenticated."

    def __init__(self, detail: str | None = None, *, by_header: bool = False) -> None:
        self.by_header = by_header
        super().__init__(detail)


class UnsupportedGrantType(ApiTokensError):
    """The grant type is not token exchange."""

    code = "unsupported_grant_type"
    detail = "grant_type must be urn:ietf:params:oauth:grant-type:token-exchange."


class InvalidTarget(ApiTokensError):
    """The ``resource`` or ``audience`` is none that tokens are issued for (RFC 8707 section 2)."""

    code = "invalid_target"
    detail = "Tokens are not issued for this resource or audience."


class UnsupportedTokenType(ApiTokensError):
    """Tokens of this kind are not revoked; they end by themselves."""

    code = "unsupported_token_type"
    detail = "Access tokens for other services cannot be revoked; they expire within 5 minutes."


# Why an API token is refused. Strangers get the same answer for all; logs get ``reason``.


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
    """The string cannot be one of our tokens."""

    reason = "malformed"


class UnknownSigningKey(InvalidToken):
    """The ``kid`` names no key of ours that may still verify."""

    reason = "unknown_key"


class BadSignature(InvalidToken):
    """The signature does not verify, or is not in its one canonical form."""

    reason = "bad_signature"


class WrongClaims(InvalidToken):
    """Signed by us, but not an API token for this audience."""

    reason = "wrong_claims"


class UnknownToken(InvalidToken):
    """No row exists for the token or its owner."""

    reason = "unknown"


class ExpiredToken(InvalidToken):
    """The token's ``expires_at`` has passed."""

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


class InactiveOwner(InvalidToken):
    """The token's owner is deactivated or removed."""

    reason = "user_inactive"


class SelfRotationOff(ApiTokensError):
    """The operator does not let tokens rotate themselves."""

    code = "self_rotation_off"
    detail = "Tokens cannot rotate themselves here. Their owner can rotate them."


class InsufficientScope(ApiTokensError):
    """The token is good but lacks a scope (RFC 6750 ``insufficient_scope``)."""

    code = "insufficient_scope"

    def __init__(self, scope: str | None) -> None:
        self.scope = scope
        needed = (
            f"This call needs a token with the scope {scope}." if scope else "No scope opens this call."
        )
        super().__init__(needed)


class PathTooLong(ApiTokensError):
    """The path is longer than any that API Gateway hands on, so it is not compared with scopes."""

    code = "path_too_long"
    detail = "The path of this call is too long."


class AmbiguousPath(ApiTokensError):
    """The path may name another one to the backend, so it is not compared with scopes."""

    code = "ambiguous_path"
    detail = "The path of this call can be read in several ways."


class ScopeNotAllowed(ApiTokensError):
    """The role of who asks for a token may not have this scope."""

    code = "scope_not_allowed"

    def __init__(self, scope: str) -> None:
        super().__init__(f"Your role may not create tokens with the scope {scope}.")


class ReactivationLimitReached(ApiTokensError):
    """Tokens of a user, or the user, were re-activated as often today as allowed (RFC 6585 section 4).

    ``retry_after`` is the rest of the UTC day.
    """

    code = "reactivation_limit_reached"

    def __init__(self, limit: int, retry_after: timedelta) -> None:
        self.retry_after = retry_after
        super().__init__(
            f"There were {limit} re-activations today, the most allowed. Try again after midnight UTC."
        )


# What is asked for does not exist, or not in a state that allows it.


class TokenNotFound(ApiTokensError):
    """No such token among the caller's; another user's token looks the same."""

    code = "token_not_found"
    detail = "You have no token with this id."


class NoPredecessor(ApiTokensError):
    """The token has no predecessor whose overlap could end."""

    code = "no_predecessor"
    detail = "This token has no predecessor that still works."


class UserNotFound(ApiTokensError):
    """No user has this id."""

    code = "user_not_found"
    detail = "There is no user with this id."


class ResourceNotFound(ApiTokensError):
    """There is no metadata for this path: the API that the tokens open has another."""

    code = "not_found"
    detail = "There is nothing at this address."


class Conflict(ApiTokensError):
    """Base of the errors about the present state of a resource."""

    code = "conflict"


class TokenAlreadyRevoked(Conflict):
    """A revoked token cannot be changed; revocation is final."""

    code = "token_revoked"
    detail = "This token is revoked, which is final. Create a new one."


class TokenAlreadyExpired(Conflict):
    """An expired token cannot change its status."""

    code = "token_expired"
    detail = "This token has expired, which is final. Create a new one."


class TokenNotActive(Conflict):
    """A paused or idle token cannot be rotated."""

    code = "token_not_active"
    detail = "This token is not active. Re-activate it first."


class TokenAlreadyRotated(Conflict):
    """A token has one successor; it is the one to rotate next."""

    code = "token_rotated"

    def __init__(self, successor_id: str) -> None:
        self.successor_id = successor_id
        super().__init__(f"This token was rotated; its successor is {successor_id}.")


class TokenLimitReached(Conflict):
    """The user has as many live tokens as allowed."""

    code = "token_limit_reached"

    def __init__(self, limit: int) -> None:
        super().__init__(f"You have {limit} tokens, the most allowed. Revoke one first.")


class TooManyCreations(ApiTokensError):
    """As many tokens were created or rotated today (UTC) as allowed. ``retry_after`` ends with the day."""

    code = "too_many_creations"

    def __init__(self, limit: int, retry_after: timedelta) -> None:
        self.retry_after = retry_after
        super().__init__(
            f"{limit} tokens were created or rotated in your account today, the most allowed. "
            "Retry after midnight UTC."
        )


class AlreadyCreated(Conflict):
    """A token was made with this ``Idempotency-Key`` before; its string is shown once only."""

    code = "already_created"

    def __init__(self, token_id: str) -> None:
        self.token_id = token_id
        super().__init__(
            f"Token {token_id} was created with this Idempotency-Key. Its string was shown then and "
            "cannot be shown again. If you lost it, revoke the token and create another one."
        )


class IdempotencyKeyReused(ApiTokensError):
    """The ``Idempotency-Key`` was used before with another body."""

    code = "idempotency_key_reused"
    detail = "This Idempotency-Key was used with another body. Use a new key."


class UserRemoved(Conflict):
    """A removed user has no status to change; signing in again brings the account back."""

    code = "user_removed"
    detail = "This user is removed. Signing in again starts a fresh account."


class OwnAccount(Conflict):
    """Administrators cannot lock themselves out."""

    code = "own_account"
    detail = "You cannot deactivate or remove your own account. Ask another administrator."


class ConcurrentChange(Conflict):
    """Somebody else changed the same thing at the same time, repeatedly."""

    code = "concurrent_change"
    detail = "Somebody else changed this at the same moment. Look again and retry."


class IdentityTaken(Conflict):
    """The new identity already leads to another user, who may be a tombstone."""

    code = "identity_taken"
    detail = "Another user has this identity already."

    def __init__(self, user_id: str | None = None) -> None:
        super().__init__(f"The user {user_id} has this identity already." if user_id else None)


class KeyChangeRefused(Conflict):
    """A signing key is unknown, or not in a state that allows what an operator asks for."""

    code = "key_change_refused"
    detail = "This signing key is not in a state that allows this."


class StageNotFlushable(Conflict):
    """There is no such stage, or its cache may not be flushed: trying again is no use."""

    code = "stage_not_flushable"
    detail = "The stage does not exist, or its cache of decisions may not be flushed."


class PreconditionFailed(ApiTokensError):
    """``If-Match`` names another version than the present one (RFC 9110 section 13.1.1)."""

    code = "precondition_failed"
    detail = "The token changed since you read it. Read it again, then retry."


# What we depend on does not answer. Always a 5xx: never a refusal, never an allow.


class DependencyUnavailable(ApiTokensError):
    """Base of the errors that say: try again later."""

    code = "unavailable"
    detail = "The service is temporarily unavailable. Try again."


class StoreUnavailable(DependencyUnavailable):
    """DynamoDB failed, timed out or throttled."""


class SigningUnavailable(DependencyUnavailable):
    """KMS failed, timed out or throttled; nothing was issued."""

    detail = "Tokens cannot be signed right now; none was created. Try again."


class IdentityProviderUnavailable(DependencyUnavailable):
    """The OpenID provider failed, or its settings are wrong. ``facts`` are for the log."""

    def __init__(self, reason: "ProviderReason", facts: Mapping[str, str] = _NO_FACTS) -> None:
        self.reason = reason
        self.facts = facts
        super().__init__(reason.sentence)


class GatewayUnavailable(DependencyUnavailable):
    """API Gateway's own API failed, timed out or throttled."""


class GatewayThrottled(GatewayUnavailable):
    """API Gateway's own API refused a call because the account made too many (429)."""


class FlushPostponed(DependencyUnavailable):
    """The next round of flushes is further away than the function may wait."""

    detail = "The next flush is too far away to wait for."
