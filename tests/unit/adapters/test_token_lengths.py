"""The computed lengths of tokens are those of real ones."""

from datetime import UTC, datetime

import pytest

from chalicelib.adapters.access_token import JwtAccessTokenSigner
from chalicelib.adapters.api_token import ApiTokenSigner
from chalicelib.domain.claims import AccessClaims, Claims
from chalicelib.domain.ids import new_token_id, user_id_for
from chalicelib.domain.scopes import DEFAULT_CATALOGUE, EVERYTHING, Scope, ScopeCatalogue
from chalicelib.domain.users import Role
from chalicelib.settings.token_lengths import longest_access_token, longest_api_token
from tests.support.keys import LocalSigningKey

NOW, LATER = datetime(2026, 1, 15, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
MANY = ScopeCatalogue([Scope(f"scope:{n}", "S", [EVERYTHING]) for n in range(30)])
BY_ROLE = ScopeCatalogue(
    [
        Scope("a", "A", [EVERYTHING], frozenset({Role.USER})),
        Scope("b" * 60, "B", [EVERYTHING], frozenset({Role.ADMIN})),
    ]
)


@pytest.mark.parametrize(
    "audience", ["https://a.example/api", "https://a.example/" + "x" * 500, "caf\u00e9"]
)
@pytest.mark.parametrize(
    ("catalogue", "scopes"),
    [
        (DEFAULT_CATALOGUE, {"api:read", "api:write"}),
        (MANY, {scope.name for scope in MANY.scopes}),
        (BY_ROLE, {"b" * 60}),
    ],
)
def test_longest_tokens(audience: str, catalogue: ScopeCatalogue, scopes: set[str]) -> None:
    """A token with all scopes of one role is as long as computed, or two characters shorter at most."""
    issuer, key = "https://a.example/tokens", LocalSigningKey()
    user_id, token_id = user_id_for(issuer, "u"), new_token_id(NOW)
    claims = Claims(user_id, token_id, NOW, frozenset(scopes), LATER)
    access = AccessClaims(user_id, token_id, audience, "r" * 22, frozenset(scopes), NOW, LATER)

    api_token = ApiTokenSigner(key, issuer, audience).sign(claims)
    access_token = JwtAccessTokenSigner(key, issuer).sign(access)

    assert 0 <= longest_api_token(issuer, audience, catalogue) - len(api_token) <= 3
    assert 0 <= longest_access_token(issuer, ["x", audience], catalogue) - len(access_token) <= 5


def test_without_audiences_there_are_no_access_tokens() -> None:
    """Their length is zero then."""
    assert longest_access_token("https://a.example", [], DEFAULT_CATALOGUE) == 0
