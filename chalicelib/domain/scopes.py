"""Scopes: a string on the wire (RFC 6749 section 3.3), a frozenset inside.

The operator configures a ``ScopeCatalogue``: the scopes, the routes that each opens, and its roles.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from chalicelib.domain.errors import InsufficientScope, InvalidScope, PathTooLong, ScopeNotAllowed
from chalicelib.domain.frozen import Frozen
from chalicelib.domain.users import Role

# All that API Gateway routes.
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
ANY = "*"
# RFC 9110 section 9.2.1.
_READING = frozenset({"GET", "HEAD", "OPTIONS"})

# The longest URL that a REST API accepts. In an HTTP API it is the limit of request line and headers
# together (API Gateway developer guide, quotas).
MAX_PATH_LENGTH = 10_240


class Route(Frozen):
    """A method, or ``*`` for all, and a path in which ``*`` stands for any text, slashes included.

    ``*`` means the same in the IAM policies that API Gateway enforces. It could not enforce a narrower
    meaning.
    """

    method: str
    path: str

    def covers(self, method: str, path: str) -> bool:
        """Return True if the route covers a request. The work is linear in the length of ``path``."""
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
            # The first place leaves the most text for the other parts, so no later place is tried.
            found = path.find(part, at, end)
            if found < 0:
                return False
            at = found + len(part)
        return True

    def written_out(self) -> Sequence["Route"]:
        """Return the routes of an IAM policy that make up this one.

        In a policy a ``*`` as method reaches into the path. ``*/x`` is each method on ``/x`` and on
        ``/*/x``. It may be written only if this route covers those paths too.
        """
        if self.method != ANY or self._matches(f"/*{self.path}"):
            return (self,)
        return [Route(method, self.path) for method in METHODS]


EVERYTHING = Route(ANY, "/*")


class Scope(Frozen):
    """A scope, the routes that it opens, and the roles that may give it to tokens.

    ``title`` is a short word for people, or "" if the operator gave none.
    """

    name: str
    description: str
    opens: Sequence[Route]
    roles: frozenset[Role] = frozenset(Role)
    title: str = ""

    @property
    def only_reads(self) -> bool:
        """True if each route that the scope opens has a safe method."""
        return all(route.method in _READING for route in self.opens)

    def includes(self, other: "Scope") -> bool:
        """Return True if the scope opens every route that the other one opens."""
        both = smallest((*self.opens, *other.opens))
        return set(both) == set(smallest(tuple(self.opens)))

    def covers(self, method: str, path: str) -> bool:
        """Return True if the scope opens a request."""
        return any(route.covers(method, path) for route in self.opens)


class ScopeCatalogue(Frozen):
    """All scopes, in the order in which people see them."""

    scopes: Sequence[Scope]

    @property
    def defaults(self) -> frozenset[str]:
        """The scopes of a token that is requested without scopes: those that every role may have."""
        return frozenset(scope.name for scope in self.scopes if scope.roles == frozenset(Role))

    def held_by(self, role: Role) -> Sequence[Scope]:
        """Return the scopes that people with this role may give to their tokens."""
        return [scope for scope in self.scopes if role in scope.roles]

    def lowest(self, role: Role) -> Scope | None:
        """Return the scope of least privilege for this role, or None if no single scope is.

        It is among the scopes that every role may have and that only read. If there are none, it is among
        all scopes of the role. Each of the others among them includes it. So None means that a person must
        choose between unrelated scopes.
        """
        held = self.held_by(role)
        reading = [scope for scope in held if scope.name in self.defaults and scope.only_reads]
        among = reading or held
        return next((scope for scope in among if all(each.includes(scope) for each in among)), None)

    def granted(self, names: Iterable[str] | None, role: Role) -> frozenset[str]:
        """Return the scopes of a new token for a person with this role. None stands for the defaults.

        Raises InvalidScope if the names are empty or one is unknown. Raises ScopeNotAllowed.
        """
        scopes = self.defaults if names is None else frozenset(names)
        held = self._names(role)
        if not scopes or not scopes <= {scope.name for scope in self.scopes}:
            raise InvalidScope(held)
        refused = scopes.difference(held)
        if refused:
            raise ScopeNotAllowed(min(refused))
        return scopes

    def effective(self, scopes: frozenset[str], role: Role) -> frozenset[str]:
        """Return the scopes of a token that count while its owner has this role."""
        return scopes.intersection(self._names(role))

    def routes(self, scopes: frozenset[str]) -> Sequence[Route]:
        """Return the routes of an IAM policy for these scopes. No route covers another."""
        opened = (route for scope in self.scopes if scope.name in scopes for route in scope.opens)
        return smallest(tuple(opened))

    def opens(self, scopes: frozenset[str], method: str, path: str) -> bool:
        """Return True if one of these scopes opens a request.

        Raises PathTooLong.
        """
        if len(path) > MAX_PATH_LENGTH:
            raise PathTooLong
        return any(scope.covers(method, path) for scope in self.scopes if scope.name in scopes)

    def require(self, scopes: frozenset[str], method: str, path: str) -> None:
        """Accept a request that one of these scopes opens.

        Raises InsufficientScope, which names a scope that would open it, or PathTooLong.
        """
        if not self.opens(scopes, method, path):
            needed = (scope.name for scope in self.scopes if scope.covers(method, path))
            raise InsufficientScope(next(needed, None))

    def _names(self, role: Role) -> Sequence[str]:
        return [scope.name for scope in self.held_by(role)]


@lru_cache(maxsize=256)
def smallest(routes: tuple[Route, ...]) -> tuple[Route, ...]:
    """Return routes of an IAM policy that open the same as ``routes``. No route covers another."""
    kept: list[Route] = []
    for route in dict.fromkeys(single for each in routes for single in each.written_out()):
        # If a route matches another one's pattern as text, it covers it. Only a "*" can match its "*".
        if not any(other.covers(route.method, route.path) for other in kept):
            kept = [other for other in kept if not route.covers(other.method, other.path)] + [route]
    return tuple(kept)


API_READ = Scope(
    "api:read",
    "Read: GET, HEAD and OPTIONS",
    [Route(method, "/*") for method in ("GET", "HEAD", "OPTIONS")],
)
API_WRITE = Scope("api:write", "Read and write: all methods", [EVERYTHING])
DEFAULT_CATALOGUE = ScopeCatalogue([API_READ, API_WRITE])


def parse_scope(scope: str) -> frozenset[str]:
    """Return the scopes in a scope string (RFC 6749 section 3.3). Order and repetition do not matter."""
    return frozenset(scope.split())


def write_scope(scopes: Iterable[str]) -> str:
    """Return the scope string of some scopes, in a stable order."""
    return " ".join(sorted(scopes))
