"""A cold process refuses a call without credentials before it loads an SDK or the provider's parts."""

import pytest

from tests.packaging.fresh import result_of

CALL = """
    import json, sys
    import app
    before = set(sys.modules)
    path, headers = {path!r}, {headers!r}
    request = {{
        "resource": path, "path": path, "httpMethod": "GET", "headers": headers,
        "multiValueHeaders": {{name: [value] for name, value in headers.items()}},
        "queryStringParameters": None, "multiValueQueryStringParameters": None, "pathParameters": None,
        "stageVariables": None, "body": None, "isBase64Encoded": False,
        "requestContext": {{
            "resourcePath": path, "httpMethod": "GET", "requestId": "r", "stage": "api", "path": path,
            "identity": {{"sourceIp": "192.0.2.1"}},
        }},
    }}
    context = type("Context", (), {{"aws_request_id": "r"}})()
    response = app.app(request, context)
    print(json.dumps([response["statusCode"], sorted(set(sys.modules) - before)]))
"""
HOST = {"Host": "api.example.com"}


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/v1/tokens", {}, 401),
        ("/v1/tokens", {"Authorization": ""}, 401),
        ("/v1/tokens", {"Authorization": "Basic abc"}, 401),
        ("/v1/users", {}, 401),
        ("/v1/events", {}, 401),
        ("/settings/api-tokens", {}, 302),
    ],
)
def test_call_without_credentials_loads_nothing(path: str, headers: dict[str, str], status: int) -> None:
    """Neither the refusal nor the page's redirect loads a module above those of the import."""
    assert result_of(CALL.format(path=path, headers={**HOST, **headers})) == [status, []]


def test_call_with_a_jwt_loads_the_provider() -> None:
    """The check above can fail: a JWT, which nobody could verify here, loads the parts that verify it."""
    bearer = {**HOST, "Authorization": "Bearer e30.e30.e30"}
    status, loaded = result_of(CALL.format(path="/v1/tokens", headers=bearer))
    assert status == 401
    assert "chalicelib.adapters.oidc.provider" in loaded
