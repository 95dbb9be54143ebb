"""schemathesis calls every operation of the document, as it should be called and as it should not."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from infra.aws.operate.resource_server import definition
from infra.local.template import PROJECT_ROOT
from tests.support.local_stack import LocalStack

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]

SETTINGS = Path(__file__).with_name("schemathesis.toml")
CLIENT = {"CLIENT_ID": "orders", "CLIENT_SECRET": "correct-horse-battery-staple-in-a-test"}
EXAMPLES_PER_OPERATION = 10
TIMEOUT_SECONDS = 300


@pytest.fixture(scope="module")
def stack() -> Iterator[LocalStack]:
    """Run a stack of its own: what is called may revoke and remove whatever it finds."""
    server = definition(CLIENT["CLIENT_ID"], CLIENT["CLIENT_SECRET"])
    limits = {"MAX_TOKENS_PER_USER": "10000", "MAX_CREATIONS_PER_DAY": "100000"}
    with LocalStack({"RESOURCE_SERVERS": json.dumps(server), **limits}) as stack:
        yield stack


@pytest.fixture(scope="module")
def credentials(stack: LocalStack) -> dict[str, str]:
    """Return an administrator's sign-in and API token, among people who may come to harm.

    Administrators cannot deactivate or remove themselves, so the sign-in works to the end.
    """
    for name in ("ada", "bob", "eve"):
        call(stack, "GET", "/v1/me", stack.login(f"{name}@example.com"))
    admin = stack.login("admin@example.com")
    token = call(stack, "POST", "/v1/tokens", admin)["token"]
    return {"SIGN_IN": admin, "API_TOKEN": token, **CLIENT}


def call(stack: LocalStack, method: str, path: str, bearer: str) -> dict[str, str]:
    """Call the stack and return what it says."""
    headers = {"Authorization": f"Bearer {bearer}"}
    body: dict[str, str] | None = {} if method == "POST" else None
    answer = requests.request(method, f"{stack.url}{path}", headers=headers, timeout=30, json=body)
    answer.raise_for_status()
    said: dict[str, str] = answer.json()
    return said


def test_service_keeps_its_contract(stack: LocalStack, credentials: dict[str, str]) -> None:
    """No answer is undocumented, no good request refused, no bad one accepted."""
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(SETTINGS)),
        *("run", f"{stack.url}/openapi.json", "--max-examples", str(EXAMPLES_PER_OPERATION)),
        *("--seed", "1", "--no-color"),
    ]
    ended = subprocess.run(
        command,
        cwd=PROJECT_ROOT,
        env={**os.environ, **credentials, "PYTHONPATH": str(PROJECT_ROOT)},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    said = ended.stdout + ended.stderr
    for name, secret in credentials.items():
        said = said.replace(secret, name)
    assert ended.returncode == 0, said
    assert "Unsupported regex" not in said, said
