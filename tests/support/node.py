"""Node, for what can only be tried in its language."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

_STAMP = "node_modules/.installed"


def node_with_packages(folder: Path) -> str:
    """Return Node once the packages of ``folder`` are installed.

    Without Node the test is left out, but not in CI.
    """
    node, npm = node_or_skip(), _program("npm")
    install_packages(folder, npm)
    return node


def install_packages(folder: Path, npm: str) -> None:
    """Install what the lock file of ``folder`` names, unless it is installed.

    Tests run in several processes, and ``npm ci`` removes the packages before it installs them.
    """
    with (folder / "package-lock.json").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = hashlib.sha256(lock.read() + (folder / "package.json").read_bytes()).hexdigest()
        stamp = folder / _STAMP
        if stamp.exists() and stamp.read_text() == wanted:
            return
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=180)
        stamp.write_text(wanted)


def node_or_skip() -> str:
    """Return Node. Without it the test is left out, but not in CI."""
    return _program("node")


def node_is_missing() -> bool:
    """Return whether tests in Node are left out here. CI must have it."""
    return not (os.environ.get("CI") or (shutil.which("node") and shutil.which("npm")))


def _program(name: str) -> str:
    found = shutil.which(name)
    if found:
        return found
    reason = f"{name} is missing here: install Node and npm (Debian, Ubuntu: apt-get install nodejs npm)"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
