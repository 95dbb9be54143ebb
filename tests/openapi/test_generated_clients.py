"""Clients that generators make of the document: every operation, and calls that work."""

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from tests.support.api import Api
from tests.support.node import node_with_packages
from tests.support.service import MemoryService

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
PACKAGE = "generated_client"

# Types of a request and of a response, as a program names them.
USE = """
import type { components, paths } from "./api.js";

type Change = paths["/v1/tokens/{token_id}"]["patch"];
export const headers: Change["parameters"]["header"] = { "If-Match": '"1"' };
export const body: Change["requestBody"]["content"]["application/json"] = { status: "inactive" };
export const token = (
  answer: Change["responses"][200]["content"]["application/json"],
): components["schemas"]["Token"] => answer;
type Throttled = paths["/oauth2/token"]["post"]["responses"][429]["content"];
export const codes: Throttled["application/problem+json"]["code"][] = ["too_many_requests"];
"""


class InProcess(httpx.BaseTransport):
    """Hands the requests of a client to the app of this process."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Call the app."""
        headers = {name.title(): value for name, value in request.headers.items()}
        path = request.url.raw_path.decode()
        answer = self._api.call(request.method, path, body=request.read() or None, headers=headers)
        return httpx.Response(answer.status, headers=dict(answer.headers), text=answer.text)


@pytest.fixture
def document(api: Api, tmp_path: Path) -> Path:
    """Return a file with the document."""
    path = tmp_path / "openapi.json"
    path.write_text(api.get("/openapi.json").text, encoding="utf-8")
    return path


@pytest.fixture
def client(document: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the folder of the client that openapi-python-client makes."""
    config, folder = document.parent / "config.json", document.parent / PACKAGE
    # Its formatters have nothing to do with what it makes.
    config.write_text(json.dumps({"post_hooks": []}))
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--fail-on-warning"]
    options: list[str | Path] = [
        "--meta",
        "none",
        "--path",
        document,
        "--output-path",
        folder,
        "--config",
        config,
    ]
    done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    monkeypatch.syspath_prepend(str(document.parent))
    yield folder
    for name in [each for each in sys.modules if each.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


def imported(folder: Path, operation: str) -> ModuleType:
    """Return the module of an operation."""
    (path,) = folder.glob(f"api/*/{operation}.py")
    return importlib.import_module(f"{PACKAGE}.api.{path.parent.name}.{operation}")


def test_python_client_has_every_operation(client: Path, document: Path) -> None:
    """The generator leaves out what it does not understand, with a warning."""
    paths = json.loads(document.read_text(encoding="utf-8"))["paths"].values()
    operations = [each["operationId"] for methods in paths for each in methods.values()]
    assert len(operations) > 20
    for operation in operations:
        assert callable(imported(client, operation).sync_detailed), operation


def test_python_client_works(client: Path, api: Api, service: MemoryService) -> None:
    """It creates, changes on a condition, exchanges, reports an error and revokes."""
    made: Any = importlib.import_module(PACKAGE)
    models: Any = importlib.import_module(f"{PACKAGE}.models")
    jwt = service.provider.sign_in("user@example.com")
    signed_in = made.AuthenticatedClient("http://localhost", token=jwt)
    signed_in.set_httpx_client(
        httpx.Client(
            base_url="http://localhost",
            headers={"Authorization": f"Bearer {jwt}"},
            transport=InProcess(api),
        )
    )

    create = models.CreateToken(name="nightly build", scopes=[models.Scope("api:read")])
    created = imported(client, "create_token").sync(client=signed_in, body=create, idempotency_key="1")
    change, pause = (
        imported(client, "change_token"),
        models.ChangeToken(status=models.OwnersStatus.INACTIVE),
    )
    paused = change.sync(created.id, client=signed_in, body=pause, if_match='"1"')
    stale = change.sync(created.id, client=signed_in, body=pause, if_match='"1"')
    page = imported(client, "list_tokens").sync(client=signed_in, limit=1)
    ended = imported(client, "revoke_token").sync_detailed(created.id, client=signed_in)

    assert created.token.startswith("bodhi_")
    assert (paused.id, paused.status) == (created.id, models.TokenStatus.INACTIVE)
    assert (stale.status, stale.code) == (412, "precondition_failed")
    assert [each.id for each in page.tokens] == [created.id]
    assert ended.status_code == 204


def test_typescript_types_compile_strictly(document: Path) -> None:
    """openapi-typescript makes them, and the compiler checks them as strictly as it can."""
    node = node_with_packages(HERE)
    packages, types = HERE / "node_modules", document.parent / "api.d.ts"
    (document.parent / "use.ts").write_text(USE)
    strict = ["--strict", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess", "--noEmit"]
    target = ["--target", "es2022", "--module", "nodenext", "--skipLibCheck", "false"]
    commands: list[list[str | Path]] = [
        [node, packages / "openapi-typescript/bin/cli.js", document, "--output", types],
        [node, packages / "typescript/bin/tsc", *strict, *target, types, document.parent / "use.ts"],
    ]
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=HERE)
        assert done.returncode == 0, done.stdout + done.stderr
