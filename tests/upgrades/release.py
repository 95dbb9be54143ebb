"""The code of an earlier release, which runs alone over rows of this one."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.packaging.fresh import ROOT

V0_1 = "cb23d41"
"""The commit of release 0.1."""

# Reads each row with the release's code, and prints the result or the error.
_READ = """
import json, sys
from chalicelib.adapters.dynamodb import items, keys
readers = {
    "U#/#": items.read_user, "U#/T#": items.read_token, "U#/I#": items.read_idempotency,
    "U#/G#": items.read_generation, "L#/#": items.read_login, "S#/#": items.read_session,
    "FLUSHES/": items.read_flush, "KEYS/": items.read_signing_key,
    "ACCESS_TOKEN_KEYS/": items.read_signing_key,
}
def kind(row):
    pk, sk = row["pk"]["S"], row["sk"]["S"]
    if pk == "FLUSHES":
        # It reads the row of each stage by its name, and no other.
        return "FLUSHES/" if "/" in sk else "FLUSHES/other"
    if pk in ("KEYS", "ACCESS_TOKEN_KEYS"):
        return pk + "/" + ("#" if sk == "#" else "")
    return pk.partition("#")[0] + "#/" + (sk if sk == "#" else sk.partition("#")[0] + "#")
for row in json.load(sys.stdin):
    reader = readers.get(kind(row))
    try:
        read = repr(reader(row)) if reader else None
        print(json.dumps([kind(row), read, None]))
    except Exception as error:
        print(json.dumps([kind(row), None, repr(error)]))
"""


def unpacked(commit: str, path: str, folder: Path) -> None:
    """Unpack ``path`` of a commit. Skip the test if this checkout lacks the commit."""
    packed = subprocess.run(
        ["git", "-C", str(ROOT), "archive", commit, path], capture_output=True, check=False
    )
    if packed.returncode and not os.environ.get("CI"):
        pytest.skip(f"This checkout has no commit {commit}: fetch the whole history.")
    assert packed.returncode == 0, packed.stderr
    subprocess.run(["tar", "-x", "-C", str(folder)], input=packed.stdout, check=True)


@dataclass(frozen=True, slots=True)
class Reading:
    """A row as the release reads it. ``shown`` is None for kinds of rows that it does not know."""

    kind: str
    shown: str | None
    error: str | None


class Release:
    """The package of a commit, unpacked apart from this checkout."""

    def __init__(self, commit: str, folder: Path) -> None:
        self._folder = folder
        unpacked(commit, "chalicelib", folder)

    def run(self, program: str, given: object) -> str:
        """Run a program that imports the release and reads JSON. Return its output."""
        return subprocess.run(
            [sys.executable, "-c", program],
            cwd=self._folder,
            env={"PYTHONPATH": str(self._folder), "PATH": os.environ["PATH"]},
            input=json.dumps(given),
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    def read(self, rows: Sequence[Any]) -> list[Reading]:
        """Return each row as the release reads it."""
        return [Reading(*json.loads(line)) for line in self.run(_READ, rows).splitlines()]
