"""The limit on re-activations of paused tokens and deactivated users, and on changes of network lists."""

from chalicelib.domain.errors import ReactivationLimitReached
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.ports.users import Reactivated, ReactivationStore
from chalicelib.domain.token_rules import rest_of_day


class CountReactivation:
    """At most ``most`` re-activations and changes of network lists for each user and UTC day.

    A re-activation allows another pause, which flushes every gateway's cache. A narrower list flushes them
    too. A pause and a token's first list are never refused. Owners and administrators have a count each, so
    an owner cannot use up what administrators have.
    """

    def __init__(self, store: ReactivationStore, clock: Clock, most: int) -> None:
        self._store = store
        self._clock = clock
        self._most = most

    def __call__(self, user_id: str, kind: Reactivated) -> None:
        """Count a re-activation before it is written. A write that fails afterwards has been counted.

        Raises ReactivationLimitReached or StoreUnavailable.
        """
        now = self._clock.now()
        if not self._store.count_reactivation(user_id, kind, now, self._most):
            raise ReactivationLimitReached(self._most, rest_of_day(now))
