"""The claim that makes an administrator, in each shape that providers write."""

from typing import Any

import pytest

from chalicelib.domain.admin_claims import AdminClaim
from chalicelib.domain.users import Role
from chalicelib.settings.admin_claims import parse_admin_claim


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("role=admin", {"role": "admin"}),
        ("groups=admins", {"groups": ["staff", "admins"]}),
        ("cognito:groups=admins", {"cognito:groups": ["admins"]}),
        ("https://acme.example/roles=admin", {"https://acme.example/roles": ["admin"]}),
        ("/realm_access/roles=admin", {"realm_access": {"roles": ["admin"]}}),
        ("/https:~1~1acme.example~1roles=admin", {"https://acme.example/roles": ["admin"]}),
        ("/a~01/b=x", {"a~1": {"b": "x"}}),
        (
            "urn:zitadel:iam:org:project:roles=admin",
            {"urn:zitadel:iam:org:project:roles": {"admin": {"1": "a"}}},
        ),
        ("is_admin=true", {"is_admin": True}),
        ("scope=tokens:admin", {"scope": "openid tokens:admin"}),
        ("scp=tokens:admin", {"scp": ["tokens:admin"]}),
        ("memberOf=CN=admins,OU=groups,DC=acme", {"memberOf": ["CN=admins,OU=groups,DC=acme"]}),
        ("groups=Domain Admins", {"groups": ["Domain Admins"]}),
    ],
)
def test_claim_makes_an_administrator(text: str, claims: dict[str, Any]) -> None:
    """The claim may be a string, a list, an object, true, a scope, below a pointer, or an LDAP name."""
    assert parse_admin_claim(text).role_in(claims) is Role.ADMIN


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("groups=admins", {"groups": "no-admins"}),
        ("groups=admins", {"groups": "admins staff"}),
        ("groups=admins", {"groups": ["no-admins", ["admins"], {"admins": 1}, None, 7]}),
        ("groups=admins", {"groups": []}),
        ("groups=admins", {"groups": None}),
        ("groups=admins", {"groups": 1}),
        ("is_admin=true", {"is_admin": False}),
        ("is_admin=true", {"is_admin": 1}),
        ("is_admin=True", {"is_admin": True}),
        ("n=1", {"n": 1}),
        ("scope=admin", {"scope": "openid administrator"}),
        *(
            ("scope=admin", {"scope": f"openid{space}admin"})
            for space in "\t\n\r\x0b\x1c\x85\xa0\u2003\u2028"
        ),
        ("/realm_access/roles=admin", {"realm_access": {"roles": ["user"]}}),
    ],
)
def test_other_value_takes_the_role_away(text: str, claims: dict[str, Any]) -> None:
    """A claim with another value means that the person is not an administrator. Text is compared whole."""
    assert parse_admin_claim(text).role_in(claims) is Role.USER


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("groups=admins", {}),
        ("groups=admins", {"Groups": ["admins"]}),
        ("/realm_access/roles=admin", {"realm_access": {}}),
        ("/realm_access/roles=admin", {"realm_access": ["roles"]}),
        ("/realm_access/roles=admin", {"realm_access": "roles"}),
        ("/realm_access/roles=admin", {"/realm_access/roles": ["admin"]}),
    ],
)
def test_absent_claim_says_nothing(text: str, claims: dict[str, Any]) -> None:
    """A missing claim says nothing. The kind of the JWT decides the consequence."""
    assert parse_admin_claim(text).role_in(claims) is None


def test_claim_is_split_at_the_first_equals_sign() -> None:
    """The value may contain the equals sign, as LDAP names do."""
    assert parse_admin_claim("a=b=c") == AdminClaim(("a",), "b=c")


@pytest.mark.parametrize(
    "text",
    [
        *("groups", "=admins", "groups=", "=", "groups =admins", "groups= admins", "groups=\tadmins"),
        *("groups=ad\u200bmins", "groups=ad\u00a0mins", "gro\nups=x"),
        *("/=x", "//a=x", "/a/=x", "/=", "/a//b=x", "/a~2b=x", "/a~=x"),
        *("scope=openid admin", "/a/scp=x y"),
    ],
)
def test_claim_that_cannot_match_is_refused(text: str) -> None:
    """Invisible white space would make a setting that never matches."""
    with pytest.raises(ValueError, match=r".+"):
        parse_admin_claim(text)


@pytest.mark.parametrize(
    "text",
    [
        *("iss=https://login.example.com", "aud=web", "azp=web", "sub=una", "email_verified=true"),
        *("token_use=id", "typ=Bearer", "tid=1", "client_id=web", "ver=2.0", "hd=acme.example"),
        *("locale=en", "_claim_names=groups"),
        *("/iss=https://login.example.com", "/aud=web", "/email_verified=true"),
        *(
            "scope=openid",
            "scp=openid",
            "scope=profile",
            "scope=email",
            "scope=offline_access",
            "/scope=openid",
        ),
    ],
)
def test_what_everybody_has_makes_no_administrator(text: str) -> None:
    """A claim that every JWT has would make every person an administrator."""
    with pytest.raises(ValueError, match="every person"):
        parse_admin_claim(text)
