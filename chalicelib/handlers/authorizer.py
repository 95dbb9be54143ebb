"""The Lambda authorizer: ``chalicelib.handlers.authorizer.api_token_authorizer``."""

# Lambda imports this module alone, without ``app.py``. Its imports are the cost of a cold start.
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chalicelib import bootstrap, logs
from chalicelib.domain.callers import Caller, Door
from chalicelib.domain.errors import ApiTokensError, InsufficientScope, InvalidToken
from chalicelib.handlers.callers import NO_CONNECTION, caller_of, connection
from chalicelib.handlers.http.authorization_header import presented
from chalicelib.services.callers import Admitted

Event = Mapping[str, Any]
AuthorizerResponse = dict[str, Any]

# API Gateway answers 401 to exactly this message and 500 to any other exception.
UNAUTHORIZED = "Unauthorized"

# The principal of a policy that refuses an unknown bearer.
_UNKNOWN_PRINCIPAL = "nobody"

# The start of a function on Lambda has more CPU than its calls.
bootstrap.start()


def api_token_authorizer(event: Event, context: object) -> AuthorizerResponse:
    """Return the policy for the bearer of an API token (TOKEN or REQUEST authorizer of a REST API).

    Our own API asks as REQUEST. Raises Exception(UNAUTHORIZED) for a token that is refused,
    DependencyUnavailable if DynamoDB fails.
    """
    return respond(rest_request if event.get("type") == "REQUEST" else _rest_token, event, context)


def respond(
    response_to: Callable[[Event], AuthorizerResponse], event: Event, context: object
) -> AuthorizerResponse:
    """Return the response of an authorizer. Write one line about the decision, also if it fails."""
    request_id = getattr(context, "aws_request_id", None)
    with logs.entry("authorize", outcome="allowed", sampled=True, request_id=request_id):
        return response_to(event)


def rest_request(event: Event) -> AuthorizerResponse:
    """Return the policy for a REQUEST event of a REST API, or of an HTTP API with payload format 1.0.

    Raises DependencyUnavailable, and Exception(UNAUTHORIZED) for a refusal at a REST API.
    """
    unverified_header, method_arn = authorization(event), event["methodArn"]
    is_http_api = event.get("version") == "1.0"
    door = Door.HTTP_API_1 if is_http_api else Door.REST_REQUEST
    caller = caller_of(door, *_called(method_arn), connection(event.get("requestContext"), "identity"))
    if not is_http_api:
        admitted = decide_or_raise_unauthorized(unverified_header, caller, opens_something)
        return allow_routes(admitted, method_arn)
    # An HTTP API: AWS documents refusals by the policy for it, but not by a message.
    bearer = decide_or_none(unverified_header, caller, opens_something)
    return allow_routes(bearer, method_arn) if bearer else deny(_UNKNOWN_PRINCIPAL)


def authorization(event: Event) -> str | None:
    """Return the Authorization header, or None unless there is exactly one.

    With two headers, the backend might read another one than the authorizer.
    """
    given = event.get("multiValueHeaders") or {n: [v] for n, v in (event.get("headers") or {}).items()}
    values = [value for name, many in given.items() if name.lower() == "authorization" for value in many]
    return values[0] if len(values) == 1 else None


def decide(unverified_header: str | None, caller: Caller, lets_in: Callable[[Admitted], bool]) -> Admitted:
    """Return the bearer behind an Authorization header. Every authorizer decides by this function.

    ``lets_in`` returns True if the front door lets the bearer in. Raises InvalidToken for every refusal,
    DependencyUnavailable if no decision is possible.
    """
    try:
        return bootstrap.current().admit(presented("bearer", unverified_header), caller, lets_in)
    except InvalidToken as error:
        logs.add(outcome="refused", reason=error.reason)
        raise
    except ApiTokensError as error:
        logs.fail(reason=error.code, cause=logs.cause(error))
        raise


def decide_or_none(
    unverified_header: str | None, caller: Caller, lets_in: Callable[[Admitted], bool]
) -> Admitted | None:
    """Return the bearer, or None for a refusal. Raises DependencyUnavailable, which is not a refusal."""
    try:
        return decide(unverified_header, caller, lets_in)
    except InvalidToken:
        return None


def decide_or_raise_unauthorized(
    unverified_header: str | None, caller: Caller, lets_in: Callable[[Admitted], bool]
) -> Admitted:
    """Return the bearer behind an Authorization header, for gateways that know refusals by a message.

    Raises Exception(UNAUTHORIZED) for every refusal, DependencyUnavailable if no decision is possible.
    """
    try:
        return decide(unverified_header, caller, lets_in)
    except InvalidToken:
        raise Exception(UNAUTHORIZED) from None


def opens_something(admitted: Admitted) -> bool:
    """Return True if a policy for the bearer allows anything."""
    return bool(admitted.routes())


def allow_routes(admitted: Admitted, method_arn: str) -> AuthorizerResponse:
    """Return the response that allows every route that the bearer's scopes open.

    The policy names the token's networks, because API Gateway may apply it to another address.
    """
    # API Gateway caches the policy by token and applies it to every route. A policy for the called route
    # alone would refuse the next call.
    api_and_stage = "/".join(method_arn.split("/")[:2])
    resources = [f"{api_and_stage}/{route.method}{route.path}" for route in admitted.routes()]
    return allow(admitted, resources, admitted.networks)


def allow(admitted: Admitted, resources: list[str], networks: Sequence[str] = ()) -> AuthorizerResponse:
    """Return the response that allows these resources. If there are none, it denies everything.

    If there are ``networks``, it allows callers from there only.
    """
    if resources:
        within = {"Condition": {"IpAddress": {"aws:SourceIp": list(networks)}}} if networks else {}
        response = _policy(admitted.principal, {"Effect": "Allow", "Resource": resources, **within})
    else:
        # A policy that allows an empty list of routes is malformed.
        logs.add(outcome="refused", reason=InsufficientScope.code)
        response = deny(admitted.principal)
    return {**response, "context": admitted.context}


def deny(principal: str) -> AuthorizerResponse:
    """Return the response that denies everything."""
    return _policy(principal, {"Effect": "Deny", "Resource": "*"})


def _rest_token(event: Event) -> AuthorizerResponse:
    # The event of a TOKEN authorizer has no request context, so the address is unknown.
    method_arn = event["methodArn"]
    caller = caller_of(Door.REST_TOKEN, *_called(method_arn), NO_CONNECTION)
    admitted = decide_or_raise_unauthorized(event["authorizationToken"], caller, opens_something)
    return allow_routes(admitted, method_arn)


def _called(method_arn: str) -> tuple[str, str]:
    """Return method and path of ``<API's ARN>/<stage>/<method>/<path>``."""
    _api, _stage, method, path = (*method_arn.split("/", 3), "", "", "")[:4]
    return method, f"/{path}"


def _policy(principal: str, effect: Mapping[str, Any]) -> AuthorizerResponse:
    return {
        "principalId": principal,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", **effect}],
        },
    }
