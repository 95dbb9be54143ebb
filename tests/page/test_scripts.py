"""The page's scripts by themselves, in Node: times, pages and the client of the API."""

import subprocess

from infra.local.template import PROJECT_ROOT
from tests.support.node import node_or_skip

TESTS = PROJECT_ROOT / "tests" / "web"


def test_scripts_do_what_their_tests_say() -> None:
    """Every file of ``tests/web`` that ends in ``.test.js`` runs, and each of its tests passes."""
    files = sorted(map(str, TESTS.glob("*.test.js")))
    assert len(files) >= 3
    command = [node_or_skip(), "--test", *files]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
