"""Has table, keys and aliases created in the emulator, by a process of its own.

The process gets an isolated environment, so that no AWS client that could see a
developer's real account is ever made.
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
    """What the application has to know about its resources."""

    table_name: str
    signing_key: str
    access_token_key: str


def provision(environment: Environment) -> Provisioned:
    """Create or update the stack in the emulator that the environment names."""
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
            f"Table and keys could not be created: {reason[0]}\n"
            "  (`make clean-state` starts afresh; every local token is lost)"
        )
    return Provisioned(**json.loads(done.stdout))
