"""Sentences about requests that are refused, made of the definitions of bodies and parameters.

They repeat only names that a client sent, shortened and quoted.
"""

import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec import inspect

from chalicelib.domain.errors import InvalidRequest
from chalicelib.domain.frozen import Frozen
from chalicelib.domain.leaks import Held, held_in

# The errors of msgspec name the member in their text only.
_MEMBER = re.compile(r"at `\$\.([a-z_]+(?:\.[a-z_]+)*)")
_PLACEHOLDERS = {Held.API_TOKEN: "bodhi_...", Held.JWT: "eyJ..."}
_MISSING = re.compile(r"missing required field `([a-z_]+)`$")


class Field(Frozen):
    """The values that a member or parameter takes, in words. A refusal ends with the ``hint``.

    ``definition`` is that of a member that takes an object.
    """

    allowed: str
    takes_list: bool
    takes_number: bool
    hint: str = ""
    definition: type[Any] | None = None


class _Definition(Frozen):
    fields: Mapping[str, Field]
    is_closed: bool


_PLAIN_WORDS: Mapping[type[inspect.Type], str] = {
    inspect.BoolType: "true or false",
    inspect.DateTimeType: "a time with an offset (RFC 3339), for example 2026-01-31T12:00:00Z",
    inspect.NoneType: "null",
}

# Inspecting a type takes longer than reading a body, so it is done once for each.
_DEFINITIONS: dict[type[Any], _Definition] = {}


def refusal(error: msgspec.ValidationError, kind: type[Any]) -> str:
    """Return a sentence that names the invalid member and the values that it takes."""
    message = str(error)
    if missing := _MISSING.search(message):
        return f"'{missing.group(1)}' is missing."
    place = _MEMBER.search(message)
    field = _field_at(place.group(1), kind) if place else None
    if place is None or field is None:
        return "The request is invalid."
    return f"'{place.group(1)}' must be {field.allowed}{field.hint}."


def require_known(members: Mapping[str, Any], kind: type[Any], noun: str) -> None:
    """Check the names of members. Raises InvalidRequest for a name that a closed definition lacks."""
    known = fields(kind)
    unknown = members.keys() - known.keys()
    if unknown and _definition(kind).is_closed:
        names = ", ".join(sorted(known)) or "none"
        raise InvalidRequest(f"Unknown {noun} {quoted(min(unknown))}. Known ones: {names}.")
    for name, field in known.items():
        member = members.get(name)
        if field.definition and isinstance(member, Mapping):
            require_known(member, field.definition, f"{noun} of '{name}'")


def quoted(name: str, longest: int = 40) -> str:
    """Return the first characters of a client's name as a JSON string, without any part of a token."""
    held = held_in(name)
    return json.dumps(_PLACEHOLDERS[held] if held else name[:longest])


def fields(kind: type[Any]) -> Mapping[str, Field]:
    """Return what the members of a definition take, by name."""
    return _definition(kind).fields


def _field_at(path: str, kind: type[Any]) -> Field | None:
    """Return the field at a path of names with dots between them, or None if there is none."""
    field: Field | None = None
    within: type[Any] | None = kind
    for name in path.split("."):
        field = fields(within).get(name) if within else None
        within = field.definition if field else None
    return field


def _definition(kind: type[Any]) -> _Definition:
    known = _DEFINITIONS.get(kind)
    if known is None:
        described = inspect.type_info(kind)
        if not isinstance(described, inspect.StructType):
            raise TypeError(f"{kind.__name__} is not a definition")
        members = {field.encode_name: _field(field.type) for field in described.fields}
        known = _Definition(MappingProxyType(members), described.forbid_unknown_fields)
        _DEFINITIONS[kind] = known
    return known


def _field(described: inspect.Type) -> Field:
    extra = described.extra or {} if isinstance(described, inspect.Metadata) else {}
    plain = _plain(described)
    parts = [_plain(part) for part in plain.types] if isinstance(plain, inspect.UnionType) else [plain]
    return Field(
        allowed=" or ".join(_words(part) for part in parts),
        takes_list=any(isinstance(part, inspect.ListType) for part in parts),
        takes_number=any(isinstance(part, inspect.IntType) for part in parts),
        hint=extra.get("hint", ""),
        definition=next((part.cls for part in parts if isinstance(part, inspect.StructType)), None),
    )


def _plain(described: inspect.Type) -> inspect.Type:
    return _plain(described.type) if isinstance(described, inspect.Metadata) else described


def _words(described: inspect.Type) -> str:
    match _plain(described):
        case inspect.StrType(max_length=longest):
            return "a string" + (f" of at most {longest} characters" if longest else "")
        case inspect.IntType(ge=least, le=most):
            return "a whole number" + _range(least, most)
        case inspect.EnumType(cls=kind):
            return f"one of: {', '.join(str(each.value) for each in kind)}"
        case inspect.LiteralType(values=values):
            return f"one of: {', '.join(str(value) for value in values)}"
        case inspect.ListType(item_type=item, min_length=least, max_length=most):
            entries = f"{least or 0} to {most} " if most is not None else ""
            return f"a list of {entries}{_many(item)}"
    return _PLAIN_WORDS.get(type(_plain(described)), "an object")


def _many(item: inspect.Type) -> str:
    match _plain(item):
        case inspect.StrType(max_length=longest):
            return "strings" + (f" of at most {longest} characters" if longest else "")
    return "objects"


def _range(least: int | None, most: int | None) -> str:
    if least is not None and most is not None:
        return f" from {least} to {most}"
    if most is not None:
        return f" of at most {most}"
    return f" of at least {least}" if least is not None else ""
