"""Stores of users."""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import Enum
from typing import Protocol

from chalicelib.domain.administrators import ActingAdmin
from chalicelib.domain.events import Event
from chalicelib.domain.frozen import Frozen
from chalicelib.domain.revocations import EndedGeneration
from chalicelib.domain.users import User


class UserPage(Frozen):
    """A page of users. ``next_position`` is None on the last page."""

    users: Sequence[User]
    next_position: str | None


class Counted(Enum):
    """The kind of a change that is counted: a re-activation by an owner or an administrator, or another.

    A change of a token's list of networks counts as a re-activation.
    """

    BY_OWNER = "tokens"
    BY_ADMIN = "users"
    OTHER_BY_OWNER = "changes"


class UserStore(Protocol):
    """Users, for sign-ins and administrators. Every call raises StoreUnavailable."""

    def find_user(self, user_id: str) -> User | None:
        """Return a user, strongly consistent."""
        ...

    def find_users(self, user_ids: Collection[str]) -> Sequence[User]:
        """Return the users with these ids that exist, in any order. The rows may be seconds old."""
        ...

    def find_signed_in(self, derived_id: str) -> User | None:
        """Return the user that an identity leads to, strongly consistent.

        ``derived_id`` is the id that is derived from the identity. It leads to another user if an operator
        moved that user to the identity.
        """
        ...

    def list_users(self, *, after: str | None, limit: int, strong: bool = True) -> "UserPage":
        """Return users, the newest first, after the position ``after`` of an earlier page.

        If ``strong`` is False, the rows may be seconds old, and the read costs half.
        """
        ...

    def add_user(self, user: User, event: Event) -> bool:
        """Add a user and write the event. Return False if the id is taken, or now leads to another user."""
        ...

    def save_sign_in(self, before: User, after: User, event: Event | None) -> None:
        """Write the attributes that a sign-in changes, and the event if there is one.

        Raises ConcurrentChange if the user was moved since ``before``, or if status, generation, role or
        newest sign-in changed.
        """
        ...

    def save_user(
        self,
        before: User,
        after: User,
        event: Event,
        ended: EndedGeneration | None = None,
        admin: ActingAdmin | None = None,
    ) -> None:
        """Write the attributes that differ, the event, and the generation that the change ends.

        Raises ConcurrentChange if status or generation changed since ``before``. Raises AdminRequired if
        ``admin`` is not an active administrator at the moment of the write.
        """
        ...

    def save_preferences(self, before: User, after: User) -> None:
        """Write what a user prefers: ``wants_notices``. It changes no right, so it leaves no event.

        Raises ConcurrentChange if it, status or generation changed since ``before``.
        """
        ...

    def move_user(self, before: User, after: User, event: Event) -> None:
        """Write a user's new identity, the identity rows and the event in one transaction.

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


class DailyCountStore(Protocol):
    """Counts of changes. The call raises StoreUnavailable."""

    def count_change(self, user_id: str, kind: Counted, now: datetime, most: int) -> bool:
        """Count one on the UTC day of ``now``. Return False if the day has ``most`` already."""
        ...
