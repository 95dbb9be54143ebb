"""Scopes: a space-separated string on the wire (RFC 6749 section 3.3), a frozenset inside."""

from collections.abc import Iterable

from chalicelib.domain.errors import InsufficientScope, InvalidRequest

API_READ = "api:read"
API_WRITE = "api:write"

DESCRIPTIONS = {
    API_READ: "Read: GET, HEAD and OPTIONS",
    API_WRITE: "Read and write: all methods",
}
DEFAULT_SCOPES = frozenset(DESCRIPTIONS)

READ_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
ALL_METHODS = frozenset({"*"})

_METHODS_OPENED = {API_READ: READ_METHODS, API_WRITE: ALL_METHODS}


def parse_scopes(names: Iterable[str]) -> frozenset[str]:
    """Return the scopes named.

    Raises InvalidRequest when none is named, or one that does not exist.
    """
    scopes = frozenset(names)
    unknown = sorted(scopes - DEFAULT_SCOPES)
    if unknown or not scopes:
        known = ", ".join(sorted(DEFAULT_SCOPES))
        raise InvalidRequest(f"'scopes' must name at least one of: {known}.")
    return scopes


def scope_string(scopes: frozenset[str]) -> str:
    """Return the scopes as one string, in a stable order."""
    return " ".join(sorted(scopes))


def methods_opened(scopes: frozenset[str]) -> frozenset[str]:
    """Return the HTTP methods that the scopes open on every protected route; ``*`` is all."""
    methods = frozenset[str]().union(*(_METHODS_OPENED.get(s, frozenset()) for s in scopes))
    return ALL_METHODS if methods >= ALL_METHODS else methods


def require_scope(scopes: frozenset[str], needed: str) -> None:
    """Let holders of ``needed`` pass; ``api:write`` opens what ``api:read`` opens.

    Raises InsufficientScope.
    """
    if needed in scopes or (needed == API_READ and API_WRITE in scopes):
        return
    raise InsufficientScope(needed)
