"""Signing in at the page: away to the provider and back (OpenID Connect Core section 3.1)."""

import hmac
from dataclasses import dataclass

from chalicelib.domain.errors import LoginFailed
from chalicelib.domain.ports import Clock, LoginProvider, SessionStore
from chalicelib.domain.refusals import LoginReason
from chalicelib.domain.sessions import LOGIN_LIFETIME, PendingLogin
from chalicelib.services.accounts import Accounts
from chalicelib.services.cookies import hash_of, random_text
from chalicelib.services.sessions import Sessions


@dataclass(frozen=True, slots=True)
class LoginBegun:
    """Where the browser goes, and what its cookie holds meanwhile."""

    url: str
    cookie: str


@dataclass(frozen=True, slots=True)
class LoginDone:
    """Where the browser goes on, and what its cookie holds from now on."""

    return_to: str
    cookie: str


class Login:
    """Sends browsers to the provider and begins sessions for whom it sends back."""

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

    def begin(self, return_to: str, redirect_uri: str) -> LoginBegun:
        """Send a browser to the provider. Raises DependencyUnavailable."""
        cookie = random_text()
        login = PendingLogin(
            id_hash=hash_of(cookie),
            state=random_text(),
            nonce=random_text(),
            verifier=random_text(),
            return_to=return_to,
            expires_at=self._clock.now() + LOGIN_LIFETIME,
        )
        url = self._provider.authorization_url(login, redirect_uri)
        self._store.add_login(login)
        return LoginBegun(url, cookie)

    def finish(self, cookie: str, state: str, code: str, redirect_uri: str) -> LoginDone:
        """Begin a session for the person whom the provider sent back, once per sign-in.

        Raises LoginFailed, UserInactive or DependencyUnavailable.
        """
        login = self._store.take_login(hash_of(cookie))
        # Without the cookie that left with it, a state proves nothing: somebody may have sent the link.
        if login is None:
            raise LoginFailed(LoginReason.NOT_BEGUN_HERE)
        if not login.is_open(self._clock.now()):
            raise LoginFailed(LoginReason.TOOK_TOO_LONG)
        if not hmac.compare_digest(login.state.encode(), state.encode()):
            raise LoginFailed(LoginReason.NOT_BEGUN_HERE)
        # Taken before the user is looked at: a deactivation from here on ends this session too.
        now = self._clock.now()
        user = self._accounts.present(self._provider.redeem(login, code, redirect_uri))
        return LoginDone(login.return_to, self._sessions.begin(user, now))
