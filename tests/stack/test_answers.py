"""The shapes of refusals and failures, the gateway's own and the functions'."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.stack.calls import Caller
from tests.support import challenges
from tests.support.api import Answer

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]

AUTHORIZER = "ApiTokenAuthorizer"
PROBLEM = "application/problem+json"
SIGNATURE = "A" * 85
# It has the form of a token, but no valid signature.
FORGED = f"bodhi_eyJhbGciOiJFUzI1NiJ9.eyJqdGkiOiJ4In0.{SIGNATURE}A"


@pytest.mark.parametrize("header", [None, ""])
def test_missing_header_costs_no_lambda(caller: Caller, header: str | None) -> None:
    """The gateway refuses by itself: the header is an identity source of an authorizer with a cache."""
    with caller.stack.remembering(300):
        before = caller.stack.invocations(AUTHORIZER)

        answer = caller.call("GET", "/api/whoami", headers={"Authorization": header} if header else None)

        assert_unauthorized(answer)
        assert caller.stack.invocations(AUTHORIZER) == before


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer garbage",
        "Basic dXNlcjpwYXNzd29yZA==",
        "bodhi_x",
        "Bearer bodhi_x.y.z",
        f"Bearer bodhi_eyJhIjoxfQ.eyJhIjoxfQ.{SIGNATURE}B",
        f"Bearer bodhi_eyJhIjoxfQ.eyJhIjoxfQ.{SIGNATURE}AA",
        f"Bearer bodhi_eyJhIjoxfQ.{SIGNATURE}A",
    ],
)
def test_string_that_cannot_be_a_token_costs_one_invocation(caller: Caller, header: str) -> None:
    """A REQUEST authorizer has no validation expression. The response is the one to a missing header."""
    before = caller.stack.invocations(AUTHORIZER)

    answer = caller.call("GET", "/api/whoami", headers={"Authorization": header})

    assert_unauthorized(answer)
    assert caller.stack.invocations(AUTHORIZER) == before + 1


def assert_unauthorized(answer: Answer) -> None:
    """Check the response to a caller without a valid token."""
    assert (answer.status, answer.code) == (401, "invalid_token")
    assert answer.headers["Content-Type"] == PROBLEM
    assert answer.headers["WWW-Authenticate"] == challenges.INVALID_TOKEN
    assert answer.headers["Cache-Control"] == "no-store"


def test_forged_token_gets_the_answer_of_any_refusal(caller: Caller) -> None:
    """A stranger does not learn how far the string came: the authorizer was asked and said no."""
    before = caller.stack.invocations(AUTHORIZER)

    forged = caller.call("GET", "/api/whoami", FORGED)

    assert caller.stack.invocations(AUTHORIZER) == before + 1
    garbage = caller.call("GET", "/api/whoami", "garbage")
    assert (forged.status, forged.text) == (garbage.status, garbage.text)
    assert forged.headers["WWW-Authenticate"] == garbage.headers["WWW-Authenticate"]


@pytest.mark.parametrize("path", ["/nowhere", "/v1/nowhere", "/api/whoami/more"])
def test_unknown_route_does_not_echo_the_credential(caller: Caller, path: str) -> None:
    """API Gateway's usual response quotes the Authorization header. Ours does not."""
    secret = "Credential=AKIDEXAMPLE, opensesame"

    answer = caller.call("GET", path, headers={"Authorization": secret})

    assert (answer.status, answer.code) == (404, "not_found")
    assert answer.headers["Content-Type"] == PROBLEM
    assert "opensesame" not in f"{answer.headers}{answer.text}"


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/v1/tokens"), ("DELETE", "/api/whoami"), ("POST", "/v1/me")]
)
def test_other_method_is_an_unknown_route(caller: Caller, method: str, path: str) -> None:
    """REST APIs know pairs of method and path. An unknown pair is 404, never 405."""
    answer = caller.call(method, path, caller.newcomer(), {})

    assert (answer.status, answer.code) == (404, "not_found")


def test_management_call_without_sign_in(caller: Caller) -> None:
    """The function's own 401 has the challenge of RFC 6750, with nothing about an error."""
    answer = caller.call("GET", "/v1/tokens")

    assert (answer.status, answer.code) == (401, "not_authenticated")
    assert answer.headers["Content-Type"] == PROBLEM
    # AWS documents that API Gateway renames this header of a function's answer
    # (x-amzn-remapped-www-authenticate). The emulator does not.
    assert "WWW-Authenticate" in answer.headers


@pytest.mark.parametrize("body", [b"{", b'{"nmae": "x"}', b'{"name": 7}'])
def test_bad_body_is_a_problem_of_the_function(caller: Caller, body: bytes) -> None:
    """The refusal of the function comes through unchanged."""
    answer = caller.call("POST", "/v1/tokens", caller.newcomer(), body)

    assert (answer.status, answer.code) == (400, "invalid_request")
    assert answer.headers["Content-Type"] == PROBLEM


def test_large_body_is_refused(caller: Caller) -> None:
    """The limit is that of the function. API Gateway has its own limit of 10 MB."""
    body = b'{"name": "' + b"x" * 200_000 + b'"}'

    answer = caller.call("POST", "/v1/tokens", caller.newcomer(), body)

    assert answer.status == 413
    assert answer.headers["Content-Type"] == PROBLEM


def test_other_content_type_is_refused(caller: Caller) -> None:
    """Only JSON is read."""
    answer = caller.call("POST", "/v1/tokens", caller.newcomer(), b"name=x", {"Content-Type": "text/plain"})

    assert answer.status == 415


def test_authorizer_that_cannot_reach_its_table_is_a_failure(caller: Caller) -> None:
    """A broken dependency is 503, never 401 and never an allow."""
    token = caller.create(caller.newcomer())["token"]

    with caller.stack.changed(AUTHORIZER, TABLE_NAME="no-such-table"):
        answer = caller.call("GET", "/api/whoami", token)

    assert (answer.status, answer.code) == (503, "unavailable")
    assert answer.headers["Content-Type"] == PROBLEM
    assert answer.headers["Retry-After"] == "1"
    assert caller.whoami(token) == 200


def test_authorizer_that_does_not_start_is_a_failure(caller: Caller) -> None:
    """Neither is a function whose settings are wrong a refusal."""
    token = caller.create(caller.newcomer())["token"]

    with caller.stack.changed(AUTHORIZER, IDLE_TIMEOUT_SECONDS="soon"):
        answer = caller.call("GET", "/api/whoami", token)

    assert (answer.status, answer.code) == (503, "unavailable")


def test_function_that_reaches_neither_table_nor_key_is_a_failure(caller: Caller) -> None:
    """A token that cannot be signed leaves nothing behind. A list that cannot be read is an error."""
    person = caller.newcomer()

    with caller.stack.changed("APIHandler", AWS_ENDPOINT_URL_KMS="http://127.0.0.1:1"):
        unsigned = caller.call("POST", "/v1/tokens", person, {})
    with caller.stack.changed("APIHandler", TABLE_NAME="no-such-table"):
        unread = caller.call("GET", "/v1/tokens", person)

    for answer in (unsigned, unread):
        assert (answer.status, answer.headers["Content-Type"]) == (503, PROBLEM)
    assert caller.call("GET", "/v1/tokens", person).json["tokens"] == []


def test_too_many_requests(caller: Caller) -> None:
    """The stage throttles as the template says, and its refusal is a problem that says when to retry."""
    gateway, api = caller.stack.client("apigateway"), caller.stack.api_id
    stage = {"restApiId": api, "stageName": caller.stack.prefix.strip("/")}
    usual = gateway.get_stage(**stage)["methodSettings"]["*/*"]
    assert (usual["throttlingRateLimit"], usual["throttlingBurstLimit"]) == (200, 400)

    _throttle(gateway, stage, 0, 0)
    try:
        answer = caller.call("GET", "/docs")
    finally:
        _throttle(gateway, stage, 200, 400)

    assert (answer.status, answer.headers["Content-Type"]) == (429, PROBLEM)
    assert (answer.json["status"], answer.json["code"]) == (429, "too_many_requests")
    assert answer.headers["Retry-After"] == "1"


def _throttle(gateway: Any, stage: Mapping[str, str], rate: int, burst: int) -> None:
    limits = {"rateLimit": rate, "burstLimit": burst}
    changes = [
        {"op": "replace", "path": f"/*/*/throttling/{name}", "value": str(value)}
        for name, value in limits.items()
    ]
    gateway.update_stage(**stage, patchOperations=changes)
