"""A request's path as its backends may read it.

An HTTP API hands the path on percent-decoded (middleapi/standard-server#93 on GitHub, verified against live
events). A backend may decode it once more, resolve dot segments (RFC 3986 section 5.2.4), drop path
parameters (";x=1"), or merge slashes. Scopes must open the path that the backend arrives at.
"""

import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from chalicelib.domain.errors import AmbiguousPath

# Clients encode once. More rounds than these hide something.
_MOST_DECODINGS = 3
# A dot segment, also with path parameters or trailing spaces, and control characters, which some parsers
# drop and others end the path at.
_NAMES_ANOTHER = re.compile(r"(?:^|[/\\])\.{1,2} *(?:[/\\;?#]|\Z)|[\x00-\x1f\x7f]")
_SUFFIX = re.compile(r"[?#].*", re.DOTALL)
_PARAMETERS = re.compile(r";[^/\\]*")
_SLASHES = re.compile(r"[/\\]+")


def readings(path: str) -> Iterator[str]:
    """Yield the path, decoded as often as it can be, each also in its plainest form.

    The work is linear in the length of ``path``. Raises AmbiguousPath for a path that names another one in
    any of these forms, that is not UTF-8, or that is encoded too often.
    """
    for _ in range(_MOST_DECODINGS + 1):
        if _NAMES_ANOTHER.search(path):
            raise AmbiguousPath
        yield path
        plain = _plain(path)
        if plain != path:
            yield plain
        decoded = _decoded(path)
        if decoded == path:
            return
        path = decoded
    raise AmbiguousPath


def _plain(path: str) -> str:
    """Return the path without query, fragment and parameters, and with single slashes."""
    return _SLASHES.sub("/", _PARAMETERS.sub("", _SUFFIX.sub("", path)))


def _decoded(path: str) -> str:
    """Return the path percent-decoded once (RFC 3986 section 2.1). Raises AmbiguousPath.

    Bytes that are not UTF-8 may be an overlong form of a dot or a slash (RFC 3629 section 10).
    """
    if "%" not in path:
        return path
    try:
        return unquote_to_bytes(path).decode()
    except UnicodeError as error:
        raise AmbiguousPath from error
