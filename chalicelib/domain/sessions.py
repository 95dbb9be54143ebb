"""Sessions of people at the page, which begin with a sign-in at their OpenID provider."""

from collections.abc import Collection
from datetime import datetime, timedelta

from chalicelib.domain.frozen import Frozen, field, replace
from chalicelib.domain.ids import LOGIN_ID
from chalicelib.domain.users import User

LOGIN_LIFETIME = timedelta(minutes=10)
MAX_PENDING_LOGINS = 5
"""The most pending sign-ins of one browser, one per tab."""

SESSION_LIFETIME = timedelta(hours=12)
SESSION_IDLE_TIMEOUT = timedelta(hours=1)
# One write in this time is enough for a session that goes idle after an hour.
SESSION_REFRESH_INTERVAL = timedelta(minutes=5)


class PendingLogin(Frozen):
    """A sign-in whose browser is at the provider and has not come back.

    ``state`` and ``nonce`` are parameters of OpenID Connect Core section 3.1.2.1, and ``verifier`` is that
    of RFC 7636. ``id_hash`` is the hash of the browser's cookie and ``state`` together, so that both are
    needed to find the row.
    """

    id_hash: str
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    return_to: str
    expires_at: datetime

    def is_open(self, now: datetime) -> bool:
        """Return True if the person may still come back."""
        return now < self.expires_at


def login_id_in(state: str) -> str | None:
    """Return the sign-in's id in a ``state``, or None if the text is not a state of this service."""
    login_id, dot, _ = state.partition(".")
    return login_id if dot and LOGIN_ID.fullmatch(login_id) else None


def logins_to_drop(pending: Collection[str]) -> list[str]:
    """Return the ids of a browser's oldest sign-ins, which must make room for a new one."""
    ours = sorted(login_id for login_id in pending if LOGIN_ID.fullmatch(login_id))
    return ours[: -(MAX_PENDING_LOGINS - 1)]


class Session(Frozen):
    """A browser that is signed in. ``id_hash`` is the hash of the value of its cookie."""

    id_hash: str
    user_id: str
    csrf_token: str = field(repr=False)
    created_at: datetime
    idle_at: datetime
    expires_at: datetime

    def is_good_for(self, user: User, now: datetime) -> bool:
        """Return True if the session still signs ``user`` in.

        A session that began before the user was deactivated or removed is over for good.
        """
        ended_at = user.sessions_ended_at
        outlived = ended_at is not None and self.created_at <= ended_at
        return user.is_active and not outlived and now < min(self.idle_at, self.expires_at)

    def needs_touch(self, now: datetime) -> bool:
        """Return True if the recorded use is old enough to write a new one."""
        return self.idle_at - now <= SESSION_IDLE_TIMEOUT - SESSION_REFRESH_INTERVAL

    def touched(self, now: datetime) -> "Session":
        """Return the session as used at ``now``."""
        return replace(self, idle_at=now + SESSION_IDLE_TIMEOUT)


def new_session(id_hash: str, user_id: str, csrf_token: str, now: datetime) -> Session:
    """Return a session that begins now."""
    return Session(
        id_hash=id_hash,
        user_id=user_id,
        csrf_token=csrf_token,
        created_at=now,
        idle_at=now + SESSION_IDLE_TIMEOUT,
        expires_at=now + SESSION_LIFETIME,
    )
