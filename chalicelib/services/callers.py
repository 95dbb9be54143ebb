"""Who calls the protected API, as its views see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote, unquote

from chalicelib import logs
from chalicelib.domain.errors import NotAuthenticated
from chalicelib.domain.paths import readings
from chalicelib.domain.scopes import EVERYTHING, Route, ScopeCatalogue, parse_scope, write_scope
from chalicelib.services.verify import Verified

# Printable ASCII but for what strings of JSON and templates end with, and what encodes.
_PLAIN = "".join(map(chr, range(0x20, 0x7F))).translate({ord(c): None for c in '"\\%'})


class ApiCaller(Protocol):
    """A caller whom the protected API has let in."""

    def require(self, method: str, path: str) -> None:
        """Let a request pass that the caller's scopes open. Raises InsufficientScope or PathTooLong."""
        ...

    def describe(self) -> dict[str, object]:
        """Return what the caller may know about itself."""
        ...


@dataclass(frozen=True, slots=True)
class TokenCaller:
    """The bearer of an API token, as the authorizer described it to the view."""

    user_id: str
    token_id: str
    token_name: str
    scopes: frozenset[str]
    catalogue: ScopeCatalogue = field(repr=False)

    def require(self, method: str, path: str) -> None:
        """Let a request pass that the token's scopes open. Raises InsufficientScope or PathTooLong.

        The gateway enforced that already; this holds too where somebody forgot to put it there.
        """
        self.catalogue.require(self.scopes, method, path)

    def describe(self) -> dict[str, object]:
        """Return what the caller may know about itself."""
        return {
            "auth": "token",
            "user_id": self.user_id,
            "token_id": self.token_id,
            "token_name": self.token_name,
            "scopes": sorted(self.scopes),
        }


class AnonymousCaller:
    """Anybody, where authentication is disabled."""

    def require(self, method: str, path: str) -> None:
        """Let everybody do everything."""

    def describe(self) -> dict[str, object]:
        """Return that nobody was asked."""
        return {"auth": "none"}


class Admitted(Protocol):
    """A caller as an authorizer describes it to a gateway."""

    @property
    def principal(self) -> str:
        """The caller's id in the policy."""
        ...

    @property
    def context(self) -> dict[str, str]:
        """The strings that the backend gets."""
        ...

    def routes(self) -> Sequence[Route]:
        """Return everything that is open to the caller."""
        ...

    def opens(self, method: str, path: str) -> bool:
        """Return True if a request is open to the caller. Raises PathTooLong or AmbiguousPath."""
        ...


@dataclass(frozen=True, slots=True)
class AdmittedToken:
    """The bearer of a token that may be used right now."""

    verified: Verified
    catalogue: ScopeCatalogue = field(repr=False)

    @property
    def principal(self) -> str:
        """The id of the token's owner."""
        return self.verified.token.user_id

    @property
    def context(self) -> dict[str, str]:
        """The token and its scopes."""
        return authorizer_context(self.verified)

    def routes(self) -> Sequence[Route]:
        """Return everything that the scopes open."""
        return self.catalogue.routes(self.verified.scopes)

    def opens(self, method: str, path: str) -> bool:
        """Return True if the scopes open a request however a backend reads its path.

        Raises PathTooLong or AmbiguousPath.
        """
        scopes, forms = self.verified.scopes, list(readings(path))
        return all(self.catalogue.opens(scopes, method, form) for form in forms)


class AnonymousAdmitted:
    """A caller that is not authenticated, because authentication is disabled."""

    principal = "anonymous"

    @property
    def context(self) -> dict[str, str]:
        """The empty text, because there is not a token."""
        return {}

    def routes(self) -> Sequence[Route]:
        """Return everything."""
        return [EVERYTHING]

    def opens(self, method: str, path: str) -> bool:
        """Return True."""
        return True


def authorizer_context(verified: Verified) -> dict[str, str]:
    """Return what the authorizer tells the views: flat strings, all that API Gateway carries.

    People choose names; in here, where gateways and mapping templates copy them unescaped, a name is
    percent-encoded (RFC 3986 section 2.1), so that none can be read as something else.
    """
    token = verified.token
    return {
        "user_id": token.user_id,
        "token_id": token.id,
        "token_name": quote(token.name, safe=_PLAIN),
        "scopes": write_scope(verified.scopes),
    }


def token_caller(context: Mapping[str, str] | None, catalogue: ScopeCatalogue) -> TokenCaller:
    """Return the caller that an authorizer's context describes.

    Raises NotAuthenticated when no authorizer stands before the view: never an allow by omission.
    """
    if not context or "token_id" not in context:
        raise NotAuthenticated
    logs.add(user_id=context["user_id"], token_id=context["token_id"])
    return TokenCaller(
        user_id=context["user_id"],
        token_id=context["token_id"],
        token_name=unquote(context["token_name"]),
        scopes=parse_scope(context["scopes"]),
        catalogue=catalogue,
    )
