"""Revoke one token, whoever asks for it."""

from collections.abc import Callable

from chalicelib.domain.errors import ConcurrentChange
from chalicelib.domain.ports import Clock, TokenStore
from chalicelib.domain.tokens import RevocationReason, Token, TokenPolicy, TokenStatus
from chalicelib.domain.users import User

_ATTEMPTS = 5


class RevokeToken:
    """Revokes on what was read, and reads again what changed meanwhile."""

    def __init__(self, store: TokenStore, clock: Clock, policy: TokenPolicy) -> None:
        self._store = store
        self._clock = clock
        self._policy = policy

    def revoke(
        self, read: Callable[[], tuple[Token | None, User | None]], reason: RevocationReason
    ) -> bool:
        """Revoke the token that ``read`` returns with its owner; return whether it was done now.

        One that is revoked already, or gone, stays so. Raises ConcurrentChange or DependencyUnavailable.
        """
        for _ in range(_ATTEMPTS):
            token, owner = read()
            now = self._clock.now()
            if token is None or owner is None or token.status(owner, now) is TokenStatus.REVOKED:
                return False
            after = token.revoked(reason, now, self._policy)
            try:
                self._store.revoke_token(token, after, frees_slot=token.surely_counts(now))
            except ConcurrentChange:
                continue
            return True
        raise ConcurrentChange
