"""The one parser of JSON (RFC 8259) that comes from outside: bodies, JWTs, cursors and settings.

RFC 8259 leaves repeated members, sizes and depths to the parser. They are refused or bounded here,
before the parser does any work. The work is linear in the length of the text.
"""

import json
import re
from math import isinf
from typing import Any, NoReturn

from chalicelib.domain.frozen import Frozen

# From there on neighbouring whole numbers look alike to readers that use doubles (RFC 8259 section 6).
_EXACT = 2.0**53
_LONGEST_NAME_SHOWN = 40
_WHITE_SPACE = " \t\n\r"
# The closing quote is optional, so that an unclosed string is passed over once, not from each quote in it.
_STRING_OR_STRUCTURE = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{\]},]', re.DOTALL)


class InvalidJson(ValueError):
    """The text is not strict JSON. The message continues a sentence: "is not valid JSON"."""


class Bounds(Frozen):
    """The largest text that is read: its bytes or characters, its depth, and its number of values.

    The text itself, each member and each element count as one value.
    """

    longest: int
    deepest: int
    most_values: int


def parse(
    text: str | bytes, bounds: Bounds, *, whole_numbers: bool = False, well_formed: bool = False
) -> Any:
    """Return the value of a JSON text; bytes must be UTF-8 (RFC 8259 section 8.1).

    With ``whole_numbers`` 7.0 is the integer 7, as in JSON Schema (Core section 4.2.2). With
    ``well_formed`` every string can be encoded: a lone surrogate is refused (RFC 7493 section 2.1). Raises
    InvalidJson, also for a text beyond its bounds, a repeated member, and a number that is not finite.
    """
    if len(text) > bounds.longest:
        raise InvalidJson(f"is longer than {bounds.longest}")
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8")
        _require_within(text, bounds)
        decoder = _WHOLE_NUMBERS if whole_numbers else _DECODER
        # Not ``decode``: it matches white space twice, which costs a decision more than the bounds do.
        text = text.strip(_WHITE_SPACE)
        value, end = decoder.raw_decode(text)
    except InvalidJson:
        raise
    except ValueError:
        # Its error holds the text, which may be a credential.
        raise InvalidJson("is not valid JSON") from None
    if end != len(text):
        raise InvalidJson("is not valid JSON")
    # Without an escape a surrogate can only stand in the text itself.
    if well_formed and ("\\u" in text or not text.isascii()):
        _require_well_formed(value)
    return value


def _require_within(text: str, bounds: Bounds) -> None:
    openings = text.count("[") + text.count("{")
    # Strings included, so these are upper bounds. They are cheap, and enough for almost every text.
    if openings <= bounds.deepest and openings + text.count(",") < bounds.most_values:
        return
    depth, values = 0, 1
    for found in _STRING_OR_STRUCTURE.finditer(text):
        mark = found.group()
        if mark in ("[", "{"):
            depth += 1
        elif mark in ("]", "}"):
            depth -= 1
        values += mark in ("[", "{", ",")
        if depth > bounds.deepest:
            raise InvalidJson(f"is nested deeper than {bounds.deepest}")
        if values > bounds.most_values:
            raise InvalidJson(f"has more than {bounds.most_values} values")


def _require_well_formed(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        # Its error holds the text, which may be a credential.
        raise InvalidJson("has half of a surrogate pair") from None


def _members_given_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise InvalidJson(f"gives {name[:_LONGEST_NAME_SHOWN]!a} more than once")
            seen.add(name)
    return members


def _finite(digits: str) -> float:
    value = float(digits)
    if isinf(value):
        raise InvalidJson("has a number that is too large")
    return value


def _whole_if_possible(digits: str) -> float:
    value = _finite(digits)
    return int(value) if abs(value) < _EXACT and value.is_integer() else value


def _refuse_constant(name: str) -> NoReturn:
    raise InvalidJson(f"has {name}, which is not valid JSON")


# Made once: ``json.loads`` would make one for each text.
_DECODER, _WHOLE_NUMBERS = (
    json.JSONDecoder(
        object_pairs_hook=_members_given_once, parse_float=each, parse_constant=_refuse_constant
    )
    for each in (_finite, _whole_if_possible)
)
