"""Functions with and without the adapter."""

import os
from pathlib import Path

import pytest

from bodhi_tokens import adapter


@pytest.fixture
def behind_adapter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let this process look like a Lambda function with the adapter."""
    extension = tmp_path / "lambda-adapter"
    extension.touch()
    monkeypatch.setattr(adapter, "EXTENSION", extension)
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "orders")


def needs(package: str) -> None:
    """Leave the module's tests out without the framework, but not in CI."""
    if not os.environ.get("CI"):
        pytest.importorskip(package)
