"""Sign-ins at the page: to the provider and back (OpenID Connect Core section 3.1)."""

from collections.abc import Collection

from chalicelib import logs
from chalicelib.domain.callers import Caller
from chalicelib.domain.errors import LoginFailed, SignInRefused
from chalicelib.domain.frozen import Frozen, field
from chalicelib.domain.ids import began_by, new_login_id
from chalicelib.domain.ports.sign_in import LoginProvider, SessionStore
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.reasons import LoginReason, provider_error, reason_of_error
from chalicelib.domain.sessions import LOGIN_LIFETIME, PendingLogin, login_id_in, logins_to_drop
from chalicelib.domain.users import Identity, User
from chalicelib.services.accounts import Accounts
from chalicelib.services.sessions import Sessions, cookie_hash, random_text

_CANCELLED = "access_denied"


class LoginBegun(Frozen):
    """The provider's address for the browser, and the cookie of the sign-in.

    ``id`` is part of the cookie's name, so that each tab has its own cookie. The browser must forget the
    cookies of the sign-ins in ``dropped``.
    """

    url: str
    id: str
    cookie: str = field(repr=False)
    dropped: Collection[str]


class Callback(Frozen):
    """The provider's response as the browser brings it (RFC 6749 sections 4.1.2 and 4.1.2.1).

    Missing parameters are empty. ``unverified_login_cookie`` is the cookie of the sign-in that the state
    names. ``unverified_session_cookie`` is the cookie of the browser's present session. ``is_expected`` is
    True if the browser has a pending sign-in, of any state.
    """

    unverified_state: str = field(repr=False)
    code: str = field(repr=False)
    error: str
    unverified_login_cookie: str | None = field(repr=False)
    unverified_session_cookie: str | None = field(repr=False)
    is_expected: bool = False


class LoginDone(Frozen):
    """The address for the browser, and the cookie of the new session."""

    return_to: str
    cookie: str = field(repr=False)


class Login:
    """Sign-ins at the page. Each one begins a session."""

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

        ``pending`` are the ids of the browser's pending sign-ins.
        """
        now = self._clock.now()
        login_id, cookie = new_login_id(now), random_text()
        state = f"{login_id}.{random_text()}"
        login = PendingLogin(
            id_hash=_login_hash(cookie, state),
            state=state,
            nonce=random_text(),
            verifier=random_text(),
            return_to=return_to,
            expires_at=now + LOGIN_LIFETIME,
        )
        url = self._provider.authorization_url(login, redirect_uri)
        self._store.add_login(login)
        return LoginBegun(url, login_id, cookie, logins_to_drop(pending))

    def finish(self, callback: Callback, redirect_uri: str, caller: Caller) -> LoginDone:
        """Begin a session for a user who returns from the provider, once per sign-in.

        The browser's present session ends. Raises LoginFailed, UserInactive, SignInTooSoon,
        ConcurrentChange or DependencyUnavailable.
        """
        if callback.error:
            logs.add(provider_error=provider_error(callback.error))
            # Some providers leave the state out of an error. Then no pending sign-in ends.
            if callback.unverified_state or not callback.is_expected:
                self._take(callback)
            cancelled = callback.error == _CANCELLED
            raise LoginFailed(LoginReason.CANCELLED if cancelled else reason_of_error(callback.error))
        # Take the sign-in first: a code counts only for the browser that left with this state.
        login = self._take(callback)
        if not callback.code:
            raise LoginFailed(LoginReason.NO_CODE)
        # Taken before the user is looked at: a deactivation from here on ends this session too.
        now = self._clock.now()
        user = self._present(self._provider.redeem(login, callback.code, redirect_uri), caller)
        return LoginDone(
            login.return_to, self._sessions.begin(user, now, callback.unverified_session_cookie)
        )

    def _take(self, callback: Callback) -> PendingLogin:
        """Return the pending sign-in, and delete it. Raises LoginFailed or StoreUnavailable.

        A state of another browser or of another form changes nothing, because the link may be forged.
        """
        cookie, now = callback.unverified_login_cookie, self._clock.now()
        login = self._store.take_login(_login_hash(cookie, callback.unverified_state)) if cookie else None
        if login is None:
            # The browser drops an expired cookie, so only the state shows that the sign-in took too long.
            login_id = login_id_in(callback.unverified_state)
            late = login_id is not None and began_by(login_id, now - LOGIN_LIFETIME)
            raise LoginFailed(LoginReason.TOOK_TOO_LONG if late else LoginReason.NOT_BEGUN_HERE)
        if not login.is_open(now):
            raise LoginFailed(LoginReason.TOOK_TOO_LONG)
        return login

    def _present(self, identity: Identity, caller: Caller) -> User:
        try:
            return self._accounts.present(identity, caller)
        except SignInRefused as error:
            raise LoginFailed(error.reason, error.facts) from error


def _login_hash(cookie: str, state: str) -> str:
    return cookie_hash(f"{cookie}.{state}")
