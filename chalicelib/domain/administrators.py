"""Administrators, who are named by the operator or have a claim of their OpenID provider."""

from datetime import datetime, timedelta

from chalicelib.domain.frozen import Frozen
from chalicelib.domain.users import Role, User

ROLE_LIFETIME = timedelta(hours=24)
"""The time for which a claim gives the role, from the ``iat`` of the JWT that carried it."""


class ActingAdmin(Frozen):
    """An administrator who changes a user or a token.

    The row must show an active administrator at the write. ``role_given_after`` is the earliest time at
    which the role may have been given. It is None for a named administrator, whose role does not come from
    the row.
    """

    user_id: str
    role_given_after: datetime | None


class Administrators(Frozen):
    """The rule for the role of a user at present.

    The operator names ``subjects``, which are values of ``subject_claim`` at ``issuer``.
    """

    issuer: str = ""
    subject_claim: str = "sub"
    subjects: frozenset[str] = frozenset()

    def names(self, issuer: str, subject_claim: str, subject: str) -> bool:
        """Return True if the operator names this identity."""
        return (issuer, subject_claim) == (self.issuer, self.subject_claim) and subject in self.subjects

    def role_of(self, user: User, now: datetime) -> Role:
        """Return the role that counts at ``now``.

        A role by claim expires. Otherwise an administrator who never signs in again would keep it.
        """
        if self._names(user):
            return Role.ADMIN
        given_at = user.role_given_at
        counts = given_at is not None and now < given_at + ROLE_LIFETIME
        return user.role if counts else Role.USER

    def acting(self, user: User, now: datetime) -> ActingAdmin:
        """Return ``user`` as the administrator who makes a change at ``now``."""
        return ActingAdmin(user.id, None if self._names(user) else now - ROLE_LIFETIME)

    def _names(self, user: User) -> bool:
        return self.names(user.issuer, user.subject_claim, user.subject)
