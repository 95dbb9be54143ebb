"""Users: who they are at their OpenID provider, and whether their tokens count."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from chalicelib.domain.errors import UserRemoved


class Role(Enum):
    """What a user may do here besides managing the own tokens."""

    USER = "user"
    ADMIN = "admin"


class UserStatus(Enum):
    """``removed`` is a tombstone: it keeps old tokens dead if the person signs in again."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Identity:
    """A person as their OpenID provider vouched for them, verified.

    ``issued_at`` is when the provider signed the sign-in.
    """

    issuer: str
    subject: str
    name: str
    email: str
    role: Role
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class User:
    """The owner of tokens.

    A token counts only while its ``generation`` equals its owner's, so a new generation ends all
    tokens at once. ``live_tokens`` counts against the quota and may be too high, never too low;
    ``revision`` grows with every change of the row, so that a recount can tell that nothing moved.
    Sessions that were begun before ``sessions_ended_at`` are over.
    """

    id: str
    issuer: str
    subject: str
    name: str
    email: str
    role: Role
    status: UserStatus
    generation: str
    created_at: datetime
    updated_at: datetime
    live_tokens: int = 0
    revision: int = 0
    removed_at: datetime | None = None
    sessions_ended_at: datetime | None = None

    @property
    def is_active(self) -> bool:
        """Whether the user may sign in and the user's tokens may be used."""
        return self.status is UserStatus.ACTIVE

    @property
    def refused_since(self) -> datetime | None:
        """Since when, at the latest, the user's tokens are refused; None while the user is active."""
        if self.is_active:
            return None
        return self.removed_at or self.sessions_ended_at or self.updated_at

    def with_profile(self, identity: Identity, now: datetime) -> "User":
        """Return the user with role, name and email as the provider says today.

        Not every JWT carries name and email; one without them changes neither.
        """
        name, email, role = identity.name or self.name, identity.email or self.email, identity.role
        if (name, email, role) == (self.name, self.email, self.role):
            return self
        return replace(self, name=name, email=email, role=role, updated_at=now)

    def deactivated(self, now: datetime) -> "User":
        """Return the user with every token out of use, to be restored or not later.

        Raises UserRemoved.
        """
        self._refuse_if_removed()
        if self.status is UserStatus.INACTIVE:
            return self
        return replace(self, status=UserStatus.INACTIVE, updated_at=now, sessions_ended_at=now)

    def reactivated(self, now: datetime, generation: str) -> "User":
        """Return the user active in ``generation``: the present one keeps the tokens.

        Raises UserRemoved.
        """
        self._refuse_if_removed()
        if self.is_active:
            return self
        return replace(self, status=UserStatus.ACTIVE, updated_at=now).in_generation(generation)

    def removed(self, now: datetime, generation: str) -> "User":
        """Return the tombstone: no personal data beyond what recognises the person again."""
        if self.status is UserStatus.REMOVED:
            return self
        tombstone = replace(
            self,
            status=UserStatus.REMOVED,
            name="",
            email="",
            updated_at=now,
            removed_at=now,
            sessions_ended_at=now,
        )
        return tombstone.in_generation(generation)

    def returned(self, identity: Identity, now: datetime, generation: str) -> "User":
        """Return the removed person's fresh account after a new sign-in."""
        back = replace(self, status=UserStatus.ACTIVE, updated_at=now, removed_at=None)
        return back.with_profile(identity, now).in_generation(generation)

    def in_generation(self, generation: str) -> "User":
        """Return the user in ``generation``; a new one starts without live tokens."""
        if generation == self.generation:
            return self
        return replace(self, generation=generation, live_tokens=0)

    def _refuse_if_removed(self) -> None:
        if self.status is UserStatus.REMOVED:
            raise UserRemoved
