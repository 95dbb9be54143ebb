"""The Lambda authorizer: ``chalicelib.handlers.authorizer.api_token_authorizer``.

Lambda imports this module alone, without ``app.py``; what it imports is what a cold start costs.
``deployed.py`` makes the function known to Chalice.
"""

from collections.abc import Callable, Mapping
from typing import Any

from chalicelib import bootstrap, logs
from chalicelib.domain.errors import ApiTokensError, InsufficientScope, InvalidToken
from chalicelib.handlers.http.authorization_header import presented
from chalicelib.services.callers import Admitted

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
        logs.entry("authorize", outcome="allowed", sampled=True),
    ):
        return answer(event)


def decide(unverified_header: str | None, lets_in: Callable[[Admitted], bool]) -> Admitted:
    """Return the caller behind an Authorization header: the one decision of every front door.

    ``lets_in`` says if the door lets the caller in. Raises InvalidToken for every refusal,
    DependencyUnavailable when nothing can be decided.
    """
    try:
        return bootstrap.current().admit(presented("bearer", unverified_header), lets_in)
    except InvalidToken as error:
        logs.add(outcome="refused", reason=error.reason)
        raise
    except ApiTokensError as error:
        logs.fail(reason=error.code, cause=logs.cause(error))
        raise


def admitted(unverified_header: str | None, lets_in: Callable[[Admitted], bool]) -> Admitted:
    """Return the caller behind an Authorization header, for gateways that know refusals by their message.

    Raises Exception(UNAUTHORIZED), or DependencyUnavailable.
    """
    try:
        return decide(unverified_header, lets_in)
    except InvalidToken:
        raise Exception(UNAUTHORIZED) from None


def opens_something(caller: Admitted) -> bool:
    """Return True if a policy for the caller allows anything."""
    return bool(caller.routes())


def policy(caller: Admitted, method_arn: str) -> Answer:
    """Return the answer of a REST API's authorizer: everything that the scopes open, whatever was called.

    API Gateway caches the policy by token and applies it to every route, so one made for the route at
    hand would refuse the next. Where nothing is open the refusal is explicit: a policy that allows an
    empty list of routes is malformed.
    """
    api_and_stage = "/".join(method_arn.split("/")[:2])
    return statement(caller, [f"{api_and_stage}/{route.method}{route.path}" for route in caller.routes()])


def statement(caller: Admitted, resources: list[str]) -> Answer:
    """Return the answer that allows these resources and nothing else, or refuses all."""
    if resources:
        answer = _answer(caller.principal, {"Effect": "Allow", "Resource": resources})
    else:
        note_missing_scope()
        answer = refusal(caller.principal)
    return {**answer, "context": caller.context}


def refusal(principal: str) -> Answer:
    """Return the answer that refuses everything."""
    return _answer(principal, {"Effect": "Deny", "Resource": "*"})


def note_missing_scope() -> None:
    """Log that a valid token was refused because a scope is missing."""
    logs.add(outcome="refused", reason=InsufficientScope.code)


def _rest_token(event: Event) -> Answer:
    return policy(admitted(event["authorizationToken"], opens_something), event["methodArn"])


def _answer(principal: str, effect: Mapping[str, Any]) -> Answer:
    return {
        "principalId": principal,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", **effect}],
        },
    }
