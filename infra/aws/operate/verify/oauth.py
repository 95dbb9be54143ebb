"""Token exchange, introspection and revocation by an OAuth client."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import jwt

from infra.aws.operate.verify.findings import Broken, Check, Finding, fails, holds, judged, not_decidable
from infra.aws.operate.verify.site import Site
from infra.aws.operate.verify.wire import Reply

_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_TYPE = "urn:ietf:params:oauth:token-type:"
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def exchange(site: Site) -> Finding:
    """Exchange the JWT for a token (RFC 8693)."""
    told = f"verify {site.run_id} exchanged"
    more = {"token_name": told, "token_expires_in_days": "1"}
    exchanged = _exchanged(site, site.credentials.jwt, "jwt", more)
    site.keep(exchanged["token_id"])
    site.demand_accepted("an exchanged token", exchanged["access_token"])
    return holds("the JWT became a token, which is accepted")


def derive(site: Site) -> Finding:
    """Exchange a token for an access token, and verify that with the published keys alone."""
    audience = site.facts.settings.get("DERIVED_TOKEN_AUDIENCES", "").partition(",")[0].strip()
    if not audience:
        return not_decidable("DERIVED_TOKEN_AUDIENCES names no service")
    made = site.create()
    access = _exchanged(site, made.token, "access_token", {"audience": audience})["access_token"]
    published = site.call("GET", "/.well-known/jwks.json", 200).json
    try:
        keys = jwt.PyJWKSet.from_dict(published)
        key = keys[jwt.get_unverified_header(access)["kid"]].key
        # The expiry is checked below, with the clock of the run.
        claims = jwt.decode(
            access, key, algorithms=["ES256"], audience=audience, options={"verify_exp": False}
        )
    except (jwt.PyJWTError, KeyError) as error:
        return fails(f"the access token does not verify: {type(error).__name__}")
    if claims.get("exp", 0) <= site.time.now().timestamp():
        return fails("the access token has expired, or does not expire")
    issuer = site.facts.settings.get("ISSUER")
    if claims.get("iss") != issuer:
        return fails("the access token has another issuer than ISSUER")
    reply = site.whoami(access)
    return judged(
        reply.status == 401, f"verified with jwks.json. This API responds to it with {reply.told}"
    )


def introspect(site: Site) -> Finding:
    """Introspect as a resource server (RFC 7662), before and after a revocation by RFC 7009."""
    made = site.create()
    stranger = _form(site, "/oauth2/introspect", {"token": made.token})
    if stranger.told != "401 invalid_client":
        return fails(f"an introspection without credentials got {stranger.told}")
    if site.credentials.client is None:
        return not_decidable("a resource server is needed: VERIFY_CLIENT=id:secret")
    before = _introspected(site, made.token)
    revoked = _form(site, "/oauth2/revoke", {"token": made.token})
    after = _introspected(site, made.token)
    told = f"active {before}, revoked with {revoked.told}, then active {after}"
    return judged((before, revoked.status, after) == (True, 200, False), told)


def revoke(site: Site) -> Finding:
    """Revoke a token with the token itself (RFC 7009)."""
    made = site.create()
    reply = _form(site, "/oauth2/revoke", {"token": made.token})
    if reply.status != 200:
        return fails(f"the revocation got {reply.told}")
    site.demand_refused("a token that was revoked by its holder", made.token)
    return holds("refused at its first use afterwards")


def _exchanged(site: Site, subject: str, kind: str, more: Mapping[str, str]) -> dict[str, Any]:
    asked = {"grant_type": _EXCHANGE, "subject_token": subject, "subject_token_type": f"{_TYPE}{kind}"}
    reply = _form(site, "/oauth2/token", asked | dict(more))
    if reply.status != 200:
        raise Broken(f"the exchange got {reply.told}")
    document: dict[str, Any] = reply.json
    return document


def _introspected(site: Site, token: str) -> bool | None:
    pair = base64.b64encode((site.credentials.client or "").encode()).decode()
    reply = _form(site, "/oauth2/introspect", {"token": token}, {"Authorization": f"Basic {pair}"})
    if reply.status != 200:
        raise Broken(f"the introspection got {reply.told}")
    active: bool | None = reply.json.get("active")
    return active


def _form(
    site: Site, path: str, parameters: Mapping[str, str], headers: Mapping[str, str] | None = None
) -> Reply:
    body = urlencode(parameters).encode()
    return site.wire.send("POST", path, body=body, headers={**_FORM, **(headers or {})})


CHECKS = (
    Check("A JWT is exchanged for a token", exchange),
    Check("A token is exchanged for an access token of another service", derive),
    Check("A resource server learns whether a token is active", introspect),
    Check("The holder of a token can revoke it", revoke),
)
