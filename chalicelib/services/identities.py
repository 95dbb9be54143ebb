"""Moves of users to other identities, and users that no sign-in reaches. Only operators use this."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice

from chalicelib.domain.errors import IdentityTaken, InvalidRequest, UserNotFound
from chalicelib.domain.events import Actor, EventType
from chalicelib.domain.frozen import Frozen
from chalicelib.domain.identities import SubjectIdentifier, moved
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.ports.users import UserStore
from chalicelib.domain.text import is_valid_subject
from chalicelib.domain.users import User
from chalicelib.services.conflicts import retry_on_conflict
from chalicelib.services.journal import Journal

MOST_USERS_READ = 2_000
"""The largest number of users that a warning reads."""

_STORE_PAGE = 100


class Move(Frozen):
    """A user before and after a move. ``is_done`` is True if the identity leads to the user already."""

    before: User
    after: User
    is_done: bool


class MoveUsers:
    """Moves of users to other identities. Tokens keep working. Repeating a finished move is harmless."""

    def __init__(self, store: UserStore, clock: Clock, journal: Journal) -> None:
        self._store = store
        self._clock = clock
        self._journal = journal

    def plan(self, user_id: str, to: SubjectIdentifier) -> Move:
        """Return the move without making it.

        Raises InvalidRequest, UserNotFound, IdentityTaken or DependencyUnavailable.
        """
        if not is_valid_subject(to.subject):
            raise InvalidRequest("This subject is not valid, so every sign-in with it is refused.")
        user = self._store.find_user(user_id)
        if user is None:
            raise UserNotFound
        found = self._store.find_signed_in(to.user_id)
        if found and found.id != user.id:
            raise IdentityTaken(found.id)
        # If no identity row leads to the user, the next sign-in would add a second user.
        is_done = found is not None and SubjectIdentifier.of(user) == to
        return Move(user, moved(user, to, self._clock.now()), is_done)

    def move(self, user_id: str, to: SubjectIdentifier, actor: Actor) -> Move:
        """Move a user, unless the user was moved already, and return the move.

        Raises InvalidRequest, UserNotFound, IdentityTaken, ConcurrentChange or DependencyUnavailable.
        """

        def attempt() -> Move:
            move = self.plan(user_id, to)
            if not move.is_done:
                event = self._journal.about_user(
                    EventType.USER_IDENTITY_MOVED, move.before, move.after, actor, move.after.updated_at
                )
                self._store.move_user(move.before, move.after, event)
            return move

        return retry_on_conflict(attempt)


class OutOfReach(Frozen):
    """The number of active users that no sign-in reaches, by issuer and subject claim.

    ``is_complete`` is False if more users exist than were read.
    """

    counts: Counter[tuple[str, str]]
    is_complete: bool


def every_user(store: UserStore) -> Iterator[User]:
    """Yield all users, newest first. Raises DependencyUnavailable."""
    position = None
    while True:
        page = store.list_users(after=position, limit=_STORE_PAGE)
        yield from page.users
        position = page.next_position
        if position is None:
            return


def is_out_of_reach(user: User, issuer: str, subject_claim: str) -> bool:
    """Return True if sign-ins at ``issuer`` by ``subject_claim`` do not reach this active user."""
    return user.is_active and (user.issuer, user.subject_claim) != (issuer, subject_claim)


def out_of_reach(users: Iterable[User], issuer: str, subject_claim: str) -> OutOfReach:
    """Count the newest users that sign-ins at ``issuer`` by ``subject_claim`` do not reach."""
    remaining = iter(users)
    counts = Counter(
        (user.issuer, user.subject_claim)
        for user in islice(remaining, MOST_USERS_READ)
        if is_out_of_reach(user, issuer, subject_claim)
    )
    return OutOfReach(counts, is_complete=next(remaining, None) is None)
