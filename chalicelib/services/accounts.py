"""Who is calling: sign-in to management, and the user record behind it."""

from datetime import datetime

from chalicelib import logs
from chalicelib.domain.errors import (
    ApiTokenNotAllowed,
    ConcurrentChange,
    NotAuthenticated,
    SignInRefused,
    UserInactive,
)
from chalicelib.domain.ids import API_TOKEN_PREFIX, new_generation, user_id_for
from chalicelib.domain.ports import Clock, IdentityProvider, UserStore
from chalicelib.domain.users import Identity, User, UserStatus

_ATTEMPTS = 3


class Accounts:
    """Turns a sign-in into the user it belongs to, making the record on first sight."""

    def __init__(self, provider: IdentityProvider, users: UserStore, clock: Clock) -> None:
        self._provider = provider
        self._users = users
        self._clock = clock

    def sign_in(self, unverified_jwt: str | None) -> User:
        """Return the active user whom the provider vouches for.

        Raises NotAuthenticated, SignInRefused, ApiTokenNotAllowed, UserInactive or
        DependencyUnavailable.
        """
        if not unverified_jwt:
            raise NotAuthenticated
        if unverified_jwt.startswith(API_TOKEN_PREFIX):
            raise ApiTokenNotAllowed
        return self.present(self._verified(unverified_jwt))

    def present(self, identity: Identity) -> User:
        """Return the active user who just signed in, made on first sight.

        Raises UserInactive or DependencyUnavailable.
        """
        for _ in range(_ATTEMPTS):
            try:
                return self._present(identity)
            except ConcurrentChange:
                continue
        raise ConcurrentChange

    def _verified(self, unverified_jwt: str) -> Identity:
        try:
            return self._provider.verify(unverified_jwt)
        except NotAuthenticated as error:
            raise SignInRefused(error.detail) from error

    def _present(self, identity: Identity) -> User:
        now = self._clock.now()
        user_id = user_id_for(identity.issuer, identity.subject)
        logs.add(user_id=user_id)
        stored = self._users.find_user(user_id)
        if stored is None:
            return self._first_seen(user_id, identity, now)
        current = _signed_in(stored, identity, now)
        if current is not stored:
            self._users.save_user(stored, current)
        return current

    def _first_seen(self, user_id: str, identity: Identity, now: datetime) -> User:
        user = User(
            id=user_id,
            issuer=identity.issuer,
            subject=identity.subject,
            name=identity.name,
            email=identity.email,
            role=identity.role,
            status=UserStatus.ACTIVE,
            generation=new_generation(),
            created_at=now,
            updated_at=now,
        )
        if not self._users.add_user(user):
            raise ConcurrentChange
        return user


def _signed_in(stored: User, identity: Identity, now: datetime) -> User:
    """Return the user as of this sign-in.

    Raises UserInactive; for a removed user also when the sign-in is older than the removal, or a JWT
    still in use somewhere would undo it at once.
    """
    if stored.is_active:
        return stored.with_profile(identity, now)
    removed_at = stored.removed_at
    if removed_at is None or identity.issued_at <= removed_at:
        raise UserInactive
    return stored.returned(identity, now, new_generation())
