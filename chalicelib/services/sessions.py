"""Sessions of people at the page, from the sign-in to their end."""

import hmac
from dataclasses import dataclass
from datetime import datetime

from chalicelib import logs
from chalicelib.domain.errors import CrossSiteRequest, DependencyUnavailable, NotAuthenticated
from chalicelib.domain.ports.sign_in import SessionStore
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.ports.users import UserStore
from chalicelib.domain.sessions import Session, new_session
from chalicelib.domain.users import User
from chalicelib.services.cookies import hash_of, random_text


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is at the page."""

    user: User
    session: Session


class Sessions:
    """Sessions are rows, so they end when the row does: logout, deactivation, removal, time."""

    def __init__(self, store: SessionStore, users: UserStore, clock: Clock) -> None:
        self._store = store
        self._users = users
        self._clock = clock

    def begin(self, user: User, now: datetime, replaced: str | None) -> str:
        """Begin a session and return the value of its cookie. Raises DependencyUnavailable.

        The session with the cookie ``replaced`` ends, even if it is another user's.
        """
        cookie = random_text()
        self._store.add_session(new_session(hash_of(cookie), user.id, random_text(), now))
        if replaced:
            self._store.end_session(hash_of(replaced))
        return cookie

    def resume(self, cookie: str) -> Visitor:
        """Return who is signed in. Raises NotAuthenticated or DependencyUnavailable."""
        session = self._store.find_session(hash_of(cookie))
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
        sent = csrf_token.encode(errors="surrogatepass")
        if not hmac.compare_digest(visitor.session.csrf_token.encode(), sent):
            raise CrossSiteRequest
        return visitor

    def end(self, cookie: str, csrf_token: str) -> None:
        """End a session if the page itself asks for it. The session may be over already.

        Raises CrossSiteRequest or DependencyUnavailable.
        """
        try:
            self.resume_for_change(cookie, csrf_token)
        except NotAuthenticated:
            logs.add(reason="no_session")
        self._store.end_session(hash_of(cookie))

    def _touch(self, session: Session) -> None:
        now = self._clock.now()
        if not session.needs_touch(now):
            return
        try:
            self._store.touch_session(session.touched(now))
        except DependencyUnavailable as error:
            logs.warn("session.touch_failed", cause=logs.cause(error))
