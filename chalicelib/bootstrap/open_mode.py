"""Open mode: the service without authentication."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from chalicelib import logs
from chalicelib.adapters.clock import SystemClock
from chalicelib.domain.callers import Caller
from chalicelib.domain.errors import TokensUnavailable
from chalicelib.domain.scopes import DEFAULT_CATALOGUE, ScopeCatalogue
from chalicelib.services.callers import Admitted, AnonymousAdmitted, AnonymousCaller, ApiCaller

if TYPE_CHECKING:
    from chalicelib.bootstrap.closed_mode import Service
    from chalicelib.domain.ports.time import Clock

_Authorizer = TypeVar("_Authorizer")


class OpenService:
    """The service in open mode: all callers may use the API, and API tokens do not exist.

    Open mode needs no settings.
    """

    def __init__(self, clock: "Clock | None" = None) -> None:
        self.clock: Clock = clock or SystemClock()

    def check(self) -> None:
        """Log a warning."""
        logs.warn(
            "authentication_disabled",
            detail="AUTH_MODE=none: every caller who reaches this API can use it. "
            "API tokens are not available.",
        )

    def prepare(self) -> None:
        """Build nothing, because nothing is decided."""

    @property
    def service(self) -> "Service":
        """The service with tokens. Raises TokensUnavailable."""
        raise TokensUnavailable

    @property
    def catalogue(self) -> ScopeCatalogue:
        """The default scopes. No token has them."""
        return DEFAULT_CATALOGUE

    @property
    def max_lifetime(self) -> timedelta | None:
        """None, because this mode has no tokens."""
        return None

    @property
    def published_at(self) -> str | None:
        """None, because the address is not configured."""
        return None

    def guard(self, authorizer: _Authorizer) -> _Authorizer | None:
        """Return None: the protected API has no authorizer.

        API Gateway refuses callers without a token before it asks even the most lenient authorizer.
        """
        return None

    def api_caller(self, context: Mapping[str, str] | None) -> ApiCaller:
        """Return an anonymous caller, whatever the Authorization header holds."""
        return AnonymousCaller()

    def admit(
        self, unverified_token: str | None, caller: Caller, lets_in: Callable[[Admitted], bool]
    ) -> Admitted:
        """Return an anonymous caller, whatever the Authorization header holds."""
        return AnonymousAdmitted()
