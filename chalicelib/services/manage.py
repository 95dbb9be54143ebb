"""Reads and changes of an owner's tokens."""

from collections.abc import Collection
from datetime import datetime
from functools import cache

from chalicelib import logs
from chalicelib.domain.administrators import ActingAdmin
from chalicelib.domain.errors import PreconditionFailed
from chalicelib.domain.events import Actor, EventType, type_of_change
from chalicelib.domain.frozen import Frozen
from chalicelib.domain.networks import Network
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.ports.tokens import TokenStore
from chalicelib.domain.ports.users import Counted
from chalicelib.domain.rotation import without_overlap
from chalicelib.domain.token_checks import require_active, require_changeable, require_unexpired
from chalicelib.domain.token_rules import TokenRules
from chalicelib.domain.tokens import Token, TokenState
from chalicelib.domain.users import User
from chalicelib.services.conflicts import retry_on_conflict
from chalicelib.services.daily_limits import CountChange
from chalicelib.services.journal import Journal
from chalicelib.services.listing import ListTokens, TokenView
from chalicelib.services.lookup import find_owned


class TokenPatch(Frozen):
    """The changes to a token. None leaves a member as it is. ``status`` is active or inactive.

    An empty ``allowed_networks`` allows every address.
    """

    name: str | None = None
    description: str | None = None
    status: TokenState | None = None
    allowed_networks: tuple[Network, ...] | None = None


class ManageTokens:
    """Changes to tokens, each one conditional write on what was read."""

    def __init__(
        self,
        store: TokenStore,
        listing: ListTokens,
        count_change: CountChange,
        clock: Clock,
        rules: TokenRules,
        journal: Journal,
    ) -> None:
        self._store = store
        self._listing = listing
        self._count_change = count_change
        self._clock = clock
        self._rules = rules
        self._journal = journal

    def get(self, owner: User, token_id: str) -> TokenView:
        """Return one token. Raises TokenNotFound or DependencyUnavailable."""
        return self._view(owner, find_owned(self._store, owner, token_id))

    def patch(
        self,
        owner: User,
        token_id: str,
        patch: TokenPatch,
        actor: Actor,
        if_match: Collection[int] | None = None,
        admin: ActingAdmin | None = None,
    ) -> TokenView:
        """Change a token and return it. ``admin`` is None if the owner makes the change.

        A change that meets another one is made again on top of it, so that neither is lost.
        Raises TokenNotFound, TokenAlreadyRevoked, TokenAlreadyExpired, ReactivationLimitReached,
        TooManyChanges, AdminRequired, ConcurrentChange or DependencyUnavailable. Raises PreconditionFailed
        if the token's version is not in ``if_match``.
        """
        # However many attempts are needed, the change counts once.
        count = cache(lambda kind: self._count_change(owner.id, kind))

        def attempt() -> Token:
            before = find_owned(self._store, owner, token_id)
            if if_match is not None and before.version not in if_match:
                raise PreconditionFailed
            now = self._clock.now()
            after = _patched(before, owner, patch, now, self._rules)
            if after is before:
                return before
            if kind := _counted_as(before, after, admin):
                count(kind)
            event = self._journal.about_token(type_of_change(before, after), before, after, actor, now)
            return self._store.save_token(before, after, event, admin)

        return self._view(owner, retry_on_conflict(attempt))

    def keep_alive(self, owner: User, token_id: str, actor: Actor) -> TokenView:
        """Begin the idle clock of an active token anew and return the token. No use is counted.

        Raises TokenNotFound, TokenAlreadyRotated, TokenAlreadyRevoked, TokenAlreadyExpired,
        TokenNotActive, TooManyChanges, ConcurrentChange or DependencyUnavailable.
        """
        # However many attempts are needed, the change counts once.
        count = cache(lambda: self._count_change(owner.id, Counted.OTHER_BY_OWNER))

        def attempt() -> Token:
            before, now = find_owned(self._store, owner, token_id), self._clock.now()
            require_active(before, owner, now, self._rules)
            count()
            after = before.kept_alive(now, self._rules)
            event = self._journal.about_token(EventType.TOKEN_KEPT_ALIVE, before, after, actor, now)
            return self._store.save_token(before, after, event)

        return self._view(owner, retry_on_conflict(attempt))

    def end_predecessor(self, owner: User, token_id: str, actor: Actor) -> None:
        """End the overlap of a token's predecessor now. The token itself and its line go on.

        Raises TokenNotFound, NoPredecessor, ConcurrentChange or DependencyUnavailable.
        """
        predecessor_id = find_owned(self._store, owner, token_id).predecessor_id

        def attempt() -> None:
            found = self._store.find_token(owner.id, predecessor_id) if predecessor_id else None
            now = self._clock.now()
            change = without_overlap(found, owner, now, self._rules)
            event = self._journal.about_token(
                EventType.TOKEN_REVOKED, change.before, change.after, actor, now
            )
            self._store.save_token(change.before, change.after, event)

        retry_on_conflict(attempt)
        logs.add(predecessor_id=predecessor_id)

    def _view(self, owner: User, token: Token) -> TokenView:
        return self._listing.views(owner, [token], self._clock.now())[0]


def _counted_as(before: Token, after: Token, admin: ActingAdmin | None) -> Counted | None:
    """Return the count of the day to which a change belongs, or None if no count may refuse it."""
    flushes = _flushes(before, after)
    if not flushes and _protects(before, after):
        return None
    if admin:
        # Whatever it is, an owner must not use up what administrators have.
        return Counted.BY_ADMIN
    return Counted.BY_OWNER if flushes else Counted.OTHER_BY_OWNER


def _flushes(before: Token, after: Token) -> bool:
    """Return True if an owner could repeat the change forever, and flush the gateways' caches with it."""
    # An idle token that comes back was not paused: it flushes nothing.
    is_back = before.state is not after.state and after.state is TokenState.ACTIVE
    had_list = bool(before.allowed_networks)
    return is_back or (had_list and before.allowed_networks != after.allowed_networks)


def _protects(before: Token, after: Token) -> bool:
    """Return True for a pause and for a token's first list of networks."""
    is_paused = before.state is not after.state and after.state is TokenState.INACTIVE
    return is_paused or (not before.allowed_networks and bool(after.allowed_networks))


def _patched(token: Token, owner: User, patch: TokenPatch, now: datetime, rules: TokenRules) -> Token:
    require_changeable(token, owner, now, rules)
    name = token.name if patch.name is None else patch.name
    description = token.description if patch.description is None else patch.description
    token = token.described(name, description, now)
    if patch.allowed_networks is not None:
        token = token.restricted(patch.allowed_networks, now)
    if patch.status is None:
        return token
    require_unexpired(token, now, rules)
    return token.paused(now) if patch.status is TokenState.INACTIVE else token.reactivated(now, rules)
