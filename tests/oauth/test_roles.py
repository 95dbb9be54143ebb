"""Scopes that only some roles may have, through the OAuth endpoints."""

import json
from collections.abc import Iterator
from datetime import timedelta

import jwt
import pytest

from tests.oauth.caller import Caller, refused
from tests.oauth.service import oauth_service
from tests.support import canaries
from tests.support.api import api_of

ADMIN = "boss@example.com"
SCOPES = {
    "orders:read": {"description": "Read orders", "opens": ["GET /orders"]},
    "audit:read": {"description": "Read the audit log", "opens": ["GET /audit"], "roles": ["admin"]},
}


@pytest.fixture
def caller() -> Iterator[Caller]:
    """Return somebody at a service with a scope for administrators."""
    service = oauth_service({"SCOPES": json.dumps(SCOPES), "ADMIN_CLAIM": "groups=admins"})
    with api_of(service) as api:
        yield Caller(api, service)


def demote(caller: Caller) -> None:
    """Let the administrator sign in again, now without the group."""
    caller.service.clock.advance(timedelta(seconds=1))
    later = caller.service.provider.sign_in(ADMIN)
    canaries.remember(later)
    assert caller.api.get("/v1/me", later).json["role"] == "user"


def test_scope_above_the_own_role_is_not_exchanged(caller: Caller) -> None:
    """It exists, but not for everybody; OAuth has one word for both."""
    document = refused(caller.exchange(scope="audit:read"), "invalid_scope")
    assert document["code"] == "scope_not_allowed"
    assert caller.exchange().json["scope"] == "orders:read"


def test_scopes_follow_the_owners_present_role(caller: Caller) -> None:
    """What the owner has lost is neither derived nor described any more, at once."""
    admin = caller.service.provider.sign_in(ADMIN, groups=["admins"])
    canaries.remember(admin)
    issued = caller.exchange(subject_token=admin, scope="orders:read audit:read").json
    token = issued["access_token"]
    derived = caller.derive(subject_token=token).json
    assert derived["scope"] == "audit:read orders:read"

    demote(caller)

    assert caller.introspect(token).json["scope"] == "orders:read"
    assert caller.introspect(derived["access_token"]).json["scope"] == "orders:read"
    refused(caller.derive(subject_token=token, scope="audit:read"), "invalid_scope")
    narrower = caller.derive(subject_token=token).json["access_token"]
    assert jwt.decode(narrower, options={"verify_signature": False})["scope"] == "orders:read"


def test_token_without_any_scope_left_derives_nothing(caller: Caller) -> None:
    """An access token that opens nothing would be no use to anybody."""
    admin = caller.service.provider.sign_in(ADMIN, groups=["admins"])
    canaries.remember(admin)
    token = caller.exchange(subject_token=admin, scope="audit:read").json["access_token"]
    demote(caller)
    refused(caller.derive(subject_token=token), "invalid_scope")


def test_supported_scopes_are_the_configured(caller: Caller) -> None:
    """In both documents."""
    for name in ("oauth-authorization-server", "oauth-protected-resource"):
        document = caller.api.get(f"/.well-known/{name}").json
        assert document["scopes_supported"] == ["orders:read", "audit:read"]
