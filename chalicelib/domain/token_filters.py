"""Properties by which administrators find tokens of all users."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain.frozen import Frozen
from chalicelib.domain.text import search_key
from chalicelib.domain.token_rules import TokenRules
from chalicelib.domain.tokens import Token, TokenStatus
from chalicelib.domain.users import User

_TIMES = {"unused_for", "expires_within", "idle_within"}


class TokenFilter(Frozen):
    """Properties that a token must have. None and an empty text match every token.

    ``text`` is a part of the name. ``unused_for``, ``expires_within``, ``idle_within`` and
    ``without_expiry`` match only tokens that have not ended. A token that was never used counts as unused
    since its creation. ``idle_within`` matches only active tokens.
    """

    status: TokenStatus | None = None
    text: str = ""
    unused_for: timedelta | None = None
    expires_within: timedelta | None = None
    idle_within: timedelta | None = None
    without_expiry: bool | None = None
    reused: bool | None = None
    refused: bool | None = None

    def members(self) -> Mapping[str, str | int | bool]:
        """Return the members that are set as plain values, with times in seconds."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: _plain(value) for name, value in values.items() if value not in (None, "")}

    @classmethod
    def of_members(cls, members: Mapping[str, Any]) -> "TokenFilter":
        """Return the filter with the values that ``members`` returned. Raises TypeError or ValueError."""
        values = dict(members)
        for name in values.keys() & _TIMES:
            values[name] = timedelta(seconds=values[name])
        if "status" in values:
            values["status"] = TokenStatus(values["status"])
        return cls(**values)

    @property
    def is_empty(self) -> bool:
        """True if every token matches."""
        return self == TokenFilter()

    @property
    def is_about_unended(self) -> bool:
        """True if no token matches that was revoked or has expired."""
        if self.status is not None and not self.status.is_ended:
            return True
        timed = (self.unused_for, self.expires_within, self.idle_within, self.without_expiry)
        return any(each is not None for each in timed)

    def may_match_tokens_of(self, owner: User) -> bool:
        """Return False if the owner's row shows that none of the owner's tokens matches."""
        # The count may be too high, never too low.
        return owner.live_tokens > 0 or not self.is_about_unended

    def matches(self, token: Token, owner: User, now: datetime, rules: TokenRules) -> bool:
        """Return True if a token has all the properties at ``now``."""
        status = token.status(owner, now, rules)
        if self.status is not None and status is not self.status:
            return False
        if self.is_about_unended and (status.is_ended or not self._is_in_time(token, status, now, rules)):
            return False
        is_reused, is_refused = token.reuse_count > 0, token.refused is not None
        if self.reused not in (None, is_reused) or self.refused not in (None, is_refused):
            return False
        return search_key(self.text) in search_key(token.name)

    def _is_in_time(self, token: Token, status: TokenStatus, now: datetime, rules: TokenRules) -> bool:
        expiry = token.expiry(rules)
        if self.without_expiry not in (None, expiry is None):
            return False
        if self.expires_within is not None and (expiry is None or expiry > now + self.expires_within):
            return False
        if self.unused_for is not None and now - (token.last_used_at or token.created_at) < self.unused_for:
            return False
        if self.idle_within is None:
            return True
        return status is TokenStatus.ACTIVE and token.idle_at <= now + self.idle_within


def _plain(value: TokenStatus | timedelta | str | bool) -> str | int | bool:
    if isinstance(value, timedelta):
        return round(value.total_seconds())
    return value.value if isinstance(value, TokenStatus) else value
