"""The time for which a revoked token is accepted, with and without the flush of the gateway's cache."""

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
    """Revoke a token that the gateway has cached, and wait for the flush."""
    ttl = site.facts.cache_seconds
    if not ttl:
        return not_decidable("the gateway does not cache decisions (AUTHORIZER_CACHE_SECONDS is 0)")
    if _state(site) != "Enabled":
        return fails(f"the event source mapping {MAPPING} is {_state(site)}")
    told = ""
    # Many changes of other people increase the spacing of flushes up to the TTL. So there are several
    # tries.
    for _ in range(_TRIES):
        seconds, allowed = _revoked(site)
        if seconds is None:
            return fails(f"still accepted {allowed:.1f} s after its revocation")
        told = f"refused after {seconds:.1f} s of at most {allowed:.1f} s, with a TTL of {ttl} s"
        # At the end of the TTL, the token would be refused without a flush too.
        if seconds < max(ttl - 1, 1):
            return holds(told)
    return fails(f"{told}. No flush had an effect in {_TRIES} tries")


def without_flush(site: Site) -> Finding:
    """Turn off the flush for one revocation. The token is accepted for at most the TTL."""
    ttl = site.facts.cache_seconds
    if not ttl:
        return not_decidable("the gateway does not cache decisions (AUTHORIZER_CACHE_SECONDS is 0)")
    if ttl > _LONGEST_TTL:
        return not_decidable(f"decisions are cached for {ttl} s, which is too long for this check")
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
        return fails(
            f"still accepted {ttl + _MARGIN_SECONDS:g} s after its revocation, with a TTL of {ttl} s"
        )
    return holds(f"refused after {seconds:.1f} s, with a TTL of {ttl} s")


def _revoked(site: Site, longest: float | None = None) -> tuple[float | None, float]:
    """Revoke a cached token. Return the seconds until it was refused, and the longest time allowed."""
    made = site.create()
    # Twice, so that the second response comes from the gateway's cache.
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
