"""The time for which a revoked token passes: with the flush of the gateway's cache, and without it."""

from __future__ import annotations

from functools import partial

from infra.aws.operate.verify.findings import Broken, Check, Finding, fails, holds, not_decidable
from infra.aws.operate.verify.flows import patience
from infra.aws.operate.verify.site import Site

MAPPING = "AuthorizerCacheFlushes"
_LONGEST_TTL = 300
_TRIES = 3
_SWITCH_SECONDS = 120.0
_MARGIN_SECONDS = 3.0


def with_flush(site: Site) -> Finding:
    """Revoke a token that the gateway remembers, and wait for the flush."""
    ttl = site.facts.cache_seconds
    if not ttl:
        return not_decidable("the gateway remembers nothing (AUTHORIZER_CACHE_SECONDS is 0)")
    if _state(site) != "Enabled":
        return fails(f"the event source mapping {MAPPING} is {_state(site)}")
    told = ""
    # Flushes are up to the TTL apart while other people make many changes, so there is more than one try.
    for _ in range(_TRIES):
        seconds, allowed = _revoked(site)
        if seconds is None:
            return fails(f"still accepted {allowed:.1f} s after its revocation")
        told = f"refused after {seconds:.1f} s; promised {allowed:.1f} s, remembered {ttl} s"
        # Without any flush the same would be seen at the end of the TTL.
        if seconds < max(ttl - 1, 1):
            return holds(told)
    return fails(f"{told}: no flush had an effect in {_TRIES} tries")


def without_flush(site: Site) -> Finding:
    """Turn the flush off for the time of one revocation: the TTL is the bound then."""
    ttl = site.facts.cache_seconds
    if not ttl:
        return not_decidable("the gateway remembers nothing (AUTHORIZER_CACHE_SECONDS is 0)")
    if ttl > _LONGEST_TTL:
        return not_decidable(f"decisions are remembered for {ttl} s, which is too long to wait for")
    if site.facts.stage == "prod":
        return not_decidable("the flush is not turned off on stage prod")
    if _state(site) != "Enabled":
        return fails(f"the event source mapping {MAPPING} is {_state(site)}")
    step = site.undo.add(f"the event source mapping {MAPPING}, disabled", partial(_switch, site, "Enabled"))
    try:
        _switch(site, "Disabled")
        seconds, _ = _revoked(site, longest=ttl + _MARGIN_SECONDS)
    finally:
        site.undo.done(step)
    if seconds is None:
        return fails(f"still accepted {ttl + _MARGIN_SECONDS:g} s after its revocation, remembered {ttl} s")
    return holds(f"refused after {seconds:.1f} s, remembered {ttl} s")


def _revoked(site: Site, longest: float | None = None) -> tuple[float | None, float]:
    """Return after how many seconds a remembered token was refused, and the patience that there was."""
    made = site.create()
    # Twice, so that the second answer comes from the gateway's memory.
    for _ in range(2):
        site.demand_accepted("a new token", made.token)
    ended = site.call("DELETE", f"/v1/tokens/{made.id}", 204)
    allowed = longest or patience(site, ended.headers.get("Effective-By"))
    return site.seconds_until_refused(made.token, allowed), allowed


def _state(site: Site) -> str:
    mapping = site.client("lambda").get_event_source_mapping(UUID=site.physical(MAPPING))
    return str(mapping["State"])


def _switch(site: Site, state: str) -> None:
    """Enable or disable the mapping and wait until it is. Raises Broken."""
    identifier, enabled = site.physical(MAPPING), state == "Enabled"
    site.client("lambda").update_event_source_mapping(UUID=identifier, Enabled=enabled)
    if not site.wait_for(_SWITCH_SECONDS, lambda: _state(site) == state):
        raise Broken(f"{MAPPING} is not {state} after {_SWITCH_SECONDS:g} s")


CHECKS = (
    Check("A revoked token is refused in time, by the flush", with_flush),
    Check("A revoked token is refused within the TTL, without the flush", without_flush),
)
