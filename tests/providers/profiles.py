"""Providers with the claims in their own documentation. The address is beside each claim.

No tenant was used. A comment names the source if a value comes from source code or a public sample.
"""

from typing import Any

from tests.providers.profile import (
    BASIC,
    ISSUER,
    NONCE,
    NOW,
    ORIGIN,
    POST,
    TIMES,
    Jwt,
    Machine,
    ProviderProfile,
    Refused,
)

_WRONG_KIND, _WRONG_AUDIENCE = ("wrong_kind",), ("wrong_audience",)
_BOUND = ("sender_constrained",)

# --- Amazon Cognito -----------------------------------------------------------------------------------

_COGNITO = "https://docs.aws.amazon.com/cognito/latest/developerguide"
COGNITO_ID = f"{_COGNITO}/amazon-cognito-user-pools-using-the-id-token.html"
COGNITO_ACCESS = f"{_COGNITO}/amazon-cognito-user-pools-using-the-access-token.html"
COGNITO_TOKENS = f"{_COGNITO}/amazon-cognito-user-pools-using-tokens-with-identity-providers.html"
COGNITO_M2M = f"{_COGNITO}/cognito-user-pools-define-resource-servers.html"

_COGNITO_SUB = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
_COGNITO_ACCESS_TOKEN = Jwt(
    {
        "sub": _COGNITO_SUB,  # COGNITO_ACCESS: the same UUID as in the ID token
        "device_key": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",  # COGNITO_ACCESS
        "iss": ISSUER,  # COGNITO_ACCESS
        "client_id": "57cbishk4j24pabc1234567890",  # COGNITO_ACCESS: it does not have aud
        "origin_jti": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",  # COGNITO_ACCESS
        "token_use": "access",  # COGNITO_ACCESS
        "scope": "openid profile email",  # COGNITO_ACCESS: one string
        "auth_time": NOW,  # COGNITO_ACCESS
        **TIMES,
        "jti": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",  # COGNITO_ACCESS
        "username": "janedoe@example.com",  # COGNITO_ACCESS
    },
    typ=None,  # COGNITO_ACCESS: the header has kid and alg alone
)

COGNITO = ProviderProfile(
    name="cognito",
    section="Amazon Cognito",
    documents=(COGNITO_ID, COGNITO_ACCESS, COGNITO_TOKENS, COGNITO_M2M),
    settings={
        "OIDC_CLIENT_ID": "57cbishk4j24pabc1234567890",
        "ADMIN_CLAIM": "cognito:groups=admins",
        "ADMIN_CLAIM_IN": "id,access",
    },
    issuer_path="/us-east-1_example",  # COGNITO_ID: the user pool
    id_token=Jwt(
        {
            "sub": _COGNITO_SUB,  # COGNITO_ID
            "email_verified": True,  # COGNITO_ID
            "iss": ISSUER,  # COGNITO_ID
            "cognito:username": "janedoe",  # COGNITO_ID
            "given_name": "Jane",  # COGNITO_ID
            "name": "Jane Doe",  # COGNITO_ID: standard claims as the app client may read them
            "nonce": NONCE,  # COGNITO_ID
            "origin_jti": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",  # COGNITO_ID
            "aud": "57cbishk4j24pabc1234567890",  # COGNITO_ID
            "token_use": "id",  # COGNITO_ID
            "auth_time": NOW,  # COGNITO_ID
            **TIMES,
            "jti": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",  # COGNITO_ID
            "email": "janedoe@example.com",  # COGNITO_ID
        },
        typ=None,  # COGNITO_ID
    ),
    access_token=_COGNITO_ACCESS_TOKEN,
    subject=_COGNITO_SUB,
    shown_name="Jane Doe",
    userinfo={"sub": _COGNITO_SUB, "email": "janedoe@example.com", "email_verified": "true"},
    # COGNITO_TOKENS: both tokens carry the groups. Without a group the claim is missing.
    admin={"cognito:groups": ["editors", "admins"]},
    admin_in=frozenset({"id", "access"}),
    machines=(
        # COGNITO_M2M describes the grant, not the claims; these come from public samples.
        Machine(
            _COGNITO_ACCESS_TOKEN.with_claims(
                sub="57cbishk4j24pabc1234567890",
                scope="orders/read",
                version=2,
                username=None,
                device_key=None,
                origin_jti=None,
            )
        ),
    ),
    refused=(
        # COGNITO_M2M, "Resource binding": a bound access token names another service in aud.
        Refused(
            "access token for another resource",
            _COGNITO_ACCESS_TOKEN.with_claims(aud="https://orders.example.com"),
            _WRONG_AUDIENCE,
        ),
    ),
)

# --- Microsoft Entra ID, v2.0 --------------------------------------------------------------------------

_ENTRA = "https://learn.microsoft.com/entra/identity-platform"
ENTRA_ID = f"{_ENTRA}/id-token-claims-reference"
ENTRA_ACCESS = f"{_ENTRA}/access-token-claims-reference"
ENTRA_OPTIONAL = f"{_ENTRA}/optional-claims-reference"
ENTRA_CHECKS = f"{_ENTRA}/claims-validation"
ENTRA_OIDC = f"{_ENTRA}/v2-protocols-oidc"
ENTRA_USERINFO = f"{_ENTRA}/userinfo"

_TENANT = "8eaef023-2b34-4da1-9baa-8bc8c9d6a490"
_ENTRA_CLIENT, _ENTRA_API = "6731de76-14a6-49ae-97bc-6eba6914391e", "00001111-aaaa-2222-bbbb-3333cccc4444"
_ENTRA_OID = "690222be-ff1a-4d56-abd1-7e4f7d38e474"
_ENTRA_SUB = "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ"
_ENTRA_ACCESS_TOKEN = Jwt(
    {
        "aud": _ENTRA_API,  # ENTRA_ACCESS: in v2.0 always the client ID of the API
        "iss": ISSUER,  # ENTRA_ACCESS
        **TIMES,
        "nbf": NOW,  # ENTRA_ACCESS
        "aio": "opaque",  # ENTRA_ACCESS
        "azp": "11112222-bbbb-3333-cccc-4444dddd5555",  # ENTRA_ACCESS: the client that asked for it
        "azpacr": "1",  # ENTRA_ACCESS
        "name": "Mikah Ollenburg",  # ENTRA_ACCESS
        "oid": _ENTRA_OID,  # ENTRA_ACCESS: the same for every application
        "preferred_username": "mikoll@contoso.com",  # ENTRA_ACCESS
        "rh": "opaque",  # ENTRA_ACCESS
        "scp": "access_as_user",  # ENTRA_ACCESS: one string, for users only
        "sub": "HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ",  # ENTRA_ACCESS: pairwise per application
        "tid": _TENANT,  # ENTRA_ACCESS
        "uti": "fqiBqXLPj0eQa82S-IYFAA",  # ENTRA_ACCESS
        "ver": "2.0",  # ENTRA_ACCESS
    }
)
_ENTRA_APP_TOKEN = _ENTRA_ACCESS_TOKEN.with_claims(
    oid="22223333-cccc-4444-dddd-5555eeee6666",
    # Equal to oid in public samples of app-only tokens; ENTRA_ACCESS says nothing about it.
    sub="22223333-cccc-4444-dddd-5555eeee6666",
    roles=["Tokens.Read"],  # ENTRA_ACCESS: permissions in place of scopes
    scp=None,  # ENTRA_ACCESS: "Only included for user tokens"
    name=None,
    preferred_username=None,
)

ENTRA = ProviderProfile(
    name="entra",
    section="Microsoft Entra ID",
    documents=(ENTRA_ID, ENTRA_ACCESS, ENTRA_OPTIONAL, ENTRA_CHECKS, ENTRA_OIDC, ENTRA_USERINFO),
    settings={
        "OIDC_CLIENT_ID": _ENTRA_CLIENT,
        "OIDC_AUDIENCES": f"{_ENTRA_CLIENT},{_ENTRA_API}",
        "SUBJECT_CLAIM": "oid",
        "ADMIN_CLAIM": "roles=Admin",
        "ADMIN_CLAIM_IN": "id,access",
    },
    issuer_path=f"/{_TENANT}/v2.0",  # ENTRA_ID
    id_token=Jwt(
        {
            "aud": _ENTRA_CLIENT,  # ENTRA_ID
            "iss": ISSUER,  # ENTRA_ID
            **TIMES,
            "nbf": NOW,  # ENTRA_ID
            "aio": "opaque",  # ENTRA_ID
            "email": "mikoll@contoso.com",  # ENTRA_ID: with the scope email; never called verified
            "name": "Mikah Ollenburg",  # ENTRA_ID
            "nonce": NONCE,  # ENTRA_ID
            "oid": _ENTRA_OID,  # ENTRA_ID: needs the scope profile
            "preferred_username": "mikoll@contoso.com",  # ENTRA_ID
            "rh": "opaque",  # ENTRA_ID
            "sid": "00aa00aa-bb11-cc22-dd33-44ee44ee44ee",  # ENTRA_ID
            "sub": _ENTRA_SUB,  # ENTRA_ID: pairwise per application
            "tid": _TENANT,  # ENTRA_ID
            "uti": "fqiBqXLPj0eQa82S-IYFAA",  # ENTRA_ID
            "ver": "2.0",  # ENTRA_ID
        }
    ),
    access_token=_ENTRA_ACCESS_TOKEN,
    subject=_ENTRA_OID,
    shown_name="Mikah Ollenburg",
    auth_methods=(POST, "private_key_jwt"),  # ENTRA_OIDC
    jwk_has_alg=False,  # public key sets of Entra name none (RFC 7517 section 4.4)
    jwk_extras={"x5t": "fqiBqXLPj0eQa82S", "x5c": ["MIIC/jCCAeagAwIBAgIJAJ"]},  # ENTRA_ID: x5t
    # ENTRA_USERINFO: the subject, names and the e-mail, nothing else.
    userinfo={"sub": _ENTRA_SUB, "name": "Mikah Ollenburg", "email": "mikoll@contoso.com"},
    admin={"roles": ["Admin"]},  # ENTRA_ID, ENTRA_ACCESS: app roles of the person
    admin_in=frozenset({"id", "access"}),
    more_access_tokens=(
        _ENTRA_ACCESS_TOKEN.with_claims(idtyp="user"),  # ENTRA_OPTIONAL: include_user_token
    ),
    machines=(
        Machine(_ENTRA_APP_TOKEN.with_claims(idtyp="app")),  # ENTRA_OPTIONAL
        Machine(_ENTRA_APP_TOKEN),  # ENTRA_OPTIONAL: idtyp is optional, so most tenants do not send it
    ),
    refused=(
        Refused(
            "v1.0 access token",  # ENTRA_ACCESS: only v2.0 tokens end in /v2.0
            _ENTRA_ACCESS_TOKEN.with_claims(iss=f"{ORIGIN}/{_TENANT}/", ver="1.0"),
            ("wrong_issuer",),
        ),
        Refused(
            "ID token without the scope profile",  # ENTRA_ID: no oid then
            Jwt(
                {
                    "aud": _ENTRA_CLIENT,
                    "iss": ISSUER,
                    **TIMES,
                    "sub": _ENTRA_SUB,
                    "nonce": NONCE,
                    "ver": "2.0",
                }
            ),
            ("missing_subject",),
        ),
    ),
)

# --- Azure AD B2C -------------------------------------------------------------------------------------

_B2C = "https://learn.microsoft.com/azure/active-directory-b2c"
B2C_TOKENS = f"{_B2C}/tokens-overview"
B2C_ACCESS = f"{_B2C}/access-tokens"
B2C_M2M = f"{_B2C}/client-credentials-grant-flow"

_B2C_CLIENT, _B2C_API = "90c0fe63-bcf2-44d5-8fb7-b8bbc0b29dc6", "f2a76e08-93f2-4350-833c-965c02483b11"
_B2C_SUB = "1558f87f-452b-4757-bcd1-883fa0a8b9d0"
_B2C_ACCESS_TOKEN = Jwt(
    {
        "iss": ISSUER,  # B2C_ACCESS
        **TIMES,
        "nbf": NOW,  # B2C_ACCESS
        "aud": _B2C_API,  # B2C_ACCESS
        "oid": _B2C_SUB,  # B2C_ACCESS
        "sub": _B2C_SUB,  # B2C_ACCESS
        "name": "David",  # B2C_ACCESS
        "tfp": "B2C_1_signupsignin1",  # B2C_ACCESS
        "nonce": "anyRandomValue",  # B2C_ACCESS: although B2C_TOKENS says "of an ID token only"
        "scp": "read",  # B2C_ACCESS
        "azp": "38307aee-303c-4fff-8087-d8d2abcdabcd",  # B2C_ACCESS
        "ver": "1.0",  # B2C_ACCESS
    }
)

B2C = ProviderProfile(
    name="azure_ad_b2c",
    section="Azure AD B2C",
    documents=(B2C_TOKENS, B2C_ACCESS, B2C_M2M),
    settings={
        "OIDC_CLIENT_ID": _B2C_CLIENT,
        "OIDC_AUDIENCES": f"{_B2C_CLIENT},{_B2C_API}",
        "OIDC_SCOPES": f"openid {_B2C_CLIENT}",
    },
    issuer_path="/775527ff-9a37-4307-8b3d-cc311f58d925/v2.0/",  # B2C_TOKENS: ends in a slash
    # B2C_TOKENS: each policy has its own document, at a path that the issuer does not have.
    discovery_path="/contoso.onmicrosoft.com/b2c_1_signupsignin1/v2.0/.well-known/openid-configuration",
    id_token=Jwt(
        {
            "aud": _B2C_CLIENT,  # B2C_TOKENS
            "iss": ISSUER,  # B2C_TOKENS
            **TIMES,
            "nbf": NOW,  # B2C_TOKENS
            "ver": "1.0",  # B2C_TOKENS
            "nonce": NONCE,  # B2C_TOKENS
            "sub": _B2C_SUB,  # B2C_TOKENS: the object ID by default, so the same in both tokens
            "tfp": "b2c_1_signupsignin1",  # B2C_TOKENS
            "auth_time": NOW,  # B2C_TOKENS
            "name": "David",  # B2C_TOKENS: as the user flow is configured
        }
    ),
    access_token=_B2C_ACCESS_TOKEN,
    subject=_B2C_SUB,
    shown_name="David",
    auth_methods=(POST,),  # B2C_ACCESS: client_secret in the body
    jwk_has_alg=False,
    # A nonce marks ID tokens and scp access tokens, so the pair does not show the kind.
    access_kinds=frozenset({"jwt"}),
    unmarked_machines=(
        # B2C_M2M: aud, sub (a service principal), azp and scp; it looks like a person's token.
        _B2C_ACCESS_TOKEN.with_claims(
            sub="33333333-0000-0000-0000-000000000000",
            scp="app.read app.write",
            oid=None,
            name=None,
            tfp=None,
            nonce=None,
        ),
    ),
)

# --- Okta -----------------------------------------------------------------------------------------------

_OKTA = "https://developer.okta.com/docs"
OKTA_REFERENCE = f"{_OKTA}/api/openapi/okta-oauth/guides/overview/"
OKTA_TOKENS = f"{_OKTA}/guides/customize-tokens-returned-from-okta/main/"
OKTA_GROUPS = f"{_OKTA}/guides/customize-tokens-groups-claim/main/"
OKTA_SERVERS = f"{_OKTA}/concepts/auth-servers/"
OKTA_KEYS = f"{_OKTA}/concepts/key-rotation/"
OKTA_DPOP = f"{_OKTA}/guides/dpop/nonoktaresourceserver/main/"
OKTA_RESERVED = "https://support.okta.com/help/s/article/list-of-reserved-claim-names"
OKTA_SUB = "https://support.okta.com/help/s/article/sub-claim-limitation"
OKTA_CLAIMS = "https://help.okta.com/oie/en-us/content/topics/security/api-config-claims.htm"

_OKTA_CLIENT, _OKTA_USER = "0oaoesxtxmPf08QHk0h7", "00uixa271s6x7qt8I0h7"
_OKTA_ID_CLAIMS: dict[str, Any] = {
    "sub": _OKTA_USER,  # OKTA_REFERENCE: the user's id
    "ver": 1,  # OKTA_REFERENCE
    "iss": ISSUER,  # OKTA_REFERENCE
    "aud": _OKTA_CLIENT,  # OKTA_REFERENCE
    **TIMES,
    "jti": "ID.T-ngjNl193t6rg3_eXifJatKDhLPviN8NG02wJLWf2g",  # OKTA_TOKENS
    "amr": ["mfa", "pwd"],  # OKTA_TOKENS
    "idp": "00oixa26ycdNcX0VT0h7",  # OKTA_TOKENS
    "nonce": NONCE,  # OKTA_TOKENS
    "auth_time": NOW,  # OKTA_TOKENS
    "at_hash": "cpqKfdQA5eH891Ff5oJr_Q",  # OKTA_REFERENCE
}
_OKTA_PROFILE = {
    "name": "John Doe",  # OKTA_REFERENCE
    "preferred_username": "john.doe@example.com",  # OKTA_REFERENCE
    "email": "john.doe@example.com",  # OKTA_REFERENCE
    "email_verified": True,  # OKTA_REFERENCE
}
_OKTA_ACCESS_TOKEN = Jwt(
    {
        "ver": 1,  # OKTA_REFERENCE
        "jti": "AT.bcNo4WsBA8QS81SOrrTxWbqMsO50lrFxlYK88DlAPiM",  # OKTA_TOKENS
        "iss": ISSUER,  # OKTA_REFERENCE
        "aud": "api://default",  # OKTA_TOKENS
        **TIMES,
        "cid": _OKTA_CLIENT,  # OKTA_REFERENCE
        "uid": _OKTA_USER,  # OKTA_REFERENCE: the user's id
        "scp": ["openid", "email"],  # OKTA_REFERENCE: a list
        "auth_time": NOW,  # OKTA_REFERENCE
        "sub": "john.doe@example.com",  # OKTA_GROUPS: the user name, unless the mapping is changed
    },
    typ=None,  # OKTA_REFERENCE: the header has alg and kid alone
)

OKTA_ORG = ProviderProfile(
    name="okta_org_server",
    section="Okta, org authorization server",
    documents=(OKTA_REFERENCE, OKTA_GROUPS, OKTA_SERVERS, OKTA_KEYS),
    settings={
        "OIDC_CLIENT_ID": _OKTA_CLIENT,
        "OIDC_SCOPES": "openid profile email groups",
        "ADMIN_CLAIM": "groups=admins",
    },
    issuer_path="",  # OKTA_SERVERS: the URL of the org
    # OKTA_GROUPS: in the authorization code flow the ID token carries profile and groups.
    id_token=Jwt({**_OKTA_ID_CLAIMS, **_OKTA_PROFILE}, typ=None),
    access_token=_OKTA_ACCESS_TOKEN,
    subject=_OKTA_USER,
    shown_name="John Doe",
    userinfo={"sub": _OKTA_USER, **_OKTA_PROFILE},
    admin={"groups": ["Everyone", "admins"]},  # OKTA_GROUPS
    admin_in=frozenset({"id"}),
    # OKTA_KEYS: "Okta doesn't expose the public keys used to sign the access token".
    publishes_access_key=False,
    access_refused=("unknown_key",),
)

OKTA_CUSTOM = ProviderProfile(
    name="okta_custom_server",
    section="Okta, custom authorization server",
    documents=(OKTA_REFERENCE, OKTA_TOKENS, OKTA_GROUPS, OKTA_DPOP, OKTA_RESERVED, OKTA_SUB, OKTA_CLAIMS),
    settings={
        "OIDC_CLIENT_ID": _OKTA_CLIENT,
        "OIDC_AUDIENCES": f"{_OKTA_CLIENT},api://default",
        "SUBJECT_CLAIM": "uid",
        "ADMIN_CLAIM": "Groups=admins",
        "ADMIN_CLAIM_IN": "id,access",
    },
    issuer_path="/oauth2/default",  # OKTA_SERVERS
    # OKTA_RESERVED: uid is reserved in access tokens only, so it can be added here.
    id_token=Jwt({**_OKTA_ID_CLAIMS, "uid": _OKTA_USER}, typ=None),
    access_token=_OKTA_ACCESS_TOKEN,
    subject=_OKTA_USER,
    shown_name="John Doe",
    userinfo={"sub": _OKTA_USER, **_OKTA_PROFILE},  # OKTA_CLAIMS: claims that the ID token leaves out
    admin={"Groups": ["Everyone", "admins"]},  # OKTA_GROUPS
    admin_in=frozenset({"id", "access"}),
    machines=(
        # OKTA_REFERENCE: sub is "a unique identifier for the client"; uid "isn't included" then.
        Machine(
            _OKTA_ACCESS_TOKEN.with_claims(
                sub="0oa4dr9kzkykPrLhq0g7",
                cid="0oa4dr9kzkykPrLhq0g7",
                scp=["api"],
                uid=None,
                auth_time=None,
            ),
            still_refused=("missing_subject",),
        ),
    ),
    refused=(
        Refused(
            "ID token without the added uid",
            Jwt(_OKTA_ID_CLAIMS, typ=None),
            ("missing_subject",),
        ),
        Refused(
            "DPoP-bound access token",
            _OKTA_ACCESS_TOKEN.with_claims(cnf={"jkt": "2HR2BW5-tan1aI6yIPHVOHwirAy4kQGWULoQHKUO0s4"}),
            _BOUND,
        ),  # OKTA_DPOP
    ),
)

# --- Auth0 ----------------------------------------------------------------------------------------------

_AUTH0 = "https://auth0.com/docs/secure/tokens"
AUTH0_ID = f"{_AUTH0}/id-tokens/id-token-structure"
AUTH0_ACCESS = f"{_AUTH0}/access-tokens"
AUTH0_PROFILES = f"{_AUTH0}/access-tokens/access-token-profiles"
AUTH0_CUSTOM = f"{_AUTH0}/json-web-tokens/create-custom-claims"

_AUTH0_CLIENT, _AUTH0_API = "my_client_id", "https://example.com/health-api"
_AUTH0_SETTINGS = {
    "OIDC_CLIENT_ID": _AUTH0_CLIENT,
    "OIDC_AUDIENCES": f"{_AUTH0_CLIENT},{_AUTH0_API}",
    "ADMIN_CLAIM": "https://example.com/roles=admin",
    "ADMIN_CLAIM_IN": "id,access",
}
_AUTH0_ID_TOKEN = Jwt(
    {
        "iss": ISSUER,  # AUTH0_ID
        "sub": "auth0|123456",  # AUTH0_ID
        "aud": _AUTH0_CLIENT,  # AUTH0_ID
        **TIMES,
        "nonce": NONCE,
        "name": "Jane Doe",  # AUTH0_ID
        "given_name": "Jane",  # AUTH0_ID
        "family_name": "Doe",  # AUTH0_ID
        "email": "janedoe@example.com",  # AUTH0_ID
        "email_verified": True,  # AUTH0_ID
        "picture": "http://example.com/janedoe/me.jpg",  # AUTH0_ID
    }
)
_AUTH0_ACCESS_TOKEN = Jwt(
    {
        "iss": ISSUER,  # AUTH0_PROFILES
        "sub": "auth0|123456",  # AUTH0_PROFILES
        "aud": [_AUTH0_API, f"{ISSUER}userinfo"],  # AUTH0_PROFILES
        "azp": _AUTH0_CLIENT,  # AUTH0_PROFILES
        **TIMES,
        "scope": "openid profile read:patients read:admin",  # AUTH0_PROFILES
    }
)
_AUTH0_MACHINE = _AUTH0_ACCESS_TOKEN.with_claims(
    sub="awZfdIir8YFdGZWkvCejDoUb7SjTDicx@clients",  # AUTH0_PROFILES
    aud=_AUTH0_API,
    azp="awZfdIir8YFdGZWkvCejDoUb7SjTDicx",
    scope="read:patients",
)
_AUTH0_RFC_ACCESS_TOKEN = Jwt(
    _AUTH0_ACCESS_TOKEN.with_claims(
        azp=None,
        client_id=_AUTH0_CLIENT,  # AUTH0_PROFILES
        jti="73WakrfVbNJBaAmhQtEeDv",  # AUTH0_PROFILES
    ).claims,
    typ="at+jwt",  # AUTH0_PROFILES
)
_AUTH0_ADMIN = {"https://example.com/roles": ["editor", "admin"]}  # AUTH0_CUSTOM: a namespaced claim

AUTH0 = ProviderProfile(
    name="auth0",
    section="Auth0",
    documents=(AUTH0_ID, AUTH0_ACCESS, AUTH0_PROFILES, AUTH0_CUSTOM),
    settings=_AUTH0_SETTINGS,
    issuer_path="/",  # AUTH0_PROFILES: ends in a slash
    id_token=_AUTH0_ID_TOKEN,
    access_token=_AUTH0_ACCESS_TOKEN,
    subject="auth0|123456",
    shown_name="Jane Doe",
    jwk_extras={"x5t": "NEMyMEFBMzUwMTE1", "x5c": ["MIIC+DCCAeCgAwIBAgIJBIGjYW6hFpn2"]},
    userinfo={"sub": "auth0|123456", "name": "Jane Doe", "email": "janedoe@example.com"},
    admin=_AUTH0_ADMIN,
    admin_in=frozenset({"id", "access"}),
    more_access_tokens=(
        _AUTH0_ACCESS_TOKEN.with_claims(gty="password"),  # AUTH0_PROFILES: a person's grant
        _AUTH0_ACCESS_TOKEN.with_claims(gty="refresh_token"),  # AUTH0_PROFILES
    ),
    machines=(
        Machine(_AUTH0_MACHINE),  # AUTH0_PROFILES: gty is "only present for password and refresh_token"
        Machine(_AUTH0_MACHINE.with_claims(gty="client-credentials")),  # public samples
    ),
    refused=(
        Refused(
            "access token bound to a certificate",  # AUTH0_PROFILES
            _AUTH0_ACCESS_TOKEN.with_claims(
                cnf={"x5t#S256": "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0"}
            ),
            _BOUND,
        ),
        Refused(
            "access token for userinfo alone",  # AUTH0_ACCESS: opaque there; a JWT would not be for us
            _AUTH0_ACCESS_TOKEN.with_claims(aud=f"{ISSUER}userinfo"),
            _WRONG_AUDIENCE,
        ),
    ),
)

AUTH0_RFC9068 = ProviderProfile(
    name="auth0_rfc9068",
    section="Auth0",
    documents=(AUTH0_ID, AUTH0_PROFILES, AUTH0_CUSTOM),
    settings=_AUTH0_SETTINGS,
    issuer_path="/",
    id_token=_AUTH0_ID_TOKEN,
    access_token=_AUTH0_RFC_ACCESS_TOKEN,
    subject="auth0|123456",
    shown_name="Jane Doe",
    admin=_AUTH0_ADMIN,
    admin_in=frozenset({"id", "access"}),
    machines=(
        # AUTH0_PROFILES: this profile never has gty.
        Machine(
            _AUTH0_RFC_ACCESS_TOKEN.with_claims(
                sub="awZfdIir8YFdGZWkvCejDoUb7SjTDicx@clients",
                aud=_AUTH0_API,
                client_id="awZfdIir8YFdGZWkvCejDoUb7SjTDicx",
                scope="read:patients",
            )
        ),
    ),
)

# --- Keycloak -------------------------------------------------------------------------------------------

_KEYCLOAK = "https://www.keycloak.org/docs/latest/server_admin/index.html"
KEYCLOAK_ROLES = f"{_KEYCLOAK}#_oidc_token_role_mappings"
KEYCLOAK_AUDIENCE = f"{_KEYCLOAK}#audience-support"
KEYCLOAK_MACHINES = f"{_KEYCLOAK}#_service_accounts"
_KEYCLOAK_SOURCE = "https://github.com/keycloak/keycloak/blob/main"
KEYCLOAK_TYPES = f"{_KEYCLOAK_SOURCE}/core/src/main/java/org/keycloak/util/TokenUtil.java"
KEYCLOAK_NAMES = (
    f"{_KEYCLOAK_SOURCE}/common/src/main/java/org/keycloak/common/constants/ServiceAccountConstants.java"
)

_KEYCLOAK_SUB = "fd8fc3d3-0a39-41f7-9468-45926f658e41"
_KEYCLOAK_COMMON: dict[str, Any] = {
    **TIMES,
    "auth_time": NOW,
    "jti": "e1ac2e55-a655-464b-9039-6874c52398e3",
    "iss": ISSUER,
    "sub": _KEYCLOAK_SUB,
    "azp": "bodhi-web",  # KEYCLOAK_AUDIENCE: the client that the token was issued for
    "sid": "c09af47f-db7c-4013-bff6-60b78b959786",
    "acr": "1",
    "email_verified": True,
    "name": "Jo Doe",
    "preferred_username": "jo",
    "given_name": "Jo",
    "family_name": "Doe",
    "email": "jo@example.com",
    "realm_access": {"roles": ["offline_access", "default-roles-acme"]},  # KEYCLOAK_ROLES
}
_KEYCLOAK_ID_TOKEN = Jwt(
    {
        **_KEYCLOAK_COMMON,
        "aud": "bodhi-web",  # KEYCLOAK_AUDIENCE: the client ID alone
        "typ": "ID",  # KEYCLOAK_TYPES
        "nonce": NONCE,
        "at_hash": "UbB146Lw2fEcOkrltOo3uQ",
    }
)
_KEYCLOAK_ACCESS_TOKEN = Jwt(
    {
        **_KEYCLOAK_COMMON,
        "aud": ["bodhi-api", "account"],  # KEYCLOAK_AUDIENCE: by an audience mapper
        "typ": "Bearer",  # KEYCLOAK_TYPES
        "scope": "openid profile email",  # KEYCLOAK_MACHINES
        "resource_access": {"account": {"roles": ["view-profile"]}},  # KEYCLOAK_ROLES
    }
)

KEYCLOAK = ProviderProfile(
    name="keycloak",
    section="Keycloak",
    documents=(KEYCLOAK_ROLES, KEYCLOAK_AUDIENCE, KEYCLOAK_MACHINES, KEYCLOAK_TYPES, KEYCLOAK_NAMES),
    settings={
        "OIDC_CLIENT_ID": "bodhi-web",
        "OIDC_AUDIENCES": "bodhi-web,bodhi-api",
        "ADMIN_CLAIM": "/realm_access/roles=admin",
        "ADMIN_CLAIM_IN": "id,access",
    },
    issuer_path="/realms/acme",  # KEYCLOAK_MACHINES: below /realms
    id_token=_KEYCLOAK_ID_TOKEN,
    access_token=_KEYCLOAK_ACCESS_TOKEN,
    subject=_KEYCLOAK_SUB,
    shown_name="Jo Doe",
    jwk_extras={"x5t": "qN8ENOO1h0LwxMiAZny0", "x5c": ["MIICmzCCAYMCBgGKg5c2"]},
    userinfo={"sub": _KEYCLOAK_SUB, "name": "Jo Doe", "email": "jo@example.com", "email_verified": True},
    # KEYCLOAK_ROLES: in access tokens by default; the realm roles mapper can add them to ID tokens.
    admin={"realm_access": {"roles": ["offline_access", "admin"]}},
    admin_in=frozenset({"id", "access"}),
    more_access_tokens=(
        # Keycloak 26.2 and later can write this header; the client attribute is access.token.header.type.
        Jwt(_KEYCLOAK_ACCESS_TOKEN.claims, typ="at+jwt"),
    ),
    machines=(
        Machine(
            _KEYCLOAK_ACCESS_TOKEN.with_claims(
                sub="ce9a046a-c546-486c-9ce0-4d7713a120ca",
                azp="CI",
                preferred_username="service-account-ci",  # KEYCLOAK_NAMES: the client id in lower case
                client_id="CI",  # KEYCLOAK_NAMES: the mappers of service accounts
                clientHost="192.0.2.7",  # KEYCLOAK_NAMES
                clientAddress="192.0.2.7",  # KEYCLOAK_NAMES
                name=None,
                given_name=None,
                family_name=None,
                email=None,
                sid=None,
            )
        ),
    ),
    refused=(
        Refused(
            "access token without the audience mapper",  # KEYCLOAK_AUDIENCE
            _KEYCLOAK_ACCESS_TOKEN.with_claims(aud="account"),
            _WRONG_AUDIENCE,
        ),
        # KEYCLOAK_TYPES. Keycloak signs some of these by HMAC, whose algorithm is refused before the kind.
        *(
            Refused(f"claim typ {typ}", _KEYCLOAK_ACCESS_TOKEN.with_claims(typ=typ), _WRONG_KIND)
            for typ in ("Refresh", "Offline", "Serialized-ID", "Logout", "InitialAccessToken")
        ),
        Refused(
            "claim typ DPoP",
            _KEYCLOAK_ACCESS_TOKEN.with_claims(
                typ="DPoP", cnf={"jkt": "2HR2BW5-tan1aI6yIPHVOHwirAy4kQGWULoQHKUO0s4"}
            ),
            _WRONG_KIND + _BOUND,
        ),
        Refused(
            "refresh token for the realm",  # KEYCLOAK_AUDIENCE: "their aud claim is the realm itself"
            _KEYCLOAK_ACCESS_TOKEN.with_claims(typ="Refresh", aud=ISSUER),
            _WRONG_KIND,
        ),
    ),
)

# --- Google ---------------------------------------------------------------------------------------------

GOOGLE_REFERENCE = "https://developers.google.com/identity/openid-connect/reference"
GOOGLE_CHECKS = "https://developers.google.com/identity/sign-in/web/backend-auth"
GOOGLE_PAYLOAD = "https://cloud.google.com/nodejs/docs/reference/google-auth-library/latest/google-auth-library/tokenpayload"
GOOGLE_TYPES = "https://cloud.google.com/docs/authentication/token-types"
GOOGLE_MACHINES = "https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateIdToken"

_GOOGLE_CLIENT = "1234987819200.apps.googleusercontent.com"
_GOOGLE_ID_TOKEN = Jwt(
    {
        "iss": ISSUER,  # GOOGLE_CHECKS: either spelling; discovery names the one with https
        "azp": _GOOGLE_CLIENT,  # GOOGLE_PAYLOAD
        "aud": _GOOGLE_CLIENT,  # GOOGLE_PAYLOAD
        "sub": "10769150350006150715113082367",  # GOOGLE_PAYLOAD: never reused
        "at_hash": "HK6E_P6Dh8Y93mRNtsDB1Q",  # GOOGLE_PAYLOAD
        "hd": "example.com",  # GOOGLE_PAYLOAD: the domain of the organization
        "email": "jsmith@example.com",  # GOOGLE_PAYLOAD
        "email_verified": True,  # GOOGLE_PAYLOAD
        "nonce": NONCE,  # GOOGLE_PAYLOAD
        "name": "Jo Smith",  # GOOGLE_PAYLOAD
        "given_name": "Jo",  # GOOGLE_PAYLOAD
        "family_name": "Smith",  # GOOGLE_PAYLOAD
        **TIMES,
    }
)

GOOGLE = ProviderProfile(
    name="google",
    section="Google",
    documents=(GOOGLE_REFERENCE, GOOGLE_CHECKS, GOOGLE_PAYLOAD, GOOGLE_TYPES, GOOGLE_MACHINES),
    settings={"OIDC_CLIENT_ID": _GOOGLE_CLIENT},
    issuer_path="",  # GOOGLE_REFERENCE
    id_token=_GOOGLE_ID_TOKEN,
    access_token=None,  # GOOGLE_TYPES: "a proprietary format; applications cannot inspect them"
    subject="10769150350006150715113082367",
    shown_name="Jo Smith",
    userinfo={"sub": "10769150350006150715113082367", "name": "Jo Smith", "email": "jsmith@example.com"},
    access_refused=("malformed",),
    machines=(
        Machine(
            _GOOGLE_ID_TOKEN.with_claims(
                # GOOGLE_MACHINES: the operator of the service account chooses the audience, even ours.
                aud=_GOOGLE_CLIENT,
                # Both are the account's id in public samples.
                azp="108157913093274845548",
                sub="108157913093274845548",
                email="ci@attacker.iam.gserviceaccount.com",  # GOOGLE_MACHINES: includeEmail
                email_verified=True,  # GOOGLE_MACHINES
                hd=None,
                at_hash=None,
                nonce=None,
                name=None,
                given_name=None,
                family_name=None,
            )
        ),
    ),
    refused=(
        Refused(
            "iss in the other spelling",  # GOOGLE_CHECKS
            _GOOGLE_ID_TOKEN.with_claims(iss="accounts.google.com"),
            ("wrong_issuer",),
        ),
    ),
)

# --- Zitadel --------------------------------------------------------------------------------------------

_ZITADEL = "https://zitadel.com/docs"
ZITADEL_CLAIMS = f"{_ZITADEL}/apis/openidoauth/claims"
ZITADEL_SCOPES = f"{_ZITADEL}/apis/openidoauth/scopes"
ZITADEL_ROLES = f"{_ZITADEL}/guides/integrate/retrieve-user-roles"
ZITADEL_KEYS = f"{_ZITADEL}/guides/integrate/login/oidc/webkeys"
ZITADEL_METHODS = f"{_ZITADEL}/apis/openidoauth/authn-methods"
ZITADEL_MACHINES = f"{_ZITADEL}/guides/integrate/client-credentials"

_ZITADEL_CLIENT, _ZITADEL_PROJECT = "69234237810729234", "69234237810729019"
_ZITADEL_ACCESS_TOKEN = Jwt(
    {
        "aud": [_ZITADEL_CLIENT, _ZITADEL_PROJECT],  # ZITADEL_CLAIMS: all client ids and the project
        "azp": _ZITADEL_CLIENT,  # ZITADEL_CLAIMS
        **TIMES,
        "nbf": NOW,  # ZITADEL_CLAIMS
        "iss": ISSUER,  # ZITADEL_CLAIMS
        "jti": "69234237813329048",  # ZITADEL_CLAIMS
        "sub": "223427827918176513",  # ZITADEL_ROLES
    }
)

ZITADEL = ProviderProfile(
    name="zitadel",
    section="Zitadel",
    documents=(
        ZITADEL_CLAIMS,
        ZITADEL_SCOPES,
        ZITADEL_ROLES,
        ZITADEL_KEYS,
        ZITADEL_METHODS,
        ZITADEL_MACHINES,
    ),
    settings={
        "OIDC_CLIENT_ID": _ZITADEL_CLIENT,
        "ADMIN_CLAIM": "urn:zitadel:iam:org:project:roles=admin",
        "ADMIN_CLAIM_IN": "id,access",
    },
    issuer_path="",  # ZITADEL_CLAIMS: the domain
    id_token=Jwt(
        {
            "amr": ["pwd", "mfa"],  # ZITADEL_CLAIMS
            "aud": [_ZITADEL_CLIENT, _ZITADEL_PROJECT],  # ZITADEL_CLAIMS
            "auth_time": NOW,  # ZITADEL_CLAIMS
            "azp": _ZITADEL_CLIENT,  # ZITADEL_CLAIMS
            **TIMES,
            "iss": ISSUER,  # ZITADEL_CLAIMS
            "nonce": NONCE,  # ZITADEL_CLAIMS
            "preferred_username": "david.wallace",  # ZITADEL_CLAIMS: always; name and email are not
            "sub": "223427827918176513",  # ZITADEL_ROLES
        }
    ),
    access_token=_ZITADEL_ACCESS_TOKEN,
    subject="223427827918176513",
    shown_name="David Wallace",
    auth_methods=(BASIC, "private_key_jwt"),  # ZITADEL_METHODS: form-encoded before Base64
    algorithm="EdDSA",  # ZITADEL_KEYS
    # ZITADEL_ROLES: claims of the scopes come from here, not from the ID token.
    userinfo={
        "sub": "223427827918176513",
        "name": "David Wallace",
        "preferred_username": "david.wallace",
        "email": "david.wallace@dundermifflin.com",
        "email_verified": True,
    },
    admin={
        "urn:zitadel:iam:org:project:roles": {  # ZITADEL_ROLES: an object, its keys are the roles
            "admin": {"223281939119866113": "corporate.user-authorizations-io8epz.zitadel.cloud"},
            "corporate member": {"223279178798072065": "org-a.user-authorizations-io8epz.zitadel.cloud"},
        }
    },
    admin_in=frozenset({"id", "access"}),
    # ZITADEL_CLAIMS: it lacks a scope and any other mark of an access token.
    access_kinds=frozenset({"id_token", "jwt"}),
    machines=(
        # ZITADEL_SCOPES: a service account gets the project into aud, never another client's id.
        Machine(
            _ZITADEL_ACCESS_TOKEN.with_claims(
                sub="170848145649959169", azp="ci-runner", aud=[_ZITADEL_PROJECT]
            ),
            reasons=("machine", "wrong_audience"),
            still_refused=_WRONG_AUDIENCE,
        ),
    ),
)

# --- Dex ------------------------------------------------------------------------------------------------

DEX_TOKENS = "https://dexidp.io/docs/configuration/tokens/"
DEX_CLAIMS = "https://dexidp.io/docs/configuration/custom-scopes-claims-clients/"
DEX_OIDC = "https://dexidp.io/docs/openid-connect/"
DEX_GRANTS = "https://dexidp.io/docs/configuration/oauth2/"
DEX_SOURCE = "https://github.com/dexidp/dex/blob/master/server/tokens/issuer.go"

_DEX_ID_TOKEN = Jwt(
    {
        "iss": ISSUER,  # DEX_TOKENS
        "sub": "CgcyMzQyNzQ5EgZnaXRodWI",  # DEX_TOKENS
        "aud": "bodhi-web",  # DEX_TOKENS
        **TIMES,
        "at_hash": "bi96gOXZShvlWYtal9Eqiw",  # DEX_TOKENS
        "nonce": NONCE,  # DEX_OIDC
        "email": "jane.doe@coreos.com",  # DEX_TOKENS
        "email_verified": True,  # DEX_TOKENS
        "groups": ["developers"],  # DEX_TOKENS
        "name": "Jane Doe",  # DEX_TOKENS
        "preferred_username": "jane.doe",  # DEX_OIDC
        "federated_claims": {"connector_id": "github", "user_id": "2342749"},  # DEX_CLAIMS
    },
    typ=None,  # DEX_SOURCE
)

DEX = ProviderProfile(
    name="dex",
    section="Dex",
    documents=(DEX_TOKENS, DEX_CLAIMS, DEX_OIDC, DEX_GRANTS, DEX_SOURCE),
    settings={
        "OIDC_CLIENT_ID": "bodhi-web",
        "OIDC_SCOPES": "openid profile email groups",
        "ADMIN_CLAIM": "groups=admins",
    },
    issuer_path="/dex",  # DEX_TOKENS
    id_token=_DEX_ID_TOKEN,
    # DEX_OIDC calls it opaque. DEX_SOURCE: "an ID token bound to a random value".
    access_token=_DEX_ID_TOKEN.with_claims(at_hash="OamCo8c60Zdj3dVho3Km5oxA"),
    subject="CgcyMzQyNzQ5EgZnaXRodWI",
    shown_name="Jane Doe",
    algorithm="ES256",  # DEX_TOKENS: a signer that speaks to Vault
    userinfo={"sub": "CgcyMzQyNzQ5EgZnaXRodWI", "name": "Jane Doe"},
    admin={"groups": ["developers", "admins"]},  # DEX_TOKENS
    admin_in=frozenset({"id", "access"}),
    access_kinds=frozenset({"id_token", "jwt"}),
    machines=(
        # DEX_GRANTS: off by default. DEX_SOURCE: the client's own id in aud, an encoded one in sub.
        Machine(
            _DEX_ID_TOKEN.with_claims(
                sub="CgJjaQ",
                aud="ci",
                email=None,
                email_verified=None,
                federated_claims=None,
                nonce=None,
            ),
            reasons=("machine", "wrong_audience"),
            still_refused=_WRONG_AUDIENCE,
        ),
    ),
)

# --- Authelia -------------------------------------------------------------------------------------------

_AUTHELIA = "https://www.authelia.com"
AUTHELIA_CLAIMS = f"{_AUTHELIA}/integration/openid-connect/openid-connect-1.0-claims/"
AUTHELIA_INTRO = f"{_AUTHELIA}/integration/openid-connect/introduction/"
AUTHELIA_CLIENTS = f"{_AUTHELIA}/configuration/identity-providers/openid-connect/clients/"
AUTHELIA_NUANCES = f"{_AUTHELIA}/blog/technical-oidc-nuances/"

_AUTHELIA_SUB, _AUTHELIA_API = "d2fdc83d-d7ad-4ced-81d8-0bb87db4a127", "https://tokens.example.com"
_AUTHELIA_ID_TOKEN = Jwt(
    {
        "iss": ISSUER,  # AUTHELIA_CLAIMS
        "jti": "91de5882-ff69-46b6-b13b-165199f3191f",  # AUTHELIA_CLAIMS
        "sub": _AUTHELIA_SUB,  # AUTHELIA_CLAIMS
        "aud": ["bodhi-web"],  # AUTHELIA_CLAIMS: a list
        **TIMES,
        "auth_time": NOW,  # AUTHELIA_CLAIMS
        "nonce": NONCE,  # AUTHELIA_CLAIMS
        "amr": ["pwd", "otp", "mfa"],  # AUTHELIA_CLAIMS
        "azp": "bodhi-web",  # AUTHELIA_CLAIMS
    }
)
_AUTHELIA_USERINFO = {
    "sub": _AUTHELIA_SUB,  # AUTHELIA_CLAIMS
    "name": "Jo Doe",  # AUTHELIA_CLAIMS: the default place of these is userinfo
    "preferred_username": "jo",  # AUTHELIA_CLAIMS
    "email": "jo@example.com",  # AUTHELIA_CLAIMS
    "email_verified": True,  # AUTHELIA_CLAIMS
    "groups": ["developers"],  # AUTHELIA_CLAIMS
    "rat": NOW,  # AUTHELIA_CLAIMS
}
_AUTHELIA_ACCESS_TOKEN = Jwt(
    {
        "jti": "f30450c1-a60c-43ab-b855-e670f84ba45a",  # AUTHELIA_NUANCES
        "iss": ISSUER,  # AUTHELIA_NUANCES
        "sub": _AUTHELIA_SUB,  # AUTHELIA_NUANCES
        "aud": [_AUTHELIA_API],  # AUTHELIA_INTRO: as the client is allowed to ask for
        **TIMES,
        "client_id": "bodhi-web",  # AUTHELIA_NUANCES
        "scope": "openid profile email",  # AUTHELIA_NUANCES
    },
    typ="at+jwt",  # AUTHELIA_CLIENTS: RFC 9068
)

AUTHELIA = ProviderProfile(
    name="authelia",
    section="Authelia",
    documents=(AUTHELIA_CLAIMS, AUTHELIA_INTRO, AUTHELIA_CLIENTS),
    settings={
        "OIDC_CLIENT_ID": "bodhi-web",
        "OIDC_SCOPES": "openid profile email groups",
        "ADMIN_CLAIM": "groups=admins",
    },
    issuer_path="",  # AUTHELIA_NUANCES
    id_token=_AUTHELIA_ID_TOKEN,
    access_token=None,  # AUTHELIA_CLIENTS: access_token_signed_response_alg is none by default
    subject=_AUTHELIA_SUB,
    shown_name="Jo Doe",
    auth_methods=(BASIC, POST, "client_secret_jwt", "private_key_jwt", "none"),  # AUTHELIA_INTRO
    userinfo=_AUTHELIA_USERINFO,
    admin={"groups": ["developers", "admins"]},  # AUTHELIA_CLAIMS
    admin_in=frozenset({"userinfo"}),
    access_refused=("malformed",),
)

AUTHELIA_JWT = ProviderProfile(
    name="authelia_jwt",
    section="Authelia",
    documents=(AUTHELIA_CLAIMS, AUTHELIA_INTRO, AUTHELIA_CLIENTS, AUTHELIA_NUANCES),
    settings={
        "OIDC_CLIENT_ID": "bodhi-web",
        "OIDC_AUDIENCES": f"bodhi-web,{_AUTHELIA_API}",
        "OIDC_SCOPES": "openid profile email groups",
        "ADMIN_CLAIM": "groups=admins",
    },
    issuer_path="",
    id_token=_AUTHELIA_ID_TOKEN.with_claims(groups=["developers"]),  # AUTHELIA_CLAIMS: a claims policy
    access_token=_AUTHELIA_ACCESS_TOKEN,
    subject=_AUTHELIA_SUB,
    shown_name="Jo Doe",
    auth_methods=("none",),  # AUTHELIA_INTRO: a public client
    secret=None,
    algorithm="ES256",  # AUTHELIA_INTRO
    userinfo=_AUTHELIA_USERINFO,
    admin={"groups": ["developers", "admins"]},
    admin_in=frozenset({"id", "userinfo"}),
    machines=(
        # AUTHELIA_NUANCES: "the sub should normally be the Client ID".
        Machine(
            _AUTHELIA_ACCESS_TOKEN.with_claims(sub="ci", client_id="ci", scope="api"),
        ),
    ),
    refused=(
        Refused(
            "signed introspection",  # AUTHELIA_INTRO: its header has this typ
            Jwt(
                {
                    "iss": ISSUER,
                    "aud": "bodhi-web",
                    **TIMES,
                    "sub": _AUTHELIA_SUB,
                    "token_introspection": {"active": True, "sub": _AUTHELIA_SUB},
                },
                typ="token-introspection+jwt",
            ),
            _WRONG_KIND,
        ),
    ),
)

# --- GitLab ---------------------------------------------------------------------------------------------

GITLAB_CLAIMS = "https://docs.gitlab.com/integration/openid_connect_provider/"
GITLAB_CI = "https://docs.gitlab.com/ci/secrets/id_token_authentication/"

_GITLAB_CLIENT = "606cbeb444aad14ab3123cd80a938b08"

GITLAB = ProviderProfile(
    name="gitlab",
    section="GitLab",
    documents=(GITLAB_CLAIMS, GITLAB_CI),
    settings={
        "OIDC_CLIENT_ID": _GITLAB_CLIENT,
        "ADMIN_CLAIM": "groups_direct=acme/platform",
    },
    issuer_path="",  # GITLAB_CLAIMS
    id_token=Jwt(
        {
            "iss": ISSUER,
            "sub": "42",  # GITLAB_CLAIMS: "the ID of the user", a string
            "aud": _GITLAB_CLIENT,
            **TIMES,
            "nonce": NONCE,
            "auth_time": NOW,  # GITLAB_CLAIMS
            "name": "Jo Doe",  # GITLAB_CLAIMS
            "nickname": "jo",  # GITLAB_CLAIMS
            "preferred_username": "jo",  # GITLAB_CLAIMS
            "email": "jo@example.com",  # GITLAB_CLAIMS: with the scope email and a public e-mail
            "email_verified": True,  # GITLAB_CLAIMS
            "profile": "https://gitlab.example.com/jo",  # GITLAB_CLAIMS
            "groups_direct": ["acme/web"],  # GITLAB_CLAIMS
        }
    ),
    # GITLAB_CLAIMS says nothing of the format. The access tokens of its OAuth API are opaque strings.
    access_token=None,
    subject="42",
    shown_name="Jo Doe",
    auth_methods=None,  # not documented; absent means client_secret_basic (Discovery 1.0 section 3)
    userinfo={
        "sub": "42",
        "name": "Jo Doe",
        "email": "jo@example.com",
        "email_verified": True,
        "groups": ["acme", "acme/web"],  # GITLAB_CLAIMS: in userinfo only
    },
    admin={"groups_direct": ["acme/web", "acme/platform"]},
    admin_in=frozenset({"id"}),
    access_refused=("malformed",),
    machines=(
        # GITLAB_CI: the same issuer, an audience of the job's choice, and the groups of its starter.
        Machine(
            Jwt(
                {
                    "namespace_id": "72",
                    "namespace_path": "attacker",
                    "project_id": "20",
                    "project_path": "attacker/project",
                    "user_id": "42",
                    "user_login": "jo",
                    "user_email": "jo@example.com",
                    "pipeline_id": "574",
                    "pipeline_source": "push",
                    "job_id": "302",
                    "ref": "main",
                    "ref_type": "branch",
                    "ref_protected": "false",
                    "groups_direct": ["acme/web", "acme/platform"],
                    "runner_id": 1,
                    "runner_environment": "gitlab-hosted",
                    "sha": "714a629c0b401fdce83e847fc9589983fc6f46bc",
                    "jti": "235b3a54-b797-45c7-ae9a-f72d7bc6ef5b",
                    "iss": ISSUER,
                    "nbf": NOW,
                    **TIMES,
                    "sub": "project_path:attacker/project:ref_type:branch:ref:main",
                    "aud": _GITLAB_CLIENT,
                }
            )
        ),
    ),
)

# --- AD FS ----------------------------------------------------------------------------------------------

_ADFS = "https://learn.microsoft.com/windows-server/identity/ad-fs"
ADFS_DISCOVERY = f"{_ADFS}/development/ad-fs-logout-openid-connect"
ADFS_CONCEPTS = f"{_ADFS}/development/ad-fs-openid-connect-oauth-concepts"
ADFS_FAQ = f"{_ADFS}/overview/ad-fs-faq"
ADFS_CUSTOM = f"{_ADFS}/development/custom-id-tokens-in-ad-fs"
ADFS_CLAIMS = (
    "https://learn.microsoft.com/openspecs/windows_protocols/ms-oidce/55c0a84d-48e7-4043-91f8-9ebd0a51ab68"
)

_ADFS_CLIENT, _ADFS_API = "6731de76-14a6-49ae-97bc-6eba6914391e", "https://tokens.example.com/"
_ADFS_SUB = "E8uMvTw4EzVtNJjAGGkn/HLxB5lsxPvUz9N8v2ONw6w="

ADFS = ProviderProfile(
    name="adfs",
    section="AD FS",
    documents=(ADFS_DISCOVERY, ADFS_CONCEPTS, ADFS_FAQ, ADFS_CUSTOM, ADFS_CLAIMS),
    settings={"OIDC_CLIENT_ID": _ADFS_CLIENT},
    issuer_path="/adfs",  # ADFS_DISCOVERY
    id_token=Jwt(
        {
            "aud": _ADFS_CLIENT,  # ADFS_DISCOVERY
            "iss": ISSUER,  # ADFS_DISCOVERY
            **TIMES,
            "nbf": NOW,  # public samples
            "auth_time": NOW,  # ADFS_DISCOVERY
            "nonce": NONCE,  # ADFS_DISCOVERY
            "sub": _ADFS_SUB,  # ADFS_FAQ: a hash of the client id and the anchor claim
            "upn": "john.doe@example.com",  # ADFS_CLAIMS
            # ADFS_CLAIMS. A list in public samples, if two claim rules issue it.
            "unique_name": ["John Doe", "ACME\\john"],
            "pwd_url": "https://fs.example.com/adfs/portal/updatepassword/",  # ADFS_CLAIMS
            "pwd_exp": "1733602",  # ADFS_CLAIMS
            "sid": "S-1-5-21-111884681-232138482-1136263860-54956",  # ADFS_DISCOVERY
            # Microsoft does not list these for ID tokens. Public samples have them.
            "apptype": "Confidential",
            "appid": _ADFS_CLIENT,
            "authmethod": "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
            "ver": "1.0",
            "scp": "openid",
        }
    ),
    access_token=Jwt(
        {
            "aud": _ADFS_API,  # ADFS_CONCEPTS: the identifier of the web API
            "iss": f"{ORIGIN}/adfs/services/trust",  # ADFS_DISCOVERY: access_token_issuer
            **TIMES,
            "sub": "john",  # public samples: only if a claim rule issues it
            "upn": "john.doe@example.com",  # public samples
            "unique_name": "ACME\\john",  # public samples
            "apptype": "Public",  # public samples, as the claims below
            "appid": _ADFS_CLIENT,
            "authmethod": "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
            "auth_time": "2026-01-15T12:00:00.000Z",
            "ver": "1.0",
            "scp": "user_impersonation openid",
        }
    ),
    subject=_ADFS_SUB,
    shown_name=_ADFS_SUB,
    auth_methods=(POST, BASIC, "private_key_jwt", "windows_client_authentication"),  # ADFS_DISCOVERY
    jwk_extras={"x5t": "qN8ENOO1h0LwxMiAZny00jNpI1o", "x5c": ["MIIC4jCCAcqgAwIBAgIQHhb+bt"]},
    userinfo={"sub": _ADFS_SUB},  # ADFS_CONCEPTS: "returns the subject claim"
    # scp marks access tokens and a nonce ID tokens, so the pair does not show the kind.
    id_kinds=frozenset({"jwt"}),
    access_refused=("wrong_issuer",),
)

PROFILES = (
    COGNITO,
    ENTRA,
    B2C,
    OKTA_ORG,
    OKTA_CUSTOM,
    AUTH0,
    AUTH0_RFC9068,
    KEYCLOAK,
    GOOGLE,
    ZITADEL,
    DEX,
    AUTHELIA,
    AUTHELIA_JWT,
    GITLAB,
    ADFS,
)
