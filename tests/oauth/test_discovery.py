"""``/.well-known/...``: what other software is told."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jwt
import pytest
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet

from chalicelib.domain.keys import KeyRing, KeyState
from tests.oauth.caller import Caller
from tests.oauth.service import OTHER, oauth_service
from tests.support.api import api_of
from tests.support.keys import LocalSigningKey, publish
from tests.support.mapped import Mapped

SERVER = "/.well-known/oauth-authorization-server"
RESOURCE = "/.well-known/oauth-protected-resource"
KEYS = "/.well-known/jwks.json"
ISSUER = "https://api.example.com"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"


def test_authorization_server_is_described(caller: Caller) -> None:
    """By RFC 8414, without what there is not."""
    answer = caller.api.get(SERVER)
    document = answer.json
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert document["issuer"] == ISSUER
    assert document["token_endpoint"] == f"{ISSUER}/oauth2/token"
    assert document["introspection_endpoint"] == f"{ISSUER}/oauth2/introspect"
    assert document["revocation_endpoint"] == f"{ISSUER}/oauth2/revoke"
    assert document["jwks_uri"] == f"{ISSUER}{KEYS}"
    assert document["service_documentation"] == f"{ISSUER}/docs"
    assert document["grant_types_supported"] == [EXCHANGE]
    assert document["response_types_supported"] == []
    assert document["scopes_supported"] == ["api:read", "api:write"]
    proofs = ["client_secret_basic", "client_secret_post", "private_key_jwt"]
    assert document["token_endpoint_auth_methods_supported"] == ["none", *proofs]
    assert document["revocation_endpoint_auth_methods_supported"] == ["none", *proofs]
    assert document["introspection_endpoint_auth_methods_supported"] == proofs
    assert "HS256" not in document["introspection_endpoint_auth_signing_alg_values_supported"]
    assert "authorization_endpoint" not in document


def test_every_endpoint_that_is_named_is_there(caller: Caller) -> None:
    """No address of the document leads nowhere."""
    document = caller.api.get(SERVER).json
    for name, url in document.items():
        if name.endswith("_endpoint"):
            assert caller.api.form(url.removeprefix(ISSUER), {}).json["error"] in (
                "invalid_request",
                "invalid_client",
            )
    assert caller.api.get(document["jwks_uri"].removeprefix(ISSUER)).status == 200


def test_protected_resource_is_described(caller: Caller) -> None:
    """By RFC 9728, at both addresses: the resource's path is `api`."""
    answer = caller.api.get(RESOURCE)
    assert answer.json == {
        "resource": f"{ISSUER}/api",
        "authorization_servers": [ISSUER],
        "scopes_supported": ["api:read", "api:write"],
        "bearer_methods_supported": ["header"],
        "resource_documentation": f"{ISSUER}/docs",
    }
    assert caller.api.get(f"{RESOURCE}/api").text == answer.text


@pytest.mark.parametrize("path", ["/a/b", "/a/b/", "/tenants/7/api/v1", "/a%20b/%7Ec", "/a~b/$c"])
def test_resource_is_described_at_a_path_of_any_length(path: str) -> None:
    """RFC 9728 section 3.1 puts the well-known string between the host and the whole path."""
    with api_of(oauth_service({"ISSUER": ISSUER, "AUDIENCE": f"{ISSUER}{path}"})) as api:
        answer = api.get(f"{RESOURCE}{path}")
        assert (answer.status, answer.json["resource"]) == (200, f"{ISSUER}{path}")
        head = api.call("HEAD", f"{RESOURCE}{path}")
        assert (head.status, head.headers["Cache-Control"]) == (200, "public, max-age=300")
        first, _, rest = path.strip("/").partition("/")
        for other in (first, rest, f"{path}/more", f"x{path}", f"{first}//{rest}"):
            missing = api.get(f"{RESOURCE}/{other.strip('/')}")
            assert (missing.status, missing.code) == (404, "not_found")


@pytest.mark.parametrize("host", ["api.example.com", "a1b2.execute-api.eu-west-1.amazonaws.com"])
def test_longer_path_is_found_behind_a_stage(host: str) -> None:
    """The prefix of the gateway is not part of the resource's path."""
    service = oauth_service({"ISSUER": f"https://{host}/dev", "AUDIENCE": f"https://{host}/a/b"})
    with api_of(service):
        place = Mapped(service, host, "/dev")
        assert place.call("GET", f"{RESOURCE}/a/b").json["resource"] == f"https://{host}/a/b"
        assert place.call("GET", f"{RESOURCE}/dev/a/b").status == 404


def test_document_names_the_path_as_a_parameter(caller: Caller) -> None:
    """OpenAPI has no greedy parameters, so the description says that slashes are sent as they are."""
    paths = caller.api.get("/openapi.json").json["paths"]
    read = paths[f"{RESOURCE}/{{resource_path}}"]["get"]
    assert [each["name"] for each in read["parameters"]] == ["resource_path"]
    assert "slashes" in read["description"]
    assert not [path for path in paths if "+" in path]


@pytest.mark.parametrize("path", ["other", "API", "api2", "%61pi2", "..", "*", "api/v1", "other/api"])
def test_other_resources_are_not_described(caller: Caller, path: str) -> None:
    """There is one."""
    answer = caller.api.get(f"{RESOURCE}/{path}")
    assert (answer.status, answer.code) == (404, "not_found")


def test_issuer_with_a_slash_is_kept_as_it_is() -> None:
    """Clients compare it character by character; addresses under it have one slash."""
    with api_of(oauth_service({"ISSUER": "https://api.example.com/v1/", "AUDIENCE": ISSUER})) as api:
        document = api.get(SERVER).json
        assert document["issuer"] == "https://api.example.com/v1/"
        assert document["token_endpoint"] == "https://api.example.com/v1/oauth2/token"
        assert api.get(RESOURCE).json["resource"] == ISSUER
        assert api.get(f"{RESOURCE}/api").status == 404


class TestKeys:
    """The keys of access tokens, and no others."""

    def test_every_key_says_what_it_is_for(self, caller: Caller) -> None:
        """And nothing private."""
        answer = caller.api.get(KEYS)
        (key,) = answer.json["keys"]
        public = caller.service.access_token_key.public
        assert key == {
            "kid": public.kid,
            "kty": "EC",
            "crv": "P-256",
            "alg": "ES256",
            "use": "sig",
            "x": public.x,
            "y": public.y,
        }
        assert answer.headers["Cache-Control"] == "public, max-age=300"

    def test_key_is_published_before_it_signs(self, caller: Caller) -> None:
        """Who fetched the keys first verifies the first token of all."""
        keys = caller.api.get(KEYS).json
        assert jwt.get_unverified_header(caller.access_token())["kid"] == keys["keys"][0]["kid"]

    def test_keys_of_api_tokens_are_not_published(self, caller: Caller) -> None:
        """Who could verify them alone would never hear of a revocation."""
        kid = jwt.get_unverified_header(caller.token.removeprefix("bodhi_"))["kid"]
        assert kid not in caller.api.get(KEYS).text

    def test_states_decide(self, caller: Caller) -> None:
        """Next, active and verify-only keys are there, a revoked one is not."""
        made = {state: LocalSigningKey().public for state in KeyState}
        store = caller.service.access_token_keys
        publish(store, *(replace(key, state=state) for state, key in made.items()))
        published = {key["kid"] for key in caller.api.get(KEYS).json["keys"]}
        expected = {key.kid for state, key in made.items() if state is not KeyState.REVOKED}
        assert expected <= published
        assert made[KeyState.REVOKED].kid not in published
        assert isinstance(store.load_keys(), KeyRing)

    def test_unchanged_keys_are_not_sent_again(self, caller: Caller) -> None:
        """Whoever has them is told so (RFC 9110 section 13.1.2)."""
        first = caller.api.get(KEYS)
        etag = first.headers["ETag"]
        for condition in (etag, f"W/{etag}", f'"x", {etag}', "*"):
            again = caller.api.get(KEYS, headers={"If-None-Match": condition})
            assert (again.status, again.text, again.headers["ETag"]) == (304, "", etag)
            assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
        for condition in ("", '"x"', etag.strip('"')):
            assert caller.api.get(KEYS, headers={"If-None-Match": condition}).status == 200
        publish(caller.service.access_token_keys, LocalSigningKey().public)
        changed = caller.api.get(KEYS, headers={"If-None-Match": etag})
        assert changed.status == 200
        assert changed.headers["ETag"] != etag

    def test_other_libraries_verify_access_tokens_by_the_set_alone(self, caller: Caller) -> None:
        """joserfc and PyJWT, from nothing but the document."""
        document = caller.api.get(KEYS).text
        token = caller.access_token()
        by_joserfc = joserfc_jwt.decode(token, KeySet.import_key_set(json.loads(document)), ["ES256"])
        kid = jwt.get_unverified_header(token)["kid"]
        options: Any = {"verify_exp": False, "verify_iat": False}
        by_pyjwt = jwt.decode(
            token,
            jwt.PyJWKSet.from_json(document)[kid],
            algorithms=["ES256"],
            audience=OTHER,
            issuer=ISSUER,
            options=options,
        )
        assert by_joserfc.claims == by_pyjwt
        assert by_joserfc.header["typ"] == "at+jwt"


Challenge = Callable[[Caller], str | None]
INVALID = 'Bearer realm="bodhi-api-tokens", error="invalid_token", error_description='


@pytest.mark.parametrize(
    ("credential", "challenge"),
    [
        (lambda _: None, 'Bearer realm="bodhi-api-tokens"'),
        (lambda _: "x.y.z", f'{INVALID}"This is not a valid JWT."'),
        (lambda c: c.person[:-4] + "AAAA", f'{INVALID}"The signature of this JWT is not valid."'),
        (
            lambda c: c.access_token(),
            f'{INVALID}"This JWT does not come from the configured OpenID provider."',
        ),
    ],
)
def test_challenge_says_whether_a_credential_was_bad(
    caller: Caller, credential: Challenge, challenge: str
) -> None:
    """Nothing about an error where nothing was presented (RFC 6750 section 3.1)."""
    answer = caller.api.get("/v1/me", credential(caller))
    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, challenge)
