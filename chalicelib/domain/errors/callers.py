"""Callers who are not signed in, or may not do what they ask for."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from chalicelib.domain.errors.base import ApiTokensError, InvalidRequest

if TYPE_CHECKING:
    # Not loaded by authorizers, which never refuse a sign-in.
    from chalicelib.domain.reasons import LoginReason, SignInReason

NO_FACTS: Mapping[str, str] = MappingProxyType({})


class NotAuthenticated(ApiTokensError):
    """A management call came without a valid sign-in."""

    code = "not_authenticated"
    detail = "Sign in at your OpenID provider."


class SignInRefused(NotAuthenticated):
    """A JWT of the provider is refused (RFC 6750 ``invalid_token``).

    ``facts`` are for the log: the expected and the received values, never the JWT itself.
    ``retry_after`` is set if the same JWT may be accepted after that time.
    """

    def __init__(
        self,
        reason: "SignInReason",
        facts: Mapping[str, str] = NO_FACTS,
        retry_after: timedelta | None = None,
    ) -> None:
        self.reason = reason
        self.facts = facts
        self.retry_after = retry_after
        super().__init__(reason.sentence)


class InvalidSubjectToken(InvalidRequest):
    """The subject token is not valid for its type (RFC 8693 section 2.2.2, ``invalid_request``).

    ``refusal`` gives the reason if the token is a JWT of the provider.
    """

    detail = "The subject token is invalid, expired, or not of the stated type."

    def __init__(self, detail: str | None = None, refusal: SignInRefused | None = None) -> None:
        self.refusal = refusal
        super().__init__(detail or (refusal.detail if refusal else None))


class LoginFailed(ApiTokensError):
    """A sign-in at the page did not finish. ``facts`` are for the log."""

    code = "login_failed"

    def __init__(self, reason: "LoginReason | SignInReason", facts: Mapping[str, str] = NO_FACTS) -> None:
        self.reason = reason
        self.facts = facts
        super().__init__(reason.sentence)


class InvalidClient(ApiTokensError):
    """A client is unknown, or did not prove its identity (RFC 6749 section 5.2)."""

    code = "invalid_client"
    detail = "The client could not be authenticated."

    def __init__(self, detail: str | None = None, *, by_header: bool = False) -> None:
        self.by_header = by_header
        super().__init__(detail)


class CrossSiteRequest(ApiTokensError):
    """A change came with a session cookie, but not from our own page."""

    code = "cross_site_request"
    detail = "This request did not come from the page itself. Load the page again and retry."


class SessionChanged(ApiTokensError):
    """The session is another person's than the caller expects. The error says nothing about that person."""

    code = "session_changed"
    detail = "Another person has signed in in this browser. Load the page again."


class ApiTokenNotAllowed(ApiTokensError):
    """An API token was presented, but the call needs a person's sign-in."""

    code = "api_token_not_allowed"
    detail = "An API token cannot create or manage tokens. Sign in at your OpenID provider."


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
    """The service runs in open mode."""

    code = "tokens_unavailable"
    detail = (
        "API tokens are not available when authentication is disabled. "
        "You can call the API without a token."
    )


class SelfRotationOff(ApiTokensError):
    """The operator does not allow tokens to rotate themselves."""

    code = "self_rotation_off"
    detail = "A token cannot rotate itself here. Its owner can rotate it."
