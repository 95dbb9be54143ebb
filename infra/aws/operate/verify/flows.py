"""The flows of a person and of a token. Each check creates its own tokens."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote

from infra.aws.operate.verify.findings import Broken, Check, Finding, fails, holds, judged, not_decidable
from infra.aws.operate.verify.site import Site

_OVERLAP_SECONDS = 600
_RECORDED_SECONDS = 15.0
# One more poll, and the time of a request.
_MARGIN_SECONDS = 3.0


def patience(site: Site, effective_by: object) -> float:
    """Return the seconds until the time at which the API promised that a change is effective."""
    if not isinstance(effective_by, str):
        raise Broken("the response promises no time at which the change is effective")
    left = (datetime.fromisoformat(effective_by) - site.time.now()).total_seconds()
    return max(left, 0.0) + _MARGIN_SECONDS


def create(site: Site) -> Finding:
    """Create a token, look at it, and call with it."""
    made = site.create(description="made by make verify")
    if "token" in site.shown(made.id):
        return fails("GET shows the token a second time")
    reply = site.whoami(made.token)
    if not site.lets_in(reply):
        return fails(f"a new token got {reply.told}")
    # If the sample API refuses the token for a scope of the stage, the response has no id.
    told = reply.json.get("token_id") if reply.status == 200 else made.id
    return judged(told == made.id, "created, shown once, and accepted")


def list_and_rename(site: Site) -> Finding:
    """Find the token in the list by its new name, with its use."""
    made = site.create()
    site.demand_accepted("a new token", made.token)
    name = f"verify {site.run_id} renamed"
    site.call("PATCH", f"/v1/tokens/{made.id}", 200, body={"name": name})
    listed = site.call("GET", f"/v1/tokens?q={quote(name)}", 200).json["tokens"]
    if [token["id"] for token in listed] != [made.id]:
        return fails(f"the list finds {len(listed)} tokens of the new name")
    return judged(listed[0]["last_used_at"] is not None, "listed by its new name, with its last use")


def pause(site: Site) -> Finding:
    """Pause a token that no gateway has cached, and activate it again."""
    made = site.create()
    site.call("PATCH", f"/v1/tokens/{made.id}", 200, body={"status": "inactive"})
    site.demand_refused("a paused token", made.token)
    site.call("PATCH", f"/v1/tokens/{made.id}", 200, body={"status": "active"})
    site.demand_accepted("a re-activated token", made.token)
    return holds("refused while paused, accepted afterwards")


def rotate(site: Site) -> Finding:
    """Rotate with an overlap in which both tokens work, and let the successor end it."""
    made = site.create()
    body = {"overlap_seconds": _OVERLAP_SECONDS}
    successor = site.taken(site.call("POST", f"/v1/tokens/{made.id}/rotate", 201, body=body))
    site.demand_accepted("the predecessor in its overlap", made.token)
    site.demand_accepted("the successor", successor.token)
    path = "/v1/tokens/self/predecessor"
    ended = site.call("DELETE", path, 204, credential=successor.token)
    allowed = patience(site, ended.headers.get("Effective-By"))
    seconds = site.seconds_until_refused(made.token, allowed)
    if seconds is None:
        return fails(f"the predecessor is still accepted {allowed:.1f} s after its end")
    return holds(
        f"both worked. The predecessor was refused after {seconds:.1f} s of at most {allowed:.1f} s"
    )


def reuse(site: Site) -> Finding:
    """Use a token after its rotation. It is refused, and the owner sees the use."""
    made = site.create()
    successor = site.taken(site.call("POST", f"/v1/tokens/{made.id}/rotate", 201, body={}))
    site.demand_refused("a rotated token", made.token)
    if not site.wait_for(_RECORDED_SECONDS, lambda: bool(site.shown(made.id).get("reuse_count"))):
        return fails(f"the owner does not see the reuse within {_RECORDED_SECONDS:g} s")
    if site.facts.parameters.get("RotatedTokenReuse") != "revoke_family":
        site.demand_accepted("the successor", successor.token)
        return holds("refused and recorded. The successor still works")
    reason = site.shown(successor.id).get("revoked_reason")
    return judged(reason == "reuse", f"refused and recorded. The successor is revoked: {reason}")


def revoke(site: Site) -> Finding:
    """Revoke a token that no gateway has cached. Its first use is refused."""
    made = site.create()
    site.call("DELETE", f"/v1/tokens/{made.id}", 204)
    site.demand_refused("a revoked token", made.token)
    shown = site.shown(made.id)
    told = f"{shown['status']}, reason {shown.get('revoked_reason')}"
    return judged(told == "revoked, reason owner", f"refused at its first use, and listed as {told}")


def expose(site: Site) -> Finding:
    """Report a token without any credential."""
    made = site.create()
    reported = site.wire.send("POST", "/v1/exposed", body={"tokens": [made.token]})
    if reported.status != 202:
        return fails(f"the report got {reported.told}, not 202")
    site.demand_refused("a reported token", made.token)
    reason = site.shown(made.id).get("revoked_reason")
    return judged(reason == "exposed", f"refused after the report, with the reason {reason}")


def rotate_itself(site: Site) -> Finding:
    """Let a token rotate and revoke itself. It must not live longer."""
    if site.facts.settings.get("SELF_ROTATION") == "off":
        return not_decidable("SELF_ROTATION is off")
    made = site.create()
    rotated = site.call("POST", "/v1/tokens/self/rotate", 201, credential=made.token, body={})
    successor = site.taken(rotated)
    if successor.resource["expires_at"] != made.resource["expires_at"]:
        return fails("the successor expires at another time than the token")
    site.demand_refused("a token that rotated itself", made.token)
    site.call("DELETE", "/v1/tokens/self", 204, credential=successor.token)
    site.demand_refused("a token that revoked itself", successor.token)
    return holds("rotated without a longer life, and revoked by itself")


def no_management(site: Site) -> Finding:
    """Try to manage tokens with a token."""
    made = site.create()
    reply = site.wire.send("GET", "/v1/tokens", made.token)
    return judged(reply.told == "403 api_token_not_allowed", f"GET /v1/tokens responded with {reply.told}")


def strangers(site: Site) -> Finding:
    """Call without a token, and with a made-up token."""
    made_up = site.whoami(f"bodhi_{'A' * 40}.{'B' * 80}.{'C' * 86}")
    without = site.wire.send("GET", "/api/whoami")
    told = f"a made-up token {made_up.told}, none {without.told}"
    return judged({made_up.status, without.status} == {401}, told)


CHECKS = (
    Check("A token is shown once and accepted at once", create),
    Check("A token is listed by its name, with its last use", list_and_rename),
    Check("A paused token is refused until it is re-activated", pause),
    Check("Both tokens of a rotation work until the overlap ends", rotate),
    Check("A rotated token that is used is refused and recorded", reuse),
    Check("A revoked token is refused at its next uncached use", revoke),
    Check("A token that is reported as exposed is revoked", expose),
    Check("A token rotates and revokes itself, and prolongs nothing", rotate_itself),
    Check("A token cannot manage tokens", no_management),
    Check("A call without a genuine token is refused", strangers),
)
