"""The ends of tokens: those that have happened, and those that are due."""

from collections.abc import Mapping
from datetime import datetime

from chalicelib.domain.frozen import Frozen, field
from chalicelib.domain.revocations import EndedGeneration, Revocation
from chalicelib.domain.token_rules import TokenRules
from chalicelib.domain.tokens import Token, TokenStatus
from chalicelib.domain.users import User


def first_revocation(token: Token, ended: EndedGeneration | None, now: datetime) -> Revocation | None:
    """Return the first known revocation, of the token or of its generation, which ``ended`` records."""
    own = token.own_revocation(now)
    if own and ended:
        return min(own, ended.revocation, key=lambda revocation: revocation.at)
    return ended.revocation if ended else own


class Ends(Frozen):
    """The ends of an owner's tokens as they stand at ``now``.

    ``generations`` has the known records of ended generations.
    """

    owner: User
    now: datetime
    rules: TokenRules
    generations: Mapping[str, EndedGeneration] = field(default_factory=dict)

    def idle_at(self, token: Token) -> datetime | None:
        """Return the time at which a token becomes or became idle, or None if it has ended."""
        return None if self._status(token).is_ended else token.idle_at

    def end_of(self, token: Token) -> datetime | None:
        """Return the time at which a token ended, or else stops working first. None means never or unknown.

        A paused or idle token cannot become idle, so only its expiry and its overlap count.
        """
        status = self._status(token)
        if status is TokenStatus.REVOKED:
            revocation = first_revocation(token, self.generations.get(token.generation), self.now)
            return revocation.at if revocation else None
        if status is TokenStatus.EXPIRED:
            return token.expiry(self.rules)
        idle_at = token.idle_at if status is TokenStatus.ACTIVE else None
        return min((end for end in (token.ends_at(self.rules), idle_at) if end), default=None)

    def _status(self, token: Token) -> TokenStatus:
        return token.status(self.owner, self.now, self.rules)
