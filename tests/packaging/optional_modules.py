"""Optional modules of the libraries that ship: finds them, and runs every function with them."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.packaging.dynamodb_stub import DynamoDBStub
from tests.packaging.fresh import ENVIRON, LAMBDA
from tests.support import events

_IMPORTING_CALLS = {"__import__", "find_loader", "find_spec", "import_module", "load_module"}

# A layer comes after the zip on Lambda's path, so stubs are asked last. A stub offers every name. What is
# made of it keeps what it was given, so that a signer made of it passes a request's headers on.
_PROGRAM = """
import importlib, importlib.machinery, json, sys, types

class Kind(type):
    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Anything

class Anything(metaclass=Kind):
    def __init__(self, *given, **named):
        self.__dict__.update(named, _given=given)

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Anything

    def __iter__(self):
        return iter(self._given[0] if self._given else ())

class Stub(types.ModuleType):
    __version__ = "99.0.0"

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Anything

class Layer:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in stubbed:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        return Stub(spec.name)

    def exec_module(self, module):
        pass

task, stubbed, layers, calls = json.loads(sys.argv[1])
sys.path[:] = [task, *sys.path, *layers]
sys.meta_path.append(Layer())

class Context:
    aws_request_id = "request-7"

    def get_remaining_time_in_millis(self):
        # The sweep finds its checkpoint and ends.
        return 0

answers = {}
for handler, event in calls:
    module, _, name = handler.rpartition(".")
    answer = answers[handler] = getattr(importlib.import_module(module), name)(event, Context())
    for context in (answer or {}).get("context", {}), (answer or {}).get("resolverContext", {}):
        # It follows the clock.
        if "idle_at" in context:
            context["idle_at"] = "later"

from chalicelib import bootstrap
from chalicelib.adapters import aws
import botocore.exceptions

def refused(call, **parameters):
    try:
        call(**parameters)
    except botocore.exceptions.BotoCoreError as error:
        return type(error).__name__

answers["kms"] = refused(bootstrap.current().kms.get_public_key, KeyId="alias/x")
rest, http = aws.rest_apis_client(), aws.http_apis_client()
answers["apigateway"] = refused(rest.flush_stage_authorizers_cache, restApiId="x", stageName="y")
answers["events"] = refused(aws.event_bridge_client().put_events, Entries=[{"Source": "x"}])
answers["apigatewayv2"] = refused(http.reset_authorizers_cache, ApiId="x", StageName="y")
loaded = sorted(name for name in stubbed if name in sys.modules)
print(json.dumps({"answers": answers, "from": bootstrap.__file__, "loaded": loaded}))
"""
_NOTHING_ANSWERS = "http://127.0.0.1:9"


def named_modules(task: Path) -> set[str]:
    """Return the top-level modules that a library in the zip names and the zip does not have.

    Each library is read as it ships and as a whole: a source that was left out may name one too.
    """
    shipped = {path.name.partition(".")[0] for path in task.iterdir()}
    sources = [*task.rglob("*.py"), *(source for name in shipped for source in _whole_library(name))]
    named = {module for source in sources for module, _ in _imports(source) if module}
    return named - shipped - sys.stdlib_module_names


def _whole_library(name: str) -> Iterator[Path]:
    """Yield the sources of an installed library; Chalice itself picks the few of its own that ship."""
    spec = find_spec(name) if name.isidentifier() and name not in {"chalice", "chalicelib"} else None
    for folder in (spec and spec.submodule_search_locations) or ():
        yield from Path(folder).rglob("*.py")


def computed_imports(task: Path) -> set[str]:
    """Return the sources that import a module by a name that is not written there."""
    return {
        source.relative_to(task).as_posix()
        for source in task.rglob("*.py")
        for module, computed in _imports(source)
        if computed
    }


def _imports(source: Path) -> Iterator[tuple[str, bool]]:
    """Yield each top-level module that a source imports, and whether the name is computed."""
    for node in ast.walk(ast.parse(source.read_bytes())):
        if isinstance(node, ast.Import):
            yield from ((each.name.partition(".")[0], False) for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0], False
        elif isinstance(node, ast.Call) and _called(node) in _IMPORTING_CALLS and node.args:
            name = node.args[0]
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                yield name.value.partition(".")[0], False
            else:
                yield "", True


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def is_installed(module: str) -> bool:
    """Whether the tests' environment has a module."""
    return find_spec(module) is not None


def first_calls(stub: DynamoDBStub, handlers: Sequence[str]) -> list[tuple[str, Any]]:
    """Return a first event for each function."""
    header = f"Bearer {stub.token}"
    known = {
        "app": _api_call(),
        "api_token_authorizer": events.rest_token(header),
        "rest_request_authorizer": events.rest_request(header),
        "http_api_authorizer": events.http_api(header),
        "websocket_authorizer": events.websocket(header),
        "appsync_authorizer": events.appsync(stub.token),
        "flush_authorizer_caches": {"Records": []},
        "publish_events": {"Records": []},
        "sweep_tokens": {},
    }
    return [(handler, known[handler.rpartition(".")[2]]) for handler in handlers]


def _api_call() -> dict[str, Any]:
    path = "/.well-known/jwks.json"
    request = {"httpMethod": "GET", "resourcePath": path, "path": path, "requestId": "gateway-7"}
    return {
        "requestContext": request,
        "headers": {},
        "multiValueQueryStringParameters": None,
        "pathParameters": {},
        "stageVariables": None,
        "body": None,
    }


def run(
    task: Path,
    stub: DynamoDBStub,
    handlers: Sequence[str],
    *,
    stubbed: Sequence[str] = (),
    layers: Sequence[str] = (),
    python: str = sys.executable,
    **environ: str,
) -> dict[str, Any]:
    """Call every function in a process that sees the zip, the layers and the stubs, and nothing else.

    Return the answers and the stubs that were imported. Return what the process says instead if it ends
    otherwise.
    """
    endpoints = {
        "AWS_ENDPOINT_URL_DYNAMODB": stub.url,
        "AWS_ENDPOINT_URL_KMS": _NOTHING_ANSWERS,
        "AWS_ENDPOINT_URL_API_GATEWAY": _NOTHING_ANSWERS,
        "AWS_ENDPOINT_URL_APIGATEWAYV2": _NOTHING_ANSWERS,
        "AWS_ENDPOINT_URL_EVENTBRIDGE": _NOTHING_ANSWERS,
    }
    given = json.dumps([str(task), list(stubbed), list(layers), first_calls(stub, handlers)])
    done = subprocess.run(
        [python, "-I", "-S", "-B", "-W", "error", "-c", _PROGRAM, given],
        env={**LAMBDA, **ENVIRON, **endpoints, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode:
        return {"ended": done.stderr}
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result
