"""Claims of userinfo that complete an ID token, and claims that are ignored."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters.oidc.userinfo import completed, lacks_profile, lacks_role
from chalicelib.settings.admin_claims import parse_admin_claim

ADMINS = parse_admin_claim("groups=admins")
NESTED = parse_admin_claim("/realm_access/roles=admin")
WHOLE = {"sub": "u", "name": "Jo", "email": "jo@example.com"}
CLAIMS = st.dictionaries(
    st.sampled_from(
        ["sub", "iss", "iat", "name", "preferred_username", "email", "email_verified", "groups"]
    ),
    st.none() | st.booleans() | st.text(max_size=5) | st.lists(st.text(max_size=5), max_size=2),
)


@pytest.mark.parametrize(
    ("claims", "lacks"),
    [
        (WHOLE, False),
        ({**WHOLE, "name": ""}, True),
        ({**WHOLE, "email": None}, True),
        ({"sub": "u", "preferred_username": "jo", "email": "jo@example.com"}, True),
    ],
)
def test_profile_is_missing(claims: Mapping[str, Any], lacks: bool) -> None:
    """The profile needs a name and an e-mail. A user name does not count as a name."""
    assert lacks_profile(claims) is lacks


def test_role_is_missing_only_if_a_claim_is_configured() -> None:
    """A claim with another value is not missing."""
    assert lacks_role(WHOLE, ADMINS)
    assert not lacks_role({**WHOLE, "groups": []}, ADMINS)
    assert not lacks_role(WHOLE, None)
    assert lacks_role({**WHOLE, "realm_access": {}}, NESTED)


@given(CLAIMS, CLAIMS)
def test_nothing_else_is_taken(claims: dict[str, Any], userinfo: dict[str, Any]) -> None:
    """Every claim of the ID token is kept, and only profile and role are added."""
    whole = completed(claims, userinfo, ADMINS)

    for name in ("sub", "iss", "iat"):
        assert (name in whole, whole.get(name)) == (name in claims, claims.get(name))
    for name in ("name", "email", "groups"):
        if claims.get(name):
            assert whole[name] == claims[name]
    if whole.get("email") and not claims.get("email"):
        pair = ("email", "email_verified")
        assert [whole.get(name) for name in pair] == [userinfo.get(name) for name in pair]
    elif "email_verified" in whole:
        assert whole["email_verified"] == claims["email_verified"]


def test_verification_is_that_of_the_address() -> None:
    """A verification without an address in the ID token does not count for userinfo's address."""
    claims = {"sub": "u", "name": "Jo", "email_verified": True}

    assert "email_verified" not in completed(claims, {"email": "x@example.com"}, None)


def test_part_of_the_way_to_the_role_is_replaced() -> None:
    """A part of the path to the role is replaced by userinfo's claim."""
    claims = {**WHOLE, "realm_access": {"other": 1}}
    userinfo = {"realm_access": {"roles": ["admin"]}}

    assert completed(claims, userinfo, NESTED)["realm_access"] == {"roles": ["admin"]}
    assert completed(claims, {"realm_access": {}}, NESTED)["realm_access"] == {"other": 1}
