"""Preferences of a person for the own account."""

from functools import cache

from chalicelib.domain.errors import ConcurrentChange
from chalicelib.domain.frozen import replace
from chalicelib.domain.ports.users import Counted, UserStore
from chalicelib.domain.users import User
from chalicelib.services.conflicts import retry_on_conflict
from chalicelib.services.daily_limits import CountChange


class ChangePreferences:
    """Changes of a person's own account that change no right. They leave no event."""

    def __init__(self, store: UserStore, count_change: CountChange) -> None:
        self._store = store
        self._count_change = count_change

    def __call__(self, person: User, *, wants_notices: bool) -> User:
        """Turn mails to a person on or off, and return the user.

        Raises TooManyChanges, ConcurrentChange or DependencyUnavailable. A call that changes nothing is not
        counted.
        """
        count = cache(lambda: self._count_change(person.id, Counted.OTHER_BY_OWNER))

        def attempt() -> User:
            before = self._store.find_user(person.id)
            # An administrator may have deactivated or removed the person since the sign-in.
            if before is None or not before.is_active:
                raise ConcurrentChange
            after = replace(before, wants_notices=wants_notices)
            if after == before:
                return before
            count()
            self._store.save_preferences(before, after)
            return after

        return retry_on_conflict(attempt)
