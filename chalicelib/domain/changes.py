"""Changes of rows that make cached decisions of an authorizer wrong."""

from datetime import datetime
from enum import Enum

from chalicelib.domain.frozen import Frozen, replace
from chalicelib.domain.network_lists import narrows
from chalicelib.domain.tokens import Token, TokenState
from chalicelib.domain.users import Role, User


class Effect(Enum):
    """The effect of a change of a row on decisions that a gateway remembers.

    After ``ends`` a remembered permission may be wrong. After ``opens`` only a remembered refusal may be.
    """

    NONE = "none"
    OPENS = "opens"
    ENDS = "ends"


class TokenChange(Frozen):
    """A token before and after a change."""

    before: Token
    after: Token

    def changes_decisions(self, now: datetime) -> bool:
        """Return True if a decision from before the change may differ from one taken at ``now``.

        Uses, names and the count of reuse do not matter. A token that went idle can be used again only
        after a change by its owner. No cached permission contradicts that change. A wider list of
        networks does not matter, because it makes no cached permission wrong.
        """
        before, after = (_deciding_of_token(token) for token in (self.before, self.after))
        if narrows(self.before.allowed_networks, self.after.allowed_networks):
            return True
        return before != after or self._overlap_was_cut(now)

    def effect(self, now: datetime) -> Effect:
        """Return the effect on decisions from before the change. In doubt it is ``ends``."""
        if not self.changes_decisions(now):
            return Effect.NONE
        paused = replace(self.after, state=TokenState.INACTIVE)
        # A paused token is always refused, so only a refusal can be remembered.
        is_back = self.after.state is TokenState.ACTIVE and not TokenChange(
            self.before, paused
        ).changes_decisions(now)
        return Effect.OPENS if is_back else Effect.ENDS

    def _overlap_was_cut(self, now: datetime) -> bool:
        """Return True if the overlap was shortened and is over.

        The age of the change does not matter, because a decision from before may still be remembered.
        """
        moved = self.before.overlap_ends_at != self.after.overlap_ends_at
        return moved and self.after.overlap_is_over(now)


class UserChange(Frozen):
    """A user before and after a change."""

    before: User
    after: User

    def changes_decisions(self, now: datetime) -> bool:
        """Return True if a decision from before the change may differ from one taken at ``now``.

        The count of live tokens and the profile do not matter. The role limits the scopes.
        """
        return _deciding_of_user(self.before) != _deciding_of_user(self.after)

    def effect(self, now: datetime) -> Effect:
        """Return the effect on decisions from before the change. In doubt it is ``ends``."""
        if not self.changes_decisions(now):
            return Effect.NONE
        if not self.before.is_active:
            # No token of the user was allowed. After a new generation none is either.
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
