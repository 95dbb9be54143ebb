"""Bearer challenges (RFC 6750 section 3)."""

from typing import Self

from chalicelib.domain.frozen import Frozen
from chalicelib.domain.scopes import write_scope
from chalicelib.settings import Settings
from chalicelib.settings.endpoints import Endpoints

REALM = "bodhi-api-tokens"


def bearer(**parameters: str | None) -> str:
    """Return a Bearer challenge. Parameters without a value are left out."""
    given = {"realm": REALM, **parameters}
    return "Bearer " + ", ".join(f'{name}="{_escaped(value)}"' for name, value in given.items() if value)


class ApiChallenges(Frozen):
    """The challenges of an API that takes API tokens.

    ``resource_metadata`` leads clients to the authorization server (RFC 9728 section 5.1).
    ``default_scopes`` is the scope string of a token that is requested without scopes.
    """

    resource_metadata: str
    default_scopes: str

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the challenges of the service with these settings."""
        endpoints = Endpoints(settings.issuer, settings.audience)
        return cls(endpoints.resource_metadata, write_scope(settings.catalogue.defaults))

    def invalid_token(self, *, is_presented: bool = True) -> str:
        """Return the challenge of a 401.

        A call without credentials gets no error code (RFC 6750 section 3.1).
        """
        error = "invalid_token" if is_presented else None
        return bearer(error=error, scope=self.default_scopes, resource_metadata=self.resource_metadata)

    def insufficient_scope(self, needed: str | None) -> str:
        """Return the challenge of a 403 for a missing scope. None means that no scope opens the call."""
        return bearer(error="insufficient_scope", scope=needed, resource_metadata=self.resource_metadata)

    def forbidden(self) -> str:
        """Return the challenge of a 403 for an unknown cause. It has no error code.

        A client that reads ``insufficient_scope`` would request scopes, although the address may be wrong.
        """
        return bearer(resource_metadata=self.resource_metadata)


def _escaped(value: str) -> str:
    """Return the content of a quoted-string (RFC 9110 section 5.6.4)."""
    return value.replace("\\", "\\\\").replace('"', '\\"')
