"""The Lambda authorizer: ``chalicelib.handlers.authorizer.api_token_authorizer``.

Lambda imports this module alone, without ``app.py``; what it imports is what a cold start costs.
``deployed.py`` makes the function known to Chalice.
"""

from collections.abc import Callable, Mapping
from typing import Any

from chalicelib import bootstrap, logs
from chalicelib.domain.errors import ApiTokensError, InsufficientScope, InvalidToken, MalformedToken
from chalicelib.handlers import credentials
from chalicelib.services.callers import authorizer_context
from chalicelib.services.verify import Verified

Event = Mapping[str, Any]
Answer = dict[str, Any]

# API Gateway answers 401 to exactly this message and 500 to any other exception.
UNAUTHORIZED = "Unauthorized"


def api_token_authorizer(event: Event, context: Any) -> Answer:
    """Let the bearer of a usable API token in (TOKEN authorizer of a REST API)."""
    return answered(_rest_token, event, context)


def answered(answer: Callable[[Event], Answer], event: Event, context: Any) -> Answer:
    """Return what a front door answers; one line says what became of it, also where it fails."""
    with (
        logs.request(getattr(context, "aws_request_id", None)),
        logs.entry("authorize", outcome="allowed"),
    ):
        return answer(event)


def decide(unverified_header: str | None) -> Verified:
    """Return the token behind an Authorization header: the one decision of every front door.

    Raises InvalidToken for every refusal, DependencyUnavailable when nothing can be decided.
    """
    try:
        return bootstrap.current().verify.verify(_bearer(unverified_header))
    except InvalidToken as error:
        logs.add(outcome="refused", reason=error.reason)
        raise
    except ApiTokensError as error:
        logs.fail(reason=error.code, cause=logs.cause(error))
        raise


def admitted(unverified_header: str | None) -> Verified:
    """Return the token behind an Authorization header, for gateways that know refusals by their message.

    Raises Exception(UNAUTHORIZED), or DependencyUnavailable.
    """
    try:
        return decide(unverified_header)
    except InvalidToken:
        raise Exception(UNAUTHORIZED) from None


def policy(verified: Verified, method_arn: str) -> Answer:
    """Return the answer of a REST API's authorizer: everything that the scopes open, whatever was called.

    API Gateway caches the policy by token and applies it to every route, so one made for the route at
    hand would refuse the next. Where nothing is open the refusal is explicit: a policy that allows an
    empty list of routes is malformed.
    """
    api_and_stage = "/".join(method_arn.split("/")[:2])
    opened = bootstrap.current().policy.scopes.routes(verified.scopes)
    return statement(verified, [f"{api_and_stage}/{route.method}{route.path}" for route in opened])


def statement(verified: Verified, resources: list[str]) -> Answer:
    """Return the answer that allows these resources and nothing else, or refuses all."""
    user_id = verified.token.user_id
    if resources:
        answer = _answer(user_id, {"Effect": "Allow", "Resource": resources})
    else:
        note_missing_scope()
        answer = refusal(user_id)
    return {**answer, "context": authorizer_context(verified)}


def refusal(principal: str) -> Answer:
    """Return the answer that refuses everything."""
    return _answer(principal, {"Effect": "Deny", "Resource": "*"})


def note_missing_scope() -> None:
    """Say in the line that a good token was refused for what it does not open."""
    logs.add(outcome="refused", reason=InsufficientScope.code)


def _rest_token(event: Event) -> Answer:
    return policy(admitted(event["authorizationToken"]), event["methodArn"])


def _answer(principal: str, effect: Mapping[str, Any]) -> Answer:
    return {
        "principalId": principal,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", **effect}],
        },
    }


def _bearer(unverified_header: str | None) -> str:
    unverified_token = credentials.presented("bearer", unverified_header)
    if unverified_token is None:
        raise MalformedToken
    return unverified_token
