"""Sessions of people at the page, from the sign-in to their end."""

import hashlib
import hmac
import secrets
from datetime import datetime

from chalicelib import logs
from chalicelib.domain.errors import CrossSiteRequest, DependencyUnavailable, NotAuthenticated
from chalicelib.domain.frozen import Frozen
from chalicelib.domain.ports.sign_in import SessionStore
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.ports.users import UserStore
from chalicelib.domain.sessions import Session, new_session
from chalicelib.domain.users import User


def random_text() -> str:
    """Return 256 random bits as text."""
    return secrets.token_urlsafe(32)


def cookie_hash(unverified_cookie: str) -> str:
    """Return the hash by which rows know a cookie. The cookie itself is never stored."""
    # Browsers can send lone surrogates. The hash then finds no row.
    return hashlib.sha256(unverified_cookie.encode(errors="surrogatepass")).hexdigest()


class Visitor(Frozen):
    """The signed-in user at the page, and the session."""

    user: User
    session: Session


class Sessions:
    """Sessions, kept as rows. They end by sign-out, deactivation, removal of the user, or time."""

    def __init__(self, store: SessionStore, users: UserStore, clock: Clock) -> None:
        self._store = store
        self._users = users
        self._clock = clock

    def begin(self, user: User, now: datetime, unverified_replaced: str | None) -> str:
        """Begin a session and return the value of its cookie. Raises DependencyUnavailable.

        The session with the cookie ``unverified_replaced`` ends, even if it is another user's.
        """
        cookie = random_text()
        # The new row comes first. If its write fails, the browser keeps the session that it has.
        self._store.add_session(new_session(cookie_hash(cookie), user.id, random_text(), now))
        if unverified_replaced:
            self._store.end_session(cookie_hash(unverified_replaced))
        return cookie

    def resume(self, unverified_cookie: str) -> Visitor:
        """Return the signed-in user. Raises NotAuthenticated or DependencyUnavailable."""
        session = self._store.find_session(cookie_hash(unverified_cookie))
        user = self._users.find_user(session.user_id) if session else None
        now = self._clock.now()
        if session is None or user is None or not session.is_good_for(user, now):
            raise NotAuthenticated
        logs.add(user_id=user.id)
        self._touch(session)
        return Visitor(user, session)

    @staticmethod
    def require_secret(session: Session, unverified_csrf_token: str) -> None:
        """Check the secret that only the page itself can send. Raises CrossSiteRequest."""
        sent = unverified_csrf_token.encode(errors="surrogatepass")
        if not hmac.compare_digest(session.csrf_token.encode(), sent):
            raise CrossSiteRequest

    def end(self, unverified_cookie: str, unverified_csrf_token: str) -> None:
        """End a session if the page itself asks for it. The session may be over already.

        Raises CrossSiteRequest or DependencyUnavailable.
        """
        try:
            self.require_secret(self.resume(unverified_cookie).session, unverified_csrf_token)
        except NotAuthenticated:
            logs.add(reason="no_session")
        self._store.end_session(cookie_hash(unverified_cookie))

    def _touch(self, session: Session) -> None:
        now = self._clock.now()
        if not session.needs_touch(now):
            return
        try:
            self._store.touch_session(session.touched(now))
        except DependencyUnavailable as error:
            # Best effort: without this touch the session may end earlier, never later.
            logs.warn("session.touch_failed", cause=logs.cause(error))
