"""Changes to users by administrators. Each one costs the same for any number of tokens."""

from collections.abc import Callable
from datetime import datetime
from functools import cache

from chalicelib import logs
from chalicelib.domain.administrators import ActingAdmin
from chalicelib.domain.errors import (
    AdminRequired,
    OwnAccount,
    UserNotFound,
)
from chalicelib.domain.events import Actor, EventType
from chalicelib.domain.frozen import Frozen
from chalicelib.domain.ids import USER_ID, new_generation
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.ports.users import Counted, UserStore
from chalicelib.domain.revocations import EndedGeneration, Revocation, RevocationReason
from chalicelib.domain.token_rules import TokenRules
from chalicelib.domain.users import Role, User, UserStatus
from chalicelib.services.conflicts import retry_on_conflict
from chalicelib.services.daily_limits import CountChange
from chalicelib.services.journal import Journal
from chalicelib.services.user_lists import UserList, UserQuery, page_of


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
        return page_of(self._store, query)

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
