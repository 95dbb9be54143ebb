"""Tokens with a list of networks, from the address of the operator's machine as API Gateway sees it.

One machine has one address. So no check can see that a decision cached for one address never serves
another. The checks read the two parts that prevent it: the key of the cache, and the policy's condition.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.aws.operate.verify.doors import ADDRESS, OWN_API, response_of
from infra.aws.operate.verify.findings import Broken, Check, Finding, fails, holds, not_decidable
from infra.aws.operate.verify.flows import patience
from infra.aws.operate.verify.site import REFUSED, WHOAMI, Made, Site
from infra.aws.package.fixes import IDENTITY_SOURCES

_HALVES: Mapping[str, str] = {
    "0.0.0.0/1": "10.0.0.1",
    "128.0.0.0/1": "192.0.2.1",
    "::/1": "2001:db8::1",
    "8000::/1": "fd00::1",
}
"""The halves of all addresses, and an address in each. The machine is in one of them.

So the checks need no service that tells the machine its address, and RECORD_NETWORKS may be off.
"""

_OWN = "networks of this machine"


@dataclass(frozen=True, slots=True)
class _Own:
    """The half in which API Gateway sees this machine, its token, and a token for each other half."""

    half: str
    inside: Made
    outside: Mapping[str, Made]


def own_networks(site: Site) -> Finding:
    """Use a token for each half of all addresses. One of them works, also by a cached decision."""
    own = _own(site)
    # The second response may come from the gateway's cache. So the gateway has evaluated the condition.
    for reply in (site.whoami(own.inside.token), site.whoami(own.inside.token)):
        if not site.lets_in(reply):
            return fails(f"a token for {own.half} got {reply.told} after it was accepted")
        if reply.status != 200:
            return not_decidable("the scopes of the stage (SCOPES) do not open the sample API")
    return holds(f"accepted with {own.half}, refused with each other half of all addresses")


def forged_headers(site: Site) -> Finding:
    """Send headers that name an allowed address with tokens that are refused, and the reverse."""
    if site.facts.emulated:
        return not_decidable("the emulator believes X-Forwarded-For")
    own = _own(site)
    count = 0
    for half, made in own.outside.items():
        for headers in _forgeries(_HALVES[half]):
            reply = site.wire.send("GET", WHOAMI, made.token, headers=headers)
            if reply.status != REFUSED:
                return fails(f"{', '.join(headers)} with an address in {half} got {reply.told}, not 401")
            count += 1
    other = next(iter(own.outside))
    for headers in _forgeries(_HALVES[other]):
        reply = site.wire.send("GET", WHOAMI, own.inside.token, headers=headers)
        if not site.lets_in(reply):
            return fails(f"{', '.join(headers)} with an address in {other} got {reply.told}, not 200")
    return holds(f"{count} forged headers opened nothing, and no forged header refused a caller")


def key_and_condition(site: Site) -> Finding:
    """Read the key of the cache, and the policy for a token with a list."""
    gateway, api = site.client("apigateway"), site.facts.outputs["RestAPIId"]
    if not all(_has_address(each) for each in gateway.get_authorizers(restApiId=api)["items"]):
        return (
            not_decidable("the emulator does not know the address as identity source")
            if site.facts.emulated
            else fails("the authorizer lacks an identity source, so the cache's key lacks the address")
        )
    made = site.create(allowed_networks=[ADDRESS])
    response = response_of(OWN_API, site, made.token)
    statements = response.get("policyDocument", {}).get("Statement", []) if response else []
    allowing = [each for each in statements if each.get("Effect") == "Allow"]
    if not allowing:
        return (
            not_decidable("refused, but perhaps for a scope of the stage (SCOPES)")
            if site.custom_scopes
            else fails("a token with a list is refused to a caller from it")
        )
    condition = {"IpAddress": {"aws:SourceIp": [f"{ADDRESS}/32"]}}
    if any(each.get("Condition") != condition for each in allowing):
        return fails("the policy for a token with a list allows every address")
    return holds("by the cache's key and by the policy. No call from a second address was made")


def narrowed(site: Site) -> Finding:
    """Take this machine's networks out of a token's list, while the gateway may have a decision cached."""
    own = _own(site)
    made = site.create()
    for _ in range(2):
        site.demand_accepted("a new token", made.token)
    changed = site.call("PATCH", f"/v1/tokens/{made.id}", 200, body={"allowed_networks": list(own.outside)})
    allowed = patience(site, changed.headers.get("Effective-By"))
    seconds = site.seconds_until_refused(made.token, allowed)
    if seconds is None:
        return fails(f"still accepted {allowed:.1f} s after its list was narrowed")
    return holds(f"refused after {seconds:.1f} s of at most {allowed:.1f} s")


def _own(site: Site) -> _Own:
    """Return the half of this machine, found once for each run. Raises Broken if it is not one."""
    if _OWN not in site.shared:
        made = {half: site.create(allowed_networks=[half]) for half in _HALVES}
        replies = {half: site.whoami(each.token) for half, each in made.items()}
        inside = [half for half, reply in replies.items() if site.lets_in(reply)]
        odd = [r.told for half, r in replies.items() if half not in inside and r.status != REFUSED]
        if odd:
            raise Broken(f"a token for other networks got {odd[0]}, not 401")
        if len(inside) != 1:
            raise Broken(f"accepted from {len(inside)} of the four halves of all addresses, not from 1")
        half = inside[0]
        outside = {each: token for each, token in made.items() if each != half}
        site.shared[_OWN] = _Own(half, made[half], outside)
    own: _Own = site.shared[_OWN]
    return own


def _forgeries(address: str) -> Iterator[dict[str, str]]:
    quoted = f'"[{address}]"' if ":" in address else address
    yield {"X-Forwarded-For": address}
    yield {"X-Forwarded-For": f"{address}, {address}"}
    yield {"X-Real-IP": address}
    # RFC 7239 section 6.
    yield {"Forwarded": f"for={quoted}"}


def _has_address(authorizer: Mapping[str, Any]) -> bool:
    sources = {each.strip() for each in authorizer.get("identitySource", "").split(",")}
    return authorizer.get("type") == "REQUEST" and sources >= set(IDENTITY_SOURCES)


CHECKS = (
    Check("A token with a list works from its networks only", own_networks),
    Check("Headers do not change the address of a caller", forged_headers),
    Check("A cached decision is bound to the caller's address", key_and_condition),
    Check("A narrower list is effective in time", narrowed),
)
