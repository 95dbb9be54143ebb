"""The path of a request, as a backend may read it.

An HTTP API decodes the path before it calls a function (middleapi/standard-server#93 on GitHub). A
backend may decode it once more or resolve dot segments (RFC 3986 section 5.2.4). It may also drop path
parameters (";x=1") or merge slashes. Scopes must open every path that a backend may read.
"""

import re
from collections.abc import Iterator

from chalicelib.domain.errors import AmbiguousPath

# Clients encode once. A path that is encoded more often than this hides something.
_MOST_DECODINGS = 3
# A dot segment, also with path parameters or trailing spaces. Some parsers drop control characters, and
# others end the path there.
_NAMES_ANOTHER = re.compile(r"(?:^|[/\\])\.{1,2} *(?:[/\\;?#]|\Z)|[\x00-\x1f\x7f]")
_SUFFIX = re.compile(r"[?#].*", re.DOTALL)
_PARAMETERS = re.compile(r";[^/\\]*")
_SLASHES = re.compile(r"[/\\]+")


def readings(path: str) -> Iterator[str]:
    """Yield the path and all its decoded forms, each also in its plainest form.

    The work is linear in the length of ``path``. Raises AmbiguousPath if a form can be read as another
    path, is not UTF-8, or is encoded too often.
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
    # Most paths have no such character, so an authorizer seldom loads this module.
    from urllib.parse import unquote_to_bytes

    try:
        return unquote_to_bytes(path).decode()
    except UnicodeError as error:
        raise AmbiguousPath from error
