"""The claim that makes a person an administrator, in the shapes that providers write."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.claim_names import SAME_FOR_ALL, SCOPES
from chalicelib.domain.users import Role

_ABSENT = object()
_WRONG_ESCAPE = re.compile("~(?![01])")  # RFC 6901 section 3

_EVERYBODYS_SCOPES = frozenset({"openid", "profile", "email", "address", "phone", "offline_access"})


@dataclass(frozen=True, slots=True)
class AdminClaim:
    """The place of a claim, and the value that makes an administrator.

    ``path`` holds the names of the members, outermost first. A JSON pointer has several (RFC 6901).
    """

    path: tuple[str, ...]
    value: str

    def role_in(self, claims: Mapping[str, Any]) -> Role | None:
        """Return the role that the claims give, or None if they lack the claim."""
        found: Any = claims
        for name in self.path:
            found = found.get(name, _ABSENT) if isinstance(found, Mapping) else _ABSENT
        if found is _ABSENT:
            return None
        return Role.ADMIN if self._is_among(found) else Role.USER

    def _is_among(self, found: object) -> bool:
        if isinstance(found, str) and self.path[-1] in SCOPES:
            return self.value in found.split(" ")
        if isinstance(found, bool):
            return found and self.value == "true"
        if isinstance(found, list | Mapping):
            # Text is compared whole: "admins" within "no-admins" must not count.
            return self.value in found
        return found == self.value


def parse_admin_claim(text: str) -> AdminClaim:
    """Return the claim that ``name=value`` or ``/pointer/to=value`` describes.

    Raises ValueError, whose text says the fault.
    """
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise ValueError(f"is {text!r} but must be claim=value")
    if any(part != part.strip() or not part.isprintable() for part in (name, value)):
        raise ValueError(f"is {text!r}, which has white space around the claim or its value")
    path = _path(name)
    if path[-1] in SCOPES and " " in value:
        raise ValueError(f"is {text!r}, which names more than one scope")
    if path[0] in SAME_FOR_ALL | {"sub"} or (path[-1] in SCOPES and value in _EVERYBODYS_SCOPES):
        raise ValueError(f"is {text!r}, which would make every person an administrator")
    return AdminClaim(path, value)


def _path(name: str) -> tuple[str, ...]:
    if not name.startswith("/"):
        return (name,)
    if _WRONG_ESCAPE.search(name):
        raise ValueError(f"names {name!r}, which is not a JSON pointer to a claim")
    # The order matters: ~01 is the text ~1 (RFC 6901 section 4).
    path = tuple(part.replace("~1", "/").replace("~0", "~") for part in name[1:].split("/"))
    if not all(path):
        raise ValueError(f"names {name!r}, which is not a JSON pointer to a claim")
    return path
