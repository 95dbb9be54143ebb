"""Events for the tests of your backend, as API Gateway sends them after the authorizer let a caller in."""

from datetime import UTC, datetime, timedelta


def members(*scopes, user_id="usr_1"):
    """Return what the authorizer says about a caller. The times are in seconds since 1970."""
    idle_at = datetime.now(UTC) + timedelta(days=30)
    return {
        "user_id": user_id,
        "token_id": "tok_1",
        "token_name": "laptop",
        "scopes": " ".join(scopes),
        "idle_at": str(int(idle_at.timestamp())),
    }


def rest_event(method, path, authorizer):
    """Return the event of a REST API."""
    return {
        "httpMethod": method,
        "path": path,
        "headers": {},
        "requestContext": {"authorizer": {**authorizer, "principalId": authorizer["user_id"]}},
    }


def http_event(method, path, authorizer):
    """Return the event of an HTTP API with payload format 2.0."""
    return {
        "version": "2.0",
        "rawPath": path,
        "headers": {},
        "requestContext": {"http": {"method": method, "path": path}, "authorizer": {"lambda": authorizer}},
    }
