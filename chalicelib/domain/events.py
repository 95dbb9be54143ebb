"""Events: the record of who changed what, when and from where. An event never changes."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import TypeAlias

from chalicelib.domain.callers import Caller
from chalicelib.domain.frozen import Frozen, field
from chalicelib.domain.tokens import Token, TokenState
from chalicelib.domain.users import User, UserStatus

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

OF_KEYS = "KEYS"
"""Stands in place of a user id for the events of signing keys."""


class EventType(Enum):
    """The kind of a change."""

    TOKEN_CREATED = "token.created"  # noqa: S105 (none of these is a password)
    TOKEN_CHANGED = "token.changed"  # noqa: S105
    TOKEN_PAUSED = "token.paused"  # noqa: S105
    TOKEN_ACTIVATED = "token.activated"  # noqa: S105
    TOKEN_ROTATED = "token.rotated"  # noqa: S105
    TOKEN_REVOKED = "token.revoked"  # noqa: S105
    TOKEN_EXPOSED = "token.exposed"  # noqa: S105
    TOKEN_REUSED = "token.reused"  # noqa: S105
    TOKEN_KEPT_ALIVE = "token.kept_alive"  # noqa: S105
    TOKEN_IDLING = "token.idling"  # noqa: S105
    TOKEN_EXPIRING = "token.expiring"  # noqa: S105
    TOKEN_NEVER_USED = "token.never_used"  # noqa: S105
    USER_CREATED = "user.created"
    USER_ROLE_CHANGED = "user.role_changed"
    USER_DEACTIVATED = "user.deactivated"
    USER_ACTIVATED = "user.activated"
    USER_REMOVED = "user.removed"
    USER_TOKENS_REVOKED = "user.tokens_revoked"
    USER_IDENTITY_MOVED = "user.identity_moved"
    KEY_PUBLISHED = "key.published"
    KEY_ACTIVATED = "key.activated"
    KEY_REVOKED = "key.revoked"


class ActorKind(Enum):
    """The kind of an actor. A reporter reports a leaked token and is not known."""

    PERSON = "person"
    TOKEN = "token"  # noqa: S105 (this is not a password)
    ADMINISTRATOR = "administrator"
    OPERATOR = "operator"
    SYSTEM = "system"
    REPORTER = "reporter"


class Actor(Frozen):
    """The one that makes a change.

    ``id`` is the user id of a person or an administrator, the id of a token, or the name of an operator.
    ``caller`` is None if no request makes the change.
    """

    kind: ActorKind
    id: str | None = None
    caller: Caller | None = None


SYSTEM = Actor(ActorKind.SYSTEM)

Value: TypeAlias = str | bool | tuple[str, ...] | None
"""A member in an event: a text, a truth value or a list of texts."""


class Difference(Frozen):
    """A member before and after a change. ``before`` is None if the member is new."""

    before: Value
    after: Value


class Event(Frozen):
    """One change of a token, a user or a signing key.

    ``user_id`` is the user whose history has the event: the owner of the token. ``address`` is the
    recorded form of the actor's address. ``changes`` has members of a closed list only. It never has the
    string of a token. TTL deletes the row after ``purge_at``.
    """

    id: str
    user_id: str
    type: EventType
    at: datetime
    actor_kind: ActorKind
    purge_at: datetime
    actor_id: str | None = None
    address: str | None = None
    user_agent: str | None = None
    request_id: str | None = None
    token_id: str | None = None
    changes: Mapping[str, Difference] = field(default_factory=dict)

    @property
    def position(self) -> str:
        """The place in the history: the milliseconds since 1970, then the id."""
        return f"{place_of(self.at)}#{self.id}"


def place_of(moment: datetime) -> str:
    """Return the beginning of the positions of all events at a time, and the end of those before it."""
    return f"{(moment - _EPOCH) // timedelta(milliseconds=1):015d}"


def differences_of_token(before: Token | None, after: Token) -> Mapping[str, Difference]:
    """Return the members in which two states of a token differ. ``before`` is None for a new token."""
    return _differences(_TOKEN, before, after)


def differences_of_user(before: User | None, after: User) -> Mapping[str, Difference]:
    """Return the members in which two states of a user differ. ``before`` is None for a new user.

    ``tokens_revoked`` says that all tokens from before the change ended with it. The tokens of a removed
    user ended before.
    """
    changes = _differences(_USER, before, after)
    if before and before.status is not UserStatus.REMOVED and before.generation != after.generation:
        changes["tokens_revoked"] = Difference(None, True)
    return changes


def type_of_change(before: Token, after: Token) -> EventType:
    """Return the type of a change by an owner or an administrator."""
    if before.state is not after.state:
        is_back = after.state is TokenState.ACTIVE
        return EventType.TOKEN_ACTIVATED if is_back else EventType.TOKEN_PAUSED
    # Only a re-activation of an idle token moves the deadline of a token that was not used.
    return EventType.TOKEN_CHANGED if before.idle_at == after.idle_at else EventType.TOKEN_ACTIVATED


def _text_of(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="milliseconds") if moment else None


# The closed list of members. The name and the description are texts of the owner of the history.
_TOKEN: Mapping[str, Callable[[Token], Value]] = {
    "name": lambda token: token.name,
    "description": lambda token: token.description,
    "scopes": lambda token: tuple(sorted(token.scopes)),
    "state": lambda token: token.state.value,
    "allowed_networks": lambda token: tuple(str(network) for network in token.allowed_networks),
    "expires_at": lambda token: _text_of(token.expires_at),
    "overlap_ends_at": lambda token: _text_of(token.overlap_ends_at),
    "revoked_reason": lambda token: token.revocation.reason.value if token.revocation else None,
    "predecessor_id": lambda token: token.predecessor_id,
    "successor_id": lambda token: token.successor_id,
}
_USER: Mapping[str, Callable[[User], Value]] = {
    "status": lambda user: user.status.value,
    "role": lambda user: user.role.value,
    "issuer": lambda user: user.issuer,
    "subject_claim": lambda user: user.subject_claim,
    "subject": lambda user: user.subject,
}


def _differences(
    members: Mapping[str, Callable[..., Value]], before: Token | User | None, after: Token | User
) -> dict[str, Difference]:
    pairs = ((name, read(before) if before else None, read(after)) for name, read in members.items())
    # An empty member of something new is not worth a line.
    return {
        name: Difference(old, new)
        for name, old, new in pairs
        if (old != new if before else new not in (None, "", ()))
    }
