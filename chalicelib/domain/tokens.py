"""API tokens: their rows, their status, and the changes that they allow."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import Enum

from chalicelib.domain.frozen import Frozen, field, replace
from chalicelib.domain.networks import Network, RecordNetworks
from chalicelib.domain.noticed import Notice
from chalicelib.domain.revocations import Revocation, RevocationReason
from chalicelib.domain.seen_networks import RefusedUses, SeenNetworks
from chalicelib.domain.token_rules import TokenRules
from chalicelib.domain.usage import added, last_days
from chalicelib.domain.users import User, UserStatus

_NEW_NETWORK_INTERVAL = timedelta(seconds=60)
# More than the clocks of two machines differ (docs/decisions/0004-live-token-count.md).
_CLOCK_SKEW = timedelta(minutes=5)


class TokenState(Enum):
    """The stored part of a token's status."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    REVOKED = "revoked"


class TokenStatus(Enum):
    """The status of a token, which is derived from its state, its owner and the clock."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    IDLE = "idle"
    EXPIRED = "expired"
    REVOKED = "revoked"

    @property
    def is_ended(self) -> bool:
        """True if no way leads back from this status."""
        return self in (TokenStatus.REVOKED, TokenStatus.EXPIRED)


class Token(Frozen):
    """The row of an API token. The token string itself is not kept.

    ``usage`` is a lower bound of the uses on each of the last days. ``reuse_count`` is one of the uses
    after the overlap. A rotated token names its successor and works until ``overlap_ends_at``.
    ``family_id`` is the id of the first token of the family. It is set when the family gets a second
    token. ``line_id`` names the line of a successor. 0.1 did not write it. ``lifetime_began_at`` is set
    if the lifetime is older than the token. If ``allowed_networks`` is empty, the token may be used from
    every address. ``networks`` are those of recorded uses. ``refused`` is None if no use was refused.
    ``noticed`` has the newest notice of each kind that the owner got.
    """

    id: str
    user_id: str
    generation: str
    name: str
    description: str
    scopes: frozenset[str]
    state: TokenState
    created_at: datetime
    updated_at: datetime
    idle_at: datetime
    purge_at: datetime
    last_used_at: datetime | None = None
    expires_at: datetime | None = None
    revocation: Revocation | None = None
    usage: Mapping[date, int] = field(default_factory=dict)
    predecessor_id: str | None = None
    successor_id: str | None = None
    family_id: str | None = None
    line_id: str | None = None
    lifetime_began_at: datetime | None = None
    overlap_ends_at: datetime | None = None
    reuse_count: int = 0
    last_reused_at: datetime | None = None
    allowed_networks: tuple[Network, ...] = ()
    networks: SeenNetworks = field(default_factory=SeenNetworks)
    refused: RefusedUses | None = None
    noticed: tuple[Notice, ...] = ()
    version: int = 1

    def status(self, owner: User, now: datetime, rules: TokenRules) -> TokenStatus:
        """Return the token's status. The token may be used if and only if it is ``active``."""
        # Final statuses come first, so that no pause hides that the token has ended.
        if self.state is TokenState.REVOKED or self.generation != owner.generation:
            return TokenStatus.REVOKED
        if owner.status is UserStatus.REMOVED or self.overlap_is_over(now):
            return TokenStatus.REVOKED
        if self.has_expired(now, rules):
            return TokenStatus.EXPIRED
        if self.state is not TokenState.ACTIVE or not owner.is_active:
            return TokenStatus.INACTIVE
        return TokenStatus.IDLE if now >= self.idle_at else TokenStatus.ACTIVE

    @property
    def id_of_line(self) -> str:
        """The id of the token's line, which is the id of the line's first token."""
        return self.line_id or self.id

    @property
    def is_self_rotated(self) -> bool:
        """True if the token belongs to its predecessor's line.

        Rows of 0.1 do not say whether a person rotated. Their successors count as self-rotated.
        """
        return self.predecessor_id is not None and self.line_id != self.id

    @property
    def lifetime_start(self) -> datetime:
        """The time at which the lifetime began: with the token, or with the first token of its line."""
        return self.lifetime_began_at or self.created_at

    def expiry(self, rules: TokenRules) -> datetime | None:
        """Return the time of expiry: the token's own, or that of the longest lifetime in the rules."""
        if rules.max_lifetime is None:
            return self.expires_at
        longest = self.lifetime_start + rules.max_lifetime
        return longest if self.expires_at is None else min(self.expires_at, longest)

    def ends_at(self, rules: TokenRules) -> datetime | None:
        """Return the time at which the token expires or its overlap ends, if there is one."""
        ends = [end for end in (self.overlap_ends_at, self.expiry(rules)) if end]
        return min(ends, default=None)

    def is_ended_by_rotation(self, owner: User, now: datetime) -> bool:
        """Return True if the token is revoked only because it was rotated."""
        if self.state is TokenState.REVOKED or self.generation != owner.generation:
            return False
        return self.overlap_is_over(now)

    def overlap_is_over(self, now: datetime) -> bool:
        """Return True if the token was rotated and its overlap has passed."""
        return self.overlap_ends_at is not None and now >= self.overlap_ends_at

    def may_work(self, now: datetime) -> bool:
        """Return True if the token is neither revoked itself nor past its overlap."""
        return self.state is not TokenState.REVOKED and not self.overlap_is_over(now)

    def own_revocation(self, now: datetime) -> Revocation | None:
        """Return the revocation of the token itself, without that of its generation."""
        if self.revocation is None and self.overlap_ends_at and self.overlap_is_over(now):
            return Revocation(RevocationReason.ROTATED, self.overlap_ends_at)
        return self.revocation

    def refused_since(
        self, owner: User, now: datetime, rules: TokenRules, revocation: Revocation | None
    ) -> datetime | None:
        """Return the time from which the token is certainly refused, or None while it may be used.

        ``revocation`` is the first known one, of the token or of its generation.
        """
        status = self.status(owner, now, rules)
        if status is TokenStatus.REVOKED:
            return revocation.at if revocation else now
        if status is TokenStatus.EXPIRED:
            return self.expiry(rules)
        if status is TokenStatus.IDLE:
            return self.idle_at
        # A rename of a paused token moves this time forward, so it is never too early.
        paused = self.updated_at if self.state is TokenState.INACTIVE else None
        return min((since for since in (paused, owner.refused_since) if since), default=None)

    def has_expired(self, now: datetime, rules: TokenRules) -> bool:
        """Return True if the token has expired."""
        expiry = self.expiry(rules)
        return expiry is not None and now >= expiry

    @property
    def surely_holds_place_until(self) -> datetime:
        """The time until which only a revocation can free the token's place, by any machine's clock."""
        ends = (self.purge_at, self.expires_at, self.overlap_ends_at)
        return min(end for end in ends if end) - _CLOCK_SKEW

    def holds_place(self, now: datetime) -> bool:
        """Return True if the token keeps its family's place in the quota. Its generation is not checked.

        A token that ended because an operator lowered the longest lifetime keeps the place. The operator
        may raise the limit again.
        """
        return self.may_work(now) and (self.expires_at is None or now < self.expires_at)

    def surely_holds_place(self, now: datetime) -> bool:
        """Return True if the token keeps its family's place by any machine's clock.

        A machine with a fast clock may have recounted without a token that ends soon. If its place were
        freed again, the count would be too low and the quota could be exceeded.
        """
        return self.holds_place(now + _CLOCK_SKEW)

    def needs_touch(self, now: datetime, rules: TokenRules, network: str | None = None) -> bool:
        """Return True if the last recorded use is old enough to write a new one.

        A use from a network that is not among the recorded ones is written after a minute already.
        """
        if self.last_used_at is None:
            return True
        interval = rules.refresh_interval
        if network is not None and not self.networks.includes(network):
            interval = min(interval, _NEW_NETWORK_INTERVAL)
        return now - self.last_used_at >= interval

    def touched(
        self,
        now: datetime,
        rules: TokenRules,
        uses: Mapping[date, int] | None = None,
        networks: SeenNetworks | None = None,
    ) -> "Token":
        """Return the token after a use at ``now``, with ``uses`` and their ``networks`` added."""
        usage = added(self.usage, uses or {}, now.date())
        seen = self.networks.joined(networks or SeenNetworks()).limited_to(rules.record_networks)
        return replace(self, last_used_at=now, usage=usage, networks=seen).alive_since(now, rules)

    @property
    def last_used_from(self) -> str | None:
        """The network of the last recorded use, or None if it is unknown or not recorded.

        A door that tells no address records the use alone. Then the newest network is of an earlier use.
        """
        newest, last_used_at = self.networks.newest, self.last_used_at
        if newest is None or (last_used_at and newest.last_at < last_used_at.replace(microsecond=0)):
            return None
        return newest.network

    def usage_days(self, now: datetime) -> Sequence[tuple[date, int]]:
        """Return the last 30 days, today last, each with a lower bound of its uses."""
        return last_days(self.usage, now.date())

    def described(self, name: str, description: str, now: datetime) -> "Token":
        """Return the token with another name and description."""
        if (name, description) == (self.name, self.description):
            return self
        return replace(self, name=name, description=description, updated_at=now)

    def restricted(self, networks: tuple[Network, ...], now: datetime) -> "Token":
        """Return the token with another list of allowed networks."""
        if networks == self.allowed_networks:
            return self
        return replace(self, allowed_networks=networks, updated_at=now)

    def showing(self, record: RecordNetworks) -> "Token":
        """Return the token with that part of the addresses from which it was used or refused."""
        refused = self.refused.limited_to(record) if self.refused else None
        return replace(self, networks=self.networks.limited_to(record), refused=refused)

    def paused(self, now: datetime) -> "Token":
        """Return the token paused, until it is re-activated."""
        if self.state is TokenState.INACTIVE:
            return self
        return replace(self, state=TokenState.INACTIVE, updated_at=now)

    def reactivated(self, now: datetime, rules: TokenRules) -> "Token":
        """Return the token active again. Its idle clock restarts if it was paused or idle."""
        if self.state is TokenState.ACTIVE and now < self.idle_at:
            return self
        back = replace(self, state=TokenState.ACTIVE, updated_at=now)
        return back.alive_since(now, rules)

    def kept_alive(self, now: datetime, rules: TokenRules) -> "Token":
        """Return the token with its idle clock started anew, without a use."""
        return replace(self, updated_at=now).alive_since(now, rules)

    def revoked(
        self, reason: RevocationReason, now: datetime, rules: TokenRules, job_id: str | None = None
    ) -> "Token":
        """Return the token revoked, which is final. ``job_id`` names the job that revokes it."""
        return replace(
            self,
            state=TokenState.REVOKED,
            revocation=Revocation(reason, now, job_id),
            updated_at=now,
            purge_at=rules.purge_time(now),
        )

    def alive_since(self, now: datetime, rules: TokenRules) -> "Token":
        """Return the token with its idle clock started at ``now``."""
        idle_at = now + rules.idle_timeout
        if self.overlap_ends_at:
            # The row ends with the overlap. Uses until then do not extend it.
            return replace(self, idle_at=idle_at)
        end = idle_at if self.expires_at is None else min(idle_at, self.expires_at)
        return replace(self, idle_at=idle_at, purge_at=rules.purge_time(end))
