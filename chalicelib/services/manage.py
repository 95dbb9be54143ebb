"""Look at, change and revoke one's own tokens."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from chalicelib import logs
from chalicelib.domain.errors import ConcurrentChange, PreconditionFailed, TokenNotFound
from chalicelib.domain.ids import TOKEN_ID
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.ports.tokens import TokenStore
from chalicelib.domain.ports.users import Reactivated
from chalicelib.domain.revocations import RevocationReason
from chalicelib.domain.rotation import without_overlap
from chalicelib.domain.token_checks import require_changeable, require_unexpired
from chalicelib.domain.token_rules import TokenRules
from chalicelib.domain.tokens import Token, TokenState
from chalicelib.domain.users import User
from chalicelib.services.listing import ListTokens, TokenView
from chalicelib.services.reactivations import CountReactivations
from chalicelib.services.revocation import RevokeToken

_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class TokenPatch:
    """What to change; None leaves a member as it is. ``status`` is active or inactive."""

    name: str | None = None
    description: str | None = None
    status: TokenState | None = None


class ManageTokens:
    """Changes to tokens, each one conditional write on what was read."""

    def __init__(
        self,
        store: TokenStore,
        listing: ListTokens,
        revocations: RevokeToken,
        clock: Clock,
        rules: TokenRules,
        reactivations: CountReactivations,
    ) -> None:
        self._store = store
        self._listing = listing
        self._revocations = revocations
        self._clock = clock
        self._rules = rules
        self._reactivations = reactivations

    def get(self, owner: User, token_id: str) -> TokenView:
        """Return one token. Raises TokenNotFound or DependencyUnavailable."""
        return self._view(owner, self._find(owner, token_id))

    def patch(
        self, owner: User, token_id: str, patch: TokenPatch, if_match: Collection[int] | None = None
    ) -> TokenView:
        """Change a token and return it.

        A change that meets another one is made again on top of it, so that neither is lost.
        Raises TokenNotFound, TokenAlreadyRevoked, TokenAlreadyExpired, PreconditionFailed when the
        token is at none of the versions ``if_match``, ReactivationLimitReached, ConcurrentChange or
        DependencyUnavailable.
        """

        def change(token: Token, now: datetime) -> Token:
            if if_match is not None and token.version not in if_match:
                raise PreconditionFailed
            return _patched(token, owner, patch, now, self._rules)

        return self._view(owner, self._change(owner, token_id, change))

    def revoke(self, owner: User, token_id: str, reason: RevocationReason) -> None:
        """Revoke a token and its line for good; a revoked token stays as it is.

        Raises TokenNotFound, ConcurrentChange or DependencyUnavailable.
        """
        self._revocations.revoke(lambda: (self._find(owner, token_id), owner), reason)

    def end_predecessor(self, owner: User, token_id: str) -> None:
        """End the overlap of a token's predecessor now; the token itself and its line go on.

        Raises TokenNotFound, NoPredecessor, ConcurrentChange or DependencyUnavailable.
        """
        predecessor_id = self._find(owner, token_id).predecessor_id
        for _ in range(_ATTEMPTS):
            found = self._store.find_token(owner.id, predecessor_id) if predecessor_id else None
            change = without_overlap(found, owner, self._clock.now(), self._rules)
            try:
                self._store.save_token(change.before, change.after)
            except ConcurrentChange:
                continue
            logs.add(predecessor_id=predecessor_id)
            return
        raise ConcurrentChange

    def _change(self, owner: User, token_id: str, change: Callable[[Token, datetime], Token]) -> Token:
        is_counted = False
        for _ in range(_ATTEMPTS):
            before = self._find(owner, token_id)
            after = change(before, self._clock.now())
            if after is before:
                return before
            # An idle token that comes back was not paused: it flushes nothing.
            if before.state is not after.state and after.state is TokenState.ACTIVE and not is_counted:
                self._reactivations.count(owner.id, Reactivated.TOKEN)
                is_counted = True
            try:
                return self._store.save_token(before, after)
            except ConcurrentChange:
                continue
        raise ConcurrentChange

    def _find(self, owner: User, token_id: str) -> Token:
        if not TOKEN_ID.fullmatch(token_id):
            raise TokenNotFound
        logs.add(token_id=token_id)
        token = self._store.find_token(owner.id, token_id)
        if token is None:
            raise TokenNotFound
        return token

    def _view(self, owner: User, token: Token) -> TokenView:
        return self._listing.views(owner, [token], self._clock.now())[0]


def _patched(token: Token, owner: User, patch: TokenPatch, now: datetime, rules: TokenRules) -> Token:
    require_changeable(token, owner, now, rules)
    name = token.name if patch.name is None else patch.name
    description = token.description if patch.description is None else patch.description
    token = token.described(name, description, now)
    if patch.status is None:
        return token
    require_unexpired(token, now, rules)
    return token.paused(now) if patch.status is TokenState.INACTIVE else token.reactivated(now, rules)
