"""The decision about a presented API token: may it be used right now?"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib import logs
from chalicelib.domain.callers import Caller, Door
from chalicelib.domain.claims import Claims
from chalicelib.domain.errors import (
    DependencyUnavailable,
    InvalidToken,
    UnknownToken,
    WrongClaims,
)
from chalicelib.domain.frozen import Frozen, replace
from chalicelib.domain.networks import Address, recorded
from chalicelib.domain.seen_networks import RefusedReason
from chalicelib.domain.token_checks import reason_to_record, require_allowed_network, require_usable
from chalicelib.domain.token_rules import TokenRules
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import User, UserStatus
from chalicelib.services.recent_rows import RecentRows, Rows
from chalicelib.services.uses import NetworksOfUses, Uses

if TYPE_CHECKING:
    from chalicelib.domain.ports.signing import TokenVerifier
    from chalicelib.domain.ports.time import Clock
    from chalicelib.domain.ports.tokens import AuthorizationStore

# A token with a list is refused to a caller whose address is unknown.
UNKNOWN_CALLER = Caller(Door.OWN_API)

NoteRefusal = Callable[[Token, RefusedReason, str | None], None]


class Verified(Frozen):
    """A token that may be used right now, and its owner.

    ``token`` is the row after this use. ``scopes`` are those that count now. ``ends_at`` is the latest end
    by today's settings.
    """

    token: Token
    owner: User
    scopes: frozenset[str]
    ends_at: datetime | None


class _Origin(Frozen):
    """The address of a caller, and the text to record for it. Each is None if it is unknown."""

    address: Address | None
    network: str | None


class VerifyToken:
    """Verification: first the signature without I/O, then one read of the row and its owner, then the use.

    ``note_refusal`` is called for each genuine token that is refused, with the reason and the network to
    record. Only ``decide`` may decide again on the rows in ``recent``.
    """

    def __init__(
        self,
        verifier: "TokenVerifier",
        store: "AuthorizationStore",
        clock: "Clock",
        rules: TokenRules,
        note_refusal: NoteRefusal | None = None,
        recent: RecentRows | None = None,
    ) -> None:
        self._verifier = verifier
        self._store = store
        self._clock = clock
        self._rules = rules
        self._note_refusal = note_refusal
        self._recent = recent or RecentRows(timedelta(0), clock)
        self._uses = Uses()
        self._networks = NetworksOfUses()

    def __call__(
        self, unverified_token: str, caller: Caller = UNKNOWN_CALLER, *, from_anywhere: bool = False
    ) -> Verified:
        """Return the token behind the string.

        ``from_anywhere`` is True for a revocation, which asks for no network. Raises InvalidToken for every
        refusal, and DependencyUnavailable if nothing can be decided.
        """
        claims = self._verifier.verify(unverified_token)
        return self._by_a_read(claims, self._origin(caller.address), from_anywhere=from_anywhere)

    def decide(
        self, unverified_token: str, caller: Caller, lets_in: Callable[[Verified], bool]
    ) -> Verified:
        """Return the token for an authorizer, by recent rows if these let the caller in.

        ``lets_in`` returns True if the authorizer would let the caller in. A refusal is always decided on
        rows that are read for it. A token that is not let in is returned, but not counted as used. Raises
        InvalidToken or DependencyUnavailable.
        """
        claims = self._verifier.verify(unverified_token)
        origin = self._origin(caller.address)
        verified = self._by_recent_rows(claims, origin)
        if verified is None or not lets_in(verified):
            return self._by_a_read(claims, origin, lets_in)
        self._count(verified.token, origin.network)
        return verified

    def uncounted(self, unverified_token: str, address: str | None = None) -> Verified:
        """Return the token behind the string without counting a use. Nothing is written.

        ``address`` is that of the token's bearer. Raises InvalidToken or DependencyUnavailable.
        """
        claims = self._verifier.verify(unverified_token)
        token, owner = self._find(claims.subject, claims.token_id)
        return self._usable_as_signed(token, owner, claims, self._origin(address))

    def uncounted_by_ids(self, user_id: str, token_id: str, address: str | None = None) -> Verified:
        """Return a token by ids from a verified string, without counting a use.

        ``address`` is that of the token's bearer. Raises InvalidToken or DependencyUnavailable.
        """
        token, owner = self._find(user_id, token_id)
        return self._usable(token, owner, token.scopes, self._origin(address))

    def _by_a_read(
        self,
        claims: Claims,
        origin: _Origin,
        lets_in: Callable[[Verified], bool] | None = None,
        *,
        from_anywhere: bool = False,
    ) -> Verified:
        # Taken before the read: rows count from then on, however long the read takes.
        read_at = self._clock.now()
        # Before the read: if it fails or refuses, no later decision may use the older rows.
        self._recent.forget(claims.subject, claims.token_id)
        token, owner = self._find(claims.subject, claims.token_id)
        bound = replace(token, allowed_networks=()) if from_anywhere else token
        try:
            verified = self._usable_as_signed(bound, owner, claims, origin)
        except InvalidToken as refusal:
            self._refuse(token, reason_to_record(refusal), origin.network)
            raise
        if lets_in and not lets_in(verified):
            self._refuse(token, RefusedReason.SCOPE, origin.network)
            return verified
        touched = self._touch(token, origin.network)
        # After a failed write or a lost race, this process does not know the row.
        if touched:
            self._recent.keep(Rows(touched, owner, read_at))
        # A use moves ``idle_at``. The time from before it would warn of a deadline that has moved.
        return replace(verified, token=touched or token)

    def _refuse(self, token: Token, reason: RefusedReason | None, network: str | None) -> None:
        if reason and self._note_refusal:
            self._note_refusal(token, reason, network)

    def _by_recent_rows(self, claims: Claims, origin: _Origin) -> Verified | None:
        rows = self._recent.find(claims.subject, claims.token_id)
        # Only a decision that reads writes a use, so that each use is written once.
        if rows is None or rows.token.needs_touch(self._clock.now(), self._rules, origin.network):
            return None
        try:
            verified = self._usable_as_signed(rows.token, rows.owner, claims, origin)
        except InvalidToken:
            return None
        logs.add(user_id=rows.owner.id, token_id=rows.token.id)
        return verified

    def _origin(self, unverified_address: str | None) -> _Origin:
        address = Address.parse(unverified_address)
        return _Origin(address, recorded(address, self._rules.record_networks))

    def _find(self, user_id: str, token_id: str) -> tuple[Token, User]:
        logs.add(user_id=user_id, token_id=token_id)
        token, owner = self._store.find_for_authorization(user_id, token_id)
        if token is None or owner is None:
            raise UnknownToken
        return token, owner

    def _usable_as_signed(self, token: Token, owner: User, claims: Claims, origin: _Origin) -> Verified:
        # The row counts, not the string. If only one of them has this expiry, the row may be forged.
        if token.expires_at != claims.expires_at:
            raise WrongClaims
        return self._usable(token, owner, claims.scopes, origin)

    def _usable(
        self, token: Token, owner: User, signed_scopes: frozenset[str], origin: _Origin
    ) -> Verified:
        # After a removal, nothing new is kept about the person.
        if owner.status is not UserStatus.REMOVED:
            logs.add(network=origin.network)
        now = self._clock.now()
        require_usable(token, owner, now, self._rules)
        require_allowed_network(token, origin.address)
        # The role decides anew each time, because a token must not keep scopes that its owner has lost.
        role = self._rules.administrators.role_of(owner, now)
        scopes = self._rules.catalogue.effective(token.scopes & signed_scopes, role)
        return Verified(token, owner, scopes, token.ends_at(self._rules))

    def _count(self, token: Token, network: str | None) -> None:
        now = self._clock.now()
        self._uses.count(token.id, now.date())
        if network:
            self._networks.see(token.id, network, now)

    def _touch(self, token: Token, network: str | None) -> Token | None:
        """Record the use if it is due. Return the token as its row is now, or None if that is unknown."""
        now = self._clock.now()
        self._count(token, network)
        if not token.needs_touch(now, self._rules, network):
            return token
        # Sampling must not hide that a token is in use.
        logs.keep()
        uses, networks = self._uses.take(token.id), self._networks.take(token.id)
        touched, is_written = token.touched(now, self._rules, uses, networks), False
        try:
            is_written = self._store.touch(token, touched)
        except DependencyUnavailable as error:
            # Best effort: losing a touch costs accuracy, never access.
            logs.warn("token.touch_failed", token_id=token.id, reason=logs.cause(error))
        finally:
            if not is_written:
                self._uses.put_back(token.id, uses)
                self._networks.put_back(token.id, networks)
        return touched if is_written else None
