"""The sweep: a daily walk through all tokens, which does what is due to their rows.

No index has deadlines, because touches would then write it. Instead, each row is read once a day.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chalicelib import logs
from chalicelib.domain.errors import MailUnavailable, UnreadableRow
from chalicelib.domain.frozen import Frozen
from chalicelib.domain.ports.sweeps import KeptWalk, OwnedRows, SweepStore, SweptToken, UserPosition
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.removals import is_from_before_removal
from chalicelib.domain.users import User
from chalicelib.domain.walks import Walk

USERS_AT_A_TIME = 100
TOKENS_AT_A_TIME = 200
MAX_CALLS = 20_000
"""Calls of the store in one invocation. The page of tokens that is under way is finished."""


class Visit(Protocol):
    """One thing that may be due to a token's row.

    A walk that was interrupted may visit a row again, and two runs may visit it at once. So each visit is a
    conditional write that a second one does not repeat.
    """

    def __call__(self, swept: SweptToken, rows: OwnedRows, now: datetime) -> bool:
        """Do what is due, if anything is. Return True if the store was called. Raises StoreUnavailable."""
        ...


class FillIndexKeys(Frozen):
    """The keys of the generic index, for rows that 0.1 wrote."""

    store: SweepStore

    def __call__(self, swept: SweptToken, rows: OwnedRows, now: datetime) -> bool:
        """Fill in the keys if the row lacks them. Raises StoreUnavailable."""
        if swept.is_indexed:
            return False
        self.store.fill_index_keys(swept.token)
        return True


class ForgetAddresses(Frozen):
    """The end of the addresses that tokens from before the removal of their owner have."""

    store: SweepStore

    def __call__(self, swept: SweptToken, rows: OwnedRows, now: datetime) -> bool:
        """Delete the networks if the token is from before a removal. Raises StoreUnavailable."""
        token = swept.token
        has_any = token.networks or (token.refused and token.refused.last_from)
        ended = rows.ended.get(token.generation)
        # The user's row may be older than the token's. Only a generation that has ended cannot come back.
        if not has_any or ended is None or not is_from_before_removal(token, rows.owner, ended):
            return False
        self.store.forget_addresses(token)
        return True


class OwnerVisit(Protocol):
    """One thing that may be due after the visits of all tokens of a user."""

    def __call__(self, owner: User, walk: Walk) -> bool:
        """Do what is due. Return False if another run is doing it. Raises DependencyUnavailable."""
        ...


@dataclass(slots=True)
class Swept:
    """The result of one invocation. ``users``, ``tokens`` and ``calls`` count its own work.

    ``walk`` is the walk as far as this invocation knows it. ``is_left_to_another`` says that another run
    has gone on meanwhile.
    """

    walk: Walk
    users: int = 0
    tokens: int = 0
    calls: int = 0
    is_left_to_another: bool = False


class SweepTokens:
    """The walk, in invocations of bounded work."""

    def __init__(
        self,
        store: SweepStore,
        visits: Sequence[Visit],
        clock: Clock,
        max_calls: int = MAX_CALLS,
        owner_visits: Sequence[OwnerVisit] = (),
    ) -> None:
        self._store = store
        self._visits = visits
        self._owner_visits = owner_visits
        self._clock = clock
        self._max_calls = max_calls

    def __call__(self, deadline: datetime) -> Swept:
        """Go on with today's walk until ``deadline``. Return at once if it is done.

        Raises StoreUnavailable, or MailUnavailable if only mails are left. The next invocation then goes on
        from the last checkpoint.
        """
        now, kept = self._clock.now(), self._store.find_walk()
        if kept and kept.walk.is_done_for_today(now):
            return Swept(kept.walk, calls=1)
        walk = kept.walk if kept else Walk(now)
        run = _Run(self._store, self._visits, self._owner_visits, self._clock, kept, walk)
        if kept is None or kept.walk.is_over(now):
            # At once, so that of two runs one ends here.
            run.begin(now)
        run.go_on(deadline, self._max_calls)
        return run.done


class _Run:
    """One invocation."""

    def __init__(
        self,
        store: SweepStore,
        visits: Sequence[Visit],
        owner_visits: Sequence[OwnerVisit],
        clock: Clock,
        kept: KeptWalk | None,
        walk: Walk,
    ) -> None:
        self._store = store
        self._visits = visits
        self._owner_visits = owner_visits
        self._clock = clock
        self._kept = kept
        self._is_mail_failing = False
        self.done = Swept(walk, calls=1)

    def begin(self, now: datetime) -> None:
        """Begin the next walk."""
        self.done.walk = self.done.walk.next_one(now)
        self._save()

    def go_on(self, deadline: datetime, max_calls: int) -> None:
        """Visit users until the walk ends, another run has gone on, or the work is used up."""

        def may_go_on() -> bool:
            waits_for_mails = self._is_mail_failing and self.done.walk.returns > 0
            is_over = self.done.walk.ended_at is not None or self.done.is_left_to_another or waits_for_mails
            return not is_over and self.done.calls < max_calls and self._clock.now() < deadline

        while may_go_on():
            self.done.calls += 1
            page = self._store.list_positions(self.done.walk.position, USERS_AT_A_TIME)
            for user in page:
                if not self._visit_user(user, may_go_on):
                    break
            if not page:
                self.done.walk = self.done.walk.past_last_user(self._clock.now())
            self._save()

    def _visit_user(self, user: UserPosition, may_go_on: Callable[[], bool]) -> bool:
        """Visit the tokens of one user. Return False if that is not finished."""
        while may_go_on():
            if not self._visit_tokens(user):
                if self.done.is_left_to_another:
                    return False
                self.done.users += 1
                self.done.walk = self.done.walk.past_user(user.position)
                return True
            # After a failure, a user with many tokens must not begin anew.
            self._save()
        return False

    def _visit_tokens(self, user: UserPosition) -> bool:
        """Visit the next page of a user's tokens. Return True if more are left."""
        self.done.calls += 1
        after = self.done.walk.token_before(user.position)
        rows = self._store.read_owned(user.user_id, after, TOKENS_AT_A_TIME)
        if rows is None:
            return False
        now, calls = self._clock.now(), self.done.calls
        for swept in rows.tokens:
            self.done.calls += sum(self._visit(visit, swept, rows, now) for visit in self._visits)
        if rows.next_after is None and (
            after or self.done.calls > calls or _are_told(rows, self.done.walk)
        ):
            self._visit_owner(rows.owner, user.position)
        self.done.tokens += len(rows.tokens)
        self.done.walk = self.done.walk.past_tokens(user.position, rows.next_after or "", len(rows.tokens))
        return rows.next_after is not None

    def _visit(self, visit: Visit, swept: SweptToken, rows: OwnedRows, now: datetime) -> bool:
        try:
            return visit(swept, rows, now)
        except UnreadableRow:
            # The store has logged the row. It must not hold up the walk every day.
            return True

    def _visit_owner(self, owner: User, position: str) -> None:
        """Do what is due for an owner. Raises MailUnavailable if the walk has gone back for the mails.

        Before, a mail service that fails must not hold up notices. Each attempt takes its time, so this
        invocation makes no other one.
        """
        for visit in () if self._is_mail_failing else self._owner_visits:
            self.done.calls += 1
            try:
                if not visit(owner, self.done.walk):
                    self.done.is_left_to_another = True
            except UnreadableRow:
                # As for tokens.
                continue
            except MailUnavailable as error:
                if self.done.walk.returns:
                    raise
                logs.warn("mail.not_sent", user_id=owner.id, cause=logs.cause(error))
                self._is_mail_failing = True
        if self._is_mail_failing:
            self.done.walk = self.done.walk.without_mail(position)

    def _save(self) -> None:
        """Write the checkpoint. If another run wrote one meanwhile, leave the walk to it."""
        if self.done.is_left_to_another or (self._kept and self._kept.walk == self.done.walk):
            return
        self.done.calls += 1
        self._kept = self._store.save_walk(self._kept, self.done.walk)
        self.done.is_left_to_another = self._kept is None


def _are_told(rows: OwnedRows, walk: Walk) -> bool:
    """Return True if an earlier run gave notices that this walk mails, and may have died before."""
    day = walk.tells_since.date()
    return any(notice.on >= day for swept in rows.tokens for notice in swept.token.noticed)
