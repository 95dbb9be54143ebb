"""Replacement of tokens by successors."""

from datetime import datetime, timedelta

from chalicelib import logs
from chalicelib.domain.errors import ConcurrentChange, UnreadableRow
from chalicelib.domain.events import Actor, Event, EventType
from chalicelib.domain.ids import new_token_id
from chalicelib.domain.ports.signing import TokenSigner
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.ports.tokens import RotationStore, TokenStore
from chalicelib.domain.rotation import Rotation, own_successor_of, rotation_of, successor_of
from chalicelib.domain.token_checks import require_active
from chalicelib.domain.token_creation import IssuedToken
from chalicelib.domain.token_rules import TokenRules
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import User
from chalicelib.services.conflicts import retry_on_conflict
from chalicelib.services.issue import claims_of
from chalicelib.services.journal import Journal
from chalicelib.services.lookup import find_owned


class RotateToken:
    """Rotation of tokens. It signs first and writes after.

    A failure between the two leaves a string without a row, which opens nothing.
    """

    def __init__(
        self,
        tokens: TokenStore,
        rotations: RotationStore,
        signer: TokenSigner,
        clock: Clock,
        rules: TokenRules,
        journal: Journal,
    ) -> None:
        self._tokens = tokens
        self._rotations = rotations
        self._signer = signer
        self._clock = clock
        self._rules = rules
        self._journal = journal

    def __call__(
        self, owner: User, token_id: str, overlap: timedelta, actor: Actor, *, by_itself: bool = False
    ) -> IssuedToken:
        """Replace a token of ``owner`` by a successor. The token keeps working for ``overlap``.

        ``by_itself`` is True if the token asks, and not its owner. Then the successor continues the
        token's lifetime and line.

        Raises TokenNotFound, TokenAlreadyRotated, TokenAlreadyRevoked, TokenAlreadyExpired,
        TokenNotActive, TooManyCreations, TokenLimitReached, UserInactive, ConcurrentChange or
        DependencyUnavailable.
        """
        now = self._clock.now()
        token = self._find(owner, token_id, now)
        limits = self._rules.creation_limits(owner, now)
        make = own_successor_of if by_itself else successor_of
        successor = make(token, new_token_id(now), now, self._rules)
        logs.add(successor_id=successor.id)
        secret = self._signer.sign(claims_of(successor))

        def attempt() -> IssuedToken:
            nonlocal token
            grandparent = self._predecessor_of(token)
            rotation = rotation_of(token, grandparent, successor, overlap, self._rules)
            try:
                self._rotations.rotate_token(rotation, self._events(rotation, actor, now), limits=limits)
            except ConcurrentChange:
                # Only the rows are read anew. The string stays right, because no change of a row moves its
                # claims, and KMS is not paid for twice.
                token = self._find(owner, token_id, now)
                raise
            return IssuedToken(rotation.successor, secret)

        return retry_on_conflict(attempt)

    def _predecessor_of(self, token: Token) -> Token | None:
        before = token.predecessor_id
        try:
            return self._tokens.find_token(token.user_id, before) if before else None
        except UnreadableRow:
            # No decision accepts it, so it has no overlap to cut short.
            return None

    def _events(self, rotation: Rotation, actor: Actor, now: datetime) -> list[Event]:
        changes = [(EventType.TOKEN_ROTATED, rotation.rotated)]
        if rotation.cut_short:
            changes.append((EventType.TOKEN_REVOKED, rotation.cut_short))
        return [self._journal.about_token(kind, c.before, c.after, actor, now) for kind, c in changes]

    def _find(self, owner: User, token_id: str, now: datetime) -> Token:
        token = find_owned(self._tokens, owner, token_id)
        require_active(token, owner, now, self._rules)
        return token
