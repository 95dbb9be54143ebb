"""Scopes: a space-separated string on the wire (RFC 6749 section 3.3), a frozenset inside.

Which scopes there are, what each opens and who may have it is configuration: a ``ScopeCatalogue``.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from chalicelib.domain.errors import InsufficientScope, InvalidScope, PathTooLong, ScopeNotAllowed
from chalicelib.domain.users import Role

# All that API Gateway routes. A policy's own "*" would also cover slashes, so that "*/admin" opened
# the method GET on /any/admin.
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
ANY = "*"

# The longest URL that an API Gateway hands on, and the longest request line and headers together
# (quotas of REST APIs and of HTTP APIs in the API Gateway developer guide).
MAX_PATH_LENGTH = 10_240


@dataclass(frozen=True, slots=True)
class Route:
    """A method, or ``*`` for all, and a path in which ``*`` stands for any text, slashes included.

    That is what ``*`` means in the policies that API Gateway enforces; anything narrower could be
    written here but not be kept there.
    """

    method: str
    path: str

    def covers(self, method: str, path: str) -> bool:
        """Return whether a request is for this route. The work is linear in the length of ``path``."""
        return self.method in (ANY, method) and self._matches(path)

    def _matches(self, path: str) -> bool:
        first, *others = self.path.split("*")
        if not others:
            return path == first
        last = others.pop()
        at, end = len(first), len(path) - len(last)
        if end < at or not (path.startswith(first) and path.endswith(last)):
            return False
        for part in others:
            # The first place is as good as any later one, so no place is tried again.
            found = path.find(part, at, end)
            if found < 0:
                return False
            at = found + len(part)
        return True

    def each_method(self) -> Iterator["Route"]:
        """Yield the routes with one method each that make up this one."""
        methods = METHODS if self.method == ANY else (self.method,)
        return (Route(method, self.path) for method in methods)


EVERYTHING = Route(ANY, "/*")


@dataclass(frozen=True, slots=True)
class Scope:
    """One scope: what it is called, what it opens, and which roles may have tokens with it."""

    name: str
    description: str
    opens: Sequence[Route]
    roles: frozenset[Role] = frozenset(Role)

    def covers(self, method: str, path: str) -> bool:
        """Return whether the scope opens a request."""
        return any(route.covers(method, path) for route in self.opens)


@dataclass(frozen=True, slots=True)
class ScopeCatalogue:
    """The scopes that there are, in the order in which people see them."""

    scopes: Sequence[Scope]

    @property
    def defaults(self) -> frozenset[str]:
        """What a token gets that is asked for without naming scopes: what every role may have."""
        return frozenset(scope.name for scope in self.scopes if scope.roles == frozenset(Role))

    def held_by(self, role: Role) -> Sequence[Scope]:
        """Return the scopes that people of this role may give to their tokens."""
        return [scope for scope in self.scopes if role in scope.roles]

    def granted(self, names: Iterable[str] | None, role: Role) -> frozenset[str]:
        """Return the scopes of a new token of somebody of this role; None asks for the defaults.

        Raises InvalidScope when none is named or one that does not exist, ScopeNotAllowed.
        """
        scopes = self.defaults if names is None else frozenset(names)
        held = self._names(role)
        if not scopes or not scopes <= {scope.name for scope in self.scopes}:
            raise InvalidScope(f"Scopes must name at least one of: {', '.join(held)}.")
        refused = scopes.difference(held)
        if refused:
            raise ScopeNotAllowed(min(refused))
        return scopes

    def effective(self, scopes: frozenset[str], role: Role) -> frozenset[str]:
        """Return what is left of a token's scopes now that its owner has this role."""
        return scopes.intersection(self._names(role))

    def routes(self, scopes: frozenset[str]) -> Sequence[Route]:
        """Return all that the scopes open, each route once, ``EVERYTHING`` alone where it is among it."""
        opened = [route for scope in self.scopes if scope.name in scopes for route in scope.opens]
        if EVERYTHING in opened:
            return [EVERYTHING]
        return list(dict.fromkeys(single for route in opened for single in route.each_method()))

    def opens(self, scopes: frozenset[str], method: str, path: str) -> bool:
        """Return whether one of the scopes opens a request. Other scopes are not tried.

        Raises PathTooLong.
        """
        if len(path) > MAX_PATH_LENGTH:
            raise PathTooLong
        return any(scope.covers(method, path) for scope in self.scopes if scope.name in scopes)

    def require(self, scopes: frozenset[str], method: str, path: str) -> None:
        """Let a request pass that one of the scopes opens.

        Raises InsufficientScope, which names a scope that would, or PathTooLong.
        """
        if not self.opens(scopes, method, path):
            needed = (scope.name for scope in self.scopes if scope.covers(method, path))
            raise InsufficientScope(next(needed, None))

    def _names(self, role: Role) -> Sequence[str]:
        return [scope.name for scope in self.held_by(role)]


API_READ = Scope(
    "api:read",
    "Read: GET, HEAD and OPTIONS",
    [Route(method, "/*") for method in ("GET", "HEAD", "OPTIONS")],
)
API_WRITE = Scope("api:write", "Read and write: all methods", [EVERYTHING])
DEFAULT_CATALOGUE = ScopeCatalogue([API_READ, API_WRITE])


def scope_string(scopes: frozenset[str]) -> str:
    """Return the scopes as one string, in a stable order."""
    return " ".join(sorted(scopes))
