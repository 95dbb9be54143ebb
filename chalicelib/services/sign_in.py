"""Callers of the management API, by the provider's JWT or by the page's session cookie."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from chalicelib.domain.administrators import Administrators
from chalicelib.domain.callers import Caller
from chalicelib.domain.errors import AdminRequired, CrossSiteRequest, NotAuthenticated, SessionChanged
from chalicelib.domain.frozen import Frozen, field
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.users import Role, User

if TYPE_CHECKING:
    from chalicelib.services.accounts import Accounts
    from chalicelib.services.sessions import Sessions, Visitor


class Credentials(Frozen):
    """The credentials of a call, the caller, and what the browser says about the call.

    ``unverified_bearer`` None means that the call has no Authorization header. ``changes`` is True unless
    the call only reads. ``same_origin`` is True if the browser says that the page itself sent the call.
    ``unverified_expected_user`` is the id of the user whose session the page expects, or None for any.
    """

    caller: Caller
    unverified_bearer: str | None = field(default=None, repr=False)
    unverified_cookie: str | None = field(default=None, repr=False)
    unverified_csrf_token: str = field(default="", repr=False)
    unverified_expected_user: str | None = None
    changes: bool = False
    same_origin: bool = False


class SignIn:
    """Sign-ins by the credentials of a call.

    The parts behind a credential are built when a call has one. A cold process refuses a call without
    credentials before it loads an SDK.
    """

    def __init__(
        self,
        accounts: "Callable[[], Accounts]",
        sessions: "Callable[[], Sessions]",
        administrators: Administrators,
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._administrators = administrators
        self._clock = clock

    def user(self, credentials: Credentials) -> User:
        """Return the active user who calls.

        A call with a bearer is decided by the bearer alone. A bad bearer never falls back to the cookie.
        Raises NotAuthenticated, ApiTokenNotAllowed, UserInactive, SignInTooSoon, CrossSiteRequest,
        SessionChanged, ConcurrentChange or DependencyUnavailable.
        """
        if credentials.unverified_bearer:
            return self._accounts().sign_in(credentials.unverified_bearer, credentials.caller)
        if credentials.unverified_bearer is not None:
            raise NotAuthenticated
        return self.visitor(credentials).user

    def visitor(self, credentials: Credentials) -> "Visitor":
        """Return the signed-in user at the page, by the cookie alone.

        Raises NotAuthenticated, CrossSiteRequest, SessionChanged or DependencyUnavailable.
        """
        if credentials.unverified_cookie is None:
            raise NotAuthenticated
        if credentials.changes and not credentials.same_origin:
            raise CrossSiteRequest
        sessions = self._sessions()
        visitor = sessions.resume(credentials.unverified_cookie)
        # Before the secret, which another person's session makes wrong too.
        if credentials.unverified_expected_user not in (None, visitor.user.id):
            raise SessionChanged
        if credentials.changes:
            sessions.require_secret(visitor.session, credentials.unverified_csrf_token)
        return visitor

    def admin(self, credentials: Credentials) -> User:
        """Return the administrator who calls.

        Raises AdminRequired, and all errors of ``user``.
        """
        user = self.user(credentials)
        if self._administrators.role_of(user, self._clock.now()) is not Role.ADMIN:
            raise AdminRequired
        return user
