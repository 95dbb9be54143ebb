"""Claims of the userinfo response that complete an ID token (OpenID Connect Core section 5.3.2).

If an access token is issued with the ID token, some providers send profile and groups only there.
"""

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.admin_claims import AdminClaim

Claims = Mapping[str, Any]


def lacks_profile(claims: Claims) -> bool:
    """Return whether the name or the e-mail is missing."""
    return not (claims.get("name") and claims.get("email"))


def lacks_role(claims: Claims, admin_claim: AdminClaim | None) -> bool:
    """Return whether the administrators' claim is configured and missing."""
    return admin_claim is not None and admin_claim.role_in(claims) is None


def completed(claims: Claims, userinfo: Claims, admin_claim: AdminClaim | None) -> dict[str, Any]:
    """Return the claims of an ID token, completed with profile and role from ``userinfo``."""
    whole = dict(claims)
    for name in ("name", "preferred_username"):
        if not whole.get(name) and name in userinfo:
            whole[name] = userinfo[name]
    if not whole.get("email") and userinfo.get("email"):
        # A verification counts only for the address in the same response.
        whole.pop("email_verified", None)
        whole |= {name: userinfo[name] for name in ("email", "email_verified") if name in userinfo}
    if admin_claim and lacks_role(claims, admin_claim) and not lacks_role(userinfo, admin_claim):
        outermost = admin_claim.path[0]
        whole[outermost] = userinfo[outermost]
    return whole
