"""OAuth and the published keys, through the API Gateway of the deployed stack."""

import base64

import jwt
import pytest

from chalicelib.domain.errors import ResourceNotFound
from infra.local.environments import LOCAL_CLIENT, LOCAL_CLIENT_SECRET, OTHER_SERVICE
from tests.stack.calls import Caller
from tests.support import canaries

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
TYPE = "urn:ietf:params:oauth:token-type:"
PAIR = base64.b64encode(f"{LOCAL_CLIENT}:{LOCAL_CLIENT_SECRET}".encode()).decode()


def _exchange(caller: Caller, token: str, kind: str, **more: str) -> str:
    asked = {"grant_type": EXCHANGE, "subject_token": token, "subject_token_type": f"{TYPE}{kind}"}
    answer = caller.form("/oauth2/token", asked | more)
    assert answer.status == 200, answer.text
    return str(answer.json["access_token"])


def test_exchange_introspect_and_revoke(caller: Caller) -> None:
    """A sign-in becomes a token, and a token an access token. A resource server learns if it is active."""
    token = _exchange(caller, caller.newcomer(), "id_token", scope="api:read")
    assert caller.whoami(token) == 200
    _exchange(caller, token, "access_token", audience=OTHER_SERVICE)

    def introspected() -> bool:
        answer = caller.form("/oauth2/introspect", {"token": token}, Authorization=f"Basic {PAIR}")
        return bool(answer.json["active"])

    assert introspected()
    assert caller.form("/oauth2/revoke", {"token": token}).status == 200
    assert not introspected()
    assert caller.whoami(token) == 401


def test_access_token_verifies_by_the_published_keys(caller: Caller) -> None:
    """Signed by a key that the template made, published under the address of RFC 8414's document."""
    token = _exchange(caller, caller.newcomer(), "id_token")
    access = _exchange(caller, token, "access_token", audience=OTHER_SERVICE)
    canaries.remember(access)

    keys = jwt.PyJWKSet.from_dict(caller.call("GET", "/.well-known/jwks.json").json)
    kid = jwt.get_unverified_header(access)["kid"]
    claims = jwt.decode(access, keys[kid].key, algorithms=["ES256"], audience=OTHER_SERVICE)

    found = caller.call("GET", "/.well-known/oauth-authorization-server").json
    assert claims["iss"] == found["issuer"]
    assert found["jwks_uri"].endswith("/.well-known/jwks.json")


def test_paths_of_any_length_reach_the_description_of_the_resource(caller: Caller) -> None:
    """Chalice's definition of the greedy parameter is one that a gateway understands."""
    well_known = "/.well-known/oauth-protected-resource"
    described = caller.call("GET", well_known).json
    path = described["resource"].removeprefix("https://").removeprefix("http://").partition("/")[2]
    assert caller.call("GET", f"{well_known}/{path}").json == described
    for other in ("other", "a/b", f"{path}/more/and/more"):
        missing = caller.call("GET", f"{well_known}/{other}")
        # The gateway's own 404 would say that there is nothing for this method.
        assert (missing.status, missing.json["detail"]) == (404, ResourceNotFound.detail)


def test_stranger_may_not_introspect(caller: Caller) -> None:
    """OAuth endpoints answer with OAuth's own documents."""
    answer = caller.form("/oauth2/introspect", {"token": "x"})

    assert (answer.status, answer.json["error"]) == (401, "invalid_client")
