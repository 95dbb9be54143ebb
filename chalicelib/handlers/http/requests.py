"""Bodies, query parameters and headers of requests as typed values.

Every error has a sentence that names the member and the values that it takes.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, cast
from urllib.parse import parse_qsl

import msgspec
from chalice.app import Request

from chalicelib import strict_json
from chalicelib.domain.errors import ApiTokensError, InvalidRequest
from chalicelib.domain.leaks import held_in
from chalicelib.handlers.http import refusals
from chalicelib.handlers.http.refusals import quoted
from chalicelib.handlers.http.wire import IDEMPOTENCY_KEY_PATTERN
from chalicelib.strict_json import Bounds, InvalidJson

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
# RFC 9110 section 9.2.1, as far as API Gateway routes them.
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# docs/decisions/0025-linear-work.md has the reasons for these bounds.
MAX_BODY_BYTES = 16 * 1024
MAX_DEPTH = 8
MAX_VALUES = 1_000
MOST_FIELDS = 200

_T = TypeVar("_T")

# An entity tag (RFC 9110 section 8.8.3), and a list of them, whose elements may be empty (section 5.6.1).
_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*+"')
_TAGS = re.compile(rf"(?:[ \t,]*+{_TAG.pattern}[ \t]*+(?=,|\Z))*+[ \t,]*+")
# The tags that ``rendering.etag`` of v1 writes.
_VERSION = re.compile(r'"(?:0|[1-9][0-9]{0,14})"')
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,15}")


class PayloadTooLarge(ApiTokensError):
    """The body is too large."""

    code = "payload_too_large"


class UnsupportedMediaType(ApiTokensError):
    """The body has another media type than the one that is required."""

    code = "unsupported_media_type"
    detail = "Send the body as Content-Type: application/json."


def body(
    request: Request,
    kind: type[_T],
    media_type: str,
    most_bytes: int,
    most_values: int = MAX_VALUES,
    *,
    may_be_absent: bool = False,
) -> _T:
    """Return the body as a ``kind``. If the body is optional and absent, the defaults apply.

    Raises UnsupportedMediaType, PayloadTooLarge or InvalidRequest.
    """
    if may_be_absent and not request.raw_body:
        # Clients that send no body may send any media type or none.
        return kind()
    sent_as = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sent_as != media_type:
        raise UnsupportedMediaType(f"Send the body as Content-Type: {media_type}.")
    text = _text(request, most_bytes)
    members = _parsed(text, most_bytes, most_values) if media_type == JSON else _form_members(text, kind)
    return _converted(members, kind, "member")


def query(request: Request, kind: type[_T]) -> _T:
    """Return the query parameters as a ``kind``. Raises InvalidRequest, also if one holds a token."""
    given = request.query_params
    pairs = [(name, value) for name in given or () for value in (given.getlist(name) if given else ())]
    if held := next(filter(None, (held_in(text) for pair in pairs for text in pair)), None):
        raise InvalidRequest(f"A query parameter must not hold {held.value}.")
    return _converted(_typed(pairs, kind, "parameter"), kind, "parameter")


def idempotency_key(request: Request) -> str | None:
    """Return the ``Idempotency-Key``, or None if it is absent. Raises InvalidRequest."""
    value = request.headers.get("idempotency-key")
    if value is not None and not re.fullmatch(IDEMPOTENCY_KEY_PATTERN, value):
        raise InvalidRequest("Idempotency-Key must be 1 to 255 visible ASCII characters.")
    return str(value) if value is not None else None


def if_match(request: Request) -> frozenset[int] | None:
    """Return the versions that ``If-Match`` allows (RFC 9110 section 13.1.1), or None for every version.

    The comparison is strong, so a weak tag never matches. A tag of another form never matches either,
    and neither does a header that is not a list of tags.
    """
    value = str(request.headers.get("if-match", "*")).strip(" \t")
    if value == "*":
        return None
    tags = _TAG.findall(value) if _TAGS.fullmatch(value) else []
    return frozenset(int(tag.strip('"')) for tag in tags if _VERSION.fullmatch(tag))


def _converted(members: Mapping[str, Any], kind: type[_T], noun: str) -> _T:
    refusals.require_known(members, kind, noun)
    try:
        return msgspec.convert(members, kind, strict=True)
    except msgspec.ValidationError as error:
        raise InvalidRequest(refusals.refusal(error, kind)) from None
    except UnicodeEncodeError:
        # msgspec compares texts as UTF-8, which a lone surrogate is not.
        raise InvalidRequest("A text of the request has half of a surrogate pair.") from None


def _typed(pairs: Iterable[tuple[str, str]], kind: type[_T], noun: str) -> dict[str, Any]:
    """Return the values by name. A field that takes a list or a number gets one."""
    fields = refusals.fields(kind)
    values: dict[str, Any] = {}
    for name, text in pairs:
        field = fields.get(name)
        if field and field.takes_list:
            values.setdefault(name, []).append(text)
        elif field and name in values:
            raise InvalidRequest(f"'{name}' must be given once.")
        elif field and field.takes_number and _WHOLE_NUMBER.fullmatch(text):
            values[name] = int(text)
        else:
            values[name] = text
    return values


def _text(request: Request, most_bytes: int) -> str:
    try:
        content = cast("bytes", request.raw_body)
        if len(content) > most_bytes:
            raise PayloadTooLarge(f"The body must have at most {most_bytes} bytes.")
        return content.decode("utf-8")
    except UnicodeError as error:
        raise InvalidRequest("The body must be UTF-8.") from error


def _form_members(text: str, kind: type[Any]) -> dict[str, Any]:
    """Return the parameters of a form. An empty one is treated as absent (RFC 6749 section 3.2).

    Raises InvalidRequest if a parameter that takes no list is repeated, also for unknown ones.
    """
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise InvalidRequest("The body is not a valid form.") from error
    fields = refusals.fields(kind)
    single = [name for name, _ in pairs if not (name in fields and fields[name].takes_list)]
    seen: set[str] = set()
    for name in single:
        if name in seen:
            shown = f"'{name}'" if name in fields else quoted(name)
            raise InvalidRequest(f"{shown} must be given once.")
        seen.add(name)
    return _typed([(name, value) for name, value in pairs if value], kind, "member")


def _parsed(text: str, most_bytes: int, most_values: int) -> dict[str, Any]:
    if not text.strip():
        raise InvalidRequest("The body must be a JSON object; it is empty.")
    try:
        value = strict_json.parse(text, Bounds(most_bytes, MAX_DEPTH, most_values), whole_numbers=True)
    except InvalidJson as error:
        raise InvalidRequest(f"The body {error}.") from None
    if not isinstance(value, dict):
        raise InvalidRequest("The body must be a JSON object.")
    return value
