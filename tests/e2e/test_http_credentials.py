"""Credentials at every entrance, and the answer to a call without credentials."""

import base64
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.handlers import front_doors
from chalicelib.handlers.authorizer import api_token_authorizer
from tests.support import challenges
from tests.support.api import Api
from tests.support.events import Context, appsync, http_api, rest_request, rest_token, websocket
from tests.support.headers import NOT_ONE_CREDENTIAL, SAME_CREDENTIAL
from tests.support.service import MemoryService

INVALID = f'{challenges.BARE}, error="invalid_token"'
SELF = (
    ("POST", "/v1/tokens/self/rotate"),
    ("DELETE", "/v1/tokens/self/predecessor"),
    ("DELETE", "/v1/tokens/self"),
)
MANAGEMENT = (("GET", "/v1/me"), ("POST", "/v1/tokens"), ("GET", "/v1/tokens"), ("GET", "/v1/users"))
# Calls whose credentials our own code reads.
NO_CREDENTIALS: list[dict[str, str]] = [
    {},
    {"Authorization": ""},
    {"Authorization": " "},
    {"Authorization": "\t"},
    {"Authorization": "Basic dXNlcjpwdw=="},
    {"Authorization": "Basic"},
    {"Authorization": "Digest x"},
    {"Authorization": "DPoP x"},
    {"Authorization": "\u2603"},
]


@pytest.fixture
def person(service: MemoryService) -> str:
    """Return a user's sign-in."""
    return service.provider.sign_in("user@example.com")


def _rest_token(header: str) -> bool:
    return "principalId" in api_token_authorizer(rest_token(header), Context())


def _rest_request(header: str) -> bool:
    return "principalId" in front_doors.rest_request_authorizer(rest_request(header), Context())


def _http_api_1(header: str) -> bool:
    event = {**rest_request(header), "version": "1.0"}
    answer = front_doors.rest_request_authorizer(event, Context())
    return bool(answer["principalId"] != "nobody")


def _http_api(header: str) -> bool:
    answer = front_doors.http_api_authorizer(http_api(header), Context())
    return bool(answer["isAuthorized"])


def _websocket(header: str) -> bool:
    return "principalId" in front_doors.websocket_authorizer(websocket(header), Context())


def _appsync(header: str) -> bool:
    return bool(front_doors.appsync_authorizer(appsync(header), Context())["isAuthorized"])


DOORS = (_rest_token, _rest_request, _http_api_1, _http_api, _websocket, _appsync)


def opens(door: Callable[[str], bool], header: str) -> bool:
    """Return whether an authorizer lets a caller in."""
    try:
        return door(header)
    except Exception as refusal:
        if str(refusal) != "Unauthorized":
            raise
        return False


@pytest.mark.parametrize("header", SAME_CREDENTIAL)
def test_spelling_of_the_header_makes_no_difference(api: Api, person: str, header: str) -> None:
    """Every authorizer, the sample API, management and self-service accept each spelling."""
    token = api.create_token(person)["token"]
    presented = header.format(t=token)
    assert [opens(door, presented) for door in DOORS] == [True] * len(DOORS)
    assert api.get("/api/whoami", headers={"Authorization": presented}).status == 200
    signed_in = {"Authorization": header.format(t=person)}
    assert api.get("/v1/me", headers=signed_in).status == 200
    assert api.call("POST", "/v1/tokens", headers=signed_in).status == 201
    successor = api.call("POST", "/v1/tokens/self/rotate", headers={"Authorization": presented})
    ending = {"Authorization": header.format(t=successor.json["token"])}
    assert api.call("DELETE", "/v1/tokens/self", headers=ending).status == 204


@pytest.mark.parametrize("header", NOT_ONE_CREDENTIAL)
def test_anything_but_one_credential_opens_nothing(api: Api, person: str, header: str) -> None:
    """A good token with more text beside it is refused everywhere."""
    created = api.create_token(person)
    presented = header.format(t=created["token"])
    assert [opens(door, presented) for door in DOORS] == [False] * len(DOORS)
    assert api.get("/api/whoami", headers={"Authorization": presented}).status == 401
    for method, path in SELF:
        assert api.call(method, path, headers={"Authorization": presented}).status == 401
    assert api.get("/v1/me", headers={"Authorization": header.format(t=person)}).status == 401
    assert api.get("/api/whoami", created["token"]).status == 200


@pytest.mark.parametrize("around", ["{t}", " {t}", "{t} ", "\t{t}\t", "Bearer  {t}", "Bearer {t}\t"])
def test_appsync_takes_the_token_alone(api: Api, person: str, around: str) -> None:
    """AppSync's clients may leave the scheme out. White space around the token is ignored."""
    token = api.create_token(person)["token"]
    assert _appsync(around.format(t=token)) is True
    for other in ("{t} x", "{t}\tx", "x {t}", "Basic {t}", "{t},{t}", "Bearer\t{t}"):
        assert _appsync(other.format(t=token)) is False


@pytest.mark.parametrize("headers", NO_CREDENTIALS, ids=str)
def test_call_without_credentials_gets_a_bare_challenge(api: Api, headers: dict[str, str]) -> None:
    """The challenge has no error code if a call presents no credential (RFC 6750 section 3.1)."""
    for method, path in MANAGEMENT:
        answer = api.call(method, path, headers=headers)
        assert (answer.status, answer.code) == (401, "not_authenticated")
        # This call takes a JWT of the OpenID provider, so the metadata of the API would mislead.
        assert answer.headers["WWW-Authenticate"] == challenges.BARE
    for method, path in SELF:
        answer = api.call(method, path, headers=headers)
        assert (answer.status, answer.code) == (401, "invalid_token")
        assert answer.headers["WWW-Authenticate"] == challenges.NO_TOKEN


@pytest.mark.parametrize("credential", ["x", "a b", "x,y", "", "\u2603"])
def test_challenge_says_that_a_credential_is_bad(api: Api, credential: str) -> None:
    """A malformed credential counts as a bad one, not as a missing one."""
    headers = {"Authorization": f"Bearer {credential}"}
    for method, path in MANAGEMENT:
        answer = api.call(method, path, headers=headers)
        assert answer.status == 401
        # A refused sign-in also gives the reason.
        assert answer.headers["WWW-Authenticate"].partition(", error_description")[0] == INVALID
    for method, path in SELF:
        answer = api.call(method, path, headers=headers)
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == challenges.INVALID_TOKEN


def test_session_does_not_stand_in_for_another_scheme(api: Api) -> None:
    """If an Authorization header is sent, the cookie does not count."""
    for header in ("Basic dTpw", "Bearer", "Bearer a b", ""):
        headers = {"Authorization": header, "Cookie": "bodhi_session=x; __Host-bodhi_session=x"}
        answer: Any = api.get("/v1/me", headers=headers)
        assert (answer.status, answer.code) == (401, "not_authenticated")


@pytest.mark.parametrize(
    "spelling", ["Basic {c}", "basic {c}", "BASIC   {c}", " Basic {c} ", "Basic {c}\t"]
)
def test_clients_header_is_read_alike(api: Api, spelling: str) -> None:
    """The same parser reads the header of OAuth clients."""
    known = base64.b64encode(b"nobody:secret").decode()
    headers = {"Authorization": spelling.format(c=known)}
    answer = api.form("/oauth2/introspect", {"token": "x"}, headers)
    assert answer.json["error_description"] == "The client could not be authenticated."
    wrong = {"Authorization": spelling.format(c=known).replace("asic", "earer").replace("ASIC", "EARER")}
    answer = api.form("/oauth2/introspect", {"token": "x"}, wrong)
    assert answer.json["error_description"] == "Authenticate the client with HTTP Basic, or in the body."
