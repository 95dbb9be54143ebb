"""Configured scopes: who may have them, and that a gateway opens exactly what they say."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import bootstrap
from chalicelib.domain.scopes import METHODS, Route, Scope, ScopeCatalogue
from chalicelib.handlers.authorizer import api_token_authorizer
from infra.local.policies import allows
from tests.support.api import Api, api_of
from tests.support.service import MemoryService

BASE = "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/dev"
SCOPES = {
    "orders:read": {"description": "Read orders", "opens": ["GET /orders", "GET /orders/*"]},
    "orders:write": {"description": "Change orders", "opens": ["* /orders/*"]},
    "report": {"description": "Make reports", "opens": ["POST /*/report"]},
    "audit": {"description": "Read the audit log", "opens": ["* /audit"], "roles": ["admin"]},
}


@pytest.fixture
def service() -> MemoryService:
    """Return a service with scopes of a team's own."""
    return MemoryService({"SCOPES": json.dumps(SCOPES)})


@pytest.fixture
def api(service: MemoryService) -> Iterator[Api]:
    """Call the app."""
    with api_of(service) as api:
        yield api


def decide(token: str, called: str = f"{BASE}/GET/anything") -> dict[str, Any]:
    """Return what the authorizer says to the gateway."""
    event = {"type": "TOKEN", "authorizationToken": f"Bearer {token}", "methodArn": called}
    decision = api_token_authorizer(event, None)
    assert isinstance(decision, dict)
    return decision


def opened(decision: dict[str, Any], method: str, path: str) -> bool:
    """Return True if a gateway that cached this decision lets a request in."""
    return allows(decision, f"{BASE}/{method}{path}")


@pytest.mark.parametrize(
    ("scope", "method", "path", "expected"),
    [
        ("orders:read", "GET", "/orders", True),
        ("orders:read", "GET", "/orders/", True),
        ("orders:read", "GET", "/orders/7", True),
        ("orders:read", "GET", "/orders/7/lines", True),
        ("orders:read", "HEAD", "/orders", False),
        ("orders:read", "POST", "/orders", False),
        ("orders:read", "GET", "/ordersx", False),
        ("orders:read", "GET", "/Orders", False),
        ("orders:read", "GET", "/x/orders", False),
        ("orders:read", "GET", "//orders", False),
        ("orders:read", "GET", "/", False),
        ("orders:write", "DELETE", "/orders/7", True),
        ("orders:write", "GET", "/orders/7", True),
        ("orders:write", "DELETE", "/orders", False),
        # The method's star must not reach into the path.
        ("orders:write", "GET", "/x/orders/7", False),
        ("orders:write", "POST", "/GET/orders/7", False),
        ("report", "POST", "/a/report", True),
        ("report", "POST", "/a/b/report", True),
        ("report", "POST", "//report", True),
        ("report", "POST", "/report", False),
        ("report", "POST", "/a/report/", False),
        ("report", "POST", "/a/reports", False),
        ("report", "GET", "/a/report", False),
    ],
)
def test_a_gateway_opens_exactly_what_the_scope_says(
    api: Api, service: MemoryService, scope: str, method: str, path: str, expected: bool
) -> None:
    """Handlers that know nothing of scopes are protected, whichever route filled the gateway's cache."""
    token = api.create_token(service.provider.sign_in("user@example.com"), scopes=[scope])["token"]

    decisions = [decide(token, f"{BASE}/{called}") for called in ("GET/orders", "DELETE/a/*", "POST/")]

    assert decisions[0] == decisions[1] == decisions[2]
    assert opened(decisions[0], method, path) is expected


_SEGMENTS = st.lists(st.sampled_from(["a", "ab", "*", "a*", "*b", "", "."]), min_size=1, max_size=4)
_PATTERNS = _SEGMENTS.map(lambda segments: "/" + "/".join(segments))
_ROUTES = st.builds(Route, st.sampled_from([*METHODS, "*"]), _PATTERNS)
_PATHS = st.text(alphabet="ab/.*GET", max_size=8).map(lambda text: "/" + text)


@given(routes=st.lists(_ROUTES, min_size=1, max_size=4), method=st.sampled_from(METHODS), path=_PATHS)
def test_policy_and_catalogue_agree_on_every_pattern(routes: list[Route], method: str, path: str) -> None:
    """The policy allows the requests that the patterns match, compared in a third way."""
    catalogue = ScopeCatalogue([Scope("s", "S", routes)])
    written = [f"{r.method}{r.path}" for r in catalogue.routes(frozenset({"s"}))]
    policy = {
        "Statement": [
            {
                "Action": "execute-api:Invoke",
                "Effect": "Allow",
                "Resource": [f"{BASE}/{resource}" for resource in written],
            }
        ]
    }

    expected = any(
        route.method in ("*", method)
        and re.fullmatch(".*".join(map(re.escape, route.path.split("*"))), path, re.DOTALL)
        for route in routes
    )

    assert allows({"policyDocument": policy}, f"{BASE}/{method}{path}") is expected


def test_a_scope_is_for_its_roles(api: Api, service: MemoryService) -> None:
    """A person cannot make a token that is more than the person."""
    admin, person = map(service.provider.sign_in, ("admin@example.com", "user@example.com"))

    refused = api.post("/v1/tokens", person, {"scopes": ["orders:read", "audit"]})
    unknown = api.post("/v1/tokens", person, {"scopes": ["api:read"]})

    assert (refused.status, refused.code) == (403, "scope_not_allowed")
    assert (unknown.status, unknown.code) == (400, "invalid_scope")
    assert api.create_token(admin, scopes=["audit"])["scopes"] == ["audit"]
    assert api.create_token(admin)["scopes"] == ["orders:read", "orders:write", "report"]
    assert len(api.get("/v1/tokens", person).json["tokens"]) == 0


def test_a_lowered_role_takes_effect_on_tokens_made_before(api: Api, service: MemoryService) -> None:
    """The owner's present role counts. The row keeps the granted scopes in case the role comes back."""
    claims = {"iss": service.settings.oidc_issuer}
    admin = service.provider.sign_in("admin@example.com", **claims)
    both = api.create_token(admin, scopes=["audit", "orders:read"])
    audit = api.create_token(admin, scopes=["audit"])
    assert opened(decide(both["token"]), "GET", "/audit")

    bootstrap.install(_without_admins(service))
    api.get("/v1/me", admin)

    lowered, nothing_left = decide(both["token"]), decide(audit["token"])
    assert (opened(lowered, "GET", "/audit"), opened(lowered, "GET", "/orders")) == (False, True)
    assert lowered["context"]["scopes"] == "orders:read"
    assert nothing_left["policyDocument"]["Statement"] == [
        {"Action": "execute-api:Invoke", "Effect": "Deny", "Resource": "*"}
    ]
    assert nothing_left["context"]["scopes"] == ""
    assert api.get(f"/v1/tokens/{both['id']}", admin).json["scopes"] == ["audit", "orders:read"]


def test_a_token_whose_scopes_opened_nothing_is_forbidden_not_unknown(
    api: Api, service: MemoryService
) -> None:
    """The bearer hears 403: the token is good, it merely opens nothing here."""
    token = api.create_token(service.provider.sign_in("user@example.com"), scopes=["report"])["token"]

    assert api.get("/api/whoami", token).status == 403


def _without_admins(service: MemoryService) -> MemoryService:
    """Return the service over the same store after an operator took the administrator off the list."""
    return service.redeployed({"SCOPES": json.dumps(SCOPES), "ADMIN_SUBJECTS": ""})
