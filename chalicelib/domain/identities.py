"""Subject identifiers, and the move of a user to another one."""

from datetime import datetime
from typing import Self

from chalicelib.domain.frozen import Frozen, replace
from chalicelib.domain.ids import user_id_for
from chalicelib.domain.users import Role, User


class SubjectIdentifier(Frozen):
    """An identity at an OpenID provider: the issuer, the claim and its value.

    The claim is ``sub`` (OpenID Connect Core section 2) unless ``SUBJECT_CLAIM`` names another one.
    """

    issuer: str
    subject: str
    subject_claim: str = "sub"

    @classmethod
    def of(cls, user: User) -> Self:
        """Return the identifier in a user's row."""
        return cls(user.issuer, user.subject, user.subject_claim)

    @property
    def user_id(self) -> str:
        """The id that a first sign-in gives to a new user."""
        return user_id_for(self.issuer, self.subject, self.subject_claim)


def moved(user: User, to: SubjectIdentifier, now: datetime) -> User:
    """Return the user with another identifier. Tokens, status and profile are kept.

    The role and all sessions end, because they come from sign-ins of the former identity. The time of
    the newest sign-in is kept. An older JWT then changes nothing after a move there and back.
    """
    if SubjectIdentifier.of(user) == to:
        return user
    return replace(
        user,
        issuer=to.issuer,
        subject=to.subject,
        subject_claim=to.subject_claim,
        role=Role.USER,
        # A JWT of the same second as the newest sign-in must not give the role back.
        role_given_at=user.signed_in_at,
        # The sessions of a deactivated user have ended. That time also shows since when tokens are refused.
        sessions_ended_at=now if user.is_active else user.sessions_ended_at,
        moved_at=now,
        updated_at=now,
    )
