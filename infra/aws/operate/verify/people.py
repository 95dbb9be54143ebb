"""Deactivation of a second person by an administrator, and the other tokens of the first person."""

from __future__ import annotations

from functools import partial

from infra.aws.operate.verify.findings import Check, Finding, fails, holds, judged, not_decidable
from infra.aws.operate.verify.site import Site

_BY_ITSELF = frozenset({"idle", "expired"})
_PAGE = 100


def sign_in(site: Site) -> Finding:
    """Sign in, and record the status of each token before the run."""
    me = site.call("GET", "/v1/me", 200).json
    site.others.update(_statuses(site))
    return holds(f"{me['id']}, {me['role']}, with {len(site.others)} tokens")


def deactivate(site: Site) -> Finding:
    """Deactivate and reactivate the second person. The token is refused in between."""
    if site.call("GET", "/v1/me", 200).json["role"] != "admin":
        return not_decidable("the JWT is not an administrator's")
    second = site.credentials.second_jwt
    if second is None:
        return not_decidable("the JWT of a test person without active tokens is needed: VERIFY_SECOND_JWT")
    if "active" in _statuses(site, second).values():
        return not_decidable("the second person has active tokens, which the check would interrupt")
    person = site.call("GET", "/v1/me", 200, credential=second).json["id"]
    made = site.create(second)
    path = f"/v1/users/{person}"
    again = {"status": "active", "restore_tokens": True}
    step = site.undo.add(
        f"user {person}, who is deactivated", partial(site.call, "PATCH", path, 200, body=again)
    )
    site.call("PATCH", path, 200, body={"status": "inactive"})
    site.demand_refused("the token of a deactivated person", made.token)
    signing_in = site.wire.send("GET", "/v1/tokens", second)
    if signing_in.told != "403 user_inactive":
        return fails(f"the deactivated person got {signing_in.told}")
    site.undo.done(step)
    site.demand_accepted("the token of a reactivated person", made.token)
    return holds("token and sign-in refused, both accepted after restore_tokens")


def others_unharmed(site: Site) -> Finding:
    """Compare the person's other tokens with those before the run."""
    after = _statuses(site)
    changed = [
        token
        for token, status in site.others.items()
        # Some tokens expire meanwhile, and DynamoDB deletes rows after their retention.
        if after.get(token, status) != status and after[token] not in _BY_ITSELF
    ]
    return judged(not changed, f"{len(site.others)} other tokens, {len(changed)} of them changed")


def _statuses(site: Site, jwt: str | None = None) -> dict[str, str]:
    found: dict[str, str] = {}
    cursor: str | None = ""
    while cursor is not None:
        more = f"&cursor={cursor}" if cursor else ""
        page = site.call("GET", f"/v1/tokens?limit={_PAGE}{more}", 200, credential=jwt).json
        found |= {token["id"]: token["status"] for token in page["tokens"]}
        cursor = page["next_cursor"]
    return {token: status for token, status in found.items() if token not in site.made}


FIRST = (Check("Your JWT signs you in", sign_in),)
CHECKS = (Check("Deactivating a person stops all of that person's tokens", deactivate),)
LAST = (Check("No other token of yours was touched", others_unharmed),)
