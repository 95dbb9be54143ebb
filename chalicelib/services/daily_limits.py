"""The limits on changes of tokens and users for each user and UTC day."""

from chalicelib.domain.errors import ReactivationLimitReached, TooManyChanges
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.ports.users import Counted, DailyCountStore
from chalicelib.domain.token_rules import rest_of_day


class CountChange:
    """The counts of a user's day. Each kind of change has a count of its own.

    A re-activation allows another pause, which flushes every gateway's cache. A narrower list of networks
    flushes them too. Every change leaves an event. A pause, a revocation and a token's first list are
    never refused. Owners and administrators have a count each, so an owner cannot use up what
    administrators have.
    """

    def __init__(
        self, store: DailyCountStore, clock: Clock, most_reactivations: int, most_changes: int
    ) -> None:
        self._store = store
        self._clock = clock
        self._most_reactivations = most_reactivations
        self._most_changes = most_changes

    def __call__(self, user_id: str, kind: Counted) -> None:
        """Count a change before it is written. A write that fails afterwards has been counted.

        Raises ReactivationLimitReached, TooManyChanges or StoreUnavailable.
        """
        now, is_other = self._clock.now(), kind is Counted.OTHER_BY_OWNER
        most = self._most_changes if is_other else self._most_reactivations
        if not self._store.count_change(user_id, kind, now, most):
            raise (TooManyChanges if is_other else ReactivationLimitReached)(most, rest_of_day(now))
