"""Decide whether a presented API token may be used right now: the authorizer's whole work."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from chalicelib import logs
from chalicelib.domain.errors import DependencyUnavailable, RotatedToken, UnknownToken, WrongClaims
from chalicelib.domain.ports import AuthorizationStore, Clock, TokenVerifier
from chalicelib.domain.tokens import Token, TokenPolicy, require_usable
from chalicelib.domain.users import User
from chalicelib.services.uses import Uses


@dataclass(frozen=True, slots=True)
class Verified:
    """A token that may be used right now, with the scopes that count and the latest end of today."""

    token: Token
    scopes: frozenset[str]
    ends_at: datetime | None


class VerifyToken:
    """Signature first, without any I/O; then the row and its owner in one read; then the use recorded.

    ``on_reuse`` hears of each token that is refused because it was rotated out, and nothing else.
    """

    def __init__(
        self,
        verifier: TokenVerifier,
        store: AuthorizationStore,
        clock: Clock,
        policy: TokenPolicy,
        on_reuse: Callable[[Token], None] | None = None,
    ) -> None:
        self._verifier = verifier
        self._store = store
        self._clock = clock
        self._policy = policy
        self._on_reuse = on_reuse
        self._uses = Uses()

    def verify(self, unverified_token: str) -> Verified:
        """Return the token behind the string.

        Raises InvalidToken for every refusal, DependencyUnavailable when nothing can be decided.
        """
        token, owner, claimed = self._read(unverified_token)
        try:
            verified = self._usable(token, owner, claimed)
        except RotatedToken:
            if self._on_reuse:
                self._on_reuse(token)
            raise
        self._touch(token)
        return verified

    def look(self, unverified_token: str) -> Verified:
        """Return the token behind the string without counting a use: nothing is written.

        Raises InvalidToken or DependencyUnavailable.
        """
        return self._usable(*self._read(unverified_token))

    def look_up(self, user_id: str, token_id: str) -> Verified:
        """Return a token by ids that were verified before, without counting a use.

        Raises InvalidToken or DependencyUnavailable.
        """
        token, owner = self._find(user_id, token_id)
        return self._usable(token, owner, token.scopes)

    def _read(self, unverified_token: str) -> tuple[Token, User, frozenset[str]]:
        claims = self._verifier.verify(unverified_token)
        token, owner = self._find(claims.subject, claims.token_id)
        # The row decides over the string: an expiry that only one of them has would be a forged row.
        if token.expires_at != claims.expires_at:
            raise WrongClaims
        return token, owner, claims.scopes

    def _find(self, user_id: str, token_id: str) -> tuple[Token, User]:
        logs.add(user_id=user_id, token_id=token_id)
        token, owner = self._store.find_for_authorization(user_id, token_id)
        if token is None or owner is None:
            raise UnknownToken
        return token, owner

    def _usable(self, token: Token, owner: User, claimed: frozenset[str]) -> Verified:
        now = self._clock.now()
        require_usable(token, owner, now, self._policy)
        # The role decides anew each time: a token must not keep what its owner has lost.
        role = self._policy.administrators.role_of(owner, now)
        scopes = self._policy.scopes.effective(token.scopes & claimed, role)
        return Verified(token, scopes, token.ends_at(self._policy))

    def _touch(self, token: Token) -> None:
        now = self._clock.now()
        self._uses.count(token.id, now.date())
        if not token.needs_touch(now, self._policy):
            return
        try:
            if self._store.touch(token, token.touched(now, self._policy, self._uses.of(token.id))):
                self._uses.written(token.id)
        except DependencyUnavailable as error:
            # Best effort: losing a touch costs accuracy, never access.
            logs.warn("token.touch_failed", token_id=token.id, reason=logs.cause(error))
