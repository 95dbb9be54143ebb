"""Users: their identity at the OpenID provider, and the status on which their tokens depend."""

from datetime import UTC, date, datetime, timedelta
from enum import Enum

from chalicelib.domain.errors import UserRemoved
from chalicelib.domain.frozen import Frozen, replace

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

SIGN_IN_LEEWAY = timedelta(seconds=60)
"""The largest accepted difference between the provider's clock and ours."""


class Role(Enum):
    """The role of a user. An administrator may manage all users and their tokens."""

    USER = "user"
    ADMIN = "admin"


class UserStatus(Enum):
    """The status of a user. ``removed`` is a tombstone, which keeps old tokens revoked for good."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    REMOVED = "removed"


class Identity(Frozen):
    """A person in a verified JWT of the OpenID provider.

    ``subject`` is the value of ``subject_claim``. ``role`` None means that the JWT says nothing about
    the role. ``email_verified`` None means that it does not say whether the e-mail is verified.
    ``issued_at`` is ``iat`` in whole milliseconds, as in rows.
    """

    issuer: str
    subject: str
    name: str
    email: str
    role: Role | None
    issued_at: datetime
    subject_claim: str = "sub"
    email_verified: bool | None = None


class User(Frozen):
    """The owner of tokens.

    A token counts only while its ``generation`` equals its owner's, so a new generation ends all tokens
    at once. ``live_tokens`` counts against the quota. It may be too high, never too low. ``revision``
    grows with every change of the row, so that a recount sees changes. Sessions that began before
    ``sessions_ended_at`` are over. ``role`` is the role in the row, and ``Administrators`` returns the
    role that counts. ``role_given_at`` is the ``iat`` of the JWT that decided it. ``signed_in_at`` is the
    newest ``iat`` of all. Rows of 0.1 have neither. An operator last moved the user to another identity
    at ``moved_at``. A removed person signed in again at ``returned_at``. ``wants_notices`` is False if the
    user turned mails off.

    ``creations`` is the number of tokens created or rotated on the UTC day ``created_day``. If a recount
    found no free place at ``full_count`` live tokens, it need not be repeated until ``full_until``.
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
    subject_claim: str = "sub"
    email_verified: bool = False
    signed_in_at: datetime | None = None
    role_given_at: datetime | None = None
    moved_at: datetime | None = None
    returned_at: datetime | None = None
    created_day: date | None = None
    creations: int = 0
    full_until: datetime | None = None
    full_count: int = 0
    wants_notices: bool = True

    def creations_on(self, day: date) -> int:
        """Return the number of tokens created or rotated on a UTC day, or on a later one.

        A machine whose clock is ahead may have written a later day.
        """
        return self.creations if self.created_day is not None and self.created_day >= day else 0

    def is_surely_full(self, now: datetime) -> bool:
        """Return True if a recount found no free place, and none can have become free since."""
        return self.full_until is not None and now < self.full_until and self.live_tokens >= self.full_count

    @property
    def shown_name(self) -> str:
        """The provider's name, else a verified e-mail, else the subject.

        It is empty for a tombstone.
        """
        if self.status is UserStatus.REMOVED:
            return ""
        return self.name or (self.email if self.email_verified else "") or self.subject

    @property
    def position(self) -> str:
        """The place in the list of users: the milliseconds of the creation, then the id."""
        return f"{(self.created_at - _EPOCH) // timedelta(milliseconds=1):015d}#{self.id}"

    @property
    def is_active(self) -> bool:
        """True if the user may sign in and use tokens."""
        return self.status is UserStatus.ACTIVE

    def is_identified_by(self, identity: Identity) -> bool:
        """Return True if the user has this identity, and was not moved to another one."""
        own = (self.issuer, self.subject_claim, self.subject)
        return own == (identity.issuer, identity.subject_claim, identity.subject)

    @property
    def refused_since(self) -> datetime | None:
        """The time from which the user's tokens are certainly refused, or None for an active user."""
        if self.is_active:
            return None
        return self.removed_at or self.sessions_ended_at or self.updated_at

    def signed_in(self, identity: Identity, now: datetime, *, named: bool) -> "User":
        """Return the user after a sign-in.

        A sign-in that is older than the newest one changes nothing. An ID token and its access token may
        have the same ``iat``. The second one adds missing values or takes the role away. ``named`` says
        that the operator names the person as an administrator.
        """
        newest = self.signed_in_at
        if newest is not None and identity.issued_at < newest:
            return self
        if identity.issued_at == newest:
            name, email = "" if self.name else identity.name, "" if self.email else identity.email
            identity = replace(identity, name=name, email=email)
        role, role_given_at = self._role_after(identity, named=named)
        after = replace(
            self._with_profile(identity),
            role=role,
            role_given_at=role_given_at,
            signed_in_at=identity.issued_at,
        )
        if after == self:
            return self
        # People do not see the time of the sign-in, so it does not change ``updated_at``.
        unseen = replace(self, signed_in_at=after.signed_in_at, role_given_at=after.role_given_at)
        return after if after == unseen else replace(after, updated_at=now)

    def _with_profile(self, identity: Identity) -> "User":
        """Return the user with the profile of a JWT. A missing name or e-mail changes nothing."""
        verified = identity.email_verified
        if verified is None:
            # A JWT that says nothing about the same e-mail does not make it unverified.
            verified = self.email_verified and identity.email in ("", self.email)
        elif not identity.email:
            verified = self.email_verified
        return replace(
            self,
            name=identity.name or self.name,
            email=identity.email or self.email,
            email_verified=verified,
        )

    def _role_after(self, identity: Identity, *, named: bool) -> tuple[Role, datetime | None]:
        """Return the role, and the ``iat`` of the JWT that decided it."""
        role, given_at = self.role, self.role_given_at
        refused_at_once = role is Role.USER and given_at == identity.issued_at
        if identity.role is not None and not refused_at_once:
            role, given_at = identity.role, identity.issued_at
        # A named administrator needs no date: the setting is compared at each decision.
        return (Role.ADMIN, None) if named and role is Role.USER else (role, given_at)

    def deactivated(self, now: datetime) -> "User":
        """Return the user deactivated. A re-activation may restore the tokens.

        Raises UserRemoved.
        """
        self._refuse_if_removed()
        if self.status is UserStatus.INACTIVE:
            return self
        return replace(self, status=UserStatus.INACTIVE, updated_at=now, sessions_ended_at=now)

    def reactivated(self, now: datetime, generation: str) -> "User":
        """Return the user active in ``generation``. The present generation keeps the tokens.

        Raises UserRemoved.
        """
        self._refuse_if_removed()
        if self.is_active:
            return self
        return replace(self, status=UserStatus.ACTIVE, updated_at=now).in_generation(generation)

    def removed(self, now: datetime, generation: str) -> "User":
        """Return the tombstone. The only personal data left recognises the person at the next sign-in."""
        if self.status is UserStatus.REMOVED:
            return self
        tombstone = replace(
            self,
            status=UserStatus.REMOVED,
            name="",
            email="",
            email_verified=False,
            updated_at=now,
            removed_at=now,
            sessions_ended_at=now,
            wants_notices=True,
        )
        return tombstone.in_generation(generation)

    def returned(self, identity: Identity, now: datetime, generation: str, *, named: bool) -> "User":
        """Return the removed person's fresh account after a new sign-in."""
        blank = replace(
            self,
            status=UserStatus.ACTIVE,
            updated_at=now,
            removed_at=None,
            returned_at=now,
            signed_in_at=None,
            role=Role.USER,
            role_given_at=None,
        )
        return blank.signed_in(identity, now, named=named).in_generation(generation)

    def in_generation(self, generation: str) -> "User":
        """Return the user in ``generation``. A new generation starts without live tokens."""
        if generation == self.generation:
            return self
        return replace(self, generation=generation, live_tokens=0)

    def _refuse_if_removed(self) -> None:
        if self.status is UserStatus.REMOVED:
            raise UserRemoved
