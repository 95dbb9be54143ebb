"""The commands of the README and of the pages run as they stand, in a shell beside a local stack."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import canaries
from tests.support.local_stack import LocalStack

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]

ROOT = Path(__file__).parents[2]
URL = "http://127.0.0.1:8000"
# Responses of pages shall succeed, except for those that the page says are refused.
STRICT = 'curl() { command curl --fail-with-body "$@"; }\n'


@pytest.fixture(scope="module")
def stack() -> Iterator[LocalStack]:
    """Run one stack for all pages."""
    with LocalStack() as stack:
        yield stack
    assert canaries.take_slips() == []


def blocks(page: str, language: str) -> list[str]:
    """Return the code blocks of a page in one language."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def pasted(commands: str, stack: LocalStack) -> str:
    """Return what a shell prints. It stops at an undefined variable and at a command that fails."""
    environ = {
        **os.environ,
        "OIDC_PORT": str(stack.settings.oidc_port),
        # The environments of this checkout exist, or no test would run.
        "MAKEFLAGS": "SET_UP=true",
        "NO_PROXY": "127.0.0.1",
    }
    for name in ("OIDC_ISSUER", "OIDC_CLIENT_ID", "MAKELEVEL"):
        environ.pop(name, None)
    done = subprocess.run(
        ["sh", "-eu"],
        input=commands.replace(URL, stack.url),
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return done.stdout


def test_demo_of_the_readme(stack: LocalStack) -> None:
    """One paste: the token opens the API, and is refused after its revocation."""
    (demo,) = blocks("README.md", "sh")
    assert "#" not in demo, "an interactive zsh has no comments"
    printed = pasted(demo, stack).replace('": "', '":"')
    first, last = printed.index('"auth":"token"'), printed.index('"code":"invalid_token"')
    assert first < last


def test_tutorial(stack: LocalStack) -> None:
    """All blocks of the page, one after the other in one shell."""
    printed = pasted("".join(blocks("docs/first-token.md", "sh")), stack)
    for expected in ('"role":"user"', '"auth":"token"', '"status":"inactive"', '"code":"invalid_token"'):
        assert expected in printed.replace('": "', '":"')


@pytest.mark.parametrize("page", ["docs/rotation.md", "docs/networks.md", "docs/oauth.md"])
def test_examples_of_a_page(stack: LocalStack, page: str) -> None:
    """The lines after ``$``, with the variables of the tutorial. Each call succeeds."""
    tutorial = blocks("docs/first-token.md", "sh")
    examples = [
        re.sub(r"^(\$ |  +-)", lambda prefix: prefix[0].removeprefix("$ "), line)
        for block in blocks(page, "console")
        for line in block.splitlines(keepends=True)
        if line.startswith(("$ ", "    -"))
    ]
    assert examples
    printed = pasted(STRICT + tutorial[0] + tutorial[1] + "".join(examples), stack)
    assert '"code"' not in printed
