"""The claim of administrators as operators write it: ``groups=admins`` or ``/realm_access/roles=admin``."""

import re

from chalicelib.domain.admin_claims import SCOPE_CLAIMS, AdminClaim
from chalicelib.settings.claim_names import SAME_FOR_ALL

_WRONG_ESCAPE = re.compile("~(?![01])")  # RFC 6901 section 3
# Scopes that every sign-in may have (OpenID Connect Core sections 3.1.2.1, 5.4 and 11).
_EVERYBODYS_SCOPES = frozenset({"openid", "profile", "email", "address", "phone", "offline_access"})


def parse_admin_claim(text: str) -> AdminClaim:
    """Return the claim that ``name=value`` or ``/pointer/to=value`` describes.

    Raises ValueError, whose text says what is wrong.
    """
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise ValueError(f"is {text!r} but must be claim=value")
    if any(part != part.strip() or not part.isprintable() for part in (name, value)):
        raise ValueError(f"is {text!r}, which has white space around the claim or its value")
    path = _path(name)
    if path[-1] in SCOPE_CLAIMS and " " in value:
        raise ValueError(f"is {text!r}, which names more than one scope")
    if path[0] in SAME_FOR_ALL | {"sub"} or (path[-1] in SCOPE_CLAIMS and value in _EVERYBODYS_SCOPES):
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
