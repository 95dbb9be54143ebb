"""Addresses of the page to which a sign-in returns: a path of ours, and the page's state as its query.

They are written anew from their parts, so a hostile link can bring in neither another host nor a header.
"""

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, quote, urlencode

from chalice.app import Request

from chalicelib.domain.leaks import held_in

PAGE = "/settings/api-tokens"
MAX_LENGTH = 1_500
"""The longest address. The longest search takes 1,200 characters, if each of its own becomes twelve."""

_MOST_PARAMETERS = 20
# A segment that begins with a dot could leave our paths, and an empty one would begin a host.
_PATH = re.compile(r"/|(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+")
_NAME = re.compile(r"[a-z_]{1,30}")
# Line ends and other controls, half surrogate pairs, what browsers read as the beginning of a host, and
# characters that were encoded twice. A token must never stand in an address, and neither may its beginning.
_REFUSED = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\\]|//|%[0-9A-Fa-f]{2}|bodhi_", re.IGNORECASE
)


def return_path(unverified_address: str) -> str:
    """Return the address to return to, or the page if the given one is not a path of ours.

    Parameters that are not allowed are left out, and all of them if they are too long together.
    """
    path, _, query = unverified_address.partition("?")
    if len(unverified_address) > MAX_LENGTH or not _PATH.fullmatch(path) or _is_refused(path):
        return PAGE
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        return path
    return _with_state(path, pairs)


def sign_in_path(request: Request) -> str:
    """Return the path of a sign-in that returns to the page as the request asks for it."""
    given = request.query_params
    pairs = [(name, value) for name in given or () for value in (given.getlist(name) if given else ())]
    return f"/login?return_to={quote(_with_state(PAGE, pairs))}"


def _with_state(path: str, pairs: Iterable[tuple[str, str]]) -> str:
    kept = [pair for pair in pairs if _NAME.fullmatch(pair[0]) and not _is_refused("=".join(pair))]
    address = f"{path}?{urlencode(kept, quote_via=quote)}" if kept else path
    return address if len(kept) <= _MOST_PARAMETERS and len(address) <= MAX_LENGTH else path


def _is_refused(text: str) -> bool:
    return _REFUSED.search(text) is not None or held_in(text) is not None
