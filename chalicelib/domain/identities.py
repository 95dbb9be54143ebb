"""Subject identifiers, and the move of a user from one to another."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from chalicelib.domain.ids import user_id_for
from chalicelib.domain.users import Role, User


@dataclass(frozen=True, slots=True)
class SubjectIdentifier:
    """A person as an OpenID provider names them: the value of a claim at an issuer.

    OpenID Connect Core section 2 takes ``sub`` as the claim; ``SUBJECT_CLAIM`` may name another one.
    """

    issuer: str
    subject: str
    subject_claim: str = "sub"

    @classmethod
    def of(cls, user: User) -> Self:
        """Return the identifier that a user's row has."""
        return cls(user.issuer, user.subject, user.subject_claim)

    @property
    def user_id(self) -> str:
        """The id that a first sign-in gives to the user."""
        return user_id_for(self.issuer, self.subject, self.subject_claim)


def moved(user: User, to: SubjectIdentifier, now: datetime) -> User:
    """Return the user with another identifier. Tokens, status and profile stay.

    The role and all sessions end, because they come from sign-ins of the former identity. The newest
    sign-in stays: after a move there and back, an older JWT still changes nothing.
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
        # Those of a deactivated user have ended, and that moment tells since when tokens are refused.
        sessions_ended_at=now if user.is_active else user.sessions_ended_at,
        moved_at=now,
        updated_at=now,
    )
