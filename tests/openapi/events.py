"""Events as API Gateway sends them."""

from typing import Any


def event(resource: str, path: str) -> dict[str, Any]:
    """Return a GET of a resource that was called at ``path``, which may have more before it."""
    return {
        "requestContext": {
            "httpMethod": "GET",
            "resourcePath": resource,
            "path": path,
            "requestId": "gateway-7",
        },
        "headers": {"Host": "api.example.com"},
        "multiValueQueryStringParameters": None,
        "pathParameters": {},
        "stageVariables": None,
        "body": None,
    }
