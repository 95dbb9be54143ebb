"""Stores of tokens."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from chalicelib.domain.frozen import Frozen
from chalicelib.domain.revocations import EndedGeneration
from chalicelib.domain.token_rules import CreationLimits
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import User

if TYPE_CHECKING:
    # Not loaded by authorizers, which need only the AuthorizationStore.
    from chalicelib.domain.administrators import ActingAdmin
    from chalicelib.domain.events import Event
    from chalicelib.domain.lines import Ending, Line
    from chalicelib.domain.rotation import Rotation
    from chalicelib.domain.token_creation import IdempotencyRecord


class AuthorizationStore(Protocol):
    """The calls that a decision may make: a read, and one of two writes. Each raises StoreUnavailable."""

    def find_for_authorization(self, user_id: str, token_id: str) -> tuple[Token | None, User | None]:
        """Return the token and its owner by one strongly consistent call."""
        ...

    def touch(self, before: Token, after: Token) -> bool:
        """Record a use by one conditional write. Return True if it was recorded.

        It is not recorded if the token was used, paused, revoked or deleted meanwhile.
        """
        ...

    def record_refusal(self, before: Token, after: Token) -> bool:
        """Record a refused use by one conditional write. Return True if it was recorded.

        It is not recorded if another process recorded one, or if the row was deleted.
        """
        ...


class TokenRows(Frozen):
    """Tokens that were read together. ``size`` is an upper bound of the bytes that the read costs."""

    tokens: Sequence[Token]
    size: int


class TokenStore(Protocol):
    """Tokens, for their owners. Every call raises StoreUnavailable."""

    def find_token(self, user_id: str, token_id: str) -> Token | None:
        """Return a token of this user, strongly consistent."""
        ...

    def list_tokens(
        self, user_id: str, *, after: str | None, newest_first: bool, limit: int, strong: bool = True
    ) -> Sequence[Token]:
        """Return at most ``limit`` tokens in the order of their ids, after the id ``after``.

        If ``strong`` is False, the rows may be seconds old, and the read costs half.
        """
        ...

    def read_tokens(self, user_id: str, *, after: str | None, newest_first: bool, limit: int) -> TokenRows:
        """Return what ``list_tokens`` returns, strongly consistent, and the size of the rows."""
        ...

    def list_unended(self, owner: User, now: datetime) -> Iterator[Token]:
        """Yield the tokens of the owner's generation that are neither revoked nor past an end at ``now``.

        The newest come first, strongly consistent. Rows are read only as they are taken.
        """
        ...

    def add_token(
        self,
        token: Token,
        event: "Event",
        *,
        limits: CreationLimits,
        idempotency: "IdempotencyRecord | None",
    ) -> None:
        """Write a new token, its owner's counts, the idempotency record and the event, all or nothing.

        Raises AlreadyCreated or IdempotencyKeyReused if the idempotency key was used in the last 24 hours.
        Raises ConcurrentChange if the token's generation has ended meanwhile. Raises UserInactive,
        TooManyCreations or TokenLimitReached.
        """
        ...

    def save_token(
        self, before: Token, after: Token, event: "Event", admin: "ActingAdmin | None" = None
    ) -> Token:
        """Write the attributes that differ and the event. Return ``after`` with its new version.

        Uses that are recorded meanwhile stay in the row. The returned token may lack them.

        Raises ConcurrentChange if the token changed since ``before``. Raises AdminRequired if ``admin`` is
        not an active administrator at the moment of the write.
        """
        ...

    def end_line(
        self,
        ending: "Ending",
        events: "Sequence[Event]",
        admin: "ActingAdmin | None" = None,
        *,
        as_read: bool = False,
    ) -> None:
        """Write the end of a line, its owner's count and the events, all or nothing.

        Raises ConcurrentChange if one of its tokens or their generation ended meanwhile, or if one of them
        was rotated. If ``as_read``, it raises that too if one of them has another state by now. Raises
        AdminRequired if ``admin`` is not an active administrator at the moment of the write.
        """
        ...

    def find_idempotency(self, user_id: str, key_hash: str) -> "IdempotencyRecord | None":
        """Return the record of an idempotency key. It may have expired."""
        ...

    def find_ended_generations(
        self, user_id: str, generations: Collection[str]
    ) -> Mapping[str, EndedGeneration]:
        """Return the records of the ``generations`` (at most 100) that have ended."""
        ...

    def find_ended_of_users(
        self, generations: Collection[tuple[str, str]]
    ) -> Mapping[tuple[str, str], EndedGeneration]:
        """Return the records of ended ``generations`` (at most 100), each with the id of its user.

        They may be seconds old.
        """
        ...


class TokenIndex(Protocol):
    """The index of tokens by their ids alone. It may be seconds old."""

    def find_owner_of(self, token_id: str) -> str | None:
        """Return the id of the user that owns a token, or None if the index does not know the token.

        Read the row itself before you rely on it. Raises StoreUnavailable.
        """
        ...


class RotationStore(Protocol):
    """Rotations, lines and families. Every call raises StoreUnavailable."""

    def rotate_token(
        self, rotation: "Rotation", events: "Sequence[Event]", *, limits: CreationLimits
    ) -> None:
        """Write a rotation, its owner's counts and the events, all or nothing.

        Raises ConcurrentChange if one of its tokens, their line or their generation changed meanwhile.
        Raises TokenLimitReached if the successor needs a new place and none is free. Raises UserInactive
        or TooManyCreations.
        """
        ...

    def find_rows(
        self, user_id: str, token_ids: Collection[str], line_id: str | None = None
    ) -> "tuple[Line | None, Sequence[Token]]":
        """Return the rows of a line and of a few tokens, as far as they exist, strongly consistent.

        A token whose row is damaged is a DamagedToken.
        """
        ...

    def find_to_end(self, user_id: str, token_id: str) -> tuple[Token | None, User | None]:
        """Return what ``find_for_authorization`` returns, but a DamagedToken for a damaged row."""
        ...

    def stop_line(self, line: "Line") -> None:
        """Write that a line has ended, so that no rotation continues it. Its tokens do not change."""
        ...

    def list_family(self, user_id: str, family_id: str) -> Sequence[Token]:
        """Return the tokens of one family, strongly consistent."""
        ...
