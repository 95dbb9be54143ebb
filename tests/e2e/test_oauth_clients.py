"""Off-the-shelf OAuth clients, unmodified, against the running stack."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import ECKey, KeySet

from infra.local.environments import LOCAL_CLIENT, LOCAL_CLIENT_SECRET, OTHER_SERVICE, local_servers
from tests.support import canaries
from tests.support.clients import KEYED_SERVER, ec_jwk, private_ec_jwk
from tests.support.local_stack import LocalStack
from tests.support.node import node_with_packages

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]

CLIENTS = Path(__file__).parents[1] / "oauth_clients"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
TYPE = "urn:ietf:params:oauth:token-type:"


@pytest.fixture(scope="module")
def stack() -> Iterator[LocalStack]:
    """Run the local stack with one more resource server, which signs."""
    servers = local_servers() | {KEYED_SERVER: {"jwk": ec_jwk()}}
    with LocalStack({"RESOURCE_SERVERS": json.dumps(servers)}) as running:
        yield running
        canaries.check("the local stack's terminal", running.log())
    assert canaries.take_slips() == []


def _private_key() -> dict[str, str | list[str]]:
    return dict(private_ec_jwk())


def id_token(stack: LocalStack) -> str:
    """Return an ID token of the development provider."""
    signed_in = stack.login("user@example.com")
    canaries.remember(signed_in)
    return signed_in


def test_authlib(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Discovery, both exchanges, introspection by three methods, revocation."""
    anybody = OAuth2Session("anybody", token_endpoint_auth_method="none")
    found = requests.get(f"{stack.url}/.well-known/oauth-authorization-server", timeout=10).json()
    api = anybody.fetch_token(
        found["token_endpoint"],
        grant_type=EXCHANGE,
        subject_token=id_token(stack),
        subject_token_type=f"{TYPE}id_token",
        scope="api:read",
        token_name="authlib",
    )
    token = api["access_token"]
    canaries.remember(token)
    assert (api["token_type"], api["scope"]) == ("Bearer", "api:read")
    whoami = anybody.get(f"{stack.url}/api/whoami")
    assert whoami.json()["token_id"] == api["token_id"]

    access = OAuth2Session("anybody", token_endpoint_auth_method="none").fetch_token(
        found["token_endpoint"],
        grant_type=EXCHANGE,
        subject_token=token,
        subject_token_type=f"{TYPE}access_token",
        audience=OTHER_SERVICE,
    )
    assert access["expires_in"] == 300

    by_header = OAuth2Session(LOCAL_CLIENT, LOCAL_CLIENT_SECRET)
    by_body = OAuth2Session(
        LOCAL_CLIENT, LOCAL_CLIENT_SECRET, token_endpoint_auth_method="client_secret_post"
    )
    by_signature = OAuth2Session(
        KEYED_SERVER, ECKey.import_key(_private_key()), token_endpoint_auth_method="private_key_jwt"
    )
    by_signature.register_client_auth_method(PrivateKeyJWT(found["token_endpoint"], alg="ES256"))
    for session in (by_header, by_body, by_signature):
        answer = session.introspect_token(found["introspection_endpoint"], token)
        assert (answer.status_code, answer.json().get("active")) == (200, True), answer.text
        assert answer.json()["jti"] == api["token_id"]

    revoked = by_header.revoke_token(found["revocation_endpoint"], token)  # type: ignore[no-untyped-call]
    assert (revoked.status_code, revoked.text) == (200, "")
    answer = by_header.introspect_token(found["introspection_endpoint"], token)
    assert answer.json() == {"active": False}


def test_access_token_is_verified_by_the_published_keys_alone(stack: LocalStack) -> None:
    """PyJWT fetches them as the other service would, and joserfc agrees."""
    anybody = OAuth2Session("anybody", token_endpoint_auth_method="none")
    endpoint = f"{stack.url}/oauth2/token"
    common = {"grant_type": EXCHANGE}
    api = anybody.fetch_token(
        endpoint, **common, subject_token=id_token(stack), subject_token_type=f"{TYPE}jwt"
    )
    access = anybody.fetch_token(
        endpoint,
        **common,
        subject_token=api["access_token"],
        subject_token_type=f"{TYPE}access_token",
        resource=OTHER_SERVICE,
    )["access_token"]
    address = f"{stack.url}/.well-known/jwks.json"
    key = jwt.PyJWKClient(address).get_signing_key_from_jwt(access)
    claims = jwt.decode(access, key, algorithms=["ES256"], audience=OTHER_SERVICE, issuer=stack.url)
    published = requests.get(address, timeout=10)
    keys = KeySet.import_key_set(published.json())
    assert joserfc_jwt.decode(access, keys, algorithms=["ES256"]).claims == claims
    assert claims["client_id"] == api["token_id"]
    again = requests.get(address, headers={"If-None-Match": published.headers["ETag"]}, timeout=10)
    assert (again.status_code, again.content) == (304, b"")
    bearer = {"Authorization": f"Bearer {access}"}
    refused = requests.get(f"{stack.url}/api/whoami", headers=bearer, timeout=10)
    assert refused.status_code == 401


@pytest.fixture(scope="module")
def node() -> str:
    """Return Node with the client's packages. Without Node the test is left out, but not in CI."""
    return node_with_packages(CLIENTS)


def test_oauth4webapi(stack: LocalStack, node: str) -> None:
    """The same in another language, by a library that checks every answer strictly."""
    given = {
        "issuer": stack.url,
        "resource": f"{stack.url}/api",
        "id_token": id_token(stack),
        "other_audience": OTHER_SERVICE,
        "secret_client": LOCAL_CLIENT,
        "secret": LOCAL_CLIENT_SECRET,
        "signing_client": KEYED_SERVER,
        "private_jwk": private_ec_jwk(),
    }
    ended = subprocess.run(
        [node, "client.mjs"],
        cwd=CLIENTS,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    assert found["resource"]["authorization_servers"] == [stack.url]
    assert found["as"]["grant_types_supported"] == [EXCHANGE]
    assert (found["api"]["scope"], found["claims"]["scope"]) == ("api:read", "api:read")
    assert found["claims"]["client_id"] == found["api"]["token_id"]
    assert [answer["active"] for answer in found["before"]] == [True, True, True]
    assert found["after"] == {"active": False}
    assert found["refused"] == "invalid_request"
