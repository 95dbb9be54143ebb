"""Failures of what the service depends on. They are never a refusal and never an allow."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from chalicelib.domain.errors.base import ApiTokensError, Conflict
from chalicelib.domain.errors.callers import NO_FACTS

if TYPE_CHECKING:
    # Not loaded by authorizers, which never ask the provider.
    from chalicelib.domain.reasons import ProviderReason


class DependencyUnavailable(ApiTokensError):
    """Base of the errors that may pass by themselves."""

    code = "unavailable"
    detail = "The service is temporarily unavailable. Try again."


class StoreUnavailable(DependencyUnavailable):
    """DynamoDB failed, timed out or throttled."""


class UnreadableRow(StoreUnavailable):
    """A row is damaged, or a later release wrote it. A retry does not help, but other rows can be read."""

    detail = "A stored record cannot be read. Tell the operator of this service."


class SigningUnavailable(DependencyUnavailable):
    """KMS failed, timed out or throttled. No token was issued."""

    detail = "Tokens cannot be signed right now. No token was created. Try again."


class IdentityProviderUnavailable(DependencyUnavailable):
    """The OpenID provider failed, or its settings are wrong. ``facts`` are for the log."""

    def __init__(self, reason: "ProviderReason", facts: Mapping[str, str] = NO_FACTS) -> None:
        self.reason = reason
        self.facts = facts
        super().__init__(reason.sentence)


class GatewayUnavailable(DependencyUnavailable):
    """API Gateway's own API failed, timed out or throttled."""


class GatewayThrottled(GatewayUnavailable):
    """API Gateway's own API refused a call because the account made too many (429)."""


class StageNotFlushable(Conflict):
    """The stage does not exist, or its cache may not be flushed. A retry does not help."""

    code = "stage_not_flushable"
    detail = "The stage does not exist, or its cache of decisions may not be flushed."


class FlushPostponed(DependencyUnavailable):
    """The next round of flushes is further away than the function may wait."""

    detail = "The next flush is too far away to wait for."


class MailUnavailable(DependencyUnavailable):
    """The mail service failed, timed out or throttled."""


class MailRefused(Conflict):
    """The mail service does not accept this mail. A retry does not help."""

    code = "mail_refused"
    detail = "The mail service does not accept the mail."


class EventBusUnavailable(DependencyUnavailable):
    """EventBridge failed, timed out or throttled."""
