"""Node, for what can only be tried in its language."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def node_with_packages(folder: Path) -> str:
    """Return Node once the packages of ``folder`` are installed.

    Without Node the test is left out, but not in CI.
    """
    node, npm = node_or_skip(), _program("npm")
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=180)
    return node


def node_or_skip() -> str:
    """Return Node. Without it the test is left out, but not in CI."""
    return _program("node")


def _program(name: str) -> str:
    found = shutil.which(name)
    if found:
        return found
    reason = f"{name} is missing here: install Node and npm (Debian, Ubuntu: apt-get install nodejs npm)"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
