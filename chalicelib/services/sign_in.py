"""Who makes a management call: by the provider's JWT, or by the page's session cookie."""

from dataclasses import dataclass, field

from chalicelib.domain.administrators import Administrators
from chalicelib.domain.errors import AdminRequired, CrossSiteRequest, NotAuthenticated
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.users import Role, User
from chalicelib.services.accounts import Accounts
from chalicelib.services.sessions import Sessions, Visitor


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a call carries to say who makes it.

    ``bearer`` None means that there is no Authorization header at all; ``changes`` that the call is
    not a mere look; ``same_origin`` that the browser says that our own page sent it.
    """

    bearer: str | None = field(default=None, repr=False)
    cookie: str | None = field(default=None, repr=False)
    csrf_token: str = field(default="", repr=False)
    changes: bool = False
    same_origin: bool = False


class SignIn:
    """Finds the person behind the credentials."""

    def __init__(
        self, accounts: Accounts, sessions: Sessions, administrators: Administrators, clock: Clock
    ) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._administrators = administrators
        self._clock = clock

    def user(self, credentials: Credentials) -> User:
        """Return the active user who calls.

        If a bearer is sent, only the bearer counts. A bad bearer never falls back to the cookie.
        Raises NotAuthenticated, ApiTokenNotAllowed, UserInactive, SignInTooSoon, CrossSiteRequest,
        ConcurrentChange or DependencyUnavailable.
        """
        if credentials.bearer is not None or credentials.cookie is None:
            return self._accounts.sign_in(credentials.bearer)
        return self.visitor(credentials).user

    def visitor(self, credentials: Credentials) -> Visitor:
        """Return who is at the page, by the cookie alone.

        Raises NotAuthenticated, CrossSiteRequest or DependencyUnavailable.
        """
        if credentials.cookie is None:
            raise NotAuthenticated
        if not credentials.changes:
            return self._sessions.resume(credentials.cookie)
        if not credentials.same_origin:
            raise CrossSiteRequest
        return self._sessions.resume_for_change(credentials.cookie, credentials.csrf_token)

    def admin(self, credentials: Credentials) -> User:
        """Return the administrator who calls.

        Raises AdminRequired besides what ``user`` raises.
        """
        user = self.user(credentials)
        if self._administrators.role_of(user, self._clock.now()) is not Role.ADMIN:
            raise AdminRequired
        return user
