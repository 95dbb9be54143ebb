"""Decide whether a presented API token may be used right now: the authorizer's whole work."""

from dataclasses import dataclass

from chalicelib import logs
from chalicelib.domain.claims import Claims
from chalicelib.domain.errors import DependencyUnavailable, UnknownToken, WrongClaims
from chalicelib.domain.ports import AuthorizationStore, Clock, TokenVerifier
from chalicelib.domain.tokens import Token, TokenPolicy, require_usable
from chalicelib.domain.users import User
from chalicelib.services.uses import Uses


@dataclass(frozen=True, slots=True)
class Verified:
    """A token that may be used right now, and the scopes that count right now."""

    token: Token
    scopes: frozenset[str]


class VerifyToken:
    """Signature first, without any I/O; then the row and its owner in one read; then the use recorded."""

    def __init__(
        self,
        verifier: TokenVerifier,
        store: AuthorizationStore,
        clock: Clock,
        policy: TokenPolicy,
    ) -> None:
        self._verifier = verifier
        self._store = store
        self._clock = clock
        self._policy = policy
        self._uses = Uses()

    def verify(self, unverified_token: str) -> Verified:
        """Return the token behind the string.

        Raises InvalidToken for every refusal, DependencyUnavailable when nothing can be decided.
        """
        claims = self._verifier.verify(unverified_token)
        logs.add(user_id=claims.subject, token_id=claims.token_id)
        token, owner = self._usable_token(claims)
        self._touch(token)
        # The role decides anew each time: a token must not keep what its owner has lost.
        scopes = self._policy.scopes.effective(token.scopes & claims.scopes, owner.role)
        return Verified(token, scopes)

    def _usable_token(self, claims: Claims) -> tuple[Token, User]:
        token, owner = self._store.find_for_authorization(claims.subject, claims.token_id)
        if token is None or owner is None:
            raise UnknownToken
        # The row decides over the string: an expiry that only one of them has would be a forged row.
        if token.expires_at != claims.expires_at:
            raise WrongClaims
        require_usable(token, owner, self._clock.now())
        return token, owner

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
