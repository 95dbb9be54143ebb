"""Which changes of a row change what an authorizer decides, so that cached decisions are wrong."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from chalicelib.domain.tokens import Token, TokenState
from chalicelib.domain.users import Role, User


class Effect(Enum):
    """How a change of a row bears on decisions that a gateway remembers.

    ``ends`` may leave a remembered permission that is wrong, ``opens`` only a remembered refusal.
    """

    NONE = "none"
    OPENS = "opens"
    ENDS = "ends"


@dataclass(frozen=True, slots=True)
class TokenChange:
    """A token as it was and as it is."""

    before: Token
    after: Token

    def changes_decisions(self, now: datetime) -> bool:
        """Whether a decision from before the change may differ from one taken at ``now``.

        Uses, names and what is counted about reuse decide nothing. A token that went idle can be used
        again only by a change of its owner's, which no cached permission contradicts.
        """
        before, after = (_deciding_of_token(token) for token in (self.before, self.after))
        return before != after or self._overlap_was_cut(now)

    def effect(self, now: datetime) -> Effect:
        """Return how the change bears on decisions from before it. In doubt it ends something."""
        if not self.changes_decisions(now):
            return Effect.NONE
        paused = replace(self.after, state=TokenState.INACTIVE)
        # Nothing lets a paused token in, so only a refusal can be remembered.
        is_back = self.after.state is TokenState.ACTIVE and not TokenChange(
            self.before, paused
        ).changes_decisions(now)
        return Effect.OPENS if is_back else Effect.ENDS

    def _overlap_was_cut(self, now: datetime) -> bool:
        """Whether the token works for less long than it would have, and that is over.

        However late the change is looked at: a decision from before may be remembered still.
        """
        moved = self.before.overlap_ends_at != self.after.overlap_ends_at
        return moved and self.after.overlap_is_over(now)


@dataclass(frozen=True, slots=True)
class UserChange:
    """A user as they were and as they are."""

    before: User
    after: User

    def changes_decisions(self, now: datetime) -> bool:
        """Whether a decision from before the change may differ from one taken at ``now``.

        The count of live tokens and the profile decide nothing; the role bounds the scopes.
        """
        return _deciding_of_user(self.before) != _deciding_of_user(self.after)

    def effect(self, now: datetime) -> Effect:
        """Return how the change bears on decisions from before it. In doubt it ends something."""
        if not self.changes_decisions(now):
            return Effect.NONE
        if not self.before.is_active:
            # No token of the user was let in. In a new generation none is afterwards either.
            is_back = self.after.is_active and self.after.generation == self.before.generation
            return Effect.OPENS if is_back else Effect.NONE
        promoted = replace(self.before, role=Role.ADMIN)
        is_promoted = not UserChange(promoted, self.after).changes_decisions(now)
        return Effect.OPENS if is_promoted else Effect.ENDS


RowChange = TokenChange | UserChange


def _deciding_of_token(token: Token) -> tuple[object, ...]:
    return (token.state, token.generation, token.scopes, token.expires_at)


def _deciding_of_user(user: User) -> tuple[object, ...]:
    return (user.status, user.generation, user.role)
