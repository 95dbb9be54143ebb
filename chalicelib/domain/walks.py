"""The daily walk of the sweep through all users and their tokens."""

from datetime import datetime, timedelta

from chalicelib.domain.frozen import Frozen, replace


class Walk(Frozen):
    """A walk, and the place that it has reached. One begins on each UTC day.

    ``position`` is the place of a user in the index of users. That user and all users before are done.
    ``owner_position`` and ``token_id`` name the last token that is done of a user with many tokens.
    ``users`` and ``tokens`` count those that are done. ``ended_at`` is None until all are.
    ``last_ended_at`` is the end of the walk before, and None for the first walk.

    ``unmailed`` is the position of the first user whose mail the mail service did not take. After the last
    user the walk goes back there once. ``returns`` is then 1, and users on the way count twice.
    ``mails_since`` is the beginning of an earlier walk that ended before its mails were sent, or None.
    """

    began_at: datetime
    position: str = ""
    owner_position: str = ""
    token_id: str = ""
    users: int = 0
    tokens: int = 0
    ended_at: datetime | None = None
    last_ended_at: datetime | None = None
    unmailed: str = ""
    returns: int = 0
    mails_since: datetime | None = None

    def is_done_for_today(self, now: datetime) -> bool:
        """Return True if the walk has ended and began on the UTC day of ``now``, or later."""
        return self.ended_at is not None and self.began_at.date() >= now.date()

    def is_over(self, now: datetime) -> bool:
        """Return True if the next walk may begin: this one has ended, or is on its way back at midnight.

        The next one then sends the mails too. A mail service may be away for days, which must not hold up
        notices.
        """
        is_late = self.returns > 0 and self.began_at.date() < now.date()
        return self.ended_at is not None or is_late

    def next_one(self, now: datetime) -> "Walk":
        """Return a walk that begins at ``now``, after this one is over."""
        if self.ended_at:
            return Walk(began_at=now, last_ended_at=self.ended_at)
        # All users have been visited.
        return Walk(began_at=now, last_ended_at=now, mails_since=self.tells_since)

    @property
    def tells_since(self) -> datetime:
        """The beginning of the first walk whose notices this one mails."""
        return self.mails_since or self.began_at

    def token_before(self, position: str) -> str:
        """Return the id of the last token that is done of the user at a position, or ``""``."""
        return self.token_id if position == self.owner_position else ""

    def past_tokens(self, position: str, token_id: str, count: int) -> "Walk":
        """Return the walk after ``count`` tokens of the user at a position. More of them are left."""
        return replace(self, owner_position=position, token_id=token_id, tokens=self.tokens + count)

    def past_user(self, position: str) -> "Walk":
        """Return the walk after all tokens of the user at a position."""
        return replace(self, position=position, owner_position="", token_id="", users=self.users + 1)

    def without_mail(self, position: str) -> "Walk":
        """Return the walk if the user at a position has not got a mail that is due."""
        return replace(self, unmailed=self.unmailed or position)

    def past_last_user(self, now: datetime) -> "Walk":
        """Return the walk after the last user: it has ended, or goes back for the mails."""
        if not self.unmailed or self.returns:
            return replace(self, ended_at=now)
        # A part of a position sorts before it. Users who sort between the two are visited once more.
        return replace(self, position=self.unmailed[:-1], owner_position="", token_id="", returns=1)

    def age(self, now: datetime) -> timedelta:
        """Return the time since the end of the latest walk, or since the beginning of the first one."""
        return now - (self.ended_at or self.last_ended_at or self.began_at)
