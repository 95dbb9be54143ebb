"""The table, keys and aliases of the emulator, created by a separate process.

The process has an isolated environment. Its AWS clients cannot see a real account of the developer.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass

from infra.local.environments import Environment
from infra.local.errors import LocalStackError
from infra.local.template import PROJECT_ROOT


@dataclass(frozen=True)
class Provisioned:
    """The resources that the application uses."""

    table_name: str
    signing_key: str
    access_token_key: str


def provision(environment: Environment) -> Provisioned:
    """Create or update the stack in the emulator of the environment. Raises LocalStackError."""
    done = subprocess.run(
        [sys.executable, "-m", "infra.local.resources"],
        env=environment,
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise LocalStackError(
            f"The table and the keys could not be created: {reason[0]}\n"
            "`make clean-state` removes the local state, with every local token. Then try again."
        )
    return Provisioned(**json.loads(done.stdout))
