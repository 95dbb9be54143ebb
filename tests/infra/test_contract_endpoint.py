"""The contract suite at an endpoint that is named: the emulator, as DynamoDB Local or AWS would be."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.dynamodb import dynamodb_client
from tests.support.local_stack import Emulated, emulator

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def running() -> Iterator[Emulated]:
    """Return an emulator."""
    with emulator(("cloudformation", "dynamodb", "kms")) as emulated:
        yield emulated


def suite(endpoint: str, *arguments: str, **changes: str) -> tuple[int, str]:
    """Run tests of the contract at the endpoint; return the exit status and what was printed."""
    hidden = {"AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "PYTEST_ADDOPTS"}
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    account = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0", *arguments],
        env={**kept, **account, "CONTRACT_ENDPOINT": endpoint, **changes},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.emulator
def test_suite_runs_at_an_endpoint_and_leaves_nothing(running: Emulated) -> None:
    """Each test begins with an empty table, the lean client's too, and the table is gone in the end."""
    files = ("test_assertion_contract.py", "test_session_contract.py", "test_lean_contract.py")
    before = dynamodb_client(running.endpoint).list_tables()["TableNames"]

    status, told = suite(running.endpoint, *(f"tests/contract/{name}" for name in files))

    assert status == 0, told
    assert "skipped" not in told
    assert dynamodb_client(running.endpoint).list_tables()["TableNames"] == before


@pytest.mark.slow
@pytest.mark.emulator
def test_table_is_deleted_after_a_failure_too(running: Emulated, tmp_path: Path) -> None:
    """A run that fails, here in its first test, costs nothing afterwards."""
    before = dynamodb_client(running.endpoint).list_tables()["TableNames"]
    broken = "def pytest_runtest_call(item):\n    raise KeyboardInterrupt\n"
    (tmp_path / "breaks_off.py").write_text(broken)
    contract = "tests/contract/test_assertion_contract.py"

    status, told = suite(running.endpoint, "-p", "breaks_off", contract, PYTHONPATH=str(tmp_path))

    assert status == 2, told
    assert dynamodb_client(running.endpoint).list_tables()["TableNames"] == before


def test_other_tests_do_not_run_with_a_real_account() -> None:
    """They would call it by mistake."""
    status, told = suite("http://127.0.0.1:1", "tests/unit/test_logs.py")
    assert status == pytest.ExitCode.USAGE_ERROR, told
    assert "make test-contract" in told


def test_missing_region_is_named() -> None:
    """No region is guessed."""
    status, told = suite("http://127.0.0.1:1", "tests/contract", AWS_REGION="")
    assert status != 0
    assert "region" in told
