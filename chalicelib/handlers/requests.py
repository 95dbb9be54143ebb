"""Requests as typed values. Whatever cannot be one is refused here, with a sentence that says why."""

import json
import re
from collections.abc import Collection, Mapping
from typing import Any, TypeVar, cast

from chalice.app import Request

from chalicelib.domain.errors import InvalidRequest, PayloadTooLarge, UnsupportedMediaType

MAX_BODY_BYTES = 16 * 1024
MAX_DEPTH = 8
MAX_SEARCH_LENGTH = 100

_T = TypeVar("_T")

_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_ETAG = re.compile(r'"([0-9]{1,15})"')
# The closing quote is optional so that an unclosed string is passed over once, not from each quote in it.
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[{\]}]', re.DOTALL)


def json_members(request: Request, allowed: Collection[str]) -> dict[str, Any]:
    """Return the members of the JSON object in the body, all of them among ``allowed``.

    Raises UnsupportedMediaType, PayloadTooLarge or InvalidRequest.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise UnsupportedMediaType
    members = _parse(_body(request))
    unknown = sorted(members.keys() - set(allowed))
    if unknown:
        names = ", ".join(sorted(allowed))
        raise InvalidRequest(f"Unknown member {_quoted(unknown[0])}. Known ones: {names}.")
    return members


def member(members: Mapping[str, Any], name: str, kind: type[_T]) -> _T | None:
    """Return a member of this type, or None where it is absent. Raises InvalidRequest."""
    if name not in members:
        return None
    value = members[name]
    # A boolean is an int to Python only.
    if not isinstance(value, kind) or isinstance(value, bool) is not (kind is bool):
        raise InvalidRequest(f"'{name}' must be {_KIND_NAMES[kind]}.")
    return value


def query_parameters(request: Request, allowed: Collection[str]) -> dict[str, str]:
    """Return the query parameters, each once and all among ``allowed``. Raises InvalidRequest."""
    given = request.query_params
    parameters: dict[str, str] = {}
    for name in given or ():
        if name not in allowed:
            known = ", ".join(sorted(allowed)) or "none"
            raise InvalidRequest(f"Unknown parameter {_quoted(name)}. Known ones: {known}.")
        values = given.getlist(name) if given else []
        if len(values) != 1:
            raise InvalidRequest(f"'{name}' must be given once.")
        parameters[name] = values[0]
    return parameters


def choice(parameters: Mapping[str, str], name: str, choices: Collection[str]) -> str | None:
    """Return a parameter that is one of ``choices``, or None. Raises InvalidRequest."""
    value = parameters.get(name)
    if value is not None and value not in choices:
        raise InvalidRequest(f"'{name}' must be one of: {', '.join(choices)}.")
    return value


def limit(parameters: Mapping[str, str], default: int, most: int) -> int:
    """Return how many entries a page may have. Raises InvalidRequest."""
    value = parameters.get("limit", str(default))
    if not re.fullmatch(r"[0-9]{1,4}", value) or not 1 <= int(value) <= most:
        raise InvalidRequest(f"'limit' must be a whole number from 1 to {most}.")
    return int(value)


def search_text(parameters: Mapping[str, str]) -> str:
    """Return the text to search for. Raises InvalidRequest."""
    text = parameters.get("q", "").strip()
    if len(text) > MAX_SEARCH_LENGTH:
        raise InvalidRequest(f"'q' must have at most {MAX_SEARCH_LENGTH} characters.")
    return text


def idempotency_key(request: Request) -> str | None:
    """Return the ``Idempotency-Key``, if there is one. Raises InvalidRequest."""
    value = request.headers.get("idempotency-key")
    if value is not None and not _IDEMPOTENCY_KEY.fullmatch(value):
        raise InvalidRequest("Idempotency-Key must be 1 to 255 visible ASCII characters.")
    return str(value) if value is not None else None


def if_match(request: Request) -> int | None:
    """Return the version that ``If-Match`` asks for (RFC 9110 section 13.1.1), if it names one.

    Raises InvalidRequest.
    """
    value = request.headers.get("if-match")
    if value is None or value.strip() == "*":
        return None
    match = _ETAG.fullmatch(value.strip())
    if not match:
        raise InvalidRequest("If-Match must be the ETag of the token as it was read.")
    return int(match.group(1))


_KIND_NAMES: dict[type, str] = {
    str: "a string",
    int: "a whole number",
    bool: "true or false",
    list: "a list",
}


def _body(request: Request) -> str:
    try:
        body = cast("bytes", request.raw_body)
        if len(body) > MAX_BODY_BYTES:
            raise PayloadTooLarge(f"The body must have at most {MAX_BODY_BYTES} bytes.")
        return body.decode("utf-8")
    except UnicodeError as error:
        raise InvalidRequest("The body must be UTF-8.") from error


def _parse(body: str) -> dict[str, Any]:
    if not body.strip():
        raise InvalidRequest("The body must be a JSON object; it is empty.")
    if _depth(body) > MAX_DEPTH:
        raise InvalidRequest(f"The body must not be nested deeper than {MAX_DEPTH}.")
    try:
        value = json.loads(body, object_pairs_hook=_members_given_once, parse_constant=_refuse_constant)
    except ValueError as error:
        raise InvalidRequest("The body is not valid JSON.") from error
    if not isinstance(value, dict):
        raise InvalidRequest("The body must be a JSON object.")
    return value


def _depth(body: str) -> int:
    """Return how deep brackets nest, before the parser, which recurses, meets them."""
    depth = deepest = 0
    for match in _STRING_OR_BRACKET.finditer(body):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(match.group(), 0)
        deepest = max(deepest, depth)
    return deepest


def _members_given_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise InvalidRequest(f"Member {_quoted(repeated)} is given more than once.")
    return members


def _refuse_constant(name: str) -> None:
    raise InvalidRequest(f"{name} is not valid JSON.")


def _quoted(name: str) -> str:
    """Return a name that a client chose, short and without anything that could pass for markup."""
    return json.dumps(name[:40])
