"""The provider's JWTs, each taken for what it says it is and for nothing else."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.adapters.oidc.provider import OidcProvider
from chalicelib.domain.claims import TokenType
from chalicelib.domain.errors import NotAuthenticated
from tests.support.builders import ISSUER
from tests.support.provider import AUDIENCE
from tests.support.service import MemoryService

ACCESS, ID, JWT = TokenType.ACCESS_TOKEN, TokenType.ID_TOKEN, TokenType.JWT
EVERY_KIND = [ACCESS, ID, JWT]


@pytest.fixture
def service() -> MemoryService:
    """Return a service with a provider."""
    return MemoryService()


def accepted_as(service: MemoryService, unverified_jwt: str) -> list[TokenType]:
    """Return the kinds that a JWT passes for."""
    return [kind for kind in EVERY_KIND if _passes(service.identity_provider, unverified_jwt, kind)]


def _passes(provider: OidcProvider, unverified_jwt: str, kind: TokenType) -> bool:
    try:
        return provider.verify_as(unverified_jwt, kind).subject == "user-1"
    except NotAuthenticated:
        return False


def signed(service: MemoryService, header: Mapping[str, Any], **claims: Any) -> str:
    """Return a JWT of the provider with these marks."""
    now = service.clock.now()
    usual = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "user-1",
        "iat": int(now.timestamp()),
        "exp": int((now + timedelta(hours=1)).timestamp()),
    }
    return service.provider.sign(usual | claims, **header)


@pytest.mark.parametrize(
    ("header", "claims", "kinds"),
    [
        # As providers sign them.
        ({}, {}, [ID, JWT]),
        ({}, {"nonce": "n"}, [ID, JWT]),
        ({}, {"at_hash": "h", "c_hash": "h"}, [ID, JWT]),
        ({"typ": "at+jwt"}, {}, [ACCESS, JWT]),
        ({"typ": "AT+JWT"}, {}, [ACCESS, JWT]),
        ({"typ": "application/at+jwt"}, {}, [ACCESS, JWT]),
        ({}, {"token_use": "access", "aud": None, "client_id": AUDIENCE, "username": "jo"}, [ACCESS, JWT]),
        ({}, {"token_use": "id"}, [ID, JWT]),
        ({}, {"typ": "Bearer"}, [ACCESS, JWT]),
        ({}, {"typ": "ID"}, [ID, JWT]),
        ({}, {"scope": "openid"}, [ACCESS, JWT]),
        ({}, {"scp": ["api"]}, [ACCESS, JWT]),
        ({"typ": "id+jwt"}, {}, [ID, JWT]),
        ({"typ": "Jwt"}, {}, [ID, JWT]),
        # Marks of both kinds: only a JWT.
        ({"typ": "at+jwt"}, {"nonce": "n"}, [JWT]),
        ({"typ": "at+jwt"}, {"at_hash": "h"}, [JWT]),
        ({"typ": "at+jwt"}, {"c_hash": "h"}, [JWT]),
        ({"typ": "at+jwt"}, {"token_use": "id"}, [JWT]),
        ({"typ": "at+jwt"}, {"typ": "ID"}, [JWT]),
        ({}, {"scope": "openid", "nonce": "n"}, [JWT]),
        ({"typ": "id+jwt"}, {"scope": "openid"}, [JWT]),
        ({"typ": "id+jwt"}, {"typ": "Bearer"}, [JWT]),
        # Another kind, which is not a sign-in.
        ({}, {"typ": "Refresh"}, []),
        ({}, {"typ": 7}, []),
        ({}, {"token_use": "refresh"}, []),
        ({"typ": "logout+jwt"}, {}, []),
        ({"typ": "application/jwt"}, {}, []),
        ({"typ": "at+jwt"}, {"cnf": {"jkt": "x"}}, []),
        ({}, {"events": {}}, []),
        # Not for us, whatever it is.
        ({}, {"aud": "another"}, []),
        ({"typ": "at+jwt"}, {"aud": "another"}, []),
        ({}, {"aud": None}, []),
        ({"typ": "at+jwt"}, {"aud": None}, []),
        ({"typ": "at+jwt"}, {"iss": "https://evil.example"}, []),
        ({"typ": "at+jwt"}, {"exp": 1}, []),
    ],
    ids=str,
)
def test_jwt_passes_for_its_own_kind(
    service: MemoryService, header: dict[str, Any], claims: dict[str, Any], kinds: list[TokenType]
) -> None:
    """No ID token is taken for an access token, nor the other way round."""
    assert accepted_as(service, signed(service, header, **claims)) == kinds


def test_usual_tokens_of_the_test_provider_are_what_they_seem(service: MemoryService) -> None:
    """The other tests present these."""
    assert accepted_as(service, service.provider.sign_in("user-1")) == [ID, JWT]
    assert accepted_as(service, service.provider.access_token("user-1")) == [ACCESS, JWT]
