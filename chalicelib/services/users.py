"""Changes to users by administrators. Each one costs the same for any number of tokens."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache

from chalicelib import logs
from chalicelib.domain.administrators import ActingAdmin
from chalicelib.domain.errors import (
    AdminRequired,
    InvalidCursor,
    OwnAccount,
    UserNotFound,
)
from chalicelib.domain.events import Actor, EventType
from chalicelib.domain.frozen import Frozen
from chalicelib.domain.ids import USER_ID, new_generation
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.ports.users import Counted, UserStore
from chalicelib.domain.revocations import EndedGeneration, Revocation, RevocationReason
from chalicelib.domain.text import search_key
from chalicelib.domain.token_rules import TokenRules
from chalicelib.domain.users import Role, User, UserStatus
from chalicelib.services import cursors
from chalicelib.services.conflicts import retry_on_conflict
from chalicelib.services.daily_limits import CountChange
from chalicelib.services.journal import Journal

# Some 2,000 users a request. A search that finds few of them returns a short page with a cursor.
_STORE_PAGE = 100
_MOST_WHOLE_PAGES = 20
POSITION = re.compile(rf"[0-9]{{15}}#{USER_ID.pattern}")
"""The form of a place in the list of users."""


class UserQuery(Frozen):
    """A filter, and a place to continue from. Users are listed newest first."""

    status: UserStatus | None
    text: str
    limit: int
    cursor: str | None
    issuer: str | None = None


class UserList(Frozen):
    """One page. ``next_cursor`` is None on the last. Any page may be short."""

    users: Sequence[User]
    next_cursor: str | None


class UserChange(Frozen):
    """A user before and after a change. The two are equal if it changed nothing."""

    before: User
    after: User

    @property
    def ends_tokens(self) -> bool:
        """True if the change ended every token that the user had."""
        return self.before.generation != self.after.generation


class ManageUsers:
    """Deactivation, re-activation, removal and revoke-all.

    The write succeeds only if the administrator is still active and an administrator at that moment.
    ``admin`` is None for the operator's command, because operators have no account.
    """

    def __init__(
        self,
        store: UserStore,
        clock: Clock,
        rules: TokenRules,
        count_change: CountChange,
        journal: Journal,
    ) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._count_change = count_change
        self._journal = journal

    def get(self, user_id: str) -> User:
        """Return a user. Raises UserNotFound or DependencyUnavailable."""
        if not USER_ID.fullmatch(user_id):
            raise UserNotFound
        logs.add(subject_id=user_id)
        user = self._store.find_user(user_id)
        if user is None:
            raise UserNotFound
        return user

    def page(self, query: UserQuery) -> UserList:
        """Return one page of users. Raises InvalidCursor or DependencyUnavailable."""
        position = _position(query.cursor) if query.cursor else None
        found: list[User] = []
        # If every user matches, the first read is enough. Otherwise the number of reads has a bound.
        for size in (query.limit, *[_STORE_PAGE] * _MOST_WHOLE_PAGES):
            page = self._store.list_users(after=position, limit=size)
            found += [user for user in page.users if _matches(user, query)]
            position = page.next_position
            if position is None or len(found) >= query.limit:
                break
        if len(found) > query.limit:
            found = found[: query.limit]
            position = found[-1].position
        return UserList(found, cursors.write(position) if position else None)

    def deactivate(self, admin: User | None, user_id: str, actor: Actor) -> User:
        """Deactivate a user. Tokens and sign-ins are refused from the next uncached decision on.

        Raises UserNotFound, OwnAccount, UserRemoved, AdminRequired, ConcurrentChange or
        DependencyUnavailable.
        """
        _refuse_own(admin, user_id)
        return self._change(
            admin,
            user_id,
            actor,
            EventType.USER_DEACTIVATED,
            lambda user, now: user.deactivated(now),
            None,
        ).after

    def reactivate(
        self, admin: User | None, user_id: str, actor: Actor, *, restore_tokens: bool
    ) -> UserChange:
        """Re-activate a user. The old tokens work again only with ``restore_tokens``.

        Raises UserNotFound, UserRemoved, AdminRequired, ReactivationLimitReached, ConcurrentChange or
        DependencyUnavailable. An operator's re-activations are not counted.
        """

        def change(user: User, now: datetime) -> User:
            generation = user.generation if restore_tokens else new_generation()
            return user.reactivated(now, generation)

        reason = RevocationReason.USER_DEACTIVATED
        return self._change(admin, user_id, actor, EventType.USER_ACTIVATED, change, reason)

    def remove(self, admin: User | None, user_id: str, actor: Actor) -> User:
        """Remove a user. A tombstone remains, so that the tokens never work again.

        Raises UserNotFound, OwnAccount, AdminRequired, ConcurrentChange or DependencyUnavailable.
        """
        _refuse_own(admin, user_id)
        return self._change(
            admin,
            user_id,
            actor,
            EventType.USER_REMOVED,
            lambda user, now: user.removed(now, new_generation()),
            RevocationReason.USER_REMOVED,
        ).after

    def revoke_all_tokens(self, admin: User | None, user_id: str, actor: Actor) -> User:
        """Revoke every token of a user at once. Those of a removed user are revoked already.

        Raises UserNotFound, AdminRequired, ConcurrentChange or DependencyUnavailable.
        """

        def change(user: User, now: datetime) -> User:
            is_removed = user.status is UserStatus.REMOVED
            return user if is_removed else user.in_generation(new_generation())

        kind, reason = EventType.USER_TOKENS_REVOKED, RevocationReason.ADMIN
        return self._change(admin, user_id, actor, kind, change, reason).after

    def acting(self, admin: User, target: User) -> ActingAdmin:
        """Return the administrator that a write about ``target`` checks. Raises AdminRequired.

        ``target`` must have been read just now.
        """
        administrators, now = self._rules.administrators, self._clock.now()
        if target.id == admin.id:
            # Its row shows a role that was lost meanwhile.
            admin = target
        if not admin.is_active or administrators.role_of(admin, now) is not Role.ADMIN:
            raise AdminRequired
        return administrators.acting(admin, now)

    def _change(
        self,
        admin: User | None,
        user_id: str,
        actor: Actor,
        kind: EventType,
        change: Callable[[User, datetime], User],
        reason: RevocationReason | None,
    ) -> UserChange:
        # However many attempts are needed, the change is one re-activation.
        count_change = cache(lambda: self._count_change(user_id, Counted.BY_ADMIN))

        def attempt() -> UserChange:
            before, now = self.get(user_id), self._clock.now()
            acting = self.acting(admin, before) if admin else None
            after = change(before, now)
            if after is before:
                return UserChange(before, before)
            if admin and after.is_active and not before.is_active:
                count_change()
            ended, made = None, UserChange(before, after)
            if reason and made.ends_tokens:
                purge_at = self._rules.generation_purge_time(now)
                ended = EndedGeneration(before.generation, Revocation(reason, now), purge_at)
            event = self._journal.about_user(kind, before, after, actor, now)
            self._store.save_user(before, after, event, ended, acting)
            return made

        return retry_on_conflict(attempt)


def _refuse_own(admin: User | None, user_id: str) -> None:
    if admin and admin.id == user_id:
        raise OwnAccount


def has_text(user: User, text: str) -> bool:
    """Return True if the name, the e-mail or the subject contains a text, as searches compare."""
    text_key = search_key(text)
    return any(text_key in search_key(each) for each in (user.name, user.email, user.subject))


def _matches(user: User, query: UserQuery) -> bool:
    if query.status and user.status is not query.status:
        return False
    # Compare exactly, as for the ``iss`` of a JWT: two spellings are two issuers.
    if query.issuer is not None and user.issuer != query.issuer:
        return False
    return has_text(user, query.text)


def _position(cursor: str) -> str:
    position = cursors.read(cursor)
    if not POSITION.fullmatch(position):
        raise InvalidCursor
    return position
