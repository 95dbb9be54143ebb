"""Callers of the protected API, as views and gateways see them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeAlias

from chalicelib import logs, numeric_date
from chalicelib.domain.errors import NotAuthenticated
from chalicelib.domain.frozen import Frozen, field
from chalicelib.domain.paths import readings
from chalicelib.domain.scopes import EVERYTHING, Route, ScopeCatalogue, parse_scope, write_scope
from chalicelib.services.verify import Verified

# Printable ASCII without the characters that end or escape strings of JSON and templates, and without "%".
_PLAIN = frozenset(map(chr, range(0x20, 0x7F))) - set('"\\%')

RoutesOf: TypeAlias = Callable[[frozenset[str]], Sequence[Route]]


class ApiCaller(Protocol):
    """A caller of the protected API that the authorizer has let in."""

    def require(self, method: str, path: str) -> None:
        """Allow a request if the caller's scopes cover it. Raises InsufficientScope or PathTooLong."""
        ...

    def describe(self) -> dict[str, object]:
        """Return the description that the caller gets of itself."""
        ...


class TokenCaller(Frozen):
    """The bearer of an API token, as the authorizer describes it to the view."""

    user_id: str
    token_id: str
    token_name: str
    scopes: frozenset[str]
    catalogue: ScopeCatalogue = field(repr=False)

    def require(self, method: str, path: str) -> None:
        """Allow a request if the token's scopes cover it. Raises InsufficientScope or PathTooLong.

        The gateway has enforced the scopes already. This check protects routes without that policy.
        """
        self.catalogue.require(self.scopes, method, path)

    def describe(self) -> dict[str, object]:
        """Return the description that the caller gets of itself."""
        return {
            "auth": "token",
            "user_id": self.user_id,
            "token_id": self.token_id,
            "token_name": self.token_name,
            "scopes": sorted(self.scopes),
        }


class AnonymousCaller:
    """An anonymous caller, because authentication is disabled."""

    def require(self, method: str, path: str) -> None:
        """Allow every request."""

    def describe(self) -> dict[str, object]:
        """Return that the caller was not authenticated."""
        return {"auth": "none"}


class Admitted(Protocol):
    """A caller as an authorizer describes it to a gateway."""

    @property
    def principal(self) -> str:
        """The caller's id in the policy."""
        ...

    @property
    def context(self) -> dict[str, str]:
        """The flat strings that the backend gets."""
        ...

    @property
    def networks(self) -> Sequence[str]:
        """The networks that the token may be used from, as CIDR texts. Empty means everywhere."""
        ...

    def routes(self) -> Sequence[Route]:
        """Return the routes that the caller may use."""
        ...

    def opens(self, method: str, path: str) -> bool:
        """Return True if the caller may make a request. Raises PathTooLong or AmbiguousPath."""
        ...


class AdmittedToken(Frozen):
    """The bearer of a verified token."""

    verified: Verified
    catalogue: ScopeCatalogue = field(repr=False)
    routes_of: RoutesOf = field(repr=False)

    @property
    def principal(self) -> str:
        """The id of the token's owner."""
        return self.verified.token.user_id

    @property
    def context(self) -> dict[str, str]:
        """The token, its scopes and its deadlines."""
        return authorizer_context(self.verified)

    @property
    def networks(self) -> Sequence[str]:
        """The list of the token."""
        return [str(network) for network in self.verified.token.allowed_networks]

    def routes(self) -> Sequence[Route]:
        """Return the routes that the scopes cover."""
        return self.routes_of(self.verified.scopes)

    def opens(self, method: str, path: str) -> bool:
        """Return True if the scopes cover a request, in every form in which a backend may read its path.

        Raises PathTooLong or AmbiguousPath.
        """
        scopes, forms = self.verified.scopes, list(readings(path))
        return all(self.catalogue.opens(scopes, method, form) for form in forms)


class AnonymousAdmitted:
    """A caller that is not authenticated, because authentication is disabled."""

    principal = "anonymous"
    networks: Sequence[str] = ()

    @property
    def context(self) -> dict[str, str]:
        """An empty context, because the caller has no token."""
        return {}

    def routes(self) -> Sequence[Route]:
        """Return all routes."""
        return [EVERYTHING]

    def opens(self, method: str, path: str) -> bool:
        """Return True."""
        return True


def authorizer_context(verified: Verified) -> dict[str, str]:
    """Return the authorizer's context for views. API Gateway carries only flat strings.

    Users choose the names of tokens. Gateways and mapping templates copy the context unescaped, so a name
    is percent-encoded (RFC 3986 section 2.1). ``expires_at`` and ``idle_at`` are seconds since 1970.
    ``expires_at`` is missing if the token never expires.
    """
    token = verified.token
    context = {
        "user_id": token.user_id,
        "token_id": token.id,
        "token_name": _quoted(token.name),
        "scopes": write_scope(verified.scopes),
        "idle_at": str(numeric_date.write(token.idle_at)),
    }
    if verified.ends_at:
        context["expires_at"] = str(numeric_date.write(verified.ends_at))
    return context


def _quoted(name: str) -> str:
    """Return a name with the characters percent-encoded that are not plain."""
    # Most names are plain. Then a decision does not load this module.
    if _PLAIN.issuperset(name):
        return name
    from urllib.parse import quote

    return quote(name, safe="".join(_PLAIN))


def token_caller(context: Mapping[str, str] | None, catalogue: ScopeCatalogue) -> TokenCaller:
    """Return the caller that an authorizer's context describes.

    Raises NotAuthenticated if the view has no authorizer, so that a forgotten one lets no caller in.
    """
    if not context or "token_id" not in context:
        raise NotAuthenticated
    from urllib.parse import unquote

    logs.add(user_id=context["user_id"], token_id=context["token_id"])
    return TokenCaller(
        user_id=context["user_id"],
        token_id=context["token_id"],
        token_name=unquote(context["token_name"]),
        scopes=parse_scope(context["scopes"]),
        catalogue=catalogue,
    )
