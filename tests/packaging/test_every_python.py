"""The package is built and started with every Python that this machine has and Lambda may run."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.aws.package.python_runtime import SUPPORTED, host_python
from tests.packaging.dynamodb_stub import DynamoDBStub, dynamodb_stub
from tests.packaging.optional_modules import run
from tests.packaging.pythons import built_with, environment, other_pythons

pytestmark = pytest.mark.slow

OTHERS = other_pythons()


CLIENTS = [{"AWS_LAMBDA_INITIALIZATION_TYPE": started} for started in ("snap-start", "on-demand")]


@pytest.fixture(scope="module")
def stub() -> Iterator[DynamoDBStub]:
    """Serve the same rows to every Python."""
    with dynamodb_stub() as stub:
        yield stub


@pytest.fixture(scope="module")
def expected(runnable: Path, stub: DynamoDBStub, handlers: list[str]) -> list[Any]:
    """Return the answers with this Python, by each client."""
    return [run(runnable, stub, handlers, **client)["answers"] for client in CLIENTS]


@pytest.mark.parametrize("name", [name for name in SUPPORTED if name != host_python()])
def test_package_of_another_python_answers_the_same(
    tmp_path: Path, stub: DynamoDBStub, expected: list[Any], handlers: list[str], name: str
) -> None:
    """Every function starts from its zip alone and answers as with this Python, by both clients."""
    if name not in OTHERS:
        pytest.skip(
            f"{name} is neither on the path nor in pyenv. Here: {host_python()}, {', '.join(OTHERS)}"
        )
    task = tmp_path / "task"
    with zipfile.ZipFile(built_with(environment(OTHERS[name], tmp_path), tmp_path / "build")) as packed:
        packed.extractall(task)
    for client, answers in zip(CLIENTS, expected, strict=True):
        found = run(task, stub, handlers, python=OTHERS[name], **client)
        assert found.get("answers", found) == answers
