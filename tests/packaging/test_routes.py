"""Which function answers which path: the page's its own few, the API's all the others."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

import app
from chalicelib.handlers.page import routes as page
from infra.aws.package.functions import PAGE_PATHS

pytestmark = pytest.mark.slow

_INTEGRATION = "x-amazon-apigateway-integration"


def routes_of(definition: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """Return the logical id of the function behind each method and path."""
    found = {}
    for path, methods in definition["paths"].items():
        for method, called in methods.items():
            uri = called[_INTEGRATION]["uri"]["Fn::Sub"]
            (found[method.upper(), path],) = re.findall(r"functions/\$\{(\w+)\.Arn\}/invocations$", uri)
    return found


def test_every_route_of_the_app_is_there_and_no_other(definition: dict[str, Any]) -> None:
    """The reference page and the contract too."""
    expected = {(method, path) for path, methods in app.app.routes.items() for method in methods}
    assert routes_of(definition).keys() == expected
    assert {("GET", "/docs"), ("GET", "/openapi.json")} <= expected


def test_head_is_routed_to_the_function_that_answers_get(definition: dict[str, Any]) -> None:
    """The page, its files and the published documents answer HEAD."""
    routed = routes_of(definition)
    heads = {path for method, path in routed if method == "HEAD"}
    published = {path for path in definition["paths"] if path.startswith("/.well-known/")}
    pages = {
        "/",
        "/settings/api-tokens",
        "/signed-out",
        "/assets/{version}/{name}",
        "/docs",
        "/openapi.json",
    }
    assert heads == published | pages
    assert all(routed["HEAD", path] == routed["GET", path] for path in heads)


def test_page_function_answers_the_pages_paths_and_nothing_else(definition: dict[str, Any]) -> None:
    """What its module serves: it may not sign, so no call that signs may be led to it."""
    served = {
        (method, path)
        for path, methods in app.app.routes.items()
        for method, entry in methods.items()
        if entry.view_function.__module__ == page.__name__
    }
    routed = routes_of(definition)
    assert {route for route, function in routed.items() if function == "PageHandler"} == served
    assert {path for _, path in served} == PAGE_PATHS


def test_all_the_rest_is_the_apis(definition: dict[str, Any]) -> None:
    """`/docs` and `/openapi.json` among it, and both are open to everybody."""
    routed = routes_of(definition)
    assert set(routed.values()) == {"APIHandler", "PageHandler"}
    for path in ("/docs", "/openapi.json"):
        assert routed["GET", path] == "APIHandler"
        assert "security" not in definition["paths"][path]["get"]


def test_gateway_asks_the_authorizer_for_the_protected_api_alone(definition: dict[str, Any]) -> None:
    """Management calls take another credential, which the functions check themselves."""
    guarded = {p for p, methods in definition["paths"].items() for m in methods.values() if "security" in m}
    assert guarded == {"/api/whoami", "/api/echo"}


@pytest.mark.parametrize("function", ["APIHandler", "PageHandler"])
def test_gateway_may_invoke_both(resources: dict[str, Any], function: str) -> None:
    """For this API only."""
    granted = resources[f"{function}InvokePermission"]["Properties"]
    assert granted["FunctionName"] == {"Ref": function}
    assert granted["Principal"] == "apigateway.amazonaws.com"
    source, names = granted["SourceArn"]["Fn::Sub"]
    assert source.endswith(":execute-api:${AWS::Region}:${AWS::AccountId}:${RestAPIId}/*")
    assert names == {"RestAPIId": {"Ref": "RestAPI"}}


def test_functions_of_the_same_code_differ_in_what_they_may_do(resources: dict[str, Any]) -> None:
    """The page's is the API's function with another role and the provider's secret."""
    api, page_function = (resources[name]["Properties"] for name in ("APIHandler", "PageHandler"))
    different = {name for name in api | page_function if api.get(name) != page_function.get(name)}
    # The page waits for the OpenID provider longer than the API may take. Each has a cap of its own.
    assert different == {"Environment", "LoggingConfig", "ReservedConcurrentExecutions", "Role", "Timeout"}
