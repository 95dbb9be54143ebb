"""The Lambda authorizer: ``chalicelib.handlers.authorizer.api_token_authorizer``.

Lambda imports this module alone, without ``app.py``; what it imports is what a cold start costs.
``deployed.py`` makes the function known to Chalice.
"""

import logging
from typing import Any

from chalicelib import bootstrap, logs
from chalicelib.domain.errors import ApiTokensError, InvalidToken, MalformedToken
from chalicelib.services.callers import authorizer_context
from chalicelib.services.verify import Verified

# API Gateway answers 401 to exactly this message and 500 to any other exception.
UNAUTHORIZED = "Unauthorized"


def api_token_authorizer(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Let the bearer of a usable API token in (TOKEN authorizer of a REST API)."""
    with logs.request(getattr(context, "aws_request_id", None)):
        return policy(admitted(event["authorizationToken"]), event["methodArn"])


def decide(unverified_header: str | None) -> Verified:
    """Return the token behind an Authorization header: the one decision of every front door.

    Raises InvalidToken for every refusal, DependencyUnavailable when nothing can be decided.
    """
    with logs.entry("authorize") as entry:
        try:
            verified = bootstrap.current().verify.verify(_bearer(unverified_header or ""))
        except InvalidToken as error:
            entry.add(outcome="refused", reason=error.reason)
            raise
        except ApiTokensError as error:
            entry.add(outcome="error", reason=error.code, cause=logs.cause(error))
            entry.level = logging.ERROR
            raise
        entry.add(outcome="allowed")
        return verified


def admitted(unverified_header: str | None) -> Verified:
    """Return the token behind an Authorization header, for gateways that know refusals by their message.

    Raises Exception(UNAUTHORIZED), or DependencyUnavailable.
    """
    try:
        return decide(unverified_header)
    except InvalidToken:
        raise Exception(UNAUTHORIZED) from None


def policy(verified: Verified, method_arn: str) -> dict[str, Any]:
    """Return the answer of a REST API's authorizer: everything that the scopes open, whatever was called.

    API Gateway caches the policy by token and applies it to every route, so one made for the route at
    hand would refuse the next. Where nothing is open the refusal is explicit: a policy that allows an
    empty list of routes is malformed.
    """
    api_and_stage = "/".join(method_arn.split("/")[:2])
    opened = bootstrap.current().policy.scopes.routes(verified.scopes)
    return statement(verified, [f"{api_and_stage}/{route.method}{route.path}" for route in opened])


def statement(verified: Verified, resources: list[str]) -> dict[str, Any]:
    """Return the answer that allows these resources and nothing else, or refuses all."""
    allowed, refused = {"Effect": "Allow", "Resource": resources}, {"Effect": "Deny", "Resource": "*"}
    effect = allowed if resources else refused
    return {
        "principalId": verified.token.user_id,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", **effect}],
        },
        "context": authorizer_context(verified),
    }


def _bearer(unverified_header: str) -> str:
    scheme, _, unverified_token = unverified_header.partition(" ")
    if scheme.lower() != "bearer":
        raise MalformedToken
    return unverified_token
