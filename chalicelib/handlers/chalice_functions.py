"""The functions beside the API's own as Chalice deploys them.

None needs Chalice, so the modules that Lambda imports for one do not load it; ``app.py`` does.
"""

from typing import Any

from chalice.app import Blueprint, ChaliceAuthorizer

from chalicelib import bootstrap
from chalicelib.handlers.authorizer import api_token_authorizer
from chalicelib.handlers.flush import flush_authorizer_caches
from chalicelib.handlers.front_doors import (
    appsync_authorizer,
    http_api_authorizer,
    rest_request_authorizer,
    websocket_authorizer,
)

authorizer = Blueprint(api_token_authorizer.__module__)
front_doors = Blueprint(rest_request_authorizer.__module__)
flushes = Blueprint(flush_authorizer_caches.__module__)


class _AsOnLambda(ChaliceAuthorizer):
    """Hands the event on as it came: Chalice's own hands on no context."""

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        return api_token_authorizer(event, context)


guard = authorizer.authorizer(ttl_seconds=bootstrap.gateway().authorizer_cache_seconds)(
    api_token_authorizer
)
# Chalice makes the object; only its class can still be chosen.
guard.__class__ = _AsOnLambda

for _function in (
    rest_request_authorizer,
    http_api_authorizer,
    websocket_authorizer,
    appsync_authorizer,
):
    front_doors.lambda_function(name=_function.__name__)(_function)

flushes.lambda_function(name=flush_authorizer_caches.__name__)(flush_authorizer_caches)
