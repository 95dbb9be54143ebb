"""The deployed functions beside the API's own, registered with Chalice."""

# The functions' own modules do not import Chalice, so that Lambda does not load it for them.
from collections.abc import Callable

from chalice.app import Blueprint, ChaliceAuthorizer

from chalicelib import bootstrap
from chalicelib.handlers.authorizer import AuthorizerResponse, Event, api_token_authorizer
from chalicelib.handlers.events import publish_events
from chalicelib.handlers.flush import flush_authorizer_caches
from chalicelib.handlers.front_doors import (
    appsync_authorizer,
    http_api_authorizer,
    rest_request_authorizer,
    websocket_authorizer,
)
from chalicelib.handlers.sweep import sweep_tokens


class _AsOnLambda(ChaliceAuthorizer):
    """An authorizer that Chalice's local gateway calls as Lambda does, with event and context."""

    def __call__(self, event: Event, context: object) -> AuthorizerResponse:
        return api_token_authorizer(event, context)


class _Authorizers(Blueprint):
    """A blueprint whose authorizers get the context too: Chalice's own get the event alone."""

    # Chalice makes the object here and nowhere else. It has no public way to choose the class.
    def _wrap_handler(
        self, handler_type: str, handler_name: str, user_handler: Callable[..., AuthorizerResponse]
    ) -> ChaliceAuthorizer:
        return _AsOnLambda(handler_name, user_handler)


authorizer = _Authorizers(api_token_authorizer.__module__)
front_doors = Blueprint(rest_request_authorizer.__module__)
flushes = Blueprint(flush_authorizer_caches.__module__)
events = Blueprint(publish_events.__module__)
sweeps = Blueprint(sweep_tokens.__module__)

# Chalice needs ``ttl_seconds`` now, so the settings of the gateway are read on import.
guard = authorizer.authorizer(ttl_seconds=bootstrap.gateway().authorizer_cache_seconds)(
    api_token_authorizer
)

for _function in (
    rest_request_authorizer,
    http_api_authorizer,
    websocket_authorizer,
    appsync_authorizer,
):
    front_doors.lambda_function(name=_function.__name__)(_function)

# Not Chalice's ``on_dynamodb_record``: it knows neither patterns nor the stream of a table in the template.
flushes.lambda_function(name=flush_authorizer_caches.__name__)(flush_authorizer_caches)
events.lambda_function(name=publish_events.__name__)(publish_events)

# Not Chalice's ``schedule``: packaging turns the schedule off in open mode.
sweeps.lambda_function(name=sweep_tokens.__name__)(sweep_tokens)
