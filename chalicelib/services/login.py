"""Signing in at the page: away to the provider and back (OpenID Connect Core section 3.1)."""

from collections.abc import Collection
from dataclasses import dataclass, field

from chalicelib import logs
from chalicelib.domain.errors import LoginFailed, SignInRefused
from chalicelib.domain.ids import began_by, new_login_id
from chalicelib.domain.ports import Clock, LoginProvider, SessionStore
from chalicelib.domain.refusals import LoginReason, provider_error, reason_of_error
from chalicelib.domain.sessions import LOGIN_LIFETIME, PendingLogin, login_id_in, logins_to_drop
from chalicelib.domain.users import Identity, User
from chalicelib.services.accounts import Accounts
from chalicelib.services.cookies import hash_of, random_text
from chalicelib.services.sessions import Sessions

_CANCELLED = "access_denied"


@dataclass(frozen=True, slots=True)
class LoginBegun:
    """The provider's address for the browser, and the cookie to keep meanwhile.

    ``id`` is part of the cookie's name, so that sign-ins in several tabs have a cookie each. The cookies
    of the sign-ins ``dropped`` are to be forgotten.
    """

    url: str
    id: str
    cookie: str = field(repr=False)
    dropped: Collection[str]


@dataclass(frozen=True, slots=True)
class Callback:
    """The provider's answer as the browser brings it (RFC 6749 sections 4.1.2 and 4.1.2.1).

    Parameters that are missing are empty. ``login_cookie`` is the cookie of the sign-in that ``state``
    names, ``session_cookie`` that of the session so far. ``is_expected`` says that the browser has a
    sign-in under way, of any state.
    """

    state: str = field(repr=False)
    code: str = field(repr=False)
    error: str
    login_cookie: str | None = field(repr=False)
    session_cookie: str | None = field(repr=False)
    is_expected: bool = False


@dataclass(frozen=True, slots=True)
class LoginDone:
    """Where the browser goes on, and what its cookie holds from now on."""

    return_to: str
    cookie: str = field(repr=False)


class Login:
    """Sends browsers to the provider and begins sessions for the people whom it sends back."""

    def __init__(
        self,
        provider: LoginProvider,
        accounts: Accounts,
        sessions: Sessions,
        store: SessionStore,
        clock: Clock,
    ) -> None:
        self._provider = provider
        self._accounts = accounts
        self._sessions = sessions
        self._store = store
        self._clock = clock

    def begin(self, return_to: str, redirect_uri: str, pending: Collection[str]) -> LoginBegun:
        """Send a browser to the provider. Raises DependencyUnavailable.

        ``pending`` are the ids of the sign-ins that the browser has under way.
        """
        now = self._clock.now()
        login_id, cookie = new_login_id(now), random_text()
        state = f"{login_id}.{random_text()}"
        login = PendingLogin(
            id_hash=_key_of(cookie, state),
            state=state,
            nonce=random_text(),
            verifier=random_text(),
            return_to=return_to,
            expires_at=now + LOGIN_LIFETIME,
        )
        url = self._provider.authorization_url(login, redirect_uri)
        self._store.add_login(login)
        return LoginBegun(url, login_id, cookie, logins_to_drop(pending))

    def finish(self, callback: Callback, redirect_uri: str) -> LoginDone:
        """Begin a session for the person whom the provider sent back, once per sign-in.

        The session so far ends. Raises LoginFailed, UserInactive, SignInTooSoon, ConcurrentChange or
        DependencyUnavailable.
        """
        if callback.error:
            logs.add(provider_error=provider_error(callback.error))
            # Some providers leave the state out of an error. Then no pending sign-in ends.
            if callback.state or not callback.is_expected:
                self._take(callback)
            cancelled = callback.error == _CANCELLED
            raise LoginFailed(LoginReason.CANCELLED if cancelled else reason_of_error(callback.error))
        # Taken first: a code counts only for the browser that left with this state.
        login = self._take(callback)
        if not callback.code:
            raise LoginFailed(LoginReason.NO_CODE)
        # Taken before the user is looked at: a deactivation from here on ends this session too.
        now = self._clock.now()
        user = self._present(self._provider.redeem(login, callback.code, redirect_uri))
        return LoginDone(login.return_to, self._sessions.begin(user, now, callback.session_cookie))

    def _take(self, callback: Callback) -> PendingLogin:
        """Return the sign-in that comes back, and forget it. Raises LoginFailed or StoreUnavailable.

        A state that left with another browser, or is not ours, changes nothing: the link may be a trap.
        """
        cookie, now = callback.login_cookie, self._clock.now()
        login = self._store.take_login(_key_of(cookie, callback.state)) if cookie else None
        if login is None:
            # The browser forgets the cookie after the same time, so only the state tells that it was late.
            login_id = login_id_in(callback.state)
            late = login_id is not None and began_by(login_id, now - LOGIN_LIFETIME)
            raise LoginFailed(LoginReason.TOOK_TOO_LONG if late else LoginReason.NOT_BEGUN_HERE)
        if not login.is_open(now):
            raise LoginFailed(LoginReason.TOOK_TOO_LONG)
        return login

    def _present(self, identity: Identity) -> User:
        try:
            return self._accounts.present(identity)
        except SignInRefused as error:
            raise LoginFailed(error.reason, error.facts) from error


def _key_of(cookie: str, state: str) -> str:
    return hash_of(f"{cookie}.{state}")
