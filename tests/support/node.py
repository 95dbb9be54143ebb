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
    found, npm = shutil.which("node"), shutil.which("npm")
    if not (found and npm):
        reason = "no Node here: install it with npm (Debian, Ubuntu: apt-get install nodejs npm)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=180)
    return found
