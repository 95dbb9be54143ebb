"""API Gateway without a function: its own responses, the cache, and a TOKEN authorizer's expression."""

import json
import re
from typing import Any

import pytest

from chalicelib.handlers.http.authorization_header import presented
from infra.aws.package.fixes import IDENTITY_SOURCES
from tests.support import challenges, contract
from tests.support.api import Api, api_of
from tests.support.headers import NOT_ONE_CREDENTIAL, SAME_CREDENTIAL, TOKEN_HEADER
from tests.support.service import MemoryService

PROBLEM = "'application/problem+json'"
HEADER = "gatewayresponse.header."


@pytest.fixture(scope="session")
def answers(definition: dict[str, Any]) -> dict[str, Any]:
    """Return the gateway's own answers."""
    found: dict[str, Any] = definition["x-amazon-apigateway-gateway-responses"]
    return found


@pytest.mark.slow
def test_gateways_own_answers_are_in_the_definition(
    answers: dict[str, Any], resources: dict[str, Any]
) -> None:
    """As resources they would come after the deployment that the stage shows."""
    assert "AWS::ApiGateway::GatewayResponse" not in {each["Type"] for each in resources.values()}
    statuses = {kind: answer.get("statusCode") for kind, answer in answers.items()}
    assert statuses == {
        "UNAUTHORIZED": "401",
        "ACCESS_DENIED": "403",
        "MISSING_AUTHENTICATION_TOKEN": "404",
        "THROTTLED": "429",
        "WAF_FILTERED": "429",
        "AUTHORIZER_FAILURE": "503",
        "AUTHORIZER_CONFIGURATION_ERROR": "503",
        "DEFAULT_4XX": None,
        "DEFAULT_5XX": None,
    }


@pytest.mark.slow
def test_gateways_own_answers_are_problem_documents(answers: dict[str, Any]) -> None:
    """With a code, the headers of all answers, and the status that is sent, if it is always the same."""
    for answer in answers.values():
        headers, (text,) = answer["responseParameters"], answer["responseTemplates"].values()
        document = json.loads(text)
        assert headers[f"{HEADER}Content-Type"] == PROBLEM
        assert headers[f"{HEADER}Cache-Control"] == "'no-store'"
        for name, value in {
            **contract.SECURITY_HEADERS,
            "Strict-Transport-Security": contract.HSTS,
        }.items():
            assert headers[f"{HEADER}{name}"] == f"'{value}'"
        assert {"type", "title", "code", "detail"} <= document.keys()
        assert str(document.get("status")) == str(answer.get("statusCode"))


@pytest.mark.slow
def test_only_refusals_of_a_token_carry_a_challenge(answers: dict[str, Any]) -> None:
    """RFC 6750 section 3: 401 asks for a token, 403 for another one; nothing else does."""
    name = f"{HEADER}WWW-Authenticate"
    found = {
        kind: answer["responseParameters"][name]
        for kind, answer in answers.items()
        if name in answer["responseParameters"]
    }
    assert found == {
        "UNAUTHORIZED": f"'{challenges.INVALID_TOKEN}'",
        "ACCESS_DENIED": f"'{challenges.FORBIDDEN}'",
    }


@pytest.mark.slow
def test_nothing_of_the_request_is_in_any_answer(answers: dict[str, Any]) -> None:
    """Not the reason either, which API Gateway would put in by $context.error."""
    assert "$" not in json.dumps(answers)
    assert "method.request" not in json.dumps(answers)


@pytest.mark.slow
def test_decisions_are_kept_by_token_and_address(definition: dict[str, Any]) -> None:
    """API Gateway sends the address to REQUEST authorizers only, and they have no validation expression."""
    schemes = [s["x-amazon-apigateway-authorizer"] for s in definition["securityDefinitions"].values()]
    assert schemes
    for authorizer in schemes:
        assert authorizer["type"] == "request"
        assert authorizer["identitySource"].split(", ") == list(IDENTITY_SOURCES)
        assert IDENTITY_SOURCES == ("method.request.header.Authorization", "context.identity.sourceIp")
        assert "identityValidationExpression" not in authorizer
        assert authorizer["authorizerResultTtlInSeconds"] == 30


@pytest.fixture
def api() -> Any:
    """Call the app."""
    service = MemoryService()
    with api_of(service) as api:
        yield api, service.provider.sign_in("user@example.com")


def test_every_token_gets_past_the_gateways_own_look(api: tuple[Api, str]) -> None:
    """The expression accepts every spelling of the header that HTTP allows, and refuses other strings."""
    caller, person = api
    for _ in range(20):
        token = caller.create_token(person)["token"]
        for header in (each.format(t=token) for each in SAME_CREDENTIAL):
            assert re.fullmatch(TOKEN_HEADER, header), header
            assert presented("bearer", header) == token
        for other in (f"Basic {token}", f"Bearer {token}=", token, f"Bearer {token[1:]}"):
            assert not re.fullmatch(TOKEN_HEADER, other)
        for header in (each.format(t=token) for each in NOT_ONE_CREDENTIAL):
            assert not re.fullmatch(TOKEN_HEADER, header), header
            assert presented("bearer", header) != token
