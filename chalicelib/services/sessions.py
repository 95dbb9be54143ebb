"""Signing in at the page: away to the provider and back, then a session until it ends."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from chalicelib import logs
from chalicelib.domain.errors import CrossSiteRequest, DependencyUnavailable, LoginFailed, NotAuthenticated
from chalicelib.domain.ports import Clock, LoginProvider, SessionStore, UserStore
from chalicelib.domain.sessions import LOGIN_LIFETIME, PendingLogin, Session, new_session
from chalicelib.domain.users import User
from chalicelib.services.accounts import Accounts


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


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is at the page."""

    user: User
    session: Session


class Sessions:
    """Sessions are rows, so they end when the row does: logout, deactivation, removal, time."""

    def __init__(
        self,
        provider: LoginProvider,
        accounts: Accounts,
        stores: "SessionStores",
        clock: Clock,
    ) -> None:
        self._provider = provider
        self._accounts = accounts
        self._sessions = stores.sessions
        self._users = stores.users
        self._clock = clock

    def begin(self, return_to: str, redirect_uri: str) -> LoginBegun:
        """Send a browser to the provider. Raises DependencyUnavailable."""
        cookie = _random()
        login = PendingLogin(
            id_hash=_hash(cookie),
            state=_random(),
            nonce=_random(),
            verifier=_random(),
            return_to=return_to,
            expires_at=self._clock.now() + LOGIN_LIFETIME,
        )
        url = self._provider.authorization_url(login, redirect_uri)
        self._sessions.add_login(login)
        return LoginBegun(url, cookie)

    def finish(self, cookie: str, state: str, code: str, redirect_uri: str) -> LoginDone:
        """Begin a session for the person whom the provider sent back, once per sign-in.

        Raises LoginFailed, UserInactive or DependencyUnavailable.
        """
        login = self._sessions.take_login(_hash(cookie))
        # Without the cookie that left with it, a state proves nothing: somebody may have sent the link.
        if login is None or not login.is_open(self._clock.now()):
            raise LoginFailed
        if not hmac.compare_digest(login.state.encode(), state.encode()):
            raise LoginFailed
        # Taken before the user is looked at: a deactivation from here on ends this session too.
        now = self._clock.now()
        user = self._accounts.present(self._provider.redeem(login, code, redirect_uri))
        session_cookie = _random()
        self._sessions.add_session(new_session(_hash(session_cookie), user.id, _random(), now))
        return LoginDone(login.return_to, session_cookie)

    def resume(self, cookie: str) -> Visitor:
        """Return who is signed in. Raises NotAuthenticated or DependencyUnavailable."""
        session = self._sessions.find_session(_hash(cookie))
        user = self._users.find_user(session.user_id) if session else None
        now = self._clock.now()
        if session is None or user is None or not session.is_good_for(user, now):
            raise NotAuthenticated
        logs.add(user_id=user.id)
        self._touch(session)
        return Visitor(user, session)

    def resume_for_change(self, cookie: str, csrf_token: str) -> Visitor:
        """Return who asks for a change, if the page itself does.

        Raises CrossSiteRequest besides what ``resume`` raises.
        """
        visitor = self.resume(cookie)
        if not hmac.compare_digest(visitor.session.csrf_token.encode(), csrf_token.encode()):
            raise CrossSiteRequest
        return visitor

    def end(self, cookie: str) -> None:
        """End a session. Raises DependencyUnavailable."""
        self._sessions.end_session(_hash(cookie))

    def _touch(self, session: Session) -> None:
        now = self._clock.now()
        if not session.needs_touch(now):
            return
        try:
            self._sessions.touch_session(session.touched(now))
        except DependencyUnavailable as error:
            logs.warn("session.touch_failed", cause=logs.cause(error))


@dataclass(frozen=True, slots=True)
class SessionStores:
    """What sessions read and write."""

    sessions: SessionStore
    users: UserStore


def _random() -> str:
    return secrets.token_urlsafe(32)


def _hash(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()
