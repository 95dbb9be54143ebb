"""Sign-ins to management, and the users behind them."""

from datetime import datetime

from chalicelib import logs
from chalicelib.domain.administrators import Administrators
from chalicelib.domain.callers import Caller
from chalicelib.domain.errors import (
    ApiTokenNotAllowed,
    ConcurrentChange,
    DependencyUnavailable,
    NotAuthenticated,
    SignInBeforeRemoval,
    SignInRefused,
    SignInTooSoon,
    UserInactive,
)
from chalicelib.domain.events import Actor, ActorKind, Difference, Event, EventType
from chalicelib.domain.ids import API_TOKEN_PREFIX, new_generation, user_id_for
from chalicelib.domain.ports.sign_in import IdentityProvider
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.ports.users import UserStore
from chalicelib.domain.reasons import SignInReason
from chalicelib.domain.users import SIGN_IN_LEEWAY, Identity, Role, User, UserStatus
from chalicelib.services.conflicts import retry_on_conflict
from chalicelib.services.journal import Journal

# Each sign-in that overtakes another one is newer, so a burst takes at most as many attempts as it has
# sign-ins. A client that starts ten times at once must not get a 409.
SIGN_IN_ATTEMPTS = 20


class Accounts:
    """The way from a sign-in to its user, who is added at the first sign-in."""

    def __init__(
        self,
        provider: IdentityProvider,
        users: UserStore,
        clock: Clock,
        administrators: Administrators,
        journal: Journal,
    ) -> None:
        self._provider = provider
        self._users = users
        self._clock = clock
        self._administrators = administrators
        self._journal = journal

    def sign_in(self, unverified_jwt: str | None, caller: Caller) -> User:
        """Return the active user who signed in with this JWT of the provider.

        Raises NotAuthenticated, SignInRefused, ApiTokenNotAllowed, UserInactive, SignInTooSoon,
        ConcurrentChange or DependencyUnavailable.
        """
        if not unverified_jwt:
            raise NotAuthenticated
        if unverified_jwt.startswith(API_TOKEN_PREFIX):
            raise ApiTokenNotAllowed
        return self.present(self._provider.verify(unverified_jwt), caller)

    def present(self, identity: Identity, caller: Caller) -> User:
        """Return the active user who signed in. Add the user at the first sign-in.

        A sign-in that is older than the newest one changes nothing. Raises SignInRefused, UserInactive,
        SignInTooSoon, ConcurrentChange or DependencyUnavailable.
        """
        return retry_on_conflict(lambda: self._present(identity, caller), SIGN_IN_ATTEMPTS)

    def _present(self, identity: Identity, caller: Caller) -> User:
        now = self._clock.now()
        derived_id = user_id_for(identity.issuer, identity.subject, identity.subject_claim)
        stored = self._users.find_signed_in(derived_id)
        logs.add(user_id=stored.id if stored else derived_id)
        if stored is None:
            return self._first_seen(derived_id, identity, caller, now)
        if not stored.is_identified_by(identity):
            raise SignInRefused(SignInReason.IDENTITY_MOVED)
        current = self._signed_in(stored, identity, now)
        if current is not stored:
            self._record(stored, current, caller, now)
        return current

    def _record(self, stored: User, current: User, caller: Caller, now: datetime) -> None:
        """Write what a sign-in changes. The write may fail if the user's rights stay the same."""
        try:
            self._users.save_sign_in(stored, current, self._event(stored, current, caller, now))
        except DependencyUnavailable as error:
            # A revocation must not wait until a name or a date can be written.
            if not stored.is_active or self._role_changes(stored, current, now):
                raise
            logs.warn("user.sign_in_not_recorded", user_id=stored.id, cause=logs.cause(error))
        else:
            self._log_role_change(stored, current, now)

    def _first_seen(self, user_id: str, identity: Identity, caller: Caller, now: datetime) -> User:
        unknown = User(
            id=user_id,
            issuer=identity.issuer,
            subject=identity.subject,
            subject_claim=identity.subject_claim,
            name="",
            email="",
            role=Role.USER,
            status=UserStatus.ACTIVE,
            generation=new_generation(),
            created_at=now,
            updated_at=now,
        )
        user = unknown.signed_in(identity, now, named=self._names(identity))
        actor = Actor(ActorKind.PERSON, user_id, caller)
        event = self._journal.about_user(EventType.USER_CREATED, None, user, actor, now)
        if not self._users.add_user(user, event):
            # Another call added the user, or an operator moved one here. The next attempt finds it.
            raise ConcurrentChange
        self._log_role_change(unknown, user, now)
        return user

    def _signed_in(self, stored: User, identity: Identity, now: datetime) -> User:
        """Return the user after this sign-in. Raises UserInactive or SignInTooSoon."""
        if stored.is_active:
            return stored.signed_in(identity, now, named=self._names(identity))
        removed_at = stored.removed_at
        if removed_at is None:
            raise UserInactive
        # A JWT from before the removal may still be in use, and must not undo it.
        if identity.issued_at <= removed_at:
            raise SignInBeforeRemoval
        if identity.issued_at <= removed_at + SIGN_IN_LEEWAY:
            raise SignInTooSoon
        return stored.returned(identity, now, new_generation(), named=self._names(identity))

    def _names(self, identity: Identity) -> bool:
        return self._administrators.names(identity.issuer, identity.subject_claim, identity.subject)

    def _event(self, before: User, after: User, caller: Caller, now: datetime) -> Event | None:
        """Return the event of a sign-in that brings a removed user back or changes the role."""
        actor = Actor(ActorKind.PERSON, after.id, caller)
        roles: dict[str, Difference] = {}
        if self._role_changes(before, after, now):
            had, has = (self._administrators.role_of(user, now) for user in (before, after))
            roles["role"] = Difference(had.value, has.value)
        if not before.is_active:
            return self._journal.about_user(EventType.USER_ACTIVATED, before, after, actor, now, roles)
        if not roles:
            return None
        return self._journal.about_user(EventType.USER_ROLE_CHANGED, before, after, actor, now, roles)

    def _log_role_change(self, before: User, after: User, now: datetime) -> None:
        if self._role_changes(before, after, now):
            had, has = (self._administrators.role_of(user, now) for user in (before, after))
            logs.add(role_before=had.value, role_after=has.value)

    def _role_changes(self, before: User, after: User, now: datetime) -> bool:
        # The row's role may have expired, so this compares the roles that count.
        return self._administrators.role_of(before, now) is not self._administrators.role_of(after, now)
