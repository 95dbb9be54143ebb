"""The page's scripts alone, in Node: times, text, pages and the client of the API."""

import os
import subprocess

from infra.local.template import PROJECT_ROOT
from tests.support.node import node_or_skip

TESTS = PROJECT_ROOT / "tests" / "web"


def test_scripts_do_what_their_tests_say() -> None:
    """Each test in the files ``tests/web/*.test.js`` passes."""
    files = sorted(map(str, TESTS.glob("*.test.js")))
    assert len(files) >= 4
    command = [node_or_skip(), "--test", *files]
    # The tests name days, which depend on the zone.
    environ = {**os.environ, "TZ": "UTC"}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
