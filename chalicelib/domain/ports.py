"""What the services need from the outside world. Adapters fulfil these; tests bring their own."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from chalicelib.domain.administrators import ActingAdmin
from chalicelib.domain.claims import Claims
from chalicelib.domain.keys import KeyRing
from chalicelib.domain.sessions import PendingLogin, Session
from chalicelib.domain.tokens import (
    CreationLimits,
    EndedGeneration,
    IdempotencyRecord,
    Token,
)
from chalicelib.domain.users import Identity, User

if TYPE_CHECKING:
    from chalicelib.domain.access_tokens import AccessClaims
    from chalicelib.domain.clients import UsedAssertion, VerifiedAssertion
    from chalicelib.domain.flush_budget import FlushBudget
    from chalicelib.domain.lines import Ending, Line
    from chalicelib.domain.rotation import Rotation
    from chalicelib.domain.token_types import TokenType


class Clock(Protocol):
    """The only source of the present time."""

    def now(self) -> datetime:
        """Return the present time: aware, UTC, in whole milliseconds."""
        ...


Sleep = Callable[[timedelta], None]
"""The only way to wait; it returns when so much time has passed."""


class TokenSigner(Protocol):
    """Makes token strings."""

    def sign(self, claims: Claims) -> str:
        """Return the token string for ``claims``.

        Raises SigningUnavailable.
        """
        ...


class TokenVerifier(Protocol):
    """Reads token strings."""

    def verify(self, unverified_token: str) -> Claims:
        """Return what a genuine token says, without any database read once keys are loaded.

        Raises InvalidToken, or StoreUnavailable while the keys cannot be loaded.
        """
        ...


class IdentityProvider(Protocol):
    """The users' own OpenID provider."""

    def verify(self, unverified_jwt: str) -> Identity:
        """Return the person who signed in with this JWT.

        Raises SignInRefused or IdentityProviderUnavailable.
        """
        ...


class SubjectTokenVerifier(Protocol):
    """The users' own OpenID provider, asked about a JWT that is said to be of one kind."""

    def verify_as(self, unverified_jwt: str, kind: "TokenType") -> Identity:
        """Return the person who signed in with this JWT, which must be of this kind.

        Raises SignInRefused or IdentityProviderUnavailable.
        """
        ...


class AccessTokenSigner(Protocol):
    """Makes access tokens for other services."""

    def sign(self, claims: "AccessClaims") -> str:
        """Return the access token for ``claims``.

        Raises SigningUnavailable, StoreUnavailable.
        """
        ...


class AccessTokenVerifier(Protocol):
    """Reads access tokens of ours."""

    def verify(self, unverified_token: str) -> "AccessClaims":
        """Return what a genuine access token says, without a database read once keys are loaded.

        Raises InvalidToken, or StoreUnavailable while the keys cannot be loaded.
        """
        ...


class AssertionVerifier(Protocol):
    """Reads what resource servers sign to authenticate (RFC 7523 section 3)."""

    def verify(self, unverified_assertion: str) -> "VerifiedAssertion":
        """Return which client signed, and what makes the assertion one of its kind.

        Raises InvalidClient.
        """
        ...


class AssertionStore(Protocol):
    """Assertions that were used. The call raises StoreUnavailable."""

    def use_assertion(self, used: "UsedAssertion", now: datetime) -> bool:
        """Note the use; return False when it is noted already, unless that has expired by ``now``."""
        ...


class LoginProvider(Protocol):
    """The users' own OpenID provider as a browser meets it (OpenID Connect Core section 3.1)."""

    def authorization_url(self, login: PendingLogin, redirect_uri: str) -> str:
        """Return where to send the browser.

        Raises IdentityProviderUnavailable.
        """
        ...

    def redeem(self, login: PendingLogin, code: str, redirect_uri: str) -> Identity:
        """Return who signed in, for the code that the browser brought back.

        Raises LoginFailed or IdentityProviderUnavailable.
        """
        ...


class SessionStore(Protocol):
    """Sessions and sign-ins under way. Every call raises StoreUnavailable."""

    def add_login(self, login: PendingLogin) -> None:
        """Keep a sign-in under way."""
        ...

    def take_login(self, id_hash: str) -> PendingLogin | None:
        """Return a sign-in under way and forget it: a second call returns None."""
        ...

    def add_session(self, session: Session) -> None:
        """Keep a session."""
        ...

    def find_session(self, id_hash: str) -> Session | None:
        """Return a session, strongly consistent."""
        ...

    def touch_session(self, session: Session) -> None:
        """Write when the session goes idle; one that has ended stays ended."""
        ...

    def end_session(self, id_hash: str) -> None:
        """Forget a session."""
        ...


class AuthorizationStore(Protocol):
    """The two calls that a decision may make. Both raise StoreUnavailable."""

    def find_for_authorization(self, user_id: str, token_id: str) -> tuple[Token | None, User | None]:
        """Return token and owner as of one strongly consistent round trip."""
        ...

    def touch(self, before: Token, after: Token) -> bool:
        """Record a use by one conditional write; return whether it was this one that was recorded.

        Not recorded, and no error: the token was used, paused, revoked or deleted meanwhile.
        """
        ...


class KeyStore(Protocol):
    """The published signing keys of one use. Both calls raise StoreUnavailable."""

    def load_keys(self) -> KeyRing:
        """Return all keys, whatever their state, strongly consistent."""
        ...

    def save_keys(self, before: KeyRing, after: KeyRing) -> None:
        """Write what differs, all or nothing.

        Raises ConcurrentChange when ``before`` is no longer what is there: another key is active or
        next, or a key that differs is there already or has another state.
        """
        ...


class TokenStore(Protocol):
    """Tokens as their owners manage them. Every call raises StoreUnavailable."""

    def find_token(self, user_id: str, token_id: str) -> Token | None:
        """Return a token of this user, strongly consistent."""
        ...

    def list_tokens(
        self, user_id: str, *, after: str | None, newest_first: bool, limit: int
    ) -> Sequence[Token]:
        """Return at most ``limit`` tokens in the order of their ids, past the id ``after``."""
        ...

    def list_unended(self, owner: User, now: datetime) -> Iterator[Token]:
        """Yield the tokens of the owner's generation that are neither revoked nor past an end at ``now``.

        The newest come first, strongly consistent, and no more are read than are taken.
        """
        ...

    def add_token(
        self, token: Token, *, limits: CreationLimits, idempotency: IdempotencyRecord | None
    ) -> None:
        """Write a new token, its owner's counts and the idempotency record, all or nothing.

        Raises AlreadyCreated or IdempotencyKeyReused for a key used in the last 24 h, UserInactive,
        ConcurrentChange if the token's generation has ended meanwhile, TooManyCreations or
        TokenLimitReached.
        """
        ...

    def save_token(self, before: Token, after: Token) -> Token:
        """Write what differs, if nobody else changed the token since ``before``; return it as stored.

        Raises ConcurrentChange.
        """
        ...

    def end_line(self, ending: "Ending") -> None:
        """Write the end of a line and its owner's count, all or nothing.

        Raises ConcurrentChange if one of its tokens, or their generation, ended meanwhile, or if one of
        them was rotated.
        """
        ...

    def find_idempotency(self, user_id: str, key_hash: str) -> IdempotencyRecord | None:
        """Return the record of an ``Idempotency-Key``; it may have expired."""
        ...

    def find_ended_generations(
        self, user_id: str, generations: Collection[str]
    ) -> Mapping[str, EndedGeneration]:
        """Return the records of those among ``generations`` (at most 100) that have ended."""
        ...


class RotationStore(Protocol):
    """Rotations, and what becomes of rotated tokens. Every call raises StoreUnavailable."""

    def rotate_token(self, rotation: "Rotation", *, limits: CreationLimits) -> None:
        """Write a rotation and its owner's counts, all or nothing.

        Raises UserInactive, ConcurrentChange when one of its tokens, their line or their generation
        changed meanwhile, TooManyCreations, or TokenLimitReached when the successor takes a new place
        and there is none.
        """
        ...

    def find_rows(
        self, user_id: str, token_ids: Collection[str], line_id: str | None = None
    ) -> "tuple[Line | None, Sequence[Token]]":
        """Return the rows of a line and of a few tokens that exist, each strongly consistent."""
        ...

    def stop_line(self, line: "Line") -> None:
        """Write that a line has ended, so that no rotation continues it; its tokens stay as they are."""
        ...

    def record_reuse(self, before: Token, after: Token) -> bool:
        """Record the use of a rotated token by one conditional write; return whether it was this one.

        Not recorded, and no error: somebody else recorded it, or the row is gone and stays so.
        """
        ...

    def list_family(self, user_id: str, family_id: str) -> Sequence[Token]:
        """Return the tokens of one family, strongly consistent."""
        ...


class UserStore(Protocol):
    """Users as sign-in and administrators change them. Every call raises StoreUnavailable."""

    def find_user(self, user_id: str) -> User | None:
        """Return a user, strongly consistent."""
        ...

    def find_signed_in(self, derived_id: str) -> User | None:
        """Return the user that an identity leads to, strongly consistent.

        ``derived_id`` is the id that is derived from the identity. It leads to another user if an operator
        moved that user to the identity.
        """
        ...

    def list_users(self, *, after: str | None, limit: int) -> "UserPage":
        """Return users newest first, past the position ``after`` of an earlier page."""
        ...

    def add_user(self, user: User) -> bool:
        """Add a user. Return False if the id is taken, or now leads to another user."""
        ...

    def save_sign_in(self, before: User, after: User) -> None:
        """Write what a sign-in changes.

        Raises ConcurrentChange if the user was moved since ``before``, or if status, generation, role or
        newest sign-in changed.
        """
        ...

    def save_user(
        self,
        before: User,
        after: User,
        ended: EndedGeneration | None = None,
        actor: ActingAdmin | None = None,
    ) -> None:
        """Write the attributes that differ, and record the generation that the change ends.

        Raises ConcurrentChange if status or generation changed since ``before``. Raises AdminRequired if
        ``actor`` is not an active administrator at the moment of the write.
        """
        ...

    def move_user(self, before: User, after: User) -> None:
        """Write a user's new identity and the identity rows in one transaction.

        The former identity stays taken, so that its sign-ins are refused and add no second user. It becomes
        free only if an active user moves back to the first identity. Raises IdentityTaken if the new one
        has another user or a tombstone. Raises ConcurrentChange if the identity, status, generation, role
        or newest sign-in changed since ``before``.
        """
        ...

    def correct_live_tokens(self, user: User, live_tokens: int) -> None:
        """Set the count, unless the user's row changed since ``user`` was read."""
        ...

    def note_full(self, user: User, until: datetime) -> None:
        """Write that a recount found no free place, unless the row changed since ``user`` was read."""
        ...


@dataclass(frozen=True, slots=True)
class UserPage:
    """Some users, and where to go on; ``next_position`` None after the last."""

    users: Sequence[User]
    next_position: str | None


class Reactivated(Enum):
    """What came back from a pause or a deactivation."""

    TOKEN = "tokens"  # noqa: S105 - a word, not a secret
    USER = "users"


class ReactivationStore(Protocol):
    """Counts of re-activations. The call raises StoreUnavailable."""

    def count_reactivation(self, user_id: str, kind: Reactivated, now: datetime, most: int) -> bool:
        """Count one on the UTC day of ``now``; return False if the day has ``most`` already."""
        ...


@dataclass(frozen=True, slots=True)
class KeptBudget:
    """The budget of flushes as the table has it; ``claim`` names the write that put it there."""

    budget: "FlushBudget"
    claim: str


@dataclass(frozen=True, slots=True)
class BudgetSwap:
    """The budget that the table has now: the new one if ``won``, else what another process wrote.

    None means that the table has none: TTL or an operator deleted the row.
    """

    won: bool
    kept: KeptBudget | None


class FlushStore(Protocol):
    """The one budget of flushes that all processes share. The call raises StoreUnavailable."""

    def swap_budget(self, before: KeptBudget | None, after: "FlushBudget", now: datetime) -> BudgetSwap:
        """Write ``after`` if the table still has ``before``, by one conditional write.

        ``before`` None means that this process has not seen a budget yet.
        """
        ...


class AuthorizerCaches(Protocol):
    """The gateway's caches of decisions, one per stage."""

    def flush(self, stage: str) -> None:
        """Forget every decision of a stage.

        It is one call, never repeated. Raises GatewayThrottled or another GatewayUnavailable, which a
        later attempt may get over, or StageNotFlushable.
        """
        ...
