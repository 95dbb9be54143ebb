"""Lines: tokens that come from one token by self-rotation, and end together."""

from collections.abc import Collection
from datetime import datetime

from chalicelib.domain.frozen import Frozen, replace
from chalicelib.domain.revocations import RevocationReason
from chalicelib.domain.token_rules import TokenRules
from chalicelib.domain.tokens import Token, TokenState


class Change(Frozen):
    """A token as it was read, and as it is to be written."""

    before: Token
    after: Token


class Line(Frozen):
    """The row of a line: the last token that rotated itself, and its successor.

    No other token of the line can work. A line with ``ended_at`` grows no further.
    """

    user_id: str
    id: str
    token_ids: tuple[str, str]
    purge_at: datetime
    ended_at: datetime | None = None

    def ended(self, now: datetime, rules: TokenRules) -> "Line":
        """Return the line as ended. A second end changes nothing."""
        # The first end counts, so that a repeated one does not keep the row longer.
        if self.ended_at:
            return self
        return replace(self, ended_at=now, purge_at=max(self.purge_at, rules.purge_time(now)))


class Ending(Frozen):
    """The writes that end a line, all or nothing: one or two tokens, the line's row, the count."""

    changes: tuple[Change, ...]
    line: Line | None
    frees_place: bool


class Members(Frozen):
    """The tokens that may work, of a line and beside it in the same family.

    ``line`` is the line's row. It is None if no token of the line rotated itself.
    """

    line: Line | None
    tokens: Collection[Token]
    relatives: Collection[Token] = ()


def ending_of(
    members: Members,
    reason: RevocationReason,
    now: datetime,
    rules: TokenRules,
    job_id: str | None = None,
) -> Ending | None:
    """Return the writes that end a line, or None if no token of it can work any more.

    The family's place is freed if it surely has one and no relative needs it. A revoked token shows that
    0.1 freed the place already, because 0.1 revoked a successor alone.
    """
    ending = [token for token in members.tokens if token.may_work(now)]
    if not ending:
        return None
    was_freed = any(token.state is TokenState.REVOKED for token in members.tokens)
    had_place = not was_freed and any(token.surely_holds_place(now) for token in ending)
    keeps_place = any(token.holds_place(now) for token in members.relatives)
    return Ending(
        changes=tuple(Change(token, token.revoked(reason, now, rules, job_id)) for token in ending),
        line=members.line.ended(now, rules) if members.line else None,
        frees_place=had_place and not keeps_place,
    )
