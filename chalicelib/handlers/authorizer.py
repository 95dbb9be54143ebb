"""The Lambda authorizer: ``chalicelib.handlers.authorizer.api_token_authorizer``."""

# Lambda imports this module alone, without ``app.py``. Its imports are the cost of a cold start.
from collections.abc import Callable, Mapping
from typing import Any

from chalicelib import bootstrap, logs
from chalicelib.domain.errors import ApiTokensError, InsufficientScope, InvalidToken
from chalicelib.handlers.http.authorization_header import presented
from chalicelib.services.callers import Admitted

Event = Mapping[str, Any]
AuthorizerResponse = dict[str, Any]

# API Gateway answers 401 to exactly this message and 500 to any other exception.
UNAUTHORIZED = "Unauthorized"

# The start of a function on Lambda has more CPU than its calls.
bootstrap.start()


def api_token_authorizer(event: Event, context: object) -> AuthorizerResponse:
    """Return the policy for the bearer of an API token (TOKEN authorizer of a REST API).

    Raises Exception(UNAUTHORIZED) for a token that is refused, DependencyUnavailable if DynamoDB fails.
    """
    return respond(_rest_token, event, context)


def respond(
    response_to: Callable[[Event], AuthorizerResponse], event: Event, context: object
) -> AuthorizerResponse:
    """Return the response of an authorizer. Write one line about the decision, also if it fails."""
    request_id = getattr(context, "aws_request_id", None)
    with logs.entry("authorize", outcome="allowed", sampled=True, request_id=request_id):
        return response_to(event)


def decide(unverified_header: str | None, lets_in: Callable[[Admitted], bool]) -> Admitted:
    """Return the caller behind an Authorization header. Every authorizer decides by this function.

    ``lets_in`` returns True if the front door lets the caller in. Raises InvalidToken for every refusal,
    DependencyUnavailable if no decision is possible.
    """
    try:
        return bootstrap.current().admit(presented("bearer", unverified_header), lets_in)
    except InvalidToken as error:
        logs.add(outcome="refused", reason=error.reason)
        raise
    except ApiTokensError as error:
        logs.fail(reason=error.code, cause=logs.cause(error))
        raise


def decide_or_raise_unauthorized(
    unverified_header: str | None, lets_in: Callable[[Admitted], bool]
) -> Admitted:
    """Return the caller behind an Authorization header, for gateways that know refusals by a message.

    Raises Exception(UNAUTHORIZED) for every refusal, DependencyUnavailable if no decision is possible.
    """
    try:
        return decide(unverified_header, lets_in)
    except InvalidToken:
        raise Exception(UNAUTHORIZED) from None


def opens_something(caller: Admitted) -> bool:
    """Return True if a policy for the caller allows anything."""
    return bool(caller.routes())


def allow_routes(caller: Admitted, method_arn: str) -> AuthorizerResponse:
    """Return the response that allows every route that the caller's scopes open."""
    # API Gateway caches the policy by token and applies it to every route. A policy for the called route
    # alone would refuse the next call.
    api_and_stage = "/".join(method_arn.split("/")[:2])
    return allow(caller, [f"{api_and_stage}/{route.method}{route.path}" for route in caller.routes()])


def allow(caller: Admitted, resources: list[str]) -> AuthorizerResponse:
    """Return the response that allows these resources. If there are none, it denies everything."""
    if resources:
        response = _policy(caller.principal, {"Effect": "Allow", "Resource": resources})
    else:
        # A policy that allows an empty list of routes is malformed.
        logs.add(outcome="refused", reason=InsufficientScope.code)
        response = deny(caller.principal)
    return {**response, "context": caller.context}


def deny(principal: str) -> AuthorizerResponse:
    """Return the response that denies everything."""
    return _policy(principal, {"Effect": "Deny", "Resource": "*"})


def _rest_token(event: Event) -> AuthorizerResponse:
    caller = decide_or_raise_unauthorized(event["authorizationToken"], opens_something)
    return allow_routes(caller, event["methodArn"])


def _policy(principal: str, effect: Mapping[str, Any]) -> AuthorizerResponse:
    return {
        "principalId": principal,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", **effect}],
        },
    }
