"""The claim that makes a person an administrator, in the shapes that providers write."""

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.frozen import Frozen
from chalicelib.domain.users import Role

SCOPE_CLAIMS = frozenset({"scope", "scp"})
"""Claims that hold scopes (RFC 9068 section 2.2.3; Okta and Microsoft Entra)."""

_ABSENT = object()


class AdminClaim(Frozen):
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
        if isinstance(found, str) and self.path[-1] in SCOPE_CLAIMS:
            # Only a space separates scopes (RFC 6749 section 3.3). ``parse_scope`` is more lenient, which
            # would find "admin" behind a no-break space in the scope of another party.
            return self.value in found.split(" ")
        if isinstance(found, bool):
            return found and self.value == "true"
        # Zitadel writes roles as the names of an object's members (docs/providers.md).
        if isinstance(found, list | Mapping):
            # Text is compared whole: "admins" within "no-admins" must not count.
            return self.value in found
        return found == self.value
