"""The service in non-authenticated mode."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from chalicelib import logs
from chalicelib.bootstrap.service import Service
from chalicelib.domain.errors import TokensUnavailable
from chalicelib.domain.scopes import DEFAULT_CATALOGUE, ScopeCatalogue
from chalicelib.services.callers import Admitted, AnonymousAdmitted, AnonymousCaller, ApiCaller

if TYPE_CHECKING:
    from chalicelib.bootstrap.oauth import OAuth
    from chalicelib.services.flush import FlushCaches
    from chalicelib.services.login import Login
    from chalicelib.services.revocation import RevokeExposed
    from chalicelib.services.self_service import SelfService
    from chalicelib.services.sessions import Sessions
    from chalicelib.services.sign_in import SignIn

_Authorizer = TypeVar("_Authorizer")


class OpenService(Service):
    """The service in non-authenticated mode: the API is open to all, tokens do not exist."""

    def check(self) -> None:
        """Warn: nothing else needs to be set."""
        logs.warn(
            "authentication_disabled",
            detail="AUTH_MODE=none: anybody who can reach this API can call it. "
            "API tokens are not available.",
        )

    def prepare(self) -> None:
        """Build nothing: nothing is decided."""

    @property
    def scopes(self) -> ScopeCatalogue:
        """The usual scopes; no token has them."""
        return DEFAULT_CATALOGUE

    @property
    def published_at(self) -> None:
        """The address is not configured: open mode needs no settings."""
        return None

    def guard(self, authorizer: _Authorizer) -> _Authorizer | None:
        """Return that nothing stands before the protected API.

        API Gateway refuses callers without a token before it asks even the most lenient authorizer.
        """
        return None

    def api_caller(self, context: Mapping[str, str] | None) -> ApiCaller:
        """Return that anybody calls, whatever the Authorization header holds."""
        return AnonymousCaller()

    def admit(self, unverified_token: str | None, lets_in: Callable[[Admitted], bool]) -> Admitted:
        """Return an anonymous caller, whatever the Authorization header holds."""
        return AnonymousAdmitted()

    @property
    def sign_in(self) -> "SignIn":
        """Raises TokensUnavailable: every management call begins here."""
        raise TokensUnavailable

    @property
    def sessions(self) -> "Sessions":
        """Raises TokensUnavailable."""
        raise TokensUnavailable

    @property
    def oauth(self) -> "OAuth":
        """Raises TokensUnavailable."""
        raise TokensUnavailable

    @property
    def login(self) -> "Login":
        """Raises TokensUnavailable."""
        raise TokensUnavailable

    @property
    def self_service(self) -> "SelfService":
        """Raises TokensUnavailable."""
        raise TokensUnavailable

    @property
    def revoke_exposed(self) -> "RevokeExposed":
        """Raises TokensUnavailable."""
        raise TokensUnavailable

    @property
    def flush(self) -> "FlushCaches":
        """Raises TokensUnavailable: nothing is decided, so nothing is cached."""
        raise TokensUnavailable
