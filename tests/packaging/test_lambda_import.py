"""Every deployed function, imported and called as Lambda does it: in a process of its own."""

import ast
import json
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import packages_distributions, requires
from typing import Any

import pytest

from chalicelib.domain.tokens import TokenState
from tests.packaging.dynamodb_stub import dynamodb_stub
from tests.packaging.fresh import ENVIRON, ROOT, result_of, start
from tests.security.victim import METHOD_ARN
from tests.support.api import Api
from tests.support.service import MemoryService

AUTHORIZER = "chalicelib.handlers.authorizer.api_token_authorizer"

FRONT_DOORS = {
    f"chalicelib.handlers.front_doors.{name}"
    for name in (
        "rest_request_authorizer",
        "http_api_authorizer",
        "websocket_authorizer",
        "appsync_authorizer",
    )
}

FLUSHER = "chalicelib.handlers.flush.flush_authorizer_caches"
PUBLISHER = "chalicelib.handlers.events.publish_events"
SWEEPER = "chalicelib.handlers.sweep.sweep_tokens"

# What the start of the authorizer loads besides the standard library, and a decision no more.
THIRD_PARTY = ["_cffi_backend", "cryptography"]
# The same where only the SDK can make the calls.
THIRD_PARTY_BY_THE_SDK = [
    "_cffi_backend",
    "boto3",
    "botocore",
    "certifi",
    "cryptography",
    "dateutil",
    "jmespath",
    "s3transfer",
    "six",
    "urllib3",
]
# Modules that cost a cold start what no decision needs.
NEVER_BY_A_DECISION = [
    "dataclasses",
    "inspect",
    "boto3",
    "botocore",
    "s3transfer",
    "urllib3",
    "certifi",
    "moto",
    "app",
    "msgspec",
    "chalice",
    "jwt",
    "chalicelib.adapters.access_token",
    "chalicelib.adapters.api_gateway",
    "chalicelib.adapters.client_assertion",
    "chalicelib.adapters.dynamodb.assertion_store",
    "chalicelib.adapters.kms",
    "chalicelib.adapters.oidc.provider",
    "chalicelib.adapters.oidc.claims",
    "chalicelib.adapters.oidc.documents",
    "chalicelib.adapters.oidc.http",
    "chalicelib.adapters.oidc.kept_connections",
    "chalicelib.adapters.oidc.keys",
    "chalicelib.adapters.oidc.reloads",
    "chalicelib.adapters.dynamodb.counts",
    "chalicelib.adapters.dynamodb.flush_store",
    "chalicelib.adapters.dynamodb.rotation_store",
    "chalicelib.adapters.dynamodb.stream",
    "chalicelib.adapters.dynamodb.sweep_store",
    "chalicelib.adapters.dynamodb.token_index",
    "chalicelib.adapters.dynamodb.token_store",
    "chalicelib.adapters.dynamodb.user_store",
    "chalicelib.domain.rotation",
    "chalicelib.domain.lines",
    "chalicelib.domain.sessions",
    # Ports are types. At run time nothing asks for them.
    "chalicelib.domain.ports",
    "chalicelib.bootstrap.parts",
    "chalicelib.settings.client_definitions",
    "chalicelib.domain.changes",
    "chalicelib.domain.flush_budget",
    "chalicelib.domain.network_lists",
    "chalicelib.domain.clients",
    "chalicelib.settings.endpoints",
    "chalicelib.domain.text",
    "chalicelib.domain.unicode_table",
    "chalicelib.bootstrap.oauth",
    "chalicelib.services.accounts",
    "chalicelib.services.clients",
    "chalicelib.services.conflicts",
    "chalicelib.services.exchange",
    "chalicelib.services.introspect",
    "chalicelib.services.access_tokens",
    "chalicelib.services.lookup",
    "chalicelib.services.rotate",
    "chalicelib.services.shared_budget",
    "chalicelib.services.flush",
    "chalicelib.services.notices",
    "chalicelib.services.sweep",
    "chalicelib.domain.notices",
    "chalicelib.domain.walks",
    "chalicelib.services.issue",
    "chalicelib.services.lines",
    "chalicelib.services.listing",
    "chalicelib.services.manage",
    "chalicelib.services.refused_uses",
    "chalicelib.services.reuse",
    "chalicelib.services.revocation",
    "chalicelib.services.self_service",
    "chalicelib.services.users",
    "chalicelib.handlers.chalice_functions",
    "chalicelib.handlers.v1.inputs",
    "chalicelib.handlers.oauth.endpoints",
    "chalicelib.handlers.http.cookies",
    "chalicelib.handlers.http.credentials",
    "chalicelib.handlers.http.middleware",
    "chalicelib.handlers.http.operations",
    "chalicelib.handlers.http.pages",
    "chalicelib.handlers.oauth.well_known",
    "chalicelib.handlers.http.problems",
    "chalicelib.handlers.http.requests",
    "chalicelib.handlers.http.responses",
    "chalicelib.handlers.http.site",
    "chalicelib.handlers.http.wire",
    "chalicelib.handlers.v1.rendering",
    "chalicelib.handlers.v1.resources",
    "chalicelib.handlers.v1.own_account",
    "chalicelib.handlers.v1.tokens",
    "chalicelib.handlers.v1.users",
    "chalicelib.handlers.v1.sample_api",
    "infra",
    "tests",
]

AUTHORIZE = """
    import importlib, json, os, sys

    started_with = set(sys.modules)

    def third_party():
        tops = {name.partition(".")[0] for name in set(sys.modules) - started_with}
        return sorted(t for t in tops if t not in sys.stdlib_module_names and t != "chalicelib")

    class Context:
        aws_request_id = "request-7"

    module = importlib.import_module("chalicelib.handlers.authorizer")
    at_import = {"third_party": third_party(), "modules": sorted(sys.modules)}
    header = "Bearer " + os.environ["CREDENTIAL"]
    event = {"methodArn": os.environ["METHOD_ARN"]}
    if os.environ.get("EVENT_TYPE") == "TOKEN":
        event |= {"type": "TOKEN", "authorizationToken": header}
    else:
        event |= {"type": "REQUEST", "headers": {"Authorization": header},
                  "multiValueHeaders": {"Authorization": [header]},
                  "requestContext": {"identity": {"sourceIp": "192.0.2.1", "userAgent": "curl/8.7.1"}}}
    try:
        answer = module.api_token_authorizer(event, Context())
    except Exception as error:
        answer = [type(error).__name__, str(error)]
    at_decision = {"third_party": third_party(), "modules": sorted(sys.modules)}
    print(json.dumps({"answer": answer, "at_import": at_import, "at_decision": at_decision}))
"""


def decided(state: TokenState = TokenState.ACTIVE, **environ: str) -> dict[str, Any]:
    """Return what one process of the authorizer loaded, said and asked for a genuine token."""
    with dynamodb_stub(state=state) as stub:
        where = {
            "_HANDLER": AUTHORIZER,
            "AWS_ENDPOINT_URL": stub.url,
            "CREDENTIAL": stub.token,
            "METHOD_ARN": METHOD_ARN,
        }
        ended = start(AUTHORIZE, ENVIRON | where | environ)
        assert ended.returncode == 0, ended.stderr
        *lines, result = ended.stdout.splitlines()
        return {
            **json.loads(result),
            "lines": lines,
            "output": "\n".join(lines) + ended.stderr,
            "stub": stub,
        }


@pytest.fixture(scope="module")
def decision() -> dict[str, Any]:
    """Return a decision in a plain Lambda function."""
    return decided()


@pytest.fixture(scope="module")
def decision_by_the_sdk() -> dict[str, Any]:
    """Return a decision where credentials are refreshed, as with SnapStart."""
    return decided(AWS_LAMBDA_INITIALIZATION_TYPE="snap-start")


@pytest.fixture(scope="module")
def decision_by_token_event() -> dict[str, Any]:
    """Return a decision for an API that attached the function as TOKEN authorizer."""
    return decided(EVENT_TYPE="TOKEN")


def refused(credential: str, **environ: str) -> Any:
    """Return what a fresh authorizer says to a credential, with no AWS to reach."""
    where = {
        "_HANDLER": AUTHORIZER,
        "CREDENTIAL": credential,
        "METHOD_ARN": METHOD_ARN,
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    }
    return result_of(AUTHORIZE, ENVIRON | where | environ)


@pytest.mark.parametrize("client", ["decision", "decision_by_the_sdk", "decision_by_token_event"])
def test_authorizer_decides_alone(request: pytest.FixtureRequest, client: str) -> None:
    """The authorizer's module needs nothing but its settings and DynamoDB: keys, one read, one write."""
    decision: dict[str, Any] = request.getfixturevalue(client)
    stub = decision["stub"]
    # The use moves this deadline by the clock of the other process.
    idle_at = int(decision["answer"]["context"].pop("idle_at"))
    assert 0 <= datetime.now(UTC).timestamp() + 30 * 86_400 - idle_at < 3600
    assert decision["answer"] == {
        "context": {
            "user_id": stub.user_id,
            "token_id": stub.token_id,
            "token_name": "ci",
            "scopes": "api:read api:write",
        },
        "principalId": stub.user_id,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Action": "execute-api:Invoke",
                    "Effect": "Allow",
                    "Resource": ["arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/dev/*/*"],
                }
            ],
        },
    }
    assert stub.calls == ["Query", "BatchGetItem", "UpdateItem"]


def test_authorizer_writes_one_line_in_its_own_process(decision: dict[str, Any]) -> None:
    """Logging works where app.py never ran, with Lambda's request id, and the token is not in it.

    The line of the start names the client.
    """
    start_line, line = decision["lines"]
    started = json.loads(start_line)
    assert (started["event"], started["client"], "because_of" in started) == (
        "dynamodb.client",
        "lean",
        False,
    )
    written = json.loads(line)
    assert (written["event"], written["outcome"], written["request_id"]) == (
        "authorize",
        "allowed",
        "request-7",
    )
    assert decision["stub"].token.rpartition(".")[2] not in decision["output"]


def test_start_loads_what_a_decision_needs(decision: dict[str, Any]) -> None:
    """What a cold start imports is pinned: no framework, no AWS SDK, no JWT library, no pools.

    All of it comes before the first call, where Lambda has more CPU for it.
    """
    assert libraries(decision["at_import"]) == libraries(decision["at_decision"]) == THIRD_PARTY


def test_both_events_load_the_same(
    decision: dict[str, Any], decision_by_token_event: dict[str, Any]
) -> None:
    """The caller's address loads no module of its own."""
    assert decision["at_decision"]["modules"] == decision_by_token_event["at_decision"]["modules"]


def test_refusal_that_is_recorded_loads_no_sdk() -> None:
    """The record of a refused use is the write of a use with other attributes. The caller waits for it."""
    decision = decided(TokenState.INACTIVE)
    assert decision["answer"] == ["Exception", "Unauthorized"]
    assert decision["stub"].calls == ["Query", "BatchGetItem", "UpdateItem"]
    assert libraries(decision["at_decision"]) == THIRD_PARTY
    assert "chalicelib.services.reuse" not in decision["at_decision"]["modules"]


def test_start_loads_the_sdk_where_only_that_will_do(decision_by_the_sdk: dict[str, Any]) -> None:
    """It comes at the start too."""
    loaded = decision_by_the_sdk
    assert libraries(loaded["at_import"]) == libraries(loaded["at_decision"]) == THIRD_PARTY_BY_THE_SDK


def libraries(loaded: dict[str, Any]) -> list[str]:
    """Return the libraries.

    The compiled half of one has a name of its own on some systems. ``__mp_main__`` is multiprocessing's
    second name of the script.
    """
    return [name for name in loaded["third_party"] if name not in {"_openssl", "__mp_main__"}]


def test_other_functions_build_nothing_at_their_start() -> None:
    """They import the authorizer too, and may never decide anything."""
    script = "import chalicelib.handlers.authorizer, json, sys; print(json.dumps(sorted(sys.modules)))"
    loaded = result_of(script, ENVIRON | {"_HANDLER": "app.app"})
    assert {"cryptography", "botocore", "http.client"}.isdisjoint(loaded)


@pytest.mark.parametrize("name", NEVER_BY_A_DECISION)
def test_decision_never_loads(decision: dict[str, Any], name: str) -> None:
    """Issuing, listing, signing in and their libraries are no part of the authorizer."""
    modules = decision["at_decision"]["modules"]
    assert [m for m in modules if m == name or m.startswith(f"{name}.")] == []


def test_authorizer_refuses_garbage_with_nothing_to_reach() -> None:
    """A string of no form is refused at once, although no AWS answers."""
    assert refused("bodhi_" + "A" * 20 + ".e30." + "A" * 86)["answer"] == ["Exception", "Unauthorized"]


def test_authorizer_fails_closed_when_nothing_answers() -> None:
    """A string of the right form that cannot be checked is an error (500), not a refusal."""
    with dynamodb_stub() as stub:
        token = stub.token
    error, text = refused(token)["answer"]
    assert (error, "Unauthorized" in text) == ("StoreUnavailable", False)


@pytest.mark.parametrize(("seconds", "ttl"), [("", 30), ("0", 0), ("3600", 3600)])
def test_cache_ttl_follows_the_setting(seconds: str, ttl: int) -> None:
    """API Gateway caches for AUTHORIZER_CACHE_SECONDS, zero included."""
    environ = ENVIRON | ({"AUTHORIZER_CACHE_SECONDS": seconds} if seconds else {})
    script = """
        from app import app
        print([handler.ttl_seconds for handler in app.builtin_auth_handlers])
    """
    assert result_of(script, environ) == [ttl]


DEPLOYED = [
    "app",
    "chalicelib.handlers.authorizer",
    "chalicelib.handlers.front_doors",
    "chalicelib.handlers.flush",
]


@pytest.mark.parametrize("module", DEPLOYED)
def test_import_of_a_deployed_module_starts_the_service_once(module: str) -> None:
    """Open mode warns at its start, so the warnings are the starts."""
    ended = start(f"import {module}", {"AUTH_MODE": "none"})
    assert ended.returncode == 0, ended.stderr
    assert [json.loads(line)["event"] for line in ended.stdout.splitlines()] == ["authentication_disabled"]


def test_import_of_floor_and_fronts_starts_nothing() -> None:
    """No setting is read: the sample API alone has a shape that depends on one."""
    rooms = [ROOT / "chalicelib" / "handlers" / room for room in ("http", "v1", "oauth", "docs", "page")]
    paths = [path.relative_to(ROOT).with_suffix("") for room in rooms for path in sorted(room.glob("*.py"))]
    modules = [".".join(path.parts) for path in paths if path.name != "sample_api"]
    assert len(modules) > 30
    script = f"""
        import importlib
        for name in {modules}:
            importlib.import_module(name)
    """
    ended = start(script, {"STAGE": "prod", "AUTH_MODE": "none", "AUTHORIZER_CACHE_SECONDS": "7200"})
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


@pytest.mark.parametrize("module", DEPLOYED)
def test_start_names_every_missing_setting(module: str) -> None:
    """Nothing starts without its settings, and one start names them all, each with an example."""
    ended = start(f"import importlib; importlib.import_module('{module}')", {})
    assert ended.returncode != 0
    for name in ENVIRON:
        assert f"{name} is missing, for example {name}=" in ended.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TABLE_NAME", ""),
        ("OIDC_ISSUER", "http://login.example.com"),
        ("AUTHORIZER_CACHE_SECONDS", "3601"),
        ("IDLE_TIMEOUT_SECONDS", "soon"),
        ("LAST_USED_REFRESH_SECONDS", "2592000"),
        ("AUTH_MODE", "off"),
        ("LOG_LEVEL", "LOUD"),
    ],
)
def test_start_names_the_one_senseless_setting(name: str, value: str) -> None:
    """One wrong value stops the start with one line that names it and gives an example."""
    ended = start("import chalicelib.handlers.authorizer", ENVIRON | {name: value})
    assert ended.returncode != 0
    last = ended.stderr.splitlines()[-1]
    assert last.startswith(f"chalicelib.settings.reading.SettingsError: {name} ")
    assert f"for example {name}=" in last


def test_app_answers_as_lambda_calls_it() -> None:
    """``app.app`` serves an API Gateway event with nothing around it."""
    script = """
        import importlib, json, sys
        module = importlib.import_module("app")

        class Context:
            aws_request_id = "lambda-7"

        def call(method, path, headers=None, context=None):
            request = {"httpMethod": method, "resourcePath": path, "requestId": "gateway-7"}
            event = {"requestContext": {**request, "authorizer": context},
                     "headers": headers or {}, "multiValueQueryStringParameters": None,
                     "pathParameters": {}, "stageVariables": None, "body": None}
            answer = module.app(event, Context())
            return answer["statusCode"], answer["body"]

        caller = {"user_id": "usr_x", "token_id": "tok_x", "token_name": "ci", "scopes": "api:read"}
        print(json.dumps({
            "whoami": call("GET", "/api/whoami", context=caller),
            "me": call("GET", "/v1/me"),
            "token": call("GET", "/v1/tokens", {"Authorization": "Bearer bodhi_x"}),
            "loaded": sorted({"moto", "infra", "tests", "chalice.cli"} & set(sys.modules)),
        }))
    """
    answers = result_of(script)
    assert answers["whoami"][0] == 200
    assert json.loads(answers["whoami"][1])["token_id"] == "tok_x"
    assert (answers["me"][0], answers["token"][0]) == (401, 403)
    assert answers["loaded"] == []


def test_names_of_deployed_handlers_are_pinned() -> None:
    """Chalice deploys exactly these; a renamed module would break the authorizer in place."""
    from chalice.config import Config
    from chalice.deploy import models
    from chalice.deploy.appgraph import ApplicationGraphBuilder

    from app import app

    config = Config.create(
        chalice_app=app,
        project_dir=str(ROOT),
        app_name=app.app_name,
        chalice_stage="dev",
        manage_iam_role=False,
        iam_role_arn="arn:aws:iam::123456789012:role/x",
        lambda_functions={},
    )

    def functions(model: Any) -> Iterator[str]:
        if isinstance(model, models.LambdaFunction):
            yield model.handler
        for dependency in model.dependencies():
            yield from functions(dependency)

    resources = ApplicationGraphBuilder().build(config, "dev").resources
    assert {handler for resource in resources for handler in functions(resource)} == {
        "app.app",
        AUTHORIZER,
        *FRONT_DOORS,
        FLUSHER,
        PUBLISHER,
        SWEEPER,
    }
    assert [handler.handler_string for handler in app.builtin_auth_handlers] == [AUTHORIZER]


def test_protected_routes_have_the_authorizer_and_no_other_has() -> None:
    """Every route under /api stands behind the authorizer; management has its own sign-in."""
    from app import app

    guarded = {
        (method, path): getattr(route.authorizer, "name", None)
        for path, methods in app.routes.items()
        for method, route in methods.items()
    }
    assert {p for (_, p), name in guarded.items() if name == "api_token_authorizer"} == {
        path for path in app.routes if path.startswith("/api/")
    }
    assert {p for (_, p), name in guarded.items() if name is None} == {
        path for path in app.routes if not path.startswith("/api/")
    }


def test_handlers_do_not_replace_each_other() -> None:
    """Chalice's map of handlers is flat: a name used twice silently wins over the first."""
    from app import app

    # HEAD and GET of a path are one view.
    views = len({id(entry.view_function) for methods in app.routes.values() for entry in methods.values()})
    assert len(app.handler_map) == views + len(app.builtin_auth_handlers) + len(app.pure_lambda_functions)


def imported_by(source: str) -> set[str]:
    """Return the top-level modules that a source imports anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def test_what_is_deployed_imports_nothing_that_is_not() -> None:
    """Only app.py, chalicelib and the pinned requirements ship: no tests, no infra, no test tools."""
    sources = [ROOT / "app.py", *sorted((ROOT / "chalicelib").rglob("*.py"))]
    assert len(sources) > 30
    not_deployed = {
        "infra",
        "tests",
        "moto",
        "pytest",
        "hypothesis",
        "joserfc",
        "yaml",
        "authlib",
        "requests",
    }
    found = {str(path.relative_to(ROOT)): imported_by(path.read_text()) & not_deployed for path in sources}
    assert {path: names for path, names in found.items() if names} == {}


def test_what_is_imported_is_declared() -> None:
    """Each package that the code imports stands in requirements.in, and so does what boto3 requires."""
    packages = packages_distributions()
    sources = [ROOT / "app.py", *(ROOT / "chalicelib").rglob("*.py")]
    tops = set().union(*(run_by(path.read_text()) for path in sources)) - sys.stdlib_module_names
    # Chalice packs what runs of itself.
    imported = {packages[top][0] for top in tops - {"chalice", "chalicelib"}}
    stated = [each for each in requires("boto3") or [] if "extra" not in each]
    required = {re.split(r"[^\w-]", each)[0] for each in stated}
    lines = (ROOT / "requirements.in").read_text().splitlines()
    declared = {line for line in lines if not line.startswith("#")}
    assert {"boto3", "botocore", "cryptography"} <= imported
    assert {"botocore", "jmespath", "s3transfer"} <= required
    assert imported | required <= declared


def run_by(source: str) -> set[str]:
    """Return the top-level modules that a source imports when it runs: not those for a type checker."""
    tree = ast.parse(source)
    checked = {
        id(each)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for each in node.body
    }
    found = set()
    for node in ast.walk(tree):
        if id(node) not in checked and isinstance(node, ast.Import | ast.ImportFrom):
            found |= imported_by(ast.unparse(node))
    return found


def test_context_is_flat_strings(api: Api, service: MemoryService) -> None:
    """API Gateway carries strings only; lists, numbers and nulls are refused there or changed."""
    from chalicelib.handlers.authorizer import api_token_authorizer

    person = service.provider.sign_in("user@example.com")
    for members in ({}, {"name": "\u2713 \U0001f511", "expires_in_days": 1, "scopes": ["api:read"]}):
        token = api.create_token(person, **members)["token"]
        event = {"type": "TOKEN", "authorizationToken": f"Bearer {token}", "methodArn": METHOD_ARN}
        answer = api_token_authorizer(event, None)
        kinds = {type(value) for value in [*answer["context"].values(), answer["principalId"]]}
        assert kinds == {str}
