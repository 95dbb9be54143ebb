"""The Lambda authorizer: ``chalicelib.handlers.authorizer.api_token_authorizer``.

Lambda imports this module alone, without ``app.py``; what it imports is what a cold start costs.
"""

import logging
from typing import Any

from chalice.app import AuthRequest, AuthResponse, AuthRoute, Blueprint, ChaliceAuthorizer

from chalicelib import bootstrap, logs
from chalicelib.domain.errors import ApiTokensError, InvalidToken, MalformedToken
from chalicelib.services.callers import authorizer_context
from chalicelib.services.verify import Verified

# API Gateway answers 401 to exactly this message and 500 to any other exception.
UNAUTHORIZED = "Unauthorized"

authorizer = Blueprint(__name__)


class _IdentifiedAuthorizer(ChaliceAuthorizer):
    """Notes Lambda's request id, which Chalice does not hand on to the function."""

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        with logs.request(getattr(context, "aws_request_id", None)):
            return super().__call__(event, context)


@authorizer.authorizer(ttl_seconds=bootstrap.gateway().authorizer_cache_seconds)
def api_token_authorizer(request: AuthRequest) -> AuthResponse | dict[str, Any]:
    """Let the bearer of a usable API token in."""
    with logs.entry("authorize") as entry:
        try:
            verified = bootstrap.current().verify.verify(_bearer(request.token))
        except InvalidToken as error:
            entry.add(outcome="refused", reason=error.reason)
            raise Exception(UNAUTHORIZED) from None
        except ApiTokensError as error:
            entry.add(outcome="error", reason=error.code, cause=logs.cause(error))
            entry.level = logging.ERROR
            raise
        entry.add(outcome="allowed")
        return _response(verified)


# Chalice makes the object; only its class can still be chosen.
api_token_authorizer.__class__ = _IdentifiedAuthorizer


def _bearer(unverified_header: str) -> str:
    scheme, _, unverified_token = unverified_header.partition(" ")
    if scheme.lower() != "bearer":
        raise MalformedToken
    return unverified_token


def _response(verified: Verified) -> AuthResponse | dict[str, Any]:
    """Return the policy for everything that the scopes open, whatever was called.

    API Gateway caches the policy by token and applies it to every route, so one made for the route at
    hand would refuse the next.
    """
    opened = bootstrap.current().policy.scopes.routes(verified.scopes)
    response = AuthResponse(
        routes=[AuthRoute(route.path, [route.method]) for route in opened],
        principal_id=verified.token.user_id,
        context=authorizer_context(verified),
    )
    return response if opened else _denial(response)


def _denial(response: AuthResponse) -> dict[str, Any]:
    """Return the refusal of everything: a policy that allows an empty list of routes is malformed."""
    statement = {"Action": "execute-api:Invoke", "Effect": "Deny", "Resource": "*"}
    return {
        "principalId": response.principal_id,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": response.context,
    }
