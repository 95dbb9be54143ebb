"""Issue tokens: the one place where they come from."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from chalicelib import logs
from chalicelib.domain.claims import Claims
from chalicelib.domain.errors import (
    AlreadyCreated,
    ConcurrentChange,
    DependencyUnavailable,
    IdempotencyKeyReused,
    TokenLimitReached,
    TokenNotFound,
)
from chalicelib.domain.ids import TOKEN_ID, new_token_id
from chalicelib.domain.ports.signing import TokenSigner
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.ports.tokens import RotationStore, TokenStore
from chalicelib.domain.ports.users import UserStore
from chalicelib.domain.rotation import (
    Rotation,
    own_successor_of,
    require_rotatable,
    rotation_of,
    successor_of,
)
from chalicelib.domain.scopes import write_scope
from chalicelib.domain.token_creation import IdempotencyRecord, IssuedToken, TokenRequest, new_token
from chalicelib.domain.token_rules import TokenRules
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import User

IDEMPOTENCY_LIFETIME = timedelta(hours=24)
_ATTEMPTS = 5
_FULL_AT_MOST = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class IssueStores:
    """What issuing reads and writes."""

    tokens: TokenStore
    users: UserStore
    rotations: RotationStore


class IssueToken:
    """Signs first and writes after: a failure in between leaves a string without a row: no token."""

    def __init__(
        self,
        stores: IssueStores,
        signer: TokenSigner,
        clock: Clock,
        rules: TokenRules,
    ) -> None:
        self._tokens = stores.tokens
        self._users = stores.users
        self._rotations = stores.rotations
        self._signer = signer
        self._clock = clock
        self._rules = rules

    def issue(self, owner: User, request: TokenRequest, idempotency_key: str | None = None) -> IssuedToken:
        """Make a token for ``owner`` and return it with its string.

        With an ``idempotency_key`` used in the last 24 hours none is made. Raises InvalidRequest,
        ScopeNotAllowed, TooManyCreations, TokenLimitReached, AlreadyCreated, IdempotencyKeyReused,
        UserInactive, ConcurrentChange or DependencyUnavailable.
        """
        now = self._clock.now()
        token_id = new_token_id(now)
        record = _idempotency_record(token_id, request, idempotency_key, now)
        if record:
            # Before anything is judged by today's scopes and limits: a replay is one whatever they are.
            self._refuse_replay(owner, record, now)
        token = new_token(token_id, owner, request, now, self._rules)
        logs.add(token_id=token.id)
        limits = self._rules.creation_limits(owner, now)
        self._make_room(owner, now)
        secret = self._signer.sign(_claims(token))
        self._tokens.add_token(token, limits=limits, idempotency=record)
        return IssuedToken(token, secret)

    def rotate(
        self, owner: User, token_id: str, overlap: timedelta, *, by_itself: bool = False
    ) -> IssuedToken:
        """Replace a token of ``owner`` by a successor; the token itself works for ``overlap`` more.

        ``by_itself`` if the token asks, and not its owner: then its lifetime and its line go on.

        Raises TokenNotFound, TokenAlreadyRotated, TokenAlreadyRevoked, TokenAlreadyExpired,
        TokenNotActive, TooManyCreations, TokenLimitReached, UserInactive, ConcurrentChange or
        DependencyUnavailable.
        """
        now = self._clock.now()
        token = self._rotatable(owner, token_id, now)
        limits = self._rules.creation_limits(owner, now)
        make = own_successor_of if by_itself else successor_of
        successor = make(token, new_token_id(now), now, self._rules)
        logs.add(successor_id=successor.id)
        secret = self._signer.sign(_claims(successor))
        for _ in range(_ATTEMPTS):
            rotation = self._rotation(token, successor, overlap)
            try:
                self._rotations.rotate_token(rotation, limits=limits)
            except ConcurrentChange:
                token = self._rotatable(owner, token_id, now)
            else:
                return IssuedToken(rotation.successor, secret)
        raise ConcurrentChange

    def _rotatable(self, owner: User, token_id: str, now: datetime) -> Token:
        if not TOKEN_ID.fullmatch(token_id):
            raise TokenNotFound
        logs.add(token_id=token_id)
        token = self._tokens.find_token(owner.id, token_id)
        if token is None:
            raise TokenNotFound
        require_rotatable(token, owner, now, self._rules)
        return token

    def _rotation(self, token: Token, successor: Token, overlap: timedelta) -> Rotation:
        before = token.predecessor_id
        grandparent = self._tokens.find_token(token.user_id, before) if before else None
        return rotation_of(token, grandparent, successor, overlap, self._rules)

    def _refuse_replay(self, owner: User, record: IdempotencyRecord, now: datetime) -> None:
        """Refuse before anything is signed; the write refuses replays that race this look."""
        stored = self._tokens.find_idempotency(owner.id, record.key_hash)
        if stored is None or stored.expires_at <= now:
            return
        if stored.body_hash != record.body_hash:
            raise IdempotencyKeyReused
        raise AlreadyCreated(stored.token_id)

    def _make_room(self, owner: User, now: datetime) -> None:
        """Correct a count that holds families of which no token works, before it refuses the owner.

        Nothing is signed for an owner without room. Raises TokenLimitReached.
        """
        limit = self._rules.max_live_tokens
        if owner.live_tokens < limit:
            return
        if owner.is_surely_full(now):
            raise TokenLimitReached(limit)
        current = self._users.find_user(owner.id) or owner
        placed = list(islice(self._with_place(current, now), limit))
        if len(placed) == limit:
            # An hour at most, so that a wrong note does not refuse an owner for long.
            until = min(now + _FULL_AT_MOST, *(token.surely_holds_place_until for token in placed))
            if until > now:
                self._note_full(current, until)
            raise TokenLimitReached(limit)
        if len(placed) < current.live_tokens:
            self._users.correct_live_tokens(current, len(placed))

    def _note_full(self, owner: User, until: datetime) -> None:
        try:
            self._users.note_full(owner, until)
        except DependencyUnavailable as error:
            # The refusal is right without the note. Only the next recount costs as much.
            logs.warn("user.full_not_noted", user_id=owner.id, cause=logs.cause(error))

    def _with_place(self, owner: User, now: datetime) -> Iterator[Token]:
        """Yield one token of each family that holds a place."""
        families: set[str] = set()
        for token in self._tokens.list_unended(owner, now):
            family = token.family_id or token.id
            if family not in families and token.holds_place(now):
                families.add(family)
                yield token


def _claims(token: Token) -> Claims:
    return Claims(
        subject=token.user_id,
        token_id=token.id,
        issued_at=token.created_at,
        scopes=token.scopes,
        expires_at=token.expires_at,
    )


def _idempotency_record(
    token_id: str, request: TokenRequest, key: str | None, now: datetime
) -> IdempotencyRecord | None:
    if key is None:
        return None
    # As asked: what absent scopes mean may change between two requests.
    body = [
        request.name,
        request.description,
        None if request.scopes is None else write_scope(request.scopes),
        request.lifetime.total_seconds() if request.lifetime else None,
    ]
    return IdempotencyRecord(
        key_hash=_hash(key),
        body_hash=_hash(json.dumps(body)),
        token_id=token_id,
        expires_at=now + IDEMPOTENCY_LIFETIME,
    )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
