"""The OpenAPI document: valid, whole, right where it is served, and true to what the service says."""

import json
import tomllib
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from app import app
from chalicelib import __version__
from chalicelib.bootstrap import OpenService
from chalicelib.domain import errors
from chalicelib.domain.reasons import SignInReason
from chalicelib.handlers.docs import texts
from chalicelib.handlers.http import problems
from chalicelib.handlers.http.operations import documented
from chalicelib.handlers.oauth.errors import oauth_error
from infra.local.template import PROJECT_ROOT, gateway_responses, read_template
from tests.openapi.events import event
from tests.support.api import Api, api_of
from tests.support.service import MemoryService

# Routes of the page, which people visit and no program calls, each with why it is no operation.
LEFT_OUT = {
    ("GET", "/"): "leads to the page",
    ("GET", "/settings/api-tokens"): "the page",
    ("GET", "/login"): "sends the browser to the provider",
    ("GET", "/login/callback"): "where the provider sends the browser back",
    ("POST", "/logout"): "ends the page's session; means nothing to others",
    ("GET", "/signed-out"): "a page",
    ("GET", "/assets/{version}/{name}"): "files of the pages",
    ("GET", "/docs"): "the reference for people",
}


@pytest.fixture
def document(api: Api) -> dict[str, Any]:
    """Return the document."""
    read: dict[str, Any] = api.get("/openapi.json").json
    return read


def operations_of(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the operations by method and path."""
    return {
        (method.upper(), path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_document_is_valid(document: dict[str, Any]) -> None:
    """It is OpenAPI 3.1, references, examples and defaults included."""
    assert document["openapi"] == "3.1.0"
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_every_route_is_documented_or_left_out_for_a_reason(document: dict[str, Any]) -> None:
    """A new route must be an operation, or be listed here with why it is none."""
    from app import app

    # OpenAPI has no greedy parameters, so there they look like all others.
    written = {path: path.replace("+}", "}") for path in app.routes}
    routed = {(method, written[path]) for path, methods in app.routes.items() for method in methods}
    # HEAD answers like GET (RFC 9110 section 9.3.2), so the document lists GET alone.
    heads = {(method, path) for method, path in routed if method == "HEAD"}
    assert {("GET", path) for _, path in heads} <= routed
    assert set(operations_of(document)) == routed - heads - set(LEFT_OUT)
    assert set(LEFT_OUT) <= routed


def test_body_is_required_unless_all_its_members_are_optional(document: dict[str, Any]) -> None:
    """A change needs a body all the same, because an absent one would change nothing."""
    bodies = {
        key: each["requestBody"] for key, each in operations_of(document).items() if "requestBody" in each
    }
    assert {path for (_, path), body in bodies.items() if not body["required"]} == {
        "/v1/tokens",
        "/v1/tokens/{token_id}/rotate",
        "/v1/tokens/self/rotate",
        "/api/echo",
    }
    for (method, _), body in bodies.items():
        (content,) = body["content"].values()
        schema = document["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
        assert body["required"] is (method == "PATCH" or bool(schema.get("required")))


def test_document_has_the_version_of_the_project(document: dict[str, Any]) -> None:
    """The project's own manifest takes it from the same place."""
    manifest = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text())
    assert document["info"]["version"] == __version__
    assert manifest["project"]["dynamic"] == ["version"]
    assert manifest["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "chalicelib.__version__"}


def test_everything_is_said_in_words(document: dict[str, Any]) -> None:
    """Operations, tags, parameters, answers and definitions all say what they are."""
    for (method, path), operation in operations_of(document).items():
        assert operation["summary"], (method, path)
        assert all(each["description"] for each in operation.get("parameters", ()))
        assert all(each["description"] for each in operation["responses"].values())
        assert {tag["name"] for tag in document["tags"]} >= set(operation["tags"])
    assert all(schema.get("description") for schema in named(document))


def named(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the definitions that are more than a list of values."""
    schemas: dict[str, dict[str, Any]] = document["components"]["schemas"]
    return [schema for schema in schemas.values() if schema["type"] == "object"]


def test_nothing_is_defined_that_nothing_uses(document: dict[str, Any]) -> None:
    """Every component is referred to, and every reference leads to one."""
    text = json.dumps(document)
    for kind in ("schemas", "headers"):
        for name in document["components"][kind]:
            used = f'"#/components/{kind}/{name}"' in text
            assert used, f"{kind}/{name}"
    schemes = {
        name for each in operations_of(document).values() for one in each["security"] for name in one
    }
    assert set(document["components"]["securitySchemes"]) == schemes


def test_errors_are_those_of_the_operation(document: dict[str, Any]) -> None:
    """Each error that an operation may raise stands under its status, with its code."""
    written = operations_of(document)
    for each in documented():
        responses = written[each.operation.method, each.operation.documented_path]["responses"]
        for kind in each.operation.all_raises:
            status = str(each.operation.rendering.status_of_kind(kind).value)
            content = responses[status]["content"][each.operation.rendering.media_type]
            codes = content["schema"]["properties"][each.operation.rendering.code_member]["enum"]
            assert each.operation.rendering.code_of_kind(kind) in codes


def test_bounds_of_a_body_are_said(document: dict[str, Any]) -> None:
    """JSON has a size, a number of values and a depth; a form has a size."""
    operations = operations_of(document)
    json_body = "At most 16384 bytes. At most 1000 values, nested at most 8 deep."
    assert operations["POST", "/v1/tokens"]["requestBody"]["description"] == json_body
    form = operations["POST", "/oauth2/token"]["requestBody"]
    assert form["description"] == "At most 32768 bytes."


def test_error_codes_and_headers_of_one_operation(document: dict[str, Any]) -> None:
    """One operation in full, as a reader meets it."""
    responses = operations_of(document)["POST", "/v1/tokens"]["responses"]
    problem = responses["409"]["content"]["application/problem+json"]["schema"]
    assert problem["$ref"] == "#/components/schemas/Problem"
    codes = {"tokens_unavailable", "token_limit_reached", "already_created", "concurrent_change"}
    assert set(problem["properties"]["code"]["enum"]) == codes
    assert set(responses["201"]["headers"]) == {"ETag", "Location"}
    assert set(responses["401"]["headers"]) == {"WWW-Authenticate", "Retry-After"}
    assert set(responses["403"]["headers"]) == {"Retry-After"}
    assert set(responses["429"]["headers"]) == {"Retry-After"}
    assert set(responses["503"]["headers"]) == {"Retry-After"}
    errors = {"400", "401", "403", "409", "412", "413", "415", "422", "429", "500", "503"}
    assert set(responses) == {"201", *errors}


NOT_CURRENT = errors.SignInRefused(SignInReason.KEYS_NOT_CURRENT, retry_after=timedelta(seconds=5))
BUILT: dict[type[errors.ApiTokensError], Callable[[None], errors.ApiTokensError]] = {
    errors.TooManyCreations: lambda _: errors.TooManyCreations(500, timedelta(hours=1)),
    errors.ReactivationLimitReached: lambda _: errors.ReactivationLimitReached(1, timedelta(hours=1)),
    errors.TooManyChanges: lambda _: errors.TooManyChanges(1, timedelta(hours=1)),
    errors.SignInRefused: lambda _: NOT_CURRENT,
    errors.InvalidSubjectToken: lambda _: errors.InvalidSubjectToken(refusal=NOT_CURRENT),
}


@pytest.mark.parametrize("kind", list(texts.ERROR_HEADERS))
def test_headers_of_errors_are_those_that_are_sent(kind: type[errors.ApiTokensError]) -> None:
    """The document names the headers that the renderers of errors set."""
    error = BUILT.get(kind, kind)(None)
    render = oauth_error if kind is errors.InvalidSubjectToken else problems.problem
    assert texts.ERROR_HEADERS[kind] in render(error).headers


def test_every_operation_says_that_the_gateway_may_throttle_it(document: dict[str, Any]) -> None:
    """API Gateway answers in its own words, which the template and the document have in common."""
    answers = {each["ResponseType"]: each for each in gateway_responses(read_template())}
    answer = answers["THROTTLED"]
    said = json.loads(answer["ResponseTemplates"]["application/json"])
    assert {said["code"]: said["detail"]} == texts.THROTTLED
    for key, operation in operations_of(document).items():
        throttled = operation["responses"]["429"]
        problem = throttled["content"]["application/problem+json"]["schema"]
        assert said["code"] in problem["properties"]["code"]["enum"], key
        assert set(throttled["headers"]) == {"Retry-After"}, key


def test_operations_behind_the_authorizer_say_that_the_gateway_may_refuse(document: dict[str, Any]) -> None:
    """Its response is static, so the code does not name a scope. The view's own response does."""
    answers = {each["ResponseType"]: each for each in gateway_responses(read_template())}
    said = json.loads(answers["ACCESS_DENIED"]["ResponseTemplates"]["application/json"])
    assert {said["code"]: said["detail"]} == texts.DENIED
    for key, operation in operations_of(document).items():
        refused = operation["responses"].get("403", {"content": {}})["content"].values()
        members = [each["schema"]["properties"] for each in refused]
        guarded = [each["code"]["enum"] for each in members if said["code"] in each["code"]["enum"]]
        behind = key in {("GET", "/api/whoami"), ("POST", "/api/echo")}
        assert guarded == ([["insufficient_scope", "forbidden"]] if behind else []), key


def test_own_429_stands_beside_the_gateways(document: dict[str, Any]) -> None:
    """A create has both codes in one body; OAuth endpoints have bodies of their own."""
    operations = operations_of(document)
    created = operations["POST", "/v1/tokens"]["responses"]["429"]["content"]
    (problem,) = created.values()
    assert problem["schema"]["properties"]["code"]["enum"] == ["too_many_creations", "too_many_requests"]
    exchanged = operations["POST", "/oauth2/token"]["responses"]["429"]["content"]
    assert exchanged["application/json"]["schema"]["properties"]["error"]["enum"] == [
        "temporarily_unavailable"
    ]
    assert exchanged["application/problem+json"]["schema"]["properties"]["code"]["enum"] == [
        "too_many_requests"
    ]


def test_every_array_is_bounded(document: dict[str, Any]) -> None:
    """Clients and gateways allocate by these bounds."""
    arrays = [each for each in nodes(document) if each.get("type") == "array"]
    assert len(arrays) > 15
    assert [each for each in arrays if not each.get("maxItems")] == []


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Return every object of a document."""
    if isinstance(value, dict):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nodes(each)


def test_scopes_are_those_of_the_service() -> None:
    """The document lists the scopes as they are configured; no type enumerates them."""
    scopes = {"SCOPES": json.dumps(SCOPES)}
    with api_of(MemoryService(scopes)) as api:
        scope = api.get("/openapi.json").json["components"]["schemas"]["Scope"]
    assert scope["enum"] == ["orders:read", "orders:write"]
    assert "`orders:read`: Read orders" in scope["description"]


SCOPES = {
    "orders:read": {"description": "Read orders", "opens": ["GET /orders"]},
    "orders:write": {"description": "Change orders", "opens": ["* /orders/*"]},
}


@pytest.mark.parametrize("path", ["/openapi.json", "/dev/openapi.json"])
@pytest.mark.parametrize("host", ["api.example.com", "attacker.example.net", "127.0.0.1:8000", ""])
def test_server_is_the_issuer_whatever_the_host(path: str, host: str) -> None:
    """A caller's Host never reaches a document that others may get from a cache."""
    service = MemoryService({"ISSUER": "https://api.example.com/dev/"})
    with api_of(service):
        answer = app(event("/openapi.json", path) | {"headers": {"Host": host}}, None)
    document = json.loads(answer["body"])
    assert document["servers"] == [{"url": "https://api.example.com/dev"}]
    assert document["components"]["securitySchemes"]["session"]["name"] == "__Host-bodhi_session"


@pytest.mark.parametrize(("path", "server"), [("/openapi.json", "/"), ("/dev/openapi.json", "/dev")])
def test_server_in_open_mode_is_the_path_alone(path: str, server: str) -> None:
    """Open mode needs no ``ISSUER``, so its documents name no host."""
    with api_of(OpenService()):
        answer = app(event("/openapi.json", path), None)
        page = app(event("/docs", path.replace("openapi.json", "docs")), None)
    assert json.loads(answer["body"])["servers"] == [{"url": server}]
    assert "api.example.com" not in page["body"]
    assert f"&quot;$URL&quot;{server.rstrip('/')}/v1/me" in page["body"]
