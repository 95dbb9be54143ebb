"""Creation of API tokens."""

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from chalicelib import logs
from chalicelib.domain.claims import Claims
from chalicelib.domain.errors import (
    AlreadyCreated,
    DependencyUnavailable,
    IdempotencyKeyReused,
    TokenLimitReached,
)
from chalicelib.domain.events import Actor, EventType
from chalicelib.domain.ids import new_token_id
from chalicelib.domain.ports.signing import TokenSigner
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.ports.tokens import TokenStore
from chalicelib.domain.ports.users import UserStore
from chalicelib.domain.scopes import write_scope
from chalicelib.domain.token_creation import IdempotencyRecord, IssuedToken, TokenRequest, new_token
from chalicelib.domain.token_rules import TokenRules
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import User
from chalicelib.services.journal import Journal

IDEMPOTENCY_LIFETIME = timedelta(hours=24)
_FULL_AT_MOST = timedelta(hours=1)


class IssueToken:
    """Creation of API tokens. It signs first and writes after.

    A failure between the two leaves a string without a row, which opens nothing.
    """

    def __init__(
        self,
        tokens: TokenStore,
        users: UserStore,
        signer: TokenSigner,
        clock: Clock,
        rules: TokenRules,
        journal: Journal,
    ) -> None:
        self._tokens = tokens
        self._users = users
        self._signer = signer
        self._clock = clock
        self._rules = rules
        self._journal = journal

    def __call__(
        self, owner: User, request: TokenRequest, actor: Actor, idempotency_key: str | None = None
    ) -> IssuedToken:
        """Create a token for ``owner`` and return it with its string.

        An ``idempotency_key`` that was used in the last 24 hours creates no token. Raises InvalidRequest,
        ScopeNotAllowed, TooManyCreations, TokenLimitReached, AlreadyCreated, IdempotencyKeyReused,
        UserInactive, ConcurrentChange or DependencyUnavailable.
        """
        now = self._clock.now()
        token_id = new_token_id(now)
        record = _idempotency_record(token_id, request, idempotency_key, now)
        if record:
            # First, because a replay stays one if the scopes and limits have changed since.
            self._refuse_replay(owner, record, now)
        token = new_token(token_id, owner, request, now, self._rules)
        logs.add(token_id=token.id)
        limits = self._rules.creation_limits(owner, now)
        self._make_room(owner, now)
        secret = self._signer.sign(claims_of(token))
        event = self._journal.about_token(EventType.TOKEN_CREATED, None, token, actor, now)
        self._tokens.add_token(token, event, limits=limits, idempotency=record)
        return IssuedToken(token, secret)

    def _refuse_replay(self, owner: User, record: IdempotencyRecord, now: datetime) -> None:
        """Refuse a replay before anything is signed. The write refuses replays that race this read."""
        stored = self._tokens.find_idempotency(owner.id, record.key_hash)
        if stored is None or stored.expires_at <= now:
            return
        if stored.body_hash != record.body_hash:
            raise IdempotencyKeyReused
        raise AlreadyCreated(stored.token_id)

    def _make_room(self, owner: User, now: datetime) -> None:
        """Correct a count that includes families without a working token. Raises TokenLimitReached.

        Nothing is signed for an owner without room.
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


def claims_of(token: Token) -> Claims:
    """Return the claims that the string of a new token states."""
    return Claims(
        subject=token.user_id,
        token_id=token.id,
        issued_at=token.created_at,
        scopes=token.scopes,
        expires_at=token.expires_at,
    )


def _idempotency_record(
    token_id: str, request: TokenRequest, idempotency_key: str | None, now: datetime
) -> IdempotencyRecord | None:
    if idempotency_key is None:
        return None
    # Absent scopes stay absent here, because their meaning may change between two requests.
    body: list[object] = [
        request.name,
        request.description,
        None if request.scopes is None else write_scope(request.scopes),
        request.lifetime.total_seconds() if request.lifetime else None,
    ]
    # Without a list, the hash is that of 0.1, so a replay across the upgrade stays one.
    if request.allowed_networks:
        body.append([str(network) for network in request.allowed_networks])
    return IdempotencyRecord(
        key_hash=_hash(idempotency_key),
        body_hash=_hash(json.dumps(body)),
        token_id=token_id,
        expires_at=now + IDEMPOTENCY_LIFETIME,
    )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
